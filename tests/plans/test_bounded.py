"""Every cache stays within its bound under a flood of requests, and evicted entries are answered as before."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Sized
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from auth.api import POLICIES
from auth.engine.viewer import MAX_CACHED_PROJECTIONS
from auth.rights import load
from db.api import MODEL
from db.engine.dependencies import AttributeOf, FieldOf, RowsOf
from db.engine.transaction import TransactionStart
from schema.admission import Documents
from schema.api import GRAPHQL
from schema.endpoint import LIMITS
from schema.engine.budget import Budget
from schema.engine.lru import Lru
from schema.engine.reads import _length
from tests.plans.flood import (
    BOUND,
    FOUND,
    REQUESTS,
    WAVE,
    container_sizes,
    flood,
    kind,
    memos,
    shape,
    small_caches,
    text,
)
from tests.support.covers import covers
from tests.support.world import PERSONAS, World

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
async def small(world: World) -> AsyncIterator[World]:
    """Application with small caches; every persona is signed in."""
    for tenant in world.tenants:
        for persona in PERSONAS:
            await world.token(persona, tenant)
    with pytest.MonkeyPatch.context() as patch:
        async with small_caches(world, patch) as made:
            yield made


async def viewers(world: World, number: int) -> Any:
    """The viewer and the number of opportunities of one of fourteen personas."""
    persona, tenant = PERSONAS[number // 2 % len(PERSONAS)], ("acme", "globex")[number % 2]
    query = "{ viewer { id employee { email } } opportunities { totalCount } }"
    return (await world.ask(persona, query, tenant=tenant)).data


async def texts(world: World, number: int) -> Any:
    """The data without its alias, so that responses can be compared."""
    return list((await world.ask("rep1", *text(number))).data.values())


async def shapes(world: World, number: int) -> Any:
    return (await world.ask("rep1", *shape(number))).data


async def introspections(world: World, number: int) -> Any:
    return (await world.ask("rep1", *kind(number))).data


async def public_texts(world: World, number: int) -> Any:
    answer = await world.post(b'{"query": "mutation { a%d: __typename }"}' % number)
    return answer.status, answer.codes


async def found(world: World, number: int) -> Any:
    directory, tenant = (
        world.endpoint.app_context.directory,
        list(world.tenants.values())[number % 2],
    )
    return await directory.by_slug(tenant.slug), await directory.by_id(tenant.id)


async def missed(world: World, number: int) -> Any:
    directory = world.endpoint.app_context.directory
    return await directory.by_slug(f"missing-{number}"), await directory.by_id(UUID(int=number))


async def windows(world: World, number: int) -> Any:
    """Count an attempt of an address; tests/auth/test_throttle.py covers the counting."""
    return await world.endpoint.app_context.throttle.refresh(f"2001:db8:{number:x}::1")


async def tokens(world: World, number: int) -> Any:
    issuer, who = world.endpoint.app_context.tokens, UUID(int=number)
    return issuer.verify_access(issuer.issue_access(who, who, who, NOON), NOON)


@dataclass(frozen=True)
class Cache:
    """A cache, the request that fills it by number, and its bound."""

    of: Callable[[World], Sized]
    ask: Callable[[World, int], Awaitable[Any]]
    bound: int = BOUND


CACHES = {
    "documents": Cache(lambda w: w.endpoint.documents, texts),
    "public documents": Cache(lambda w: w.endpoint._public, public_texts),
    "parsed operations": Cache(lambda w: w.endpoint.reads.parsed, shapes),
    "plans": Cache(lambda w: w.endpoint.reads.plans, shapes),
    "introspections": Cache(lambda w: w.endpoint.reads.introspections.cache, introspections),
    "viewers": Cache(lambda w: w.endpoint.reads._viewers._cache, viewers),
    "known tenants": Cache(lambda w: w.endpoint.app_context.directory._found, found, FOUND),
    "unknown tenants": Cache(lambda w: w.endpoint.app_context.directory._unknown, missed),
    "windows of attempts": Cache(
        lambda w: w.endpoint.app_context.throttle.counters.local._counters, windows
    ),
    "tokens verified": Cache(lambda w: w.endpoint.app_context.tokens._verified, tokens),
}


@covers("D-55")
@pytest.mark.parametrize("name", CACHES)
async def test_flooded_cache_stays_within_its_bound(small: World, name: str) -> None:
    cache = CACHES[name]
    before = [await cache.ask(small, number) for number in range(2)]
    sizes = []
    for number in range(2, 2 + 4 * BOUND):
        await cache.ask(small, number)
        sizes.append(len(cache.of(small)))
    assert max(sizes) == sizes[-1] == cache.bound
    assert [await cache.ask(small, number) for number in range(2)] == before
    assert len(cache.of(small)) == cache.bound


@covers("D-55")
async def test_plans_are_bounded_by_the_length_of_their_statements(
    small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await shapes(small, 0)
    longest = 20_000
    plans: Lru[Any, Any] = Lru(100, longest, _length)
    monkeypatch.setattr(small.endpoint.reads, "plans", plans)
    for number in range(1_000, 1_040):
        await shapes(small, number)
        lengths = [len(kept.compiled.sql) for kept in plans._kept.values()]
        assert plans.weight == sum(lengths) <= longest
    assert 1 < len(plans) < 40, "the oldest were evicted"
    monkeypatch.setattr(small.endpoint.reads, "plans", Lru(100, 1, _length))
    for number in range(2):
        await shapes(small, number)
        assert len(small.endpoint.reads.plans) == 1, "the newest is kept, regardless of its length"
    assert await shapes(small, 0) == before


@covers("D-55")
@pytest.mark.parametrize(
    ("of", "name", "ask"),
    [
        pytest.param(lambda w: w.endpoint.reads, "parsed", shapes, id="parsed-operations"),
        pytest.param(
            lambda w: w.endpoint.reads.introspections, "cache", introspections, id="schema"
        ),
    ],
)
async def test_cache_is_bounded_by_the_weight_of_its_entries(
    small: World, monkeypatch: pytest.MonkeyPatch, of: Any, name: str, ask: Any
) -> None:
    before = await ask(small, 0)
    weigh = getattr(of(small), name)._kept.getsizeof
    weights = [weigh(each) for each in getattr(of(small), name)._kept.values()]
    assert min(weights) > 1
    most = max(weights) + 1
    cache: Lru[Any, Any] = Lru(100, most, weigh)
    monkeypatch.setattr(of(small), name, cache)
    for number in range(1_777, 1_781):  # numbers that no other test uses
        await ask(small, number)
        assert 1 < cache.weight <= most
        assert cache.weight == sum(map(weigh, cache._kept.values()))
    assert len(cache) < 4, "the oldest were evicted"
    assert await ask(small, 0) == before


@covers("D-55")
async def test_projections_of_a_viewer_are_bounded(world: World) -> None:
    tenant = world.tenants["acme"]
    async with world.endpoint.app_context.database.read(
        tenant.placement, TransactionStart()
    ) as connection:
        user = await connection.fetchval('SELECT id FROM "user" LIMIT 1')
        viewer = await load(connection, MODEL, POLICIES, user)
    assert viewer is not None
    first = viewer.rights_key(frozenset({FieldOf("Opportunity", "name")}))
    for number in range(3 * MAX_CACHED_PROJECTIONS):
        viewer.rights_key(frozenset({AttributeOf("Opportunity", f"key_{number}")}))
        assert len(viewer._projections) <= MAX_CACHED_PROJECTIONS
    assert viewer.rights_key(frozenset({FieldOf("Opportunity", "name")})) == first
    assert viewer.rights_key(frozenset({RowsOf("Opportunity")})) != first


@covers("D-55")
async def test_documents_are_bounded_by_their_characters(
    small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await texts(small, 0)
    documents = Documents(GRAPHQL, LIMITS, characters=len(text(1)[0]))
    monkeypatch.setattr(small.endpoint, "documents", documents)
    for number in range(1, 3):
        assert await texts(small, number) == before
        assert len(documents) == 1
    assert documents._kept.currsize == len(text(2)[0])


@covers("D-55")
async def test_statements_are_bounded_on_every_connection(small: World) -> None:
    """Both in the driver and in Postgres, where evicted statements are closed."""
    for number in range(4 * BOUND):
        await texts(small, 1_000 + number)
    pool: Any = small.endpoint.app_context.database.pool
    open_ones = [holder._con for holder in pool._holders if holder._con is not None]
    assert max(len(each._stmt_cache) for each in open_ones) == BOUND
    for each in open_ones:
        kept = await each.fetch("SELECT name, statement FROM pg_prepared_statements")
        # This query adds a statement, and the one it evicted is closed with the next request.
        assert len(kept) <= BOUND + 2, [row["statement"][:60] for row in kept]


@covers("D-39")
def test_spent_budgets_are_dropped_after_their_minute() -> None:
    """The budget has one entry per tenant with requests in the current minute."""
    clock = [0.0]
    budget = Budget(lambda: clock[0], per_minute=10)
    for minute in range(3):
        clock[0] = 60.0 * minute
        for number in range(50):
            assert budget.spend(UUID(int=50 * minute + number), 3) == 7
        assert len(budget._spent) == 50


@covers("D-55")
async def test_flood_leaves_no_growth(small: World) -> None:
    """No container of the product grows, nor an unbounded cache, nor the number of objects."""
    for wave in range(2):  # creates everything that is created once
        await flood(small, wave * WAVE)
    missed = small.endpoint.app_context.directory._unknown
    missed.clear()  # its size depends on the duration of the waves
    gc.collect()
    containers, cached, objects = container_sizes(small.endpoint), memos(), len(gc.get_objects())
    plans = [n for name, n in containers.items() if name.endswith("reads.plans._kept")]
    assert plans == [BOUND], "the search reaches the caches"
    for wave in range(2, 6):
        await flood(small, wave * WAVE)
    missed.clear()
    gc.collect()
    now = container_sizes(small.endpoint)
    assert {k: n for k, n in now.items() if n > containers.get(k, 0)} == {}
    now = memos()
    assert {k: n for k, n in now.items() if n > cached.get(k, 0)} == {}
    # Timers of the driver and the event loop outlive their requests and have a few objects each.
    assert len(gc.get_objects()) - objects < 4 * WAVE * REQUESTS, "less than one for each request"

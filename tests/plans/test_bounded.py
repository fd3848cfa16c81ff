"""Every cache stays within its bound while it is flooded, and what was pushed out is answered as before."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Sized
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from auth.api import POLICIES
from auth.engine.viewer import PROJECTIONS
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
    flood,
    held,
    kind,
    memos,
    shape,
    small_house,
    text,
)
from tests.support.covers import covers
from tests.support.world import PERSONAS, World

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
async def small(world: World) -> AsyncIterator[World]:
    """The house with caches that hold next to nothing; everybody is signed in."""
    for tenant in world.tenants:
        for persona in PERSONAS:
            await world.token(persona, tenant)
    with pytest.MonkeyPatch.context() as patch:
        async with small_house(world, patch) as made:
            yield made


async def viewers(world: World, number: int) -> Any:
    """What each persona of each tenant sees: fourteen viewers."""
    persona, tenant = PERSONAS[number // 2 % len(PERSONAS)], ("acme", "globex")[number % 2]
    query = "{ viewer { id employee { email } } opportunities { totalCount } }"
    return (await world.ask(persona, query, tenant=tenant)).data


async def texts(world: World, number: int) -> Any:
    """The answers are the same but for the name; taken apart, they can be compared."""
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
    return await directory.by_slug(f"nobody-{number}"), await directory.by_id(UUID(int=number))


async def windows(world: World, number: int) -> Any:
    """Where the attempt was counted; that it is counted right, tests/auth/test_throttle.py shows."""
    return await world.endpoint.app_context.throttle.refresh(f"2001:db8:{number:x}::1")


async def tokens(world: World, number: int) -> Any:
    issuer, who = world.endpoint.app_context.tokens, UUID(int=number)
    return issuer.verify_access(issuer.issue_access(who, who, who, NOON), NOON)


@dataclass(frozen=True)
class Cache:
    """Where a cache is, and what fills it: the answer to the thing number so and so."""

    of: Callable[[World], Sized]
    ask: Callable[[World, int], Awaitable[Any]]
    bound: int = BOUND


CACHES = {
    "documents": Cache(lambda w: w.endpoint.documents, texts),
    "public documents": Cache(lambda w: w.endpoint._public, public_texts),
    "outlines": Cache(lambda w: w.endpoint.reads.parsed, shapes),
    "plans": Cache(lambda w: w.endpoint.reads.plans, shapes),
    "introspections": Cache(lambda w: w.endpoint.reads.introspections.cache, introspections),
    "viewers": Cache(lambda w: w.endpoint.reads._viewers._kept, viewers),
    "tenants found": Cache(lambda w: w.endpoint.app_context.directory._found, found, FOUND),
    "tenants missed": Cache(lambda w: w.endpoint.app_context.directory._missed, missed),
    "windows of attempts": Cache(
        lambda w: w.endpoint.app_context.throttle.counters.local._kept, windows
    ),
    "tokens verified": Cache(lambda w: w.endpoint.app_context.tokens._verified, tokens),
}


@covers("D-55")
@pytest.mark.parametrize("name", CACHES)
async def test_a_flooded_cache_stays_within_its_bound(small: World, name: str) -> None:
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
async def test_plans_are_bounded_by_their_length_too(
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
        assert len(small.endpoint.reads.plans) == 1, "the newest is kept, however long"
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
async def test_what_is_kept_is_bounded_by_its_weight_too(
    small: World, monkeypatch: pytest.MonkeyPatch, of: Any, name: str, ask: Any
) -> None:
    before = await ask(small, 0)
    weigh = getattr(of(small), name)._kept.getsizeof
    weights = [weigh(each) for each in getattr(of(small), name)._kept.values()]
    assert min(weights) > 1
    most = max(weights) + 1
    cache: Lru[Any, Any] = Lru(100, most, weigh)
    monkeypatch.setattr(of(small), name, cache)
    for number in range(1_777, 1_781):  # numbers that no other test asked with
        await ask(small, number)
        assert 1 < cache.weight <= most
        assert cache.weight == sum(map(weigh, cache._kept.values()))
    assert len(cache) < 4, "the oldest were evicted"
    assert await ask(small, 0) == before


@covers("D-55")
async def test_a_viewer_forgets_parts_of_shapes(world: World) -> None:
    tenant = world.tenants["acme"]
    async with world.endpoint.app_context.database.read(
        tenant.placement, TransactionStart()
    ) as connection:
        user = await connection.fetchval('SELECT id FROM "user" LIMIT 1')
        viewer = await load(connection, MODEL, POLICIES, user)
    assert viewer is not None
    first = viewer.project(frozenset({FieldOf("Opportunity", "name")}))
    for number in range(3 * PROJECTIONS):
        viewer.project(frozenset({AttributeOf("Opportunity", f"key_{number}")}))
        assert len(viewer._projections) <= PROJECTIONS
    assert viewer.project(frozenset({FieldOf("Opportunity", "name")})) == first
    assert viewer.project(frozenset({RowsOf("Opportunity")})) != first


@covers("D-55")
async def test_documents_are_bounded_by_their_characters_too(
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
    """At both ends: what the driver forgets, Postgres is told to close."""
    for number in range(4 * BOUND):
        await texts(small, 1_000 + number)
    pool: Any = small.endpoint.app_context.database.pool
    open_ones = [holder._con for holder in pool._holders if holder._con is not None]
    assert max(len(each._stmt_cache) for each in open_ones) == BOUND
    for each in open_ones:
        kept = await each.fetch("SELECT name, statement FROM pg_prepared_statements")
        # This question is one more, and what it pushed out is closed with the next.
        assert len(kept) <= BOUND + 2, [row["statement"][:60] for row in kept]


@covers("D-39")
def test_what_tenants_spent_is_forgotten_with_their_minute() -> None:
    """No more than there are tenants, and only those who asked in this minute."""
    clock = [0.0]
    budget = Budget(lambda: clock[0], per_minute=10)
    for minute in range(3):
        clock[0] = 60.0 * minute
        for number in range(50):
            assert budget.spend(UUID(int=50 * minute + number), 3) == 7
        assert len(budget._spent) == 50


@covers("D-55")
async def test_a_flood_leaves_nothing_behind(small: World) -> None:
    """Whatever else holds things: no container of ours grows, no memo, and no number of objects."""
    for wave in range(2):  # everything that is made once is made
        await flood(small, wave * WAVE)
    missed = small.endpoint.app_context.directory._missed
    missed.clear()  # how many are in it depends on the time that the waves took
    gc.collect()
    containers, remembered, objects = held(small.endpoint), memos(), len(gc.get_objects())
    plans = [n for name, n in containers.items() if name.endswith("reads.plans._kept")]
    assert plans == [BOUND], "it looks where things are kept"
    for wave in range(2, 6):
        await flood(small, wave * WAVE)
    missed.clear()
    gc.collect()
    now = held(small.endpoint)
    assert {k: n for k, n in now.items() if n > containers.get(k, 0)} == {}
    now = memos()
    assert {k: n for k, n in now.items() if n > remembered.get(k, 0)} == {}
    # Timers of the driver and the loop outlive what they were set for, and each has a few objects.
    assert len(gc.get_objects()) - objects < 4 * WAVE * REQUESTS, "less than one for each request"

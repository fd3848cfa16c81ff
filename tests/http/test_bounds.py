"""The caches of a process are bounded (D-55)."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.http.asgi import Sent, send
from tests.support.covers import covers
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("unmetered")

PARSED_OPERATIONS, PLANS, INTROSPECTIONS = 2_000, 2_000, 50
"""Expected limits; a changed limit fails the tests."""
DOCUMENTS = 2_100
SHAPES = 2_050
PUBLIC = 300
TESTS = ("eq", "ne", "lt", "lte", "gt", "gte", "contains", "startsWith")
FIELDS = ("name", "number", "email", "website", "phone", "city", "country")


def shapes() -> list[dict[str, dict[str, str]]]:
    """Return filters of different shapes; each requires its own plan."""
    tests = [chosen for size in (1, 2) for chosen in itertools.combinations(TESTS, size)]
    pairs = itertools.product(itertools.combinations(FIELDS, 2), tests, tests[:3])
    return [
        {fields[0]: dict.fromkeys(one, "a"), fields[1]: dict.fromkeys(other, "a")}
        for fields, one, other in pairs
    ][:SHAPES]


@covers("D-55")
async def test_caches_are_bounded_by_their_limits(world: World) -> None:
    endpoint = world.endpoint
    before = endpoint.reads.plans.made
    for number in range(DOCUMENTS):
        got = await world.ask("rep1", f"{{ v{number}: viewer {{ id }} }}")
        assert got.status == 200
        assert len(endpoint.documents) <= 1_000
    assert len(endpoint.documents) == 1_000
    assert len(endpoint.reads.parsed) == PARSED_OPERATIONS
    query = "query ($f: AccountFilter) { accounts(filter: $f, first: 1) { nodes { id } } }"
    filters = shapes()
    assert len({json.dumps(each) for each in filters}) == SHAPES
    for each in filters:
        got = await world.ask("rep1", query, {"f": each})
        assert got.status == 200
    assert endpoint.reads.plans.made - before >= DOCUMENTS + SHAPES
    assert 0 < len(endpoint.reads.plans) <= PLANS
    assert len(endpoint.reads.parsed) == PARSED_OPERATIONS


async def test_introspection_cache_is_bounded(world: World) -> None:
    for number in range(2 * INTROSPECTIONS):
        await world.ask("rep1", f'{{ t{number}: __type(name: "Account") {{ name }} }}')
    assert len(world.endpoint.reads.introspections.cache) == INTROSPECTIONS


async def test_requests_without_a_token_use_a_separate_cache(world: World) -> None:
    before = len(world.endpoint.documents)
    for number in range(PUBLIC):
        query = (
            f'mutation {{ r{number}: refresh(input: {{refreshToken: "no"}}) {{ accessToken }} }}'
        )
        got = await send(world.app, Sent(json.dumps({"query": query}).encode()))
        assert got.status == 200
    assert len(world.endpoint._public) == 100
    assert len(world.endpoint.documents) == before


async def test_refused_documents_are_not_cached(world: World) -> None:
    documents = len(world.endpoint.documents)
    public = len(world.endpoint._public)
    for number in range(200):
        await world.ask("rep1", f"{{ v{number} }}")
        await send(world.app, Sent(json.dumps({"query": f"{{ v{number} }}"}).encode()))
    assert len(world.endpoint.documents) == documents
    assert len(world.endpoint._public) == public

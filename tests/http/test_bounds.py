"""Nothing that callers send makes a process grow without end: every cache is bounded (case 97, D-55)."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.http.asgi import Sent, send
from tests.support.covers import covers
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("unmetered")

OUTLINES, PLANS, INTROSPECTIONS = 2_000, 2_000, 50
"""What may be kept: said here again, so that a limit that is lifted is seen."""
DOCUMENTS = 2_100
SHAPES = 2_050
PUBLIC = 300
TESTS = ("eq", "ne", "lt", "lte", "gt", "gte", "contains", "startsWith")
FIELDS = ("name", "number", "email", "website", "phone", "city", "country")


def shapes() -> list[dict[str, dict[str, str]]]:
    """Filters of different forms: a plan is made for each."""
    tests = [chosen for size in (1, 2) for chosen in itertools.combinations(TESTS, size)]
    pairs = itertools.product(itertools.combinations(FIELDS, 2), tests, tests[:3])
    return [
        {fields[0]: dict.fromkeys(one, "a"), fields[1]: dict.fromkeys(other, "a")}
        for fields, one, other in pairs
    ][:SHAPES]


@covers("D-55")
async def test_caches_keep_what_they_may_and_no_more(world: World) -> None:
    kept = world.endpoint
    made = kept.reads.plans.made
    for number in range(DOCUMENTS):
        got = await world.ask("rep1", f"{{ v{number}: viewer {{ id }} }}")
        assert got.status == 200
        assert len(kept.documents) <= 1_000
    assert len(kept.documents) == 1_000
    assert len(kept.reads.drawn) == OUTLINES
    query = "query ($f: AccountFilter) { accounts(filter: $f, first: 1) { nodes { id } } }"
    filters = shapes()
    assert len({json.dumps(each) for each in filters}) == SHAPES
    for each in filters:
        got = await world.ask("rep1", query, {"f": each})
        assert got.status == 200
    assert kept.reads.plans.made - made >= DOCUMENTS + SHAPES
    assert 0 < len(kept.reads.plans) <= PLANS
    assert len(kept.reads.drawn) == OUTLINES


async def test_what_the_schema_told_is_kept_within_bounds(world: World) -> None:
    for number in range(2 * INTROSPECTIONS):
        await world.ask("rep1", f'{{ t{number}: __type(name: "Account") {{ name }} }}')
    assert len(world.endpoint.reads.introspections.kept) == INTROSPECTIONS


async def test_those_without_a_token_fill_a_cache_of_their_own(world: World) -> None:
    before = len(world.endpoint.documents)
    for number in range(PUBLIC):
        query = (
            f'mutation {{ r{number}: refresh(input: {{refreshToken: "no"}}) {{ accessToken }} }}'
        )
        got = await send(world.app, Sent(json.dumps({"query": query}).encode()))
        assert got.status == 200
    assert len(world.endpoint._public) == 100
    assert len(world.endpoint.documents) == before


async def test_documents_that_are_refused_are_not_kept(world: World) -> None:
    before = len(world.endpoint.documents)
    kept = len(world.endpoint._public)
    for number in range(200):
        await world.ask("rep1", f"{{ v{number} }}")
        await send(world.app, Sent(json.dumps({"query": f"{{ v{number} }}"}).encode()))
    assert len(world.endpoint.documents) == before
    assert len(world.endpoint._public) == kept

"""The house and the naive oracle answer alike, whatever is asked, by whom, under which rights."""

import random

import pytest

from tests.oracle.draw import draw
from tests.oracle.held import Held, held
from tests.oracle.inputs import Inputs
from tests.oracle.scrambled import ANYTHING, drawn_rights, other_rights
from tests.oracle.writing import written
from tests.support.covers import covers
from tests.support.world import PERSONAS, World

OPERATIONS = 125
"""For each persona of each tenant, by night; by day the first half of them."""
BY_DAY = 60
NIGHTLY = 20
SCRAMBLED = 20
TENANTS = ("acme", "globex")
SELLERS = PERSONAS[1:]
LISTS = {"Opportunity": "opportunities", "Account": "accounts", "Employee": "employees"}
LEFT_OUT = 0.02
"""The share of drawn operations that may turn out to be above the limits, and so say nothing."""

DECISIONS = (
    *("D-09", "D-17", "D-31", "D-32", "D-34", "D-38", "D-41", "D-42", "D-43"),
    *("X-01", "X-05", "X-07", "X-08"),
)


async def hold(both: Held, seed: str, count: int) -> None:
    for number in range(count):
        await both.drawn(f"{seed}:{number}")
    both.check()
    assert both.too_large <= LEFT_OUT * both.asked


@covers(*DECISIONS)
@pytest.mark.parametrize("count", [BY_DAY, pytest.param(OPERATIONS, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_random_operations(world: World, persona: str, tenant: str, count: int) -> None:
    await hold(await held(world, persona, tenant), "daily", count)


@covers(*DECISIONS)
@pytest.mark.nightly
@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_more_random_operations(world: World, persona: str, tenant: str) -> None:
    await hold(await held(world, persona, tenant), "nightly", NIGHTLY * OPERATIONS)


async def hold_scrambled(world: World, seed: str, count: int) -> None:
    async with other_rights(world, "globex", lambda g: drawn_rights(g, random.Random(seed))):
        for persona in SELLERS:
            both = await held(world, persona, "globex")
            await both.answer(ANYTHING)  # see test_a_grant_counts_at_once
            await hold(both, f"{seed}:{persona}", count)


@covers("D-31", "D-34")
@pytest.mark.parametrize("seed", ["one", "two", "three"])
async def test_random_operations_under_random_rights(world: World, seed: str) -> None:
    """Entities opened and closed, fields left out, owners' scopes, rules per status on any field."""
    await hold_scrambled(world, seed, SCRAMBLED)


@covers("D-31", "D-34")
@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(NIGHTLY))
async def test_more_random_operations_under_random_rights(world: World, seed: int) -> None:
    await hold_scrambled(world, f"nightly:{seed}", 3 * SCRAMBLED)


# The same rules again without the oracle: what the house says of one thing must fit what it says of another.


def drawn_filter(both: Held, entity: str, seed: str) -> str:
    return written(Inputs(random.Random(seed), both.sight).filter(entity))


@covers("D-41")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_not_is_the_exact_complement(world: World, persona: str) -> None:
    both = await held(world, persona)
    for number in range(15):
        for entity, name in LISTS.items():
            test = drawn_filter(both, entity, f"{persona}:{entity}:{number}")
            answer = await both.answer(
                f"{{ all: {name} {{ totalCount }} with: {name}(filter: {test}) {{ totalCount }} "
                f"without: {name}(filter: {{not: {test}}}) {{ totalCount }} }}"
            )
            counted = {key: value["totalCount"] for key, value in answer.data.items()}
            assert counted["with"] + counted["without"] == counted["all"], test


@covers("D-38")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_all_pages_together_are_the_list(world: World, persona: str) -> None:
    both = await held(world, persona)
    for number in range(4):
        rng = random.Random(f"{persona}:{number}")
        inputs = Inputs(rng, both.sight)
        given = f"filter: {written(inputs.filter('Opportunity'))}"
        given += f", orderBy: {written(inputs.order('Opportunity'))}"
        whole = await pages(both, given, 100)
        assert await pages(both, given, rng.choice((7, 12, 30))) == whole, given
        assert len(set(whole)) == len(whole), given


async def pages(both: Held, given: str, first: int) -> list[str]:
    """The ids of a list, read in pages of this size."""
    found: list[str] = []
    after = None
    query = (
        f"query ($after: String) {{ opportunities({given}, first: {first}, after: $after) "
        "{ totalCount nodes { id } pageInfo { hasNextPage endCursor } } }"
    )
    while True:
        page = (await both.answer(query, {"after": after})).data["opportunities"]
        found += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert len(found) == page["totalCount"]
            return found


@covers("D-42")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_a_record_is_the_same_by_its_id_and_in_a_list(world: World, persona: str) -> None:
    both = await held(world, persona)
    parts = (
        "{ id name status amount { amount currency } margin { amount } commission { amount } "
        "note expectedCloseOn createdAt account { id name } owner { name } "
        "attributes { key text number date boolean } }"
    )
    listed = (await both.answer(f"{{ opportunities(first: 60) {{ nodes {parts} }} }}")).data
    nodes = listed["opportunities"]["nodes"]
    ids = written([node["id"] for node in nodes])
    got = (await both.answer(f"{{ nodes(ids: {ids}) {{ ... on Opportunity {parts} }} }}")).data
    assert got["nodes"] == nodes
    for node in nodes[:5]:
        one = written(node["id"])
        asked = (
            f"{{ node(id: {one}) {{ ... on Opportunity {parts} }} opportunity(id: {one}) {parts} }}"
        )
        assert (await both.answer(asked)).data == {"node": node, "opportunity": node}


async def test_the_drawing_is_always_the_same(world: World) -> None:
    both = await held(world, "rep1")
    assert draw("seed", both.sight) == draw("seed", both.sight)
    assert draw("seed", both.sight) != draw("another", both.sight)

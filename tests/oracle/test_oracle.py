"""The application and the naive oracle agree on random operations of every persona and under random rights."""

import random

import pytest

from tests.oracle.comparison import Comparison, comparison_for
from tests.oracle.draw import draw
from tests.oracle.inputs import Inputs
from tests.oracle.scrambled import ALLOWED_QUERY, other_rights, random_rights
from tests.oracle.writing import graphql_literal
from tests.support.covers import covers
from tests.support.world import PERSONAS, World

OPERATIONS = 125
"""Operations per persona and tenant in the nightly run."""
BY_DAY = 60
"""Operations per persona and tenant in the daily run."""
NIGHTLY = 20
SCRAMBLED = 20
TENANTS = ("acme", "globex")
SELLERS = PERSONAS[1:]
LISTS = {"Opportunity": "opportunities", "Account": "accounts", "Employee": "employees"}
MAX_TOO_LARGE_RATIO = 0.02
"""Maximum share of random operations that exceed the limits and therefore prove nothing."""

DECISIONS = (
    *("D-09", "D-17", "D-31", "D-32", "D-34", "D-38", "D-41", "D-42", "D-43"),
    *("X-01", "X-05", "X-07", "X-08"),
)


async def assert_agreement(comparison: Comparison, seed: str, count: int) -> None:
    for number in range(count):
        await comparison.compare_random(f"{seed}:{number}")
    comparison.check()
    assert comparison.too_large_count <= MAX_TOO_LARGE_RATIO * comparison.request_count


@covers(*DECISIONS)
@pytest.mark.parametrize("count", [BY_DAY, pytest.param(OPERATIONS, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_random_operations_agree_with_the_oracle(
    world: World, persona: str, tenant: str, count: int
) -> None:
    await assert_agreement(await comparison_for(world, persona, tenant), "daily", count)


@covers(*DECISIONS)
@pytest.mark.nightly
@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_more_random_operations_agree_with_the_oracle(
    world: World, persona: str, tenant: str
) -> None:
    await assert_agreement(
        await comparison_for(world, persona, tenant), "nightly", NIGHTLY * OPERATIONS
    )


async def assert_agreement_under_random_rights(world: World, seed: str, count: int) -> None:
    async with other_rights(world, "globex", lambda g: random_rights(g, random.Random(seed))):
        for persona in SELLERS:
            comparison = await comparison_for(world, persona, "globex")
            await comparison.answer(ALLOWED_QUERY)  # see test_new_grant_applies_to_the_next_request
            await assert_agreement(comparison, f"{seed}:{persona}", count)


@covers("D-31", "D-34")
@pytest.mark.parametrize("seed", ["one", "two", "three"])
async def test_random_operations_agree_under_random_rights(world: World, seed: str) -> None:
    """Rights vary in open entities, fields, owner scopes and status rules."""
    await assert_agreement_under_random_rights(world, seed, SCRAMBLED)


@covers("D-31", "D-34")
@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(NIGHTLY))
async def test_more_random_operations_agree_under_random_rights(world: World, seed: int) -> None:
    await assert_agreement_under_random_rights(world, f"nightly:{seed}", 3 * SCRAMBLED)


# Properties without the oracle: two responses of the application must be consistent.


def random_filter(comparison: Comparison, entity: str, seed: str) -> str:
    return graphql_literal(Inputs(random.Random(seed), comparison.viewer).filter(entity))


@covers("D-41")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_not_is_the_complement_of_its_filter(world: World, persona: str) -> None:
    comparison = await comparison_for(world, persona)
    for number in range(15):
        for entity, name in LISTS.items():
            test = random_filter(comparison, entity, f"{persona}:{entity}:{number}")
            answer = await comparison.answer(
                f"{{ all: {name} {{ totalCount }} with: {name}(filter: {test}) {{ totalCount }} "
                f"without: {name}(filter: {{not: {test}}}) {{ totalCount }} }}"
            )
            counted = {key: value["totalCount"] for key, value in answer.data.items()}
            assert counted["with"] + counted["without"] == counted["all"], test


@covers("D-38")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_concatenated_pages_are_the_list(world: World, persona: str) -> None:
    comparison = await comparison_for(world, persona)
    for number in range(4):
        rng = random.Random(f"{persona}:{number}")
        inputs = Inputs(rng, comparison.viewer)
        arguments = f"filter: {graphql_literal(inputs.filter('Opportunity'))}"
        arguments += f", orderBy: {graphql_literal(inputs.order('Opportunity'))}"
        complete = await pages(comparison, arguments, 100)
        assert await pages(comparison, arguments, rng.choice((7, 12, 30))) == complete, arguments
        assert len(set(complete)) == len(complete), arguments


async def pages(comparison: Comparison, arguments: str, first: int) -> list[str]:
    """The ids of all pages of a list with this page size."""
    ids_so_far: list[str] = []
    after = None
    query = (
        f"query ($after: String) {{ opportunities({arguments}, first: {first}, after: $after) "
        "{ totalCount nodes { id } pageInfo { hasNextPage endCursor } } }"
    )
    while True:
        page = (await comparison.answer(query, {"after": after})).data["opportunities"]
        ids_so_far += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert len(ids_so_far) == page["totalCount"]
            return ids_so_far


@covers("D-42")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_record_by_id_equals_record_in_a_list(world: World, persona: str) -> None:
    comparison = await comparison_for(world, persona)
    parts = (
        "{ id name status amount { amount currency } margin { amount } commission { amount } "
        "note expectedCloseOn createdAt account { id name } owner { name } "
        "attributes { key text number date boolean } }"
    )
    listed = (await comparison.answer(f"{{ opportunities(first: 60) {{ nodes {parts} }} }}")).data
    nodes = listed["opportunities"]["nodes"]
    ids = graphql_literal([node["id"] for node in nodes])
    got = (
        await comparison.answer(f"{{ nodes(ids: {ids}) {{ ... on Opportunity {parts} }} }}")
    ).data
    assert got["nodes"] == nodes
    for node in nodes[:5]:
        one = graphql_literal(node["id"])
        query = (
            f"{{ node(id: {one}) {{ ... on Opportunity {parts} }} opportunity(id: {one}) {parts} }}"
        )
        assert (await comparison.answer(query)).data == {"node": node, "opportunity": node}


async def test_operation_is_reproducible_by_seed(world: World) -> None:
    comparison = await comparison_for(world, "rep1")
    assert draw("seed", comparison.viewer) == draw("seed", comparison.viewer)
    assert draw("seed", comparison.viewer) != draw("another", comparison.viewer)

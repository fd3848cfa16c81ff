"""The first thin path through the house."""

import pytest

from tests.support.world import World


async def test_a_seller_reads_his_opportunities(world: World) -> None:
    answer = await world.ask("rep1", "{ opportunities(first: 3) { totalCount nodes { id name } } }")
    assert answer.status == 200
    assert answer.data["opportunities"]["totalCount"] > 3
    assert len(answer.data["opportunities"]["nodes"]) == 3


@pytest.mark.parametrize("rows", ["{or: []}", "{}"])
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("pageInfo { hasPreviousPage }", {"pageInfo": {"hasPreviousPage": False}}),
        ("pageInfo { __typename }", {"pageInfo": {"__typename": "PageInfo"}}),
        ("__typename", {"__typename": "OpportunityConnection"}),
    ],
)
async def test_what_no_row_says_is_said_with_none_and_with_many(
    world: World, rows: str, asked: str, found: dict[str, object]
) -> None:
    answer = await world.ask("rep1", f"{{ opportunities(filter: {rows}) {{ {asked} }} }}")
    assert answer.data["opportunities"] == found

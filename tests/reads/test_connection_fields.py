"""A list of a seller, and connection fields that do not depend on rows."""

import pytest

from tests.support.world import World


async def test_seller_reads_own_opportunities(world: World) -> None:
    answer = await world.ask("rep1", "{ opportunities(first: 3) { totalCount nodes { id name } } }")
    assert answer.status == 200
    assert answer.data["opportunities"]["totalCount"] > 3
    assert len(answer.data["opportunities"]["nodes"]) == 3


@pytest.mark.parametrize("rows", ["{or: []}", "{}"])
@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("pageInfo { hasPreviousPage }", {"pageInfo": {"hasPreviousPage": False}}),
        ("pageInfo { __typename }", {"pageInfo": {"__typename": "PageInfo"}}),
        ("__typename", {"__typename": "OpportunityConnection"}),
    ],
)
async def test_connection_fields_without_rows_are_equal_for_empty_and_full_lists(
    world: World, rows: str, selection: str, expected: dict[str, object]
) -> None:
    answer = await world.ask("rep1", f"{{ opportunities(filter: {rows}) {{ {selection} }} }}")
    assert answer.data["opportunities"] == expected

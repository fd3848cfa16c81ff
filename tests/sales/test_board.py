"""The board: columns with counts and sums in one operation, and manual order among the visible opportunities."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sales.conftest import SalesClient
from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, public_id, uuid_of

ORDER = """query ($stage: ID!, $name: String!) { opportunities(
  first: 100, filter: { stage: { id: { eq: $stage } }, name: { startsWith: $name } }
  orderBy: [{ rank: ASC }]
) { nodes { id } } }"""


class Column:
    """A stage with some opportunities, which are moved by their index."""

    def __init__(self, tenant: TenantClient, stage: str, name: str, ids: list[str]) -> None:
        self.tenant, self.stage, self.name, self.ids = tenant, stage, name, ids

    async def order(self, persona: str = "admin") -> list[int]:
        """The indexes of the opportunities in the order that a persona sees."""
        variables = {"stage": self.stage, "name": self.name}
        result = (await self.tenant.ask(persona, ORDER, variables)).data["opportunities"]["nodes"]
        return [self.ids.index(each["id"]) for each in result]

    async def move(self, which: int, persona: str = "admin", **beside: int) -> str:
        """The outcome of moving one before or after another."""
        sides = {side: self.ids[place] for side, place in beside.items()}
        params = {"id": self.ids[which], "stage": self.stage, **sides}
        return outcome_of(await self.tenant.attempt(persona, "opportunityMove", **params))

    async def rank(self, which: int, key: str | None) -> None:
        """Sets a rank key with SQL."""
        text = "UPDATE opportunity SET rank_key = $2 WHERE id = $1"
        await self.tenant.value(text, uuid_of(self.ids[which]), key)

    async def ranks(self) -> list[str]:
        """The rank keys of all opportunities."""
        return [(await self.tenant.row("opportunity", id))["rank_key"] for id in self.ids]

    async def versions(self) -> list[int]:
        """The versions of all opportunities."""
        return [(await self.tenant.row("opportunity", id))["version"] for id in self.ids]


async def column(tenant: TenantClient, *personas: str) -> Column:
    """New opportunities of these personas, in the order of creation."""
    name = tenant.new_name()
    ids = [await tenant.opportunity(who, name=f"{name}, {n}") for n, who in enumerate(personas)]
    stage = public_id("stg", (await tenant.row("opportunity", ids[0]))["stage_id"])
    return Column(tenant, stage, f"{name},", ids)


@covers("X-21")
async def test_a_move_changes_no_other_opportunity(tenant: TenantClient) -> None:
    board = await column(tenant, *["rep1"] * 4)
    for _ in range(10):
        assert await board.move(3, after=0) == "DONE"
        assert await board.move(2, after=0) == "DONE"
    assert await board.order() == [0, 2, 3, 1]
    assert await board.versions() == [1, 1, 11, 11]


@covers("X-21")
async def test_a_move_next_to_equal_keys_skips_them(tenant: TenantClient) -> None:
    """Callers who do not see each other's opportunities can create equal keys."""
    board = await column(tenant, *["rep1"] * 5)
    keys = await board.ranks()
    for which in (1, 2):
        await board.rank(which, keys[1])
    assert await board.order() == [0, 1, 2, 3, 4], "equal keys are ordered by id"
    assert await board.move(4, after=1) == "DONE"
    assert await board.order() == [0, 1, 2, 4, 3]
    assert await board.move(4, before=2) == "DONE"
    assert await board.order() == [0, 4, 1, 2, 3]
    result = await board.ranks()
    assert result[:4] == [keys[0], keys[1], keys[1], keys[3]]
    assert len(result[4]) < 20


@covers("X-21")
async def test_a_gap_without_a_free_key_is_an_error(tenant: TenantClient) -> None:
    board = await column(tenant, *["rep1"] * 3)
    [low, *_] = await board.ranks()
    await board.rank(1, f"{low}{'0' * 999}1")
    params = {"id": board.ids[2], "stage": board.stage, "after": board.ids[0]}
    answer = await tenant.attempt("rep1", "opportunityMove", **params)
    assert outcome_of(answer) == "INVALID"
    assert [each["path"] for each in answer.data["done"]["userErrors"]] == [["input", "after"]]
    assert await board.move(2, after=1) == "DONE", "another gap has free keys"


@covers("X-21")
async def test_opportunities_without_a_rank_get_one(tenant: TenantClient) -> None:
    """Such as those from before ranks existed."""
    board = await column(tenant, *["rep1"] * 4)
    for which in (2, 3):
        await board.rank(which, None)
    assert await board.move(0, after=3) == "DONE"
    assert await board.order() == [1, 3, 0, 2]
    assert await board.move(0, before=2) == "DONE"
    assert await board.order() == [1, 3, 0, 2]
    assert None not in await board.ranks()


@covers("X-21")
async def test_new_opportunities_are_last_in_their_column(tenant: TenantClient) -> None:
    board = await column(tenant, *["rep1"] * 3)
    assert await board.move(0, after=2) == "DONE"
    late = await tenant.opportunity("rep1", name=f"{board.name} late")
    board.ids.append(late)
    assert await board.order() == [1, 2, 0, 3]
    many = [{"id": id, "stage": await _other(tenant, id)} for id in board.ids]
    answer = await tenant.attempt_many("admin", "opportunityMove", many)
    assert not answer.data["done"]["userErrors"]
    board.stage = many[0]["stage"]
    assert await board.order() == [0, 1, 2, 3], "several in one list are in the order of the inputs"


async def _other(tenant: TenantClient, id: str) -> str:
    row = await tenant.row("opportunity", id)
    text = (
        "SELECT p.stage_id FROM pipeline_stage p JOIN stage s ON s.id = p.stage_id "
        "WHERE p.type_id = $1 AND p.stage_id <> $2 AND s.kind = 'OPEN' ORDER BY p.position LIMIT 1"
    )
    return public_id("stg", await tenant.value(text, row["type_id"], row["stage_id"]))


@covers("X-21", "D-32")
async def test_hidden_opportunities_do_not_affect_the_new_rank(tenant: TenantClient) -> None:
    """The rank is the same for any ranks of hidden opportunities in between."""
    board = await column(tenant, "rep1", "rep2", "rep2", "rep1", "rep1")
    places = ["l000000001000", "l000000001300", "l000000001400", "l000000002000", "l000000003000"]
    result = []
    for hidden in ("l000000001001", "l000000001zzz", "l000000009000"):
        for which, rank in enumerate(places):
            await board.rank(which, hidden if which in (1, 2) else rank)
        assert await board.move(4, "rep1", before=3) == "DONE"
        assert await board.order("rep1") == [0, 4, 3]
        result.append((await board.ranks())[4])
    assert result == ["l000000001001"] * 3
    assert await board.move(0, "rep1", after=1) == "NOT_FOUND"


@covers("X-21")
@pytest.mark.parametrize("all_", [True, False])
async def test_a_second_move_to_the_same_place_in_one_list_is_refused(
    tenant: TenantClient, all_: bool
) -> None:
    board = await column(tenant, *["rep1"] * 4)
    query = """mutation ($inputs: [OpportunityMoveInput!]!, $all: Boolean) {
      done: opportunityMoveMany(inputs: $inputs, allOrNone: $all) {
        userErrors { code path } } }"""
    inputs: list[dict[str, Any]] = [
        {"id": board.ids[2], "stage": board.stage, "before": board.ids[0]},
        {"id": board.ids[3], "stage": board.stage, "before": board.ids[0]},
    ]
    answer = await tenant.ask("rep1", query, {"inputs": inputs, "all": all_})
    wrong = {"code": "INVALID", "path": ["inputs", "1", "before"]}
    assert answer.data["done"]["userErrors"] == [wrong]
    assert await board.order() == ([0, 1, 2, 3] if all_ else [2, 0, 1, 3])


@covers("X-21", "VN-25")
async def test_the_neighbor_must_be_another_opportunity_of_the_stage(tenant: TenantClient) -> None:
    board = await column(tenant, *["rep1"] * 2)
    other = await _other(tenant, board.ids[0])
    params = {"id": board.ids[0], "stage": other, "after": board.ids[1]}
    before = await tenant.log()
    assert outcome_of(await tenant.attempt("rep1", "opportunityMove", **params)) == "INVALID"
    assert await board.move(0, before=0) == "INVALID", "it cannot be its own neighbor"
    assert await board.move(0, before=1, after=1) == "INVALID"
    assert await tenant.log() == before


BOARD = """query ($name: String!) {
  stages(first: 20, orderBy: [{ position: ASC }]) { nodes {
    name
    opportunities(first: 2, filter: { name: { startsWith: $name } }, orderBy: [{ rank: ASC }]) {
      totalCount
      aggregate { sum { amount { amount currency } weighted { amount currency } } }
      nodes { name amount { amount } }
    }
  } }
}"""


@covers("X-21", "VN-27")
async def test_a_board_is_read_in_one_operation(client: SalesClient, tenant: TenantClient) -> None:
    board = await column(tenant, *["rep1"] * 4)
    for id, amount in zip(board.ids, ("10", "20", "40", "80"), strict=True):
        await tenant.mutate("rep1", "opportunityUpdate", id=id, amount=amount, probability=50)
    other = await _other(tenant, board.ids[3])
    await tenant.mutate("rep1", "opportunityMove", id=board.ids[3], stage=other)
    await tenant.mutate("rep1", "opportunityUpdate", id=board.ids[3], probability=25)
    assert await board.move(2, before=0) == "DONE"
    result = (await tenant.ask("rep1", BOARD, {"name": board.name})).data["stages"]["nodes"]
    shown = {each.pop("name"): each["opportunities"] for each in result}
    assert len(shown) == 9, "including empty columns"
    non_empty = [each for each in shown.values() if each["totalCount"]]
    assert [each["totalCount"] for each in non_empty] == [3, 1]
    sums = [
        {name: [each["amount"] for each in sums] for name, sums in each["aggregate"]["sum"].items()}
        for each in non_empty
    ]
    assert sums == [
        {"amount": ["70.00"], "weighted": ["35.00"]},
        {"amount": ["80.00"], "weighted": ["20.00"]},
    ]
    names = [[node["name"].rpartition(" ")[2] for node in each["nodes"]] for each in non_empty]
    assert names == [["2", "0"], ["3"]]

"""Several pipelines side by side, and opportunities that are deleted and restored."""

from __future__ import annotations

from typing import Any

from tests.sales.conftest import SalesClient
from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, public_id

BOARD = """
query ($type: ID!) {
  pipelineStages(filter: { type: { id: { eq: $type } } }, orderBy: [{ position: ASC }]) {
    nodes {
      probability
      stage {
        id
        opportunities(filter: { type: { id: { eq: $type } } }, first: 10) {
          totalCount
          aggregate { sum { weighted { amount currency } } }
          nodes { id }
        }
      }
    }
  }
}
"""
ONE = """
query ($id: ID!) {
  opportunity(id: $id) {
    name
    stage { id }
    quotes { totalCount nodes { name items { totalCount } } }
    account { opportunities(filter: { id: { eq: $id } }) { totalCount } }
  }
}
"""
TRASH = (
    "query ($id: ID!) { opportunities(trashed: ONLY, filter: { id: { eq: $id } }) { totalCount } }"
)
DESCRIBED = '{ __type(name: "Mutation") { fields { name description } } }'


async def stages(tenant: TenantClient) -> list[str]:
    """The open stages of the tenant, in order of position."""
    query = (
        "{ stages(filter: { kind: { eq: OPEN } }, orderBy: [{ position: ASC }]) { nodes { id } } }"
    )
    return [each["id"] for each in (await tenant.ask("admin", query)).data["stages"]["nodes"]]


async def pipeline(tenant: TenantClient, *steps: tuple[str, int]) -> str:
    """An opportunity type that activates these stages with these probabilities, in this order."""
    params = [
        {"stage": stage, "probability": probability, "position": place}
        for place, (stage, probability) in enumerate(steps, 1)
    ]
    return await tenant.mutate(
        "admin", "opportunityTypeCreate", name=tenant.new_name(), stages=params
    )


async def board(tenant: TenantClient, type: str) -> list[tuple[str, int, list[str], Any]]:
    """The columns of a pipeline: stage, probability, opportunity ids and weighted sum."""
    nodes = (await tenant.ask("rep1", BOARD, {"type": type})).data["pipelineStages"]["nodes"]
    result = []
    for each in nodes:
        cards = each["stage"]["opportunities"]
        assert cards["totalCount"] == len(cards["nodes"])
        weighted = [each["amount"] for each in cards["aggregate"]["sum"]["weighted"]]
        ids = [each["id"] for each in cards["nodes"]]
        result.append((each["stage"]["id"], each["probability"], ids, weighted))
    return result


@covers("EP-030")
async def test_pipelines_have_their_own_stages_order_and_probabilities(
    tenant: TenantClient,
) -> None:
    """Pipelines share the stages of the tenant; an opportunity moves within its own pipeline only."""
    first, second, third = (await stages(tenant))[:3]
    one = await pipeline(tenant, (first, 10), (second, 50))
    other = await pipeline(tenant, (third, 20), (second, 30), (first, 90))
    mine = await tenant.opportunity("rep1", type=one, amount="1000")
    theirs = await tenant.opportunity("rep1", type=other, amount="1000")
    assert await board(tenant, one) == [(first, 10, [mine], ["100.00"]), (second, 50, [], [])]
    assert await board(tenant, other) == [
        (third, 20, [theirs], ["200.00"]), (second, 30, [], []), (first, 90, [], []),
    ]  # fmt: skip
    for id in (mine, theirs):
        await tenant.mutate("rep1", "opportunityMove", id=id, stage=second)
    assert await board(tenant, one) == [(first, 10, [], []), (second, 50, [mine], ["500.00"])]
    assert (await board(tenant, other))[1] == (second, 30, [theirs], ["300.00"])
    strange = await tenant.attempt("rep1", "opportunityMove", id=mine, stage=third)
    assert outcome_of(strange) == "INVALID_TRANSITION"
    await tenant.mutate("rep1", "opportunityMove", id=theirs, stage=third)
    assert (await board(tenant, other))[0] == (third, 20, [theirs], ["200.00"])


@covers("EP-085")
async def test_a_deleted_opportunity_is_restored_with_its_quotes(
    tenant: TenantClient, client: SalesClient
) -> None:
    items = [{"name": "a", "unitPrice": "10"}, {"name": "b", "unitPrice": "20"}]
    id, _ = await client.quoted_opportunity(items)
    before = (await tenant.ask("rep1", ONE, {"id": id})).data["opportunity"]
    assert before["quotes"]["nodes"][0]["items"]["totalCount"] == 2
    account = public_id("acc", (await tenant.row("opportunity", id))["account_id"])
    listed = "query ($id: ID!) { account(id: $id) { opportunities { totalCount } } }"
    for _ in range(2):
        await tenant.mutate("rep1", "opportunityDelete", id=id)
        assert (await tenant.ask("rep1", ONE, {"id": id})).data["opportunity"] is None
        page = (await tenant.ask("rep1", listed, {"id": account})).data["account"]
        assert page["opportunities"]["totalCount"] == 0
        assert (await tenant.ask("rep1", TRASH, {"id": id})).data["opportunities"][
            "totalCount"
        ] == 1
        assert (
            outcome_of(await tenant.attempt("rep1", "opportunityUpdate", id=id, name="x"))
            == "NOT_FOUND"
        )
        await tenant.mutate("rep1", "opportunityRestore", id=id)
        assert (await tenant.ask("rep1", ONE, {"id": id})).data["opportunity"] == before
        assert (await tenant.ask("rep1", TRASH, {"id": id})).data["opportunities"][
            "totalCount"
        ] == 0


@covers("EP-085")
async def test_the_descriptions_of_delete_and_restore_name_the_trash(tenant: TenantClient) -> None:
    """So that a client developer knows that a deletion can be reverted."""
    fields = (await tenant.ask("rep1", DESCRIBED)).data["__type"]["fields"]
    text = {each["name"]: each["description"] for each in fields}
    assert "trash" in text["opportunityDelete"]
    assert "trash" in text["opportunityRestore"]

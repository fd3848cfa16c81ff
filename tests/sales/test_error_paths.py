"""Errors of commands have the path of the input field that causes them, even if the record has no such field."""

from __future__ import annotations

from typing import Any

from tests.sales.conftest import SalesClient
from tests.support.covers import covers
from tests.writes.client import TenantClient, public_id


async def error_paths(tenant: TenantClient, mutation: str, **params: Any) -> list[list[str]]:
    """The paths of the user errors."""
    input_name = mutation[0].upper() + mutation[1:]
    query = f"mutation($i: {input_name}Input!) {{ done: {mutation}(input: $i) {{ userErrors {{ path }} }} }}"
    done = (await tenant.ask("rep1", query, {"i": params})).data["done"]
    return [each["path"] for each in done["userErrors"]]


@covers("D-20")
async def test_a_missing_note_of_a_loss_is_an_error_at_note(client: SalesClient) -> None:
    tenant = client.tenant
    reason = await tenant.value("SELECT id FROM lost_reason WHERE needs_note LIMIT 1")
    params = {"id": await tenant.opportunity("rep1"), "reason": public_id("lrs", reason)}
    assert await error_paths(tenant, "opportunityLose", **params) == [["input", "note"]]
    assert await error_paths(tenant, "opportunityLose", **params, note=" ") == [["input", "note"]]
    assert await error_paths(tenant, "opportunityLose", **params, note="They moved away.") == []


@covers("X-21")
async def test_an_invalid_neighbor_is_an_error_at_before_or_after(client: SalesClient) -> None:
    tenant = client.tenant
    one, other = await tenant.opportunity("rep1"), await tenant.opportunity("rep1")
    stage = public_id("stg", (await tenant.row("opportunity", one))["stage_id"])
    params = {"id": one, "stage": stage}
    for side in ("before", "after"):
        assert await error_paths(tenant, "opportunityMove", **params, **{side: one}) == [
            ["input", side]
        ]
    both = {"before": other, "after": other}
    assert await error_paths(tenant, "opportunityMove", **params, **both) == [["input", "after"]]
    assert await error_paths(tenant, "opportunityMove", **params, before=other) == []


async def test_a_field_that_a_command_writes_itself_is_not_suggested_for_omission(
    client: SalesClient,
) -> None:
    tenant, (_, quote) = (
        client.tenant,
        await client.quoted_opportunity([{"name": "a", "unitPrice": "1"}]),
    )
    query = "mutation($i: QuoteActivateInput!) { quoteActivate(input: $i) { id } }"
    [error] = (await tenant.ask("support", query, {"i": {"id": quote}})).json["errors"]
    assert error["message"].endswith(
        "You cannot write Quote.active. Ask an administrator for the right."
    )
    query = "mutation($i: QuoteUpdateInput!) { quoteUpdate(input: $i) { id } }"
    params = {"i": {"id": quote, "name": "b", "note": "c"}}
    [error] = (await tenant.ask("support", query, params)).json["errors"]
    remedy = "You cannot write Quote.name, Quote.note. Omit these fields, or ask an administrator for the right."
    assert error["message"] == remedy


@covers("D-51", "D-33")
async def test_a_move_does_not_reveal_the_hidden_stage_of_its_neighbor(client: SalesClient) -> None:
    """If a status rule hides the stage, the error is the same for any stage."""
    tenant = client.tenant
    one, other = [await tenant.opportunity("rep1") for _ in range(2)]
    query = "SELECT p.stage_id FROM pipeline_stage p JOIN stage s ON s.id = p.stage_id WHERE s.kind = 'WON' AND p.type_id = $1"
    won = public_id("stg", await tenant.value(query, await tenant.type_id("New business")))
    await tenant.mutate("admin", "opportunityMove", id=other, stage=won)
    rule = {"entity": "Opportunity", "field": "stage", "status": "OPEN"}
    id = await tenant.mutate("admin", "statusRuleCreate", **rule)
    params = {"id": one, "stage": won, "before": other}
    answer = await tenant.attempt("rep1", "opportunityMove", **params)
    await tenant.mutate("admin", "statusRuleDelete", id=id)
    assert [each["path"] for each in answer.data["done"]["userErrors"]] == [["input", "before"]]
    await tenant.mutate("rep1", "opportunityMove", **params)

"""What is wrong with a deed is told at the input that it is wrong in, also where that is no field of the record."""

from __future__ import annotations

from typing import Any

from tests.sales.conftest import SalesClient
from tests.support.covers import covers
from tests.writes.parallel import Own, spelled


async def told(own: Own, deed: str, **given: Any) -> list[list[str]]:
    """Where something is wrong."""
    verb = deed[0].upper() + deed[1:]
    query = f"mutation($i: {verb}Input!) {{ done: {deed}(input: $i) {{ userErrors {{ path }} }} }}"
    done = (await own.ask("rep1", query, {"i": given})).data["done"]
    return [each["path"] for each in done["userErrors"]]


@covers("D-20")
async def test_a_loss_that_is_to_be_explained_is_so_in_its_note(client: SalesClient) -> None:
    own = client.own
    reason = await own.value("SELECT id FROM lost_reason WHERE needs_note LIMIT 1")
    given = {"id": await own.opportunity("rep1"), "reason": spelled("lrs", reason)}
    assert await told(own, "opportunityLose", **given) == [["input", "note"]]
    assert await told(own, "opportunityLose", **given, note=" ") == [["input", "note"]]
    assert await told(own, "opportunityLose", **given, note="They moved away.") == []


@covers("X-21")
async def test_a_place_on_a_board_is_beside_another_one(client: SalesClient) -> None:
    own = client.own
    one, other = await own.opportunity("rep1"), await own.opportunity("rep1")
    stage = spelled("stg", (await own.row("opportunity", one))["stage_id"])
    given = {"id": one, "stage": stage}
    for side in ("before", "after"):
        assert await told(own, "opportunityMove", **given, **{side: one}) == [["input", side]]
    both = {"before": other, "after": other}
    assert await told(own, "opportunityMove", **given, **both) == [["input", "after"]]
    assert await told(own, "opportunityMove", **given, before=other) == []


async def test_what_a_deed_changes_by_itself_cannot_be_left_out(client: SalesClient) -> None:
    own, (_, quote) = client.own, await client.quoted([{"name": "a", "unitPrice": "1"}])
    query = "mutation($i: QuoteActivateInput!) { quoteActivate(input: $i) { id } }"
    [error] = (await own.ask("support", query, {"i": {"id": quote}})).json["errors"]
    assert error["message"].endswith(
        "You cannot write Quote.active. Ask an administrator for the right."
    )
    query = "mutation($i: QuoteUpdateInput!) { quoteUpdate(input: $i) { id } }"
    given = {"i": {"id": quote, "name": "b", "note": "c"}}
    [error] = (await own.ask("support", query, given)).json["errors"]
    remedy = (
        "You cannot write Quote.name, Quote.note. Omit them, or ask an administrator for the right."
    )
    assert error["message"] == remedy


@covers("D-51", "D-33")
async def test_a_place_does_not_tell_in_which_stage_another_one_is(client: SalesClient) -> None:
    """Where its status hides that, it is told alike whether it is there."""
    own = client.own
    one, other = [await own.opportunity("rep1") for _ in range(2)]
    query = "SELECT p.stage_id FROM pipeline_stage p JOIN stage s ON s.id = p.stage_id WHERE s.kind = 'WON' AND p.type_id = $1"
    won = spelled("stg", await own.value(query, await own.type("New business")))
    await own.done("admin", "opportunityMove", id=other, stage=won)
    rule = {"entity": "Opportunity", "field": "stage", "status": "OPEN"}
    id = await own.done("admin", "statusRuleCreate", **rule)
    given = {"id": one, "stage": won, "before": other}
    answer = await own.do("rep1", "opportunityMove", **given)
    await own.done("admin", "statusRuleDelete", id=id)
    assert [each["path"] for each in answer.data["done"]["userErrors"]] == [["input", "before"]]
    await own.done("rep1", "opportunityMove", **given)

"""Other outcomes of selling: lost for a reason, unlocked, moved, copied; and the stage history."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sales.conftest import SalesClient
from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, public_id, uuid_of


@covers("D-20")
async def test_a_loss_requires_a_reason_and_some_reasons_a_note(
    client: SalesClient, tenant: TenantClient
) -> None:
    price = await tenant.mutate("admin", "lostReasonCreate", name=tenant.new_name())
    other = await tenant.mutate("admin", "lostReasonCreate", name=tenant.new_name(), needsNote=True)
    opportunity = await tenant.opportunity("rep1")
    unexplained = await tenant.attempt("rep1", "opportunityLose", id=opportunity, reason=other)
    assert outcome_of(unexplained) == "REQUIRED"
    unknown_reason = await tenant.attempt(
        "rep1", "opportunityLose", id=opportunity, reason="lrs_" + "7" * 32
    )
    assert outcome_of(unknown_reason) == "NOT_FOUND"
    lost = {"id": opportunity, "reason": other, "note": "They moved.", "closedOn": "2026-02-01"}
    assert outcome_of(await tenant.attempt("rep1", "opportunityLose", **lost)) == "DONE"
    result = await client.read(opportunity)
    assert (result["status"], result["lostNote"], result["closedOn"]) == (
        "LOST",
        "They moved.",
        "2026-02-01",
    )
    assert (result["probability"], result["locked"]) == (0, False)
    assert outcome_of(await tenant.attempt("rep1", "opportunityUnlock", id=opportunity)) == "DONE"
    again = await client.read(opportunity)
    assert (again["status"], again["lostNote"], again["lostReason"], again["closedOn"]) == (
        "OPEN", None, None, None,
    )  # fmt: skip
    assert (
        outcome_of(await tenant.attempt("rep1", "opportunityLose", id=opportunity, reason=price))
        == "DONE"
    )


@covers("X-23", "D-20")
async def test_a_move_or_creation_in_a_lost_stage_is_refused(tenant: TenantClient) -> None:
    opportunity = await tenant.opportunity("rep1")
    row = await tenant.row("opportunity", opportunity)
    lost = public_id("stg", await tenant.value("SELECT id FROM stage WHERE kind = 'LOST'"))
    before = await tenant.log()
    moved = await tenant.attempt("rep1", "opportunityMove", id=opportunity, stage=lost)
    assert moved.data["done"]["userErrors"] == [{"code": "REQUIRED", "path": ["input", "stage"]}]
    params = {
        "name": "x",
        "currency": "EUR",
        "stage": lost,
        "type": public_id("opt", row["type_id"]),
    }
    account = public_id("acc", row["account_id"])
    made = await tenant.attempt("rep1", "opportunityCreate", account=account, **params)
    assert made.data["done"]["userErrors"] == [{"code": "REQUIRED", "path": ["input", "stage"]}]
    assert await tenant.log() == before


@covers("X-23")
async def test_stage_history_is_recorded_on_each_move(
    client: SalesClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("rep1")
    stages = await tenant.fetch(
        "SELECT s.id, s.name FROM pipeline_stage p JOIN stage s ON s.id = p.stage_id "
        "WHERE p.type_id = (SELECT type_id FROM opportunity WHERE id = $1) "
        "AND s.kind = 'OPEN' ORDER BY p.position",
        uuid_of(opportunity),
    )
    second = public_id("stg", stages[1]["id"])
    await tenant.mutate("rep1", "opportunityMove", id=opportunity, stage=second)
    await tenant.mutate("rep1", "opportunityUpdate", id=opportunity, note="no move")
    history = (await client.read(opportunity))["stageHistory"]
    assert [each["stage"]["name"] for each in history] == [stages[0]["name"], stages[1]["name"]]
    assert [each["leftAt"] is None for each in history] == [False, True]
    assert [each["seconds"] is None for each in history] == [False, True]


@covers("EP-143")
async def test_unlocking_returns_to_the_previous_stage(
    client: SalesClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("rep1")
    reason = await tenant.mutate("admin", "lostReasonCreate", name=tenant.new_name())
    row = await tenant.row("opportunity", opportunity)
    await tenant.mutate("rep1", "opportunityLose", id=opportunity, reason=reason)
    await tenant.mutate("rep1", "opportunityUnlock", id=opportunity)
    assert (await tenant.row("opportunity", opportunity))["stage_id"] == row["stage_id"]
    assert (
        outcome_of(await tenant.attempt("rep1", "opportunityUnlock", id=opportunity))
        == "INVALID_TRANSITION"
    )


async def test_a_locked_opportunity_cannot_be_changed_until_unlocked(tenant: TenantClient) -> None:
    opportunity = await tenant.opportunity("rep1")
    await tenant.mutate("rep1", "opportunityLock", id=opportunity)
    changed = await tenant.attempt("rep1", "opportunityUpdate", id=opportunity, amount="5")
    assert outcome_of(changed) == "LOCKED"
    await tenant.mutate("rep1", "opportunityUnlock", id=opportunity)
    assert (
        outcome_of(await tenant.attempt("rep1", "opportunityUpdate", id=opportunity, amount="5"))
        == "DONE"
    )


RANKED = """query ($stage: ID!, $ids: [ID!]!) {
  opportunities(first: 50, filter: {stage: {id: {eq: $stage}}, id: {in: $ids}}, orderBy: [{rank: ASC}]) { nodes { id } }
}"""


async def order(tenant: TenantClient, stage: str, ids: list[str]) -> list[int]:
    answer = await tenant.ask("rep1", RANKED, {"stage": stage, "ids": ids})
    return [ids.index(each["id"]) for each in answer.data["opportunities"]["nodes"]]


@covers("X-10")
async def test_opportunities_are_ordered_manually_on_a_board(tenant: TenantClient) -> None:
    ids = [await tenant.opportunity("rep1") for _ in range(4)]
    stage = public_id("stg", (await tenant.row("opportunity", ids[0]))["stage_id"])
    assert await order(tenant, stage, ids) == [0, 1, 2, 3]
    await tenant.mutate("rep1", "opportunityMove", id=ids[3], stage=stage, before=ids[1])
    assert await order(tenant, stage, ids) == [0, 3, 1, 2]
    await tenant.mutate("rep1", "opportunityMove", id=ids[0], stage=stage, after=ids[2])
    assert await order(tenant, stage, ids) == [3, 1, 2, 0]
    for _ in range(30):
        await tenant.mutate("rep1", "opportunityMove", id=ids[2], stage=stage, after=ids[3])
        await tenant.mutate("rep1", "opportunityMove", id=ids[1], stage=stage, after=ids[3])
    assert await order(tenant, stage, ids) == [3, 1, 2, 0]


@covers("D-32")
async def test_a_move_next_to_an_invisible_opportunity_is_not_found(tenant: TenantClient) -> None:
    mine, response = await tenant.opportunity("rep1"), await tenant.opportunity("rep2")
    stage = public_id("stg", (await tenant.row("opportunity", mine))["stage_id"])
    hidden = await tenant.attempt("rep1", "opportunityMove", id=mine, stage=stage, after=response)
    assert outcome_of(hidden) == "NOT_FOUND"
    both: dict[str, Any] = {"before": mine, "after": mine}
    assert (
        outcome_of(await tenant.attempt("rep1", "opportunityMove", id=mine, stage=stage, **both))
        != "DONE"
    )


@covers("EP-088", "EP-089", "EP-087")
async def test_a_copy_is_open_and_has_the_same_contacts_and_accounts(
    client: SalesClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("rep1", amount="12.50", note="like this")
    person = await tenant.mutate("rep1", "personCreate", lastName=tenant.new_name())
    account = await tenant.mutate("rep1", "accountCreate", name=tenant.new_name())
    role = {"opportunity": opportunity, "person": person, "role": "decides"}
    await tenant.mutate("rep1", "opportunityContactCreate", **role)
    await tenant.mutate(
        "rep1", "opportunityAccountCreate", opportunity=opportunity, account=account
    )
    reason = await tenant.mutate("admin", "lostReasonCreate", name=tenant.new_name())
    await tenant.mutate("rep1", "opportunityLose", id=opportunity, reason=reason)
    copy = await tenant.mutate("rep1", "opportunityCopy", id=opportunity, name="The copy")
    query = """query ($id: ID!) { opportunity(id: $id) { name status amount { amount } note owner { name }
      contacts { nodes { role person { id } } } relatedAccounts { nodes { account { id } } } } }"""
    result = (await tenant.ask("rep1", query, {"id": copy})).data["opportunity"]
    assert (result["name"], result["status"], result["note"]) == ("The copy", "OPEN", "like this")
    assert result["amount"] == {"amount": "12.50"}
    assert result["contacts"]["nodes"] == [{"role": "decides", "person": {"id": person}}]
    assert result["relatedAccounts"]["nodes"] == [{"account": {"id": account}}]


@covers("EP-088", "D-33")
async def test_a_copy_omits_fields_that_the_caller_cannot_read_or_write(
    tenant: TenantClient,
) -> None:
    opportunity = await tenant.opportunity("limited", margin="7.00", amount="12.00")
    copy = await tenant.mutate("limited", "opportunityCopy", id=opportunity)
    row = await tenant.row("opportunity", copy)
    assert (row["margin"], row["amount"]) == (None, None), "margin is hidden, amount is read-only"


@covers("EP-088", "D-11")
async def test_copying_an_opportunity_of_a_deleted_account_is_refused(tenant: TenantClient) -> None:
    account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    opportunity = await tenant.opportunity("admin", account=account)
    await tenant.value(
        "UPDATE account SET deleted_at = now() WHERE id = $1", uuid_of(account)
    )  # with SQL, because the API refuses it while the account has opportunities
    refused = await tenant.attempt("admin", "opportunityCopy", id=opportunity)
    [error] = refused.data["done"]["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID", ["input", "id"])
    await tenant.value("UPDATE account SET deleted_at = NULL WHERE id = $1", uuid_of(account))
    assert outcome_of(await tenant.attempt("admin", "opportunityCopy", id=opportunity)) == "DONE"


@covers("EP-150")
async def test_an_upsell_requires_a_visible_time_based_contract(
    client: SalesClient, tenant: TenantClient
) -> None:
    lasting = await client.product(await client.kind(timeBased=True, months=1))
    once = await client.product(await client.kind())
    opportunity, _ = await client.quoted_opportunity([{"product": lasting}, {"product": once}])
    await client.sell(opportunity)
    contracts = {each["timeBased"]: each for each in (await client.read(opportunity))["contracts"]}
    refused = await tenant.attempt("rep1", "opportunityUpsell", contract=contracts[False]["id"])
    assert outcome_of(refused) == "NOT_TIME_BASED"
    made = await tenant.mutate(
        "rep1", "opportunityUpsell", contract=contracts[True]["id"], name="More"
    )
    row, source = (
        await tenant.row("opportunity", made),
        await tenant.row("opportunity", opportunity),
    )
    assert row["source_contract_id"] == uuid_of(contracts[True]["id"])
    assert (row["account_id"], row["status"], row["name"]) == (source["account_id"], "OPEN", "More")
    unseen = await tenant.attempt("rep2", "opportunityUpsell", contract=contracts[True]["id"])
    assert outcome_of(unseen) == "NOT_FOUND"


@covers("VN-15", "VN-40")
async def test_a_new_opportunity_copies_owner_and_currency_of_its_type(
    tenant: TenantClient,
) -> None:
    stage = public_id("stg", await tenant.value("SELECT id FROM stage WHERE kind = 'OPEN' LIMIT 1"))
    manager = public_id("emp", await tenant.employee_id("manager"))
    kind: dict[str, Any] = {"stages": [{"stage": stage, "position": 1, "probability": 10}]}
    type = await tenant.mutate(
        "admin", "opportunityTypeCreate",
        name=tenant.new_name(), defaultOwner=manager, defaultCurrency="SEK", **kind,
    )  # fmt: skip
    account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    preferences = public_id("set", await tenant.value("SELECT id FROM preferences"))
    await tenant.mutate("admin", "preferencesUpdate", id=preferences, defaultOpportunityType=type)
    made = await tenant.mutate(
        "admin", "opportunityCreate", name=tenant.new_name(), account=account
    )
    row = await tenant.row("opportunity", made)
    assert (row["type_id"], row["owner_id"], row["currency"]) == (
        uuid_of(type),
        uuid_of(manager),
        "SEK",
    )
    await tenant.mutate("admin", "preferencesUpdate", id=preferences, defaultOpportunityType=None)
    without_type = await tenant.attempt(
        "admin", "opportunityCreate", name=tenant.new_name(), account=account
    )
    assert outcome_of(without_type) == "REQUIRED"


@covers("VN-18", "VN-21", "VN-25")
async def test_a_type_keeps_at_least_one_stage_and_stages_in_use(tenant: TenantClient) -> None:
    bare = await tenant.attempt("admin", "opportunityTypeCreate", name=tenant.new_name())
    assert outcome_of(bare) == "REQUIRED"
    stages = await tenant.fetch(
        "SELECT id FROM stage WHERE kind = 'OPEN' ORDER BY position LIMIT 2"
    )
    params = [
        {"stage": public_id("stg", row["id"]), "position": n, "probability": 10 * n}
        for n, row in enumerate(stages, 1)
    ]
    type = await tenant.mutate(
        "admin", "opportunityTypeCreate", name=tenant.new_name(), stages=params
    )
    rows = await tenant.fetch(
        "SELECT id FROM pipeline_stage WHERE type_id = $1 ORDER BY position", uuid_of(type)
    )
    first, second = (public_id("pst", row["id"]) for row in rows)
    await tenant.opportunity("rep1", type=type)
    assert outcome_of(await tenant.attempt("admin", "pipelineStageDelete", id=first)) == "IN_USE"
    assert outcome_of(await tenant.attempt("admin", "pipelineStageDelete", id=second)) == "DONE"
    assert outcome_of(await tenant.attempt("admin", "pipelineStageDelete", id=first)) == "INVALID"
    outside: dict[str, Any] = {
        "id": await tenant.opportunity("rep1", type=type),
        "stage": params[1]["stage"],
    }
    assert (
        outcome_of(await tenant.attempt("rep1", "opportunityMove", **outside))
        == "INVALID_TRANSITION"
    )


@covers("EP-032", "D-36")
@pytest.mark.parametrize("all", [True, False])
async def test_a_list_of_updates_is_applied_by_all_or_none(tenant: TenantClient, all: bool) -> None:
    mine = [await tenant.opportunity("rep1") for _ in range(2)]
    response = await tenant.opportunity("rep2")
    query = """mutation ($i: [OpportunityUpdateInput!]!, $all: Boolean) {
      done: opportunityUpdateMany(inputs: $i, allOrNone: $all) { results { id } userErrors { code } } }"""
    inputs = [{"id": id, "note": "edited"} for id in (mine[0], response, mine[1])]
    answer = await tenant.ask("rep1", query, {"i": inputs, "all": all})
    assert answer.codes == ["NOT_FOUND"]
    notes = [(await tenant.row("opportunity", id))["note"] for id in mine]
    assert notes == ([None, None] if all else ["edited", "edited"])


@covers("D-33", "D-20", "EP-140", "EP-143")
@pytest.mark.parametrize("mutation", ["Move", "Sell", "Lose", "Unlock", "Lock"])
async def test_closing_commands_require_the_right_to_write_the_stage(
    client: SalesClient, tenant: TenantClient, mutation: str
) -> None:
    reason = await tenant.mutate("admin", "lostReasonCreate", name=tenant.new_name())
    opportunity, _ = await client.quoted_opportunity([{"name": "a", "unitPrice": "1"}])
    if mutation == "Unlock":
        await tenant.mutate("rep1", "opportunityLock", id=opportunity)
    row = await tenant.row("opportunity", opportunity)
    stage = public_id("stg", row["stage_id"])
    more = {"Move": {"stage": stage}, "Lose": {"reason": reason}}.get(mutation, {})
    field = public_id(
        "pfi",
        await tenant.value(
            "SELECT f.id FROM field_permission f JOIN profile p ON p.id = f.profile_id "
            "WHERE p.name = 'Standard sales' AND f.entity = 'Opportunity' AND f.field = 'stage'"
        ),
    )
    params = {"id": opportunity, **more}
    await tenant.mutate("admin", "fieldPermissionUpdate", id=field, writes=False)
    refused = await tenant.attempt("rep1", f"opportunity{mutation}", None, **params)
    await tenant.mutate("admin", "fieldPermissionUpdate", id=field, writes=True)
    assert refused.codes == ["FIELD_READ_ONLY"]
    assert await tenant.row("opportunity", opportunity) == row
    assert (
        outcome_of(await tenant.attempt("rep1", f"opportunity{mutation}", None, **params)) == "DONE"
    )


@covers("D-32", "D-33")
@pytest.mark.parametrize("mutation", ["Move", "Lose"])
@pytest.mark.parametrize("persona", ["rep2", "limited"])
async def test_errors_for_others_do_not_reveal_whether_an_opportunity_exists(
    tenant: TenantClient, persona: str, mutation: str
) -> None:
    reason = await tenant.mutate("admin", "lostReasonCreate", name=tenant.new_name())
    opportunity = await tenant.opportunity("rep1")
    row = await tenant.row("opportunity", opportunity)
    more = {"Move": {"stage": public_id("stg", row["stage_id"])}, "Lose": {"reason": reason}}[
        mutation
    ]
    response = await tenant.attempt(persona, f"opportunity{mutation}", None, id=opportunity, **more)
    unknown = await tenant.attempt(
        persona, f"opportunity{mutation}", None, id="opp_" + "7" * 32, **more
    )
    assert response.codes == ["NOT_FOUND"]
    assert response.json["errors"] == unknown.json["errors"]
    assert await tenant.row("opportunity", opportunity) == row


@covers("EP-081", "VN-19", "VN-22", "VN-23", "VN-27")
async def test_a_new_opportunity_gets_the_first_stage_and_its_probability(
    tenant: TenantClient,
) -> None:
    """The weighted amount is computed from both."""
    stages = await tenant.fetch("SELECT id, name FROM stage WHERE kind = 'OPEN' ORDER BY position")
    second, first = (public_id("stg", row["id"]) for row in stages[:2])
    steps = [
        {"stage": second, "position": 2, "probability": 60},
        {"stage": first, "position": 1, "probability": 30, "description": "With us, this is new."},
    ]
    type = await tenant.mutate(
        "admin", "opportunityTypeCreate", name=tenant.new_name(), stages=steps
    )
    id = await tenant.opportunity("rep1", type=type, amount="200")
    query = """query ($id: ID!) { opportunity(id: $id) {
      probability weighted { amount } stage { id } type { stages(first: 5, orderBy: [{ position: ASC }]) {
        nodes { stage { id } description probability } } } } }"""
    result = (await tenant.ask("rep1", query, {"id": id})).data["opportunity"]
    assert (result["stage"]["id"], result["probability"]) == (first, 30)
    assert result["weighted"]["amount"] == "60.00"
    nodes = result["type"]["stages"]["nodes"]
    assert [each["stage"]["id"] for each in nodes] == [first, second], "in the order of the type"
    assert nodes[0]["description"] == "With us, this is new."
    await tenant.mutate("rep1", "opportunityMove", id=id, stage=second)
    assert (await tenant.row("opportunity", id))["probability"] == 60
    await tenant.mutate("rep1", "opportunityUpdate", id=id, probability=75, name="renamed")
    row = await tenant.row("opportunity", id)
    assert (row["probability"], row["name"]) == (75, "renamed")


@covers("VN-26", "VN-24")
async def test_a_stage_that_needs_a_quote_refuses_opportunities_without_one(
    client: SalesClient, tenant: TenantClient
) -> None:
    """Only if the preference `proofNeedsQuote` is on."""
    stage = await tenant.mutate(
        "admin", "stageCreate", name=tenant.new_name(), kind="OPEN", position=50, needsQuote=True
    )
    first = public_id("stg", await tenant.value("SELECT id FROM stage WHERE name = 'Prospect'"))
    steps = [
        {"stage": each, "position": place, "probability": 50}
        for place, each in enumerate((first, stage))
    ]
    type = await tenant.mutate(
        "admin", "opportunityTypeCreate", name=tenant.new_name(), stages=steps
    )
    bare, quoted = [await tenant.opportunity("rep1", type=type) for _ in "ab"]
    quote = await client.quote(quoted, "a")
    await client.set_preferences(proofNeedsQuote=True)
    try:
        wrong = [("INVALID_TRANSITION", "input.stage")]
        assert await client.wrong("rep1", "opportunityMove", id=bare, stage=stage) == wrong
        assert await client.wrong("rep1", "opportunityMove", id=quoted, stage=stage) == []
        row = await tenant.row("opportunity", bare)
        params: dict[str, Any] = {"type": type, "stage": stage}
        params |= {"account": public_id("acc", row["account_id"])}
        params |= {"name": "x", "currency": "EUR", "owner": public_id("emp", row["owner_id"])}
        assert await client.wrong("rep1", "opportunityCreate", **params) == wrong
        params["quotes"] = [{"name": "along"}]
        assert await client.wrong("rep1", "opportunityCreate", **params) == []
        await tenant.mutate("rep1", "opportunityMove", id=quoted, stage=first)
        await tenant.mutate("rep1", "quoteDeactivate", id=quote)
        await tenant.mutate("rep1", "quoteDelete", id=quote)
        assert await client.wrong("rep1", "opportunityMove", id=quoted, stage=stage) == wrong
    finally:
        await client.set_preferences(proofNeedsQuote=False)
    await tenant.mutate("rep1", "opportunityMove", id=bare, stage=stage)

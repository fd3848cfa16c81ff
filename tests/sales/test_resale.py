"""Selling an unlocked opportunity again: existing contracts are revised instead of created again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sales.conftest import SalesClient
from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, public_id, uuid_of

FIRST, SECOND, THIRD = "2026-01-31", "2026-04-30", "2026-06-01"


def in_force(contract: dict[str, Any]) -> list[str]:
    """The names of the lines that have not ended."""
    return [line["name"] for line in contract["lines"] if line["endedOn"] is None]


async def unlocked(client: SalesClient, opportunity: str) -> None:
    """Unlocks the opportunity if it is locked."""
    if (await client.tenant.row("opportunity", opportunity))["locked"]:
        await client.tenant.mutate("rep1", "opportunityUnlock", id=opportunity)


async def sold(client: SalesClient, opportunity: str, day: str) -> list[dict[str, Any]]:
    """The contracts after selling on a day, unlocking the opportunity first if necessary."""
    await unlocked(client, opportunity)
    assert await client.sell(opportunity, closedOn=day) == "DONE"
    contracts: list[dict[str, Any]] = (await client.read(opportunity))["contracts"]
    return contracts


@covers("D-04", "EP-151")
async def test_a_replaced_line_ends_the_day_before_its_revision_starts(
    client: SalesClient, tenant: TenantClient
) -> None:
    """A line that starts later than the new sale ends on its first day."""
    opportunity = await tenant.opportunity("rep1")
    quote = await client.quote(opportunity, "stays", "changes", "goes")
    await sold(client, opportunity, FIRST)
    await unlocked(client, opportunity)
    copy = await client.active_copy(quote, {"changes": {"quantity": "2"}, "stays": {}, "new": {}})
    [contract] = await sold(client, opportunity, SECOND)
    result = {(e["name"], e["revision"]): (e["startsOn"], e["endedOn"]) for e in contract["lines"]}
    assert result == {
        ("stays", 1): (FIRST, None),
        ("changes", 1): (FIRST, "2026-04-29"),
        ("changes", 2): (SECOND, None),
        ("goes", 1): (FIRST, "2026-04-29"),
        ("new", 1): (SECOND, None),
    }
    assert (contract["revision"], contract["net"]["amount"]) == (2, "40.00")
    assert await client.contract_totals(opportunity) == await client.quote_totals(copy)
    await unlocked(client, opportunity)
    await client.active_copy(copy, {"stays": {}})
    [contract] = await sold(client, opportunity, "2026-01-01")
    ended = {(e["name"], e["revision"]): e["endedOn"] for e in contract["lines"]}
    assert (ended["changes", 2], ended["new", 1]) == (SECOND, SECOND), "not before they started"


@covers("D-04", "EP-143", "EP-149")
async def test_a_contract_ends_when_not_sold_again_and_resumes_when_sold(
    client: SalesClient, tenant: TenantClient
) -> None:
    yearly = await client.kind(timeBased=True, months=12)
    opportunity, quote = await client.quoted_opportunity(
        [{"product": await client.product(yearly)}]
    )
    await sold(client, opportunity, FIRST)
    await unlocked(client, opportunity)
    other = await client.quote(opportunity, "instead")
    await tenant.mutate("rep1", "quoteActivate", id=other)
    names = ("status", "startsOn", "endsOn", "revision")

    def summary(contracts: list[dict[str, Any]]) -> dict[bool, tuple[Any, ...]]:
        return {
            each["timeBased"]: (*(each[name] for name in names), each["net"]["amount"])
            for each in contracts
        }

    assert summary(await sold(client, opportunity, SECOND)) == {
        True: ("ENDED", FIRST, "2026-04-29", 2, "0.00"),
        False: ("ACTIVE", SECOND, None, 1, "10.00"),
    }
    await tenant.mutate("rep1", "opportunityUnlock", id=opportunity)
    await tenant.mutate("rep1", "quoteActivate", id=quote)
    assert summary(await sold(client, opportunity, THIRD)) == {
        True: ("ACTIVE", FIRST, "2027-05-31", 3, "100.00"),
        False: ("ENDED", SECOND, "2026-05-31", 2, "0.00"),
    }


@covers("D-04")
async def test_selling_again_without_a_quote_ends_all_contracts(
    client: SalesClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("rep1")
    quote = await client.quote(opportunity, "a")
    await sold(client, opportunity, FIRST)
    await tenant.mutate("rep1", "opportunityUnlock", id=opportunity)
    await tenant.mutate("rep1", "quoteDeactivate", id=quote)
    await client.set_preferences(sellWithoutQuote=True)
    [contract] = await sold(client, opportunity, SECOND)
    await client.set_preferences(sellWithoutQuote=False)
    assert (contract["status"], in_force(contract)) == ("ENDED", [])


@covers("D-04", "EP-144")
async def test_a_detached_contract_is_not_changed_by_selling_again(
    client: SalesClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("rep1")
    await client.quote(opportunity, "a", "b")
    [first] = await sold(client, opportunity, FIRST)
    await tenant.mutate("rep1", "contractDetach", id=first["id"])
    before = await tenant.row("contract", first["id"])
    [second] = await sold(client, opportunity, SECOND)
    assert (second["revision"], second["startsOn"], second["net"]) == (1, SECOND, first["net"])
    assert {**before, "opportunity_id": None} == await tenant.row("contract", first["id"])
    assert before["status"] == "ACTIVE"


@covers("D-04")
async def test_a_deleted_contract_that_was_sold_again_cannot_be_restored(
    client: SalesClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("rep1")
    await client.quote(opportunity, "a")
    [first] = await sold(client, opportunity, FIRST)
    await tenant.mutate("admin", "contractDelete", id=first["id"])
    assert (await client.read(opportunity))["contracts"] == []
    await tenant.mutate("admin", "contractRestore", id=first["id"])
    await tenant.mutate("admin", "contractDelete", id=first["id"])
    [second] = await sold(client, opportunity, SECOND)
    restored = await tenant.attempt("admin", "contractRestore", id=first["id"])
    assert outcome_of(restored) == "DUPLICATE"
    assert [each["id"] for each in (await client.read(opportunity))["contracts"]] == [second["id"]]
    await tenant.mutate("rep1", "contractDetach", id=second["id"])
    await tenant.mutate("admin", "contractRestore", id=first["id"])
    [again] = await sold(client, opportunity, THIRD)
    ids = [(first["id"], [line["id"] for line in first["lines"]])]
    assert [(again["id"], [line["id"] for line in again["lines"]])] == ids


@covers("D-04", "EP-147")
async def test_an_unchanged_line_stays_in_its_contract(
    client: SalesClient, tenant: TenantClient
) -> None:
    """Even if the kind of the contract was changed; a changed line goes to the contract of its kind."""
    kinds = [await client.kind() for _ in "ab"]
    products = [await client.product(kind) for kind in kinds]
    items = [
        {"product": product, "name": name} for product, name in zip(products, "ab", strict=True)
    ]
    opportunity, quote = await client.quoted_opportunity(items)
    before = {each["id"]: each for each in await sold(client, opportunity, FIRST)}
    [contract_a] = [each for each in before.values() if each["lines"][0]["name"] == "a"]
    other = await tenant.value("SELECT id FROM contract_kind WHERE name = $1", kinds[1])
    await tenant.mutate(
        "admin", "contractUpdate", id=contract_a["id"], kind=public_id("cki", other)
    )
    again = {each["id"]: each for each in await sold(client, opportunity, SECOND)}
    assert {k: each["lines"] for k, each in again.items()} == {
        k: each["lines"] for k, each in before.items()
    }
    await unlocked(client, opportunity)
    copy = await client.active_copy(quote, {"a": {"quantity": "2"}, "b": {"quantity": "3"}})
    contracts = await sold(client, opportunity, THIRD)
    assert await client.contract_totals(opportunity) == await client.quote_totals(copy)
    [contract_b] = [each["id"] for each in contracts if "b" in in_force(each)]
    assert contract_b in set(before) - {contract_a["id"]}, "the contract of its previous revision"
    for each in contracts:
        net = sum(float(e["net"]["amount"]) for e in each["lines"] if e["endedOn"] is None)
        assert net == float(each["net"]["amount"])
    assert sorted((each["kind"]["name"], *in_force(each)) for each in contracts) == sorted(
        [(kinds[0], "a"), (kinds[1], "b"), (kinds[1],)]
    )


@covers("EP-147", "EP-145")
async def test_a_line_without_category_is_sold_under_the_first_kind_that_is_not_time_based(
    client: SalesClient, tenant: TenantClient
) -> None:
    first_kind = "SELECT name FROM contract_kind WHERE deleted_at IS NULL ORDER BY time_based, created_at, id"
    opportunity = await tenant.opportunity("rep1")
    await client.quote(opportunity, "without product")
    [made] = await sold(client, opportunity, FIRST)
    assert (made["kind"]["name"], made["timeBased"]) == (await tenant.value(first_kind), False)


@covers("EP-141")
async def test_values_that_the_sale_set_are_locked(
    client: SalesClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("rep1")
    quote = await client.quote(opportunity, "a")
    await sold(client, opportunity, FIRST)
    before = await tenant.log()
    reason = await tenant.mutate("admin", "lostReasonCreate", name=tenant.new_name())
    wrong = await client.wrong("rep1", "opportunityLose", id=opportunity, reason=reason)
    assert wrong == [("LOCKED", "input")]
    for name, value in {"amount": "7", "probability": 3, "expectedCloseOn": FIRST}.items():
        params = {name: value}
        result = await client.wrong("rep1", "opportunityUpdate", id=opportunity, **params)
        assert result == [("LOCKED", f"input.{name}")]
    for mutation in ("quoteDelete", "quoteDuplicate", "quoteDeactivate", "quoteActivate"):
        assert outcome_of(await tenant.attempt("rep1", mutation, id=quote)) == "LOCKED"
    items: dict[str, Any] = {"id": quote, "items": []}
    assert outcome_of(await tenant.attempt("rep1", "quoteSetItems", **items)) == "LOCKED"
    assert (await tenant.log())[0] == before[0] + 1, "only the lost reason was written"
    await tenant.mutate("rep1", "opportunityUnlock", id=opportunity)
    await tenant.mutate("rep1", "opportunityUpdate", id=opportunity, probability=3)


@covers("EP-140", "D-11")
async def test_deleting_a_sold_opportunity_is_refused_while_it_has_contracts(
    client: SalesClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("rep1")
    await client.quote(opportunity, "a")
    [contract] = await sold(client, opportunity, FIRST)
    wrong = await client.wrong("admin", "opportunityDelete", id=opportunity)
    assert wrong == [("IN_USE", "input.id")]
    await tenant.mutate("admin", "contractDetach", id=contract["id"])
    await tenant.mutate("admin", "opportunityDelete", id=opportunity)


@covers("EP-140", "X-23")
@pytest.mark.parametrize(
    ("day", "wrong"), [("2019-01-01", []), ("2999-01-01", [("INVALID", "input.closedOn")])]
)
async def test_a_loss_is_closed_on_a_given_day_that_is_not_in_the_future(
    client: SalesClient, tenant: TenantClient, day: str, wrong: list[Any]
) -> None:
    reason = await tenant.mutate("admin", "lostReasonCreate", name=tenant.new_name())
    opportunity = await tenant.opportunity("rep1")
    params = {"id": opportunity, "reason": reason, "closedOn": day}
    assert await client.wrong("rep1", "opportunityLose", **params) == wrong
    closed = (await tenant.row("opportunity", opportunity))["closed_on"]
    assert (closed and str(closed)) == (None if wrong else day)


@covers("D-33", "EP-140")
async def test_the_message_does_not_reveal_a_hidden_sale(
    client: SalesClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("rep1")
    await client.quote(opportunity, "a")
    await sold(client, opportunity, FIRST)
    text = (
        "SELECT f.id FROM field_permission f JOIN profile p ON p.id = f.profile_id "
        "WHERE p.name = 'Standard sales' AND f.entity = 'Opportunity' AND f.field = 'locked'"
    )
    id = public_id("pfi", await tenant.value(text))
    row = await tenant.row("field_permission", id)
    query = """mutation ($i: OpportunitySellInput!) {
      done: opportunitySell(input: $i) { userErrors { code message path } } }"""
    variables = {"i": {"id": opportunity}}
    [result] = (await tenant.ask("rep1", query, variables)).data["done"]["userErrors"]
    assert "sold" in result["message"]
    await tenant.mutate("admin", "fieldPermissionDelete", id=id)
    [hidden] = (await tenant.ask("rep1", query, variables)).data["done"]["userErrors"]
    profile = public_id("prf", row["profile_id"])
    params = {"profile": profile, "entity": "Opportunity", "field": "locked"}
    await tenant.mutate("admin", "fieldPermissionCreate", **params)
    assert (hidden["code"], hidden["path"]) == ("LOCKED", ["input"])
    assert "sold" not in hidden["message"]


@covers("D-11", "EP-141", "VN-20")
async def test_the_stage_of_a_sold_opportunity_is_replaced_only_by_one_of_the_same_kind(
    client: SalesClient, tenant: TenantClient
) -> None:
    """A change of the setup reopens no opportunity."""
    stages = [
        await tenant.mutate(
            "admin", "stageCreate", name=tenant.new_name(), kind=kind, position=place
        )
        for place, kind in enumerate(("OPEN", "WON", "WON"), 70)
    ]
    steps = [
        {"stage": stage, "position": place, "probability": (10, 100, 90)[place]}
        for place, stage in enumerate(stages)
    ]
    type = await tenant.mutate(
        "admin", "opportunityTypeCreate", name=tenant.new_name(), stages=steps
    )
    opportunity = await tenant.opportunity("rep1", type=type)
    await client.quote(opportunity, "a")
    await sold(client, opportunity, FIRST)
    open_, won, other = stages
    query = (
        """mutation ($i: ReplaceInput!) { done: stageDelete(input: $i) { userErrors { code } } }"""
    )
    for replacement, wrong in ((open_, [{"code": "INVALID"}]), (other, [])):
        answer = await tenant.ask("admin", query, {"i": {"id": won, "replaceWith": replacement}})
        assert answer.data["done"]["userErrors"] == wrong
    row = await tenant.row("opportunity", opportunity)
    assert (row["stage_id"], row["status"], row["locked"]) == (uuid_of(other), "WON", True)


@covers("EP-142")
async def test_an_empty_quote_makes_no_contract(client: SalesClient, tenant: TenantClient) -> None:
    opportunity, quote = await client.quoted_opportunity([])
    assert await sold(client, opportunity, FIRST) == []
    assert (await tenant.row("quote", quote))["accepted_at"] is not None


@covers("D-04", "EP-143")
async def test_a_resumed_contract_keeps_its_start_when_sold_on_an_earlier_day(
    client: SalesClient, tenant: TenantClient
) -> None:
    """It does not end before it started either."""
    yearly = await client.kind(timeBased=True, months=12)
    opportunity, quote = await client.quoted_opportunity(
        [{"product": await client.product(yearly)}]
    )
    await sold(client, opportunity, SECOND)
    await unlocked(client, opportunity)
    other = await client.quote(opportunity, "instead")
    await tenant.mutate("rep1", "quoteActivate", id=other)
    await sold(client, opportunity, THIRD)
    await unlocked(client, opportunity)
    await tenant.mutate("rep1", "quoteActivate", id=quote)
    contracts = await sold(client, opportunity, "2020-01-01")
    [lasting] = [each for each in contracts if each["timeBased"]]
    assert (lasting["startsOn"], lasting["endsOn"]) == (SECOND, "2027-04-29")


@covers("D-04")
async def test_lines_of_existing_and_new_contracts_are_written_in_one_list(
    client: SalesClient, tenant: TenantClient
) -> None:
    """Contracts are inserted before lines, whichever opportunity needs a new contract."""
    old = await tenant.opportunity("rep1")
    quote = await client.quote(old, "a")
    await sold(client, old, FIRST)
    await unlocked(client, old)
    await client.active_copy(quote, {"a": {}, "b": {}})
    new = await tenant.opportunity("rep1")
    await client.quote(new, "c")
    answer = await tenant.attempt_many("rep1", "opportunitySell", [{"id": old}, {"id": new}])
    assert answer.codes == [], answer.json
    lines = [
        [line["name"] for line in (await client.read(id))["contracts"][0]["lines"]]
        for id in (old, new)
    ]
    assert lines == [["a", "b"], ["c"]]

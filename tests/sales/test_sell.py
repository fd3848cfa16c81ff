"""Selling: the active quote becomes contracts by kind, to the cent; selling again writes only the difference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.sales.conftest import SalesClient
from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, public_id, uuid_of


@pytest.fixture(scope="module")
async def goods(client: SalesClient) -> dict[str, str]:
    """A yearly license and one-time work, with the names of their contract kinds."""
    yearly = await client.kind(timeBased=True, months=12, renews=True)
    once = await client.kind()
    return {
        "license": await client.product(yearly, taxPercent="21"),
        "work": await client.product(once, taxPercent="21"),
        "yearly": yearly,
        "once": once,
    }


def lines(goods: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"product": goods["license"], "quantity": "3", "discountPercent": "10"},
        {"product": goods["work"], "unitPrice": "33.33"},
        {"kind": "ROUNDING", "name": "Rounding", "unitPrice": "-0.03"},
    ]


@covers("EP-140", "EP-141", "EP-142", "EP-147", "EP-149", "D-17")
async def test_selling_creates_a_contract_per_kind(
    client: SalesClient, tenant: TenantClient, goods: dict[str, str]
) -> None:
    opportunity, quote = await client.quoted_opportunity(lines(goods))
    assert await client.sell(opportunity, closedOn="2026-03-31") == "DONE"
    result = await client.read(opportunity)
    assert (result["status"], result["locked"], result["closedOn"]) == ("WON", True, "2026-03-31")
    assert result["probability"] == 100
    contracts = {each["kind"]["name"]: each for each in result["contracts"]}
    assert set(contracts) == {goods["yearly"], goods["once"]}
    yearly, once = contracts[goods["yearly"]], contracts[goods["once"]]
    assert (yearly["timeBased"], yearly["startsOn"], yearly["endsOn"]) == (
        True, "2026-03-31", "2027-03-30",
    )  # fmt: skip
    assert (yearly["renewalMonths"], once["timeBased"], once["endsOn"]) == (12, False, None)
    assert [each["name"] for each in yearly["lines"]][-1] == "Rounding", (
        "rounding goes to the contract with the largest amount"
    )
    assert await client.contract_totals(opportunity) == await client.quote_totals(quote)
    amounts = [Decimal(each["total"]["amount"]) for each in result["contracts"]]
    assert sum(amounts) == (await client.quote_totals(quote))[1]
    assert (await tenant.row("quote", quote))["accepted_at"] is not None


@covers("EP-145")
async def test_selling_without_an_active_quote_is_refused_unless_preferred(
    client: SalesClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("rep1")
    preferences = public_id("set", await tenant.value("SELECT id FROM preferences"))
    await tenant.mutate("admin", "preferencesUpdate", id=preferences, sellWithoutQuote=False)
    before = await tenant.log()
    assert await client.sell(opportunity) == "NO_ACTIVE_QUOTE"
    assert await tenant.log() == before
    await tenant.mutate("admin", "preferencesUpdate", id=preferences, sellWithoutQuote=True)
    try:
        assert await client.sell(opportunity) == "DONE"
    finally:
        await tenant.mutate("admin", "preferencesUpdate", id=preferences, sellWithoutQuote=False)
    result = await client.read(opportunity)
    assert (result["status"], result["locked"], result["contracts"]) == ("WON", True, [])


@covers("EP-141")
async def test_a_sold_opportunity_is_locked(
    client: SalesClient, tenant: TenantClient, goods: dict[str, str]
) -> None:
    opportunity, quote = await client.quoted_opportunity(lines(goods))
    assert await client.sell(opportunity) == "DONE"
    before = await tenant.log()
    assert await client.sell(opportunity) == "LOCKED"
    changed = await tenant.attempt("rep1", "opportunityUpdate", id=opportunity, amount="1")
    assert outcome_of(changed) == "LOCKED"
    assert outcome_of(await tenant.attempt("rep1", "quoteUpdate", id=quote, name="x")) == "LOCKED"
    added = await tenant.attempt("rep1", "quoteCreate", opportunity=opportunity, name="x")
    assert outcome_of(added) == "LOCKED"
    stage = public_id("stg", await tenant.value("SELECT id FROM stage WHERE position = 1"))
    moved = await tenant.attempt("rep1", "opportunityMove", id=opportunity, stage=stage)
    assert outcome_of(moved) == "LOCKED"
    assert outcome_of(await tenant.attempt("rep1", "opportunityDelete", id=opportunity)) == "IN_USE"
    assert await tenant.log() == before
    changes = await tenant.attempt(
        "rep1", "opportunityUpdate", id=opportunity, note="still to be written"
    )
    assert outcome_of(changes) == "DONE"


@covers("EP-143", "EP-145", "D-04", "EP-151")
async def test_selling_again_writes_only_changed_lines(
    client: SalesClient, tenant: TenantClient, goods: dict[str, str]
) -> None:
    """An unchanged, a changed, a removed and a new line; the unchanged one is not written."""
    opportunity, quote = await client.quoted_opportunity(
        [
            {"product": goods["work"], "name": "stays"},
            {"product": goods["work"], "name": "changes"},
            {"product": goods["license"], "name": "vanishes"},
        ]
    )
    assert await client.sell(opportunity) == "DONE"
    first = await client.read(opportunity)
    assert outcome_of(await tenant.attempt("rep1", "opportunityUnlock", id=opportunity)) == "DONE"
    unlocked = await client.read(opportunity)
    assert (unlocked["status"], unlocked["locked"], unlocked["closedOn"]) == ("OPEN", False, None)
    copy = await tenant.mutate("rep1", "quoteDuplicate", id=quote)
    items = await tenant.fetch(
        "SELECT id, name FROM quote_item WHERE quote_id = $1 AND deleted_at IS NULL", uuid_of(copy)
    )
    ids = {row["name"]: f"qit_{row['id'].hex}" for row in items}
    await tenant.mutate(
        "rep1", "quoteSetItems", id=copy,
        items=[
            {"id": ids["stays"]},
            {"id": ids["changes"], "quantity": "2"},
            {"product": goods["work"], "name": "new"},
        ],
    )  # fmt: skip
    await tenant.mutate("rep1", "quoteActivate", id=copy)
    assert await client.sell(opportunity) == "DONE"
    again = await client.read(opportunity)
    assert len(again["contracts"]) == len(first["contracts"]) == 2, "no duplicates"
    was = {line["name"]: line for each in first["contracts"] for line in each["lines"]}
    now: dict[str, list[Any]] = {}
    for each in again["contracts"]:
        for line in each["lines"]:
            now.setdefault(line["name"], []).append(line)
    assert now["stays"] == [was["stays"]], "untouched"
    old, new = now["changes"]
    assert (old["id"], old["endedOn"] is not None) == (was["changes"]["id"], True)
    assert (new["revision"], new["replaces"]["id"], new["endedOn"]) == (2, old["id"], None)
    assert [each["endedOn"] is not None for each in now["vanishes"]] == [True]
    assert [each["revision"] for each in now["new"]] == [1]
    status = {each["kind"]["name"]: each["status"] for each in again["contracts"]}
    assert status == {goods["once"]: "ACTIVE", goods["yearly"]: "ENDED"}
    assert await client.contract_totals(opportunity) == await client.quote_totals(copy)


@covers("EP-145", "D-04")
async def test_selling_again_without_changes_changes_no_contract(
    client: SalesClient, tenant: TenantClient, goods: dict[str, str]
) -> None:
    opportunity, _ = await client.quoted_opportunity(lines(goods))
    assert await client.sell(opportunity) == "DONE"
    first = await client.read(opportunity)
    await tenant.mutate("rep1", "opportunityUnlock", id=opportunity)
    assert await client.sell(opportunity) == "DONE"
    assert (await client.read(opportunity))["contracts"] == first["contracts"]


@covers("EP-144", "D-04")
async def test_a_detached_contract_is_sold_again_as_a_new_one(
    client: SalesClient, tenant: TenantClient, goods: dict[str, str]
) -> None:
    opportunity, quote = await client.quoted_opportunity(lines(goods))
    assert await client.sell(opportunity) == "DONE"
    [contract, *_] = (await client.read(opportunity))["contracts"]
    assert outcome_of(await tenant.attempt("rep1", "contractDetach", id=contract["id"])) == "DONE"
    assert (
        outcome_of(await tenant.attempt("rep1", "contractDetach", id=contract["id"]))
        == "INVALID_TRANSITION"
    )
    await tenant.mutate("rep1", "opportunityUnlock", id=opportunity)
    assert await client.sell(opportunity) == "DONE"
    result = await client.read(opportunity)
    assert contract["id"] not in {each["id"] for each in result["contracts"]}
    assert len(result["contracts"]) == 2
    assert await client.contract_totals(opportunity) == await client.quote_totals(quote)


@covers("EP-140", "D-20")
async def test_selling_on_a_future_day_is_refused(
    client: SalesClient, tenant: TenantClient, goods: dict[str, str]
) -> None:
    opportunity, _ = await client.quoted_opportunity(lines(goods))
    before = await tenant.log()
    tomorrow = str((datetime.now(UTC) + timedelta(days=2)).date())
    answer = await tenant.attempt("rep1", "opportunitySell", id=opportunity, closedOn=tomorrow)
    assert outcome_of(answer) == "INVALID"
    assert await tenant.log() == before


@covers("EP-140", "D-32", "D-33")
@pytest.mark.parametrize(
    ("persona", "codes"),
    [
        ("rep2", {"NOT_FOUND"}),
        ("support", {"FIELD_READ_ONLY", "NOT_FOUND"}),
        ("limited", {"NOT_FOUND"}),
    ],
)
@pytest.mark.parametrize("mutation", ["Sell", "Unlock", "Lock", "Copy"])
async def test_errors_of_selling_do_not_reveal_whether_an_opportunity_exists(
    client: SalesClient,
    tenant: TenantClient,
    goods: dict[str, str],
    persona: str,
    codes: set[str],
    mutation: str,
) -> None:
    opportunity, _ = await client.quoted_opportunity(lines(goods))
    before = await tenant.log()
    answer = await tenant.attempt(persona, f"opportunity{mutation}", id=opportunity)
    unknown = await tenant.attempt(persona, f"opportunity{mutation}", id="opp_" + "7" * 32)
    assert set(answer.codes) & codes
    assert answer.json["errors"] == unknown.json["errors"]
    assert await tenant.log() == before

"""Contracts that are entered by hand: term, end, renewal, upsell, and lists by expiry."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.conftest import ContractClient
from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, public_id

TERM = ("time_based", "starts_on", "ends_on", "renewal_months", "remind_on", "status")
BEGIN = "2999-01-31"


@covers("EP-149")
async def test_a_contract_copies_the_term_of_its_kind(
    client: ContractClient, tenant: TenantClient
) -> None:
    yearly = await client.kind(timeBased=True, months=12, renews=True)
    once = await client.kind()
    lasting = await client.contract(kind=yearly, startsOn=BEGIN)
    assert await client.row(lasting, *TERM) == (
        True, BEGIN, "3000-01-30", 12, "2999-12-31", "ACTIVE",
    )  # fmt: skip
    days: dict[str, Any] = {"endsOn": "2999-06-30", "renewalMonths": 3, "remindOn": "2999-05-05"}
    given_days = await client.contract(kind=yearly, startsOn=BEGIN, **days)
    assert await client.row(given_days, *TERM) == (True, BEGIN, *days.values(), "ACTIVE")
    single = await client.contract(kind=once, startsOn=BEGIN)
    assert await client.row(single, *TERM) == (False, BEGIN, None, None, None, "ACTIVE")
    assert (await tenant.row("contract", single))["number"].startswith("K-")
    numbered = await client.contract(kind=once, number="2026/7")
    assert await client.row(numbered, "number", "revision") == ("2026/7", 1)
    # Another kind changes `timeBased`; the dates stay, because they were agreed with the customer.
    await tenant.mutate("rep1", "contractUpdate", id=lasting, kind=once)
    assert await client.row(lasting, *TERM) == (
        False, BEGIN, "3000-01-30", 12, "2999-12-31", "ACTIVE",
    )  # fmt: skip


async def test_invalid_terms_and_a_change_of_currency_are_refused(
    client: ContractClient, tenant: TenantClient
) -> None:
    id = await client.contract(kind=await client.kind(), startsOn=BEGIN)
    wrong = await client.wrong("rep1", "contractUpdate", id=id, endsOn="2999-01-30")
    assert wrong == [("INVALID", "input.endsOn")]
    wrong = await client.wrong("rep1", "contractUpdate", id=id, renewalMonths=0)
    assert wrong == [("INVALID", "input.renewalMonths")]
    currency = await tenant.attempt("rep1", "contractUpdate", id=id, currency="USD")
    assert currency.codes == ["BAD_USER_INPUT"], "its lines are in the original currency"


@covers("EP-154")
async def test_the_status_of_a_contract_follows_from_its_dates(
    client: ContractClient, tenant: TenantClient
) -> None:
    kind = await client.kind()
    past = {"startsOn": "2019-01-01", "endsOn": "2019-12-31"}
    id = await client.contract(kind=kind, **past)
    assert await client.row(id, "status") == ("ENDED",)
    renewing = await client.contract(kind=kind, **past, renewalMonths=12)
    assert await client.row(renewing, "status") == ("ACTIVE",), "it renews until it is ended"
    await tenant.mutate("rep1", "contractUpdate", id=id, note="unrelated")
    assert await client.row(id, "status") == ("ENDED",)
    await tenant.mutate("rep1", "contractUpdate", id=id, endsOn=client.day(3))
    assert await client.row(id, "status") == ("ACTIVE",)
    await tenant.mutate("rep1", "contractUpdate", id=renewing, renewalMonths=None)
    assert await client.row(renewing, "status") == ("ENDED",)


async def test_a_contract_is_ended_today_or_on_a_given_day(
    client: ContractClient, tenant: TenantClient
) -> None:
    kind = await client.kind(timeBased=True, months=12, renews=True)
    id = await client.contract(kind=kind, startsOn="2026-01-01")
    later = client.day(100)
    await tenant.mutate("rep1", "contractEnd", id=id, endsOn=later)
    ended = ("ends_on", "renewal_months", "remind_on", "status")
    assert await client.row(id, *ended) == (later, None, None, "ACTIVE"), "in force until that day"
    days = {client.day(0), await _end(client, id), client.day(0)}
    assert await client.row(id, *ended) in {(day, None, None, "ENDED") for day in days}
    again = await client.wrong("rep1", "contractEnd", id=id)
    assert again == [("INVALID_TRANSITION", "input")]
    young = await client.contract(kind=kind, startsOn=BEGIN)
    early = await client.wrong("rep1", "contractEnd", id=young, endsOn="2998-01-01")
    assert early == [("INVALID", "input.endsOn")]


async def _end(client: ContractClient, id: str) -> str:
    await client.tenant.mutate("rep1", "contractEnd", id=id)
    return client.day(0)


async def test_a_contract_is_renewed_by_its_renewal_months(
    client: ContractClient, tenant: TenantClient
) -> None:
    kind = await client.kind(timeBased=True, months=12, renews=True)
    id = await client.contract(kind=kind, startsOn="2026-01-31")
    await tenant.mutate("rep1", "contractRenew", id=id)
    assert await client.row(id, *TERM) == (
        True, "2026-01-31", "2028-01-30", 12, "2027-12-31", "ACTIVE",
    )  # fmt: skip
    plain = await client.contract(kind=await client.kind(timeBased=True, months=12))
    before = await tenant.log()
    wrong = await client.wrong("rep1", "contractRenew", id=plain)
    assert wrong == [("INVALID", "input.renewalMonths")]
    assert await tenant.log() == before


EXPIRING = """query ($id: ID!, $until: Date!) { account(id: $id) {
  contracts(first: 10, filter: { endsOn: { lte: $until }, status: { eq: ACTIVE } }, orderBy: [{ endsOn: ASC }]) {
    totalCount nodes { name endsOn kind { name } }
  }
  aggregate: contracts(first: 1) { aggregate { min { endsOn } max { endsOn } } }
} }"""


@covers("EP-148", "EP-154", "EP-170")
async def test_expiring_contracts_of_an_account_are_listed(
    client: ContractClient, tenant: TenantClient
) -> None:
    kind = await client.kind(timeBased=True)
    account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    params: dict[str, Any] = {"account": account, "kind": kind, "startsOn": BEGIN}
    for name, end in {"c": "2999-09-01", "a": "2999-03-01", "b": "2999-06-01"}.items():
        await client.contract(**params, name=name, endsOn=end)
    await client.contract(**params, name="d")
    variables = {"id": account, "until": "2999-06-30"}
    result = (await tenant.ask("rep1", EXPIRING, variables)).data["account"]
    assert [each["name"] for each in result["contracts"]["nodes"]] == ["a", "b"]
    aggregate = result["aggregate"]["aggregate"]
    assert (aggregate["min"]["endsOn"], aggregate["max"]["endsOn"]) == ("2999-03-01", "2999-09-01")


@covers("EP-148")
async def test_contracts_are_filtered_by_kind(client: ContractClient, tenant: TenantClient) -> None:
    kinds = [await client.kind() for _ in "ab"]
    ids = [await client.contract(kind=kind) for kind in (*kinds, kinds[0])]
    query = """query ($kind: ID!) { contracts(first: 10, filter: { kind: { id: { eq: $kind } } }) {
      nodes { id } } }"""
    result = (await tenant.ask("rep1", query, {"kind": kinds[0]})).data["contracts"]["nodes"]
    assert {each["id"] for each in result} == {ids[0], ids[2]}


@covers("EP-150")
async def test_an_upsell_copies_its_time_based_contract(
    client: ContractClient, tenant: TenantClient
) -> None:
    lasting = await client.contract(kind=await client.kind(timeBased=True), currency="SEK")
    type = public_id("opt", await tenant.type_id("New business"))
    rep1 = await tenant.employee_id("rep1")
    await tenant.value("UPDATE opportunity_type SET default_owner_id = NULL")
    id = await tenant.mutate("rep1", "opportunityUpsell", contract=lasting, type=type, amount="5")
    row, contract = await tenant.row("opportunity", id), await tenant.row("contract", lasting)
    values = [row[n] for n in ("name", "account_id", "source_contract_id", "currency", "owner_id")]
    assert values == [contract["name"], contract["account_id"], contract["id"], "SEK", rep1]
    query = "query ($id: ID!) { contract(id: $id) { upsells(first: 5) { nodes { id } } } }"
    result = (await tenant.ask("rep1", query, {"id": lasting})).data["contract"]["upsells"]["nodes"]
    assert result == [{"id": id}]
    once = await client.contract(kind=await client.kind())
    before = await tenant.log()
    wrong = await client.wrong("rep1", "opportunityUpsell", contract=once, type=type)
    assert wrong == [("NOT_TIME_BASED", "input.contract")]
    assert await tenant.log() == before


@covers("D-32", "D-33", "EP-144")
@pytest.mark.parametrize("mutation", ["contractEnd", "contractRenew", "contractDetach"])
async def test_ending_a_contract_requires_the_right_to_change_it(
    client: ContractClient, tenant: TenantClient, mutation: str
) -> None:
    kind = await client.kind(timeBased=True, months=12, renews=True)
    id = await client.contract(kind=kind)
    before, head = await tenant.row("contract", id), await tenant.log()
    never = {
        who: await tenant.attempt(who, mutation, id="ctr_" + "7" * 32)
        for who in ("rep2", "support")
    }
    for who, answer in never.items():
        theirs = await tenant.attempt(who, mutation, id=id)
        assert theirs.json.get("errors") == answer.json["errors"] or theirs.codes == ["FORBIDDEN"]
        assert set(theirs.codes) <= {"NOT_FOUND", "FORBIDDEN"}
    assert (await tenant.attempt("rep2", mutation, id=id)).codes == ["NOT_FOUND"], (
        "it is invisible to rep2"
    )
    assert (await tenant.row("contract", id), await tenant.log()) == (before, head)


@covers("D-33")
@pytest.mark.parametrize("mutation", ["contractEnd", "contractRenew"])
async def test_ending_a_contract_requires_the_right_to_write_its_end(
    client: ContractClient, tenant: TenantClient, mutation: str
) -> None:
    kind = await client.kind(timeBased=True, months=12, renews=True)
    id = await client.contract(kind=kind)
    text = (
        "SELECT f.id FROM field_permission f JOIN profile p ON p.id = f.profile_id "
        "WHERE p.name = 'Standard sales' AND f.entity = 'Contract' AND f.field = 'endsOn'"
    )
    field = public_id("pfi", await tenant.value(text))
    await tenant.mutate("admin", "fieldPermissionUpdate", id=field, writes=False)
    refused = await tenant.attempt("rep1", mutation, id=id)
    await tenant.mutate("admin", "fieldPermissionUpdate", id=field, writes=True)
    assert refused.codes == ["FIELD_READ_ONLY"]
    assert outcome_of(await tenant.attempt("rep1", mutation, id=id)) == "DONE"

"""The contract of a case, and the billing of case types."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.client import CaseClient, wrong
from tests.support.covers import covers
from tests.writes.client import TenantClient, uuid_of


async def product(own: TenantClient, **params: Any) -> str:
    """A service with a price, unless given otherwise."""
    params = {"name": own.name(), "currency": "EUR", "service": True, "price": "95.00"} | params
    return await own.done("admin", "productCreate", **params)


async def contract_type(client: CaseClient) -> str:
    """A case type that requires a contract."""
    service = await product(client.own)
    return await client.type(billing="PER_CASE", contractRequired=True, hoursProduct=service)


@covers("VN-33")
async def test_a_case_without_a_required_contract_is_refused(client: CaseClient) -> None:
    own, kind, account = client.own, await contract_type(client), await client.account()
    contract, links = await client.contract(account), [{"account": account}]
    params: dict[str, Any] = {"subject": "x", "type": kind, "accounts": links}
    answer = await own.do("admin", "caseCreate", **params)
    assert wrong(answer) == [("REQUIRED", "contract")]
    id = await client.case(account, persona="admin", type=kind, contract=contract)
    assert wrong(await own.do("admin", "caseUpdate", id=id, contract=None)) == [
        ("REQUIRED", "contract")
    ]
    plain = await client.case(account, persona="admin")
    assert wrong(await own.do("admin", "caseUpdate", id=plain, type=kind)) == [
        ("REQUIRED", "contract")
    ]
    await own.done("admin", "caseUpdate", id=plain, type=kind, contract=contract)
    await own.done("admin", "caseUpdate", id=id, type=None, contract=None)


@covers("VN-33")
async def test_a_case_from_before_contracts_were_required_can_be_changed_and_closed(
    client: CaseClient,
) -> None:
    own, kind = client.own, await client.type()
    id = await client.case(type=kind)
    service = await product(own)
    params = {"billing": "PER_CASE", "contractRequired": True, "hoursProduct": service}
    await own.done("admin", "caseTypeUpdate", id=kind, **params)
    await own.done("rep1", "caseUpdate", id=id, priority="HIGH")
    await own.done("rep1", "caseClose", id=id)


@covers("VN-33")
async def test_the_contract_of_a_case_belongs_to_its_primary_account(client: CaseClient) -> None:
    own, mine, other = client.own, await client.account(), await client.account()
    contract, foreign = await client.contract(mine), await client.contract(other)
    links: list[dict[str, Any]] = [{"account": mine}, {"account": other}]
    values: dict[str, Any] = {"subject": "x", "accounts": links, "contract": foreign}
    assert wrong(await own.do("admin", "caseCreate", **values)) == [("INVALID", "contract")]
    links[1]["primary"] = True
    await own.done("admin", "caseCreate", **values)
    id = await client.case(mine, other, persona="admin", contract=contract)
    answer = await own.do("admin", "caseUpdate", id=id, contract=foreign)
    assert wrong(answer) == [("INVALID", "contract")]
    link = await client.link(id, other)
    mutations: dict[str, dict[str, Any]] = {
        "caseAccountUpdate": {"id": link, "primary": True},
        "caseAccountDelete": {"id": await client.link(id, mine)},
    }
    for mutation, params in mutations.items():
        answer = await own.do("admin", mutation, **params)
        assert wrong(answer) == [("INVALID", "input")], mutation
    assert await client.links(id) == {mine: True, other: False}
    await own.done("admin", "caseUpdate", id=id, contract=None)
    await own.done("admin", "caseAccountUpdate", id=link, primary=True)
    await own.done("admin", "caseUpdate", id=id, contract=foreign)


@covers("VN-33", "EP-207")
async def test_a_case_without_accounts_gets_the_account_of_its_contract(
    client: CaseClient,
) -> None:
    own, kind, account = client.own, await contract_type(client), await client.account()
    contract = await client.contract(account)
    id = await own.done("admin", "caseCreate", subject="x", type=kind, contract=contract)
    assert await client.links(id) == {account: True}
    known = await own.done(
        "admin", "caseUpsert", externalId=own.name(), subject="x", contract=contract
    )
    assert await client.links(known) == {account: True}
    later = await client.case(persona="admin")
    await own.done("admin", "caseUpdate", id=later, contract=contract)
    assert await client.links(later) == {account: True}


@covers("VN-33")
async def test_the_account_of_a_contract_with_cases_cannot_be_changed(
    client: CaseClient,
) -> None:
    own, account, other = client.own, await client.account(), await client.account()
    contract = await client.contract(account)
    id = await client.case(account, persona="admin", contract=contract)
    answer = await own.do("admin", "contractUpdate", id=contract, account=other)
    assert wrong(answer) == [("IN_USE", "account")]
    await own.done("admin", "caseUpdate", id=id, contract=None)
    await own.done("admin", "contractUpdate", id=contract, account=other)


@covers("VN-34", "VN-36")
@pytest.mark.parametrize(
    ("billing", "hours", "overtime", "refused"),
    [
        ("NONE", None, None, []),
        ("PER_CASE", None, None, []),
        ("PER_CASE", {}, None, []),
        ("PER_CASE", {}, {}, []),
        ("PER_CASE", None, {}, []),
        ("PER_CASE", {"service": False}, None, [("INVALID", "hoursProduct")]),
        ("PER_CASE", {"price": None}, None, [("INVALID", "hoursProduct")]),
        ("PER_CASE", {}, {"service": False}, [("INVALID", "overtimeProduct")]),
        ("NONE", {}, {"price": None}, [("INVALID", "overtimeProduct")]),
        ("PER_ACTIVITY", {}, None, []),
        ("PER_ACTIVITY", None, None, [("REQUIRED", "hoursProduct")]),
        ("PER_ACTIVITY", None, {}, [("REQUIRED", "hoursProduct")]),
    ],
)
async def test_only_services_with_a_price_are_accepted_as_billing_products(
    client: CaseClient,
    billing: str,
    hours: dict[str, Any] | None,
    overtime: dict[str, Any] | None,
    refused: list[tuple[str, str]],
) -> None:
    own = client.own
    await product(own)  # billing needs at least one service
    params: dict[str, Any] = {"billing": billing}
    for name, kind in {"hoursProduct": hours, "overtimeProduct": overtime}.items():
        if kind is not None:
            params[name] = await product(own, **kind)
    answer = await own.do("admin", "caseTypeCreate", name=own.name(), **params)
    assert wrong(answer) == refused
    plain = await client.type()
    assert wrong(await own.do("admin", "caseTypeUpdate", id=plain, **params)) == refused


@covers("VN-31")
async def test_billing_is_none_by_default_and_then_excludes_a_required_contract(
    client: CaseClient,
) -> None:
    kind = await client.type()
    assert (await client.own.row("case_type", kind))["billing"] == "NONE"
    answer = await client.own.do("admin", "caseTypeUpdate", id=kind, contractRequired=True)
    assert wrong(answer) == [("INVALID", "contractRequired")]


async def test_billing_requires_a_service_with_a_price_in_the_tenant(client: CaseClient) -> None:
    own, kind = client.own, await client.type()
    text = "UPDATE product SET deleted_at = $1 WHERE service AND price IS NOT NULL AND deleted_at IS NOT DISTINCT FROM $2"
    now = await own.value("SELECT now()")
    async with own.operator() as connection:
        await connection.execute(text, now, None)
        answer = await own.do("admin", "caseTypeUpdate", id=kind, billing="PER_CASE")
        await connection.execute(text, None, now)
    assert wrong(answer) == [("INVALID", "billing")]
    await product(own)
    await own.done("admin", "caseTypeUpdate", id=kind, billing="PER_CASE")


@covers("VN-34")
async def test_a_billing_product_must_stay_a_service_with_a_price(client: CaseClient) -> None:
    own = client.own
    hours, overtime = await product(own), await product(own)
    kind = await client.type(billing="PER_ACTIVITY", hoursProduct=hours, overtimeProduct=overtime)
    for id in (hours, overtime):
        cleared: dict[str, Any] = {"service": False, "price": None}
        for name, value in cleared.items():
            answer = await own.do("admin", "productUpdate", id=id, **{name: value})
            assert wrong(answer) == [("IN_USE", name)]
        await own.done("admin", "productUpdate", id=id, price="100")
        assert wrong(await own.do("admin", "productDelete", id=id))[0][0] == "IN_USE"
    await own.done("admin", "caseTypeUpdate", id=kind, overtimeProduct=None)
    await own.done("admin", "productUpdate", id=overtime, service=False, price=None)
    assert (await own.row("case_type", kind))["hours_product_id"] == uuid_of(hours)

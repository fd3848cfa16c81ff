"""The contract of a case, and the billing of case types."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.client import CaseClient, wrong
from tests.support.covers import covers
from tests.writes.client import TenantClient, uuid_of


async def product(tenant: TenantClient, **params: Any) -> str:
    """A service with a price, unless given otherwise."""
    params = {
        "name": tenant.new_name(),
        "currency": "EUR",
        "service": True,
        "price": "95.00",
    } | params
    return await tenant.mutate("admin", "productCreate", **params)


async def contract_type(client: CaseClient) -> str:
    """A case type that requires a contract."""
    service = await product(client.tenant)
    return await client.type(billing="PER_CASE", contractRequired=True, hoursProduct=service)


@covers("VN-33")
async def test_a_case_without_a_required_contract_is_refused(client: CaseClient) -> None:
    tenant, kind, account = client.tenant, await contract_type(client), await client.account()
    contract, links = await client.contract(account), [{"account": account}]
    params: dict[str, Any] = {"subject": "x", "type": kind, "accounts": links}
    answer = await tenant.attempt("admin", "caseCreate", **params)
    assert wrong(answer) == [("REQUIRED", "contract")]
    id = await client.case(account, persona="admin", type=kind, contract=contract)
    assert wrong(await tenant.attempt("admin", "caseUpdate", id=id, contract=None)) == [
        ("REQUIRED", "contract")
    ]
    plain = await client.case(account, persona="admin")
    assert wrong(await tenant.attempt("admin", "caseUpdate", id=plain, type=kind)) == [
        ("REQUIRED", "contract")
    ]
    await tenant.mutate("admin", "caseUpdate", id=plain, type=kind, contract=contract)
    await tenant.mutate("admin", "caseUpdate", id=id, type=None, contract=None)


@covers("VN-33")
async def test_a_case_from_before_contracts_were_required_can_be_changed_and_closed(
    client: CaseClient,
) -> None:
    tenant, kind = client.tenant, await client.type()
    id = await client.case(type=kind)
    service = await product(tenant)
    params = {"billing": "PER_CASE", "contractRequired": True, "hoursProduct": service}
    await tenant.mutate("admin", "caseTypeUpdate", id=kind, **params)
    await tenant.mutate("rep1", "caseUpdate", id=id, priority="HIGH")
    await tenant.mutate("rep1", "caseClose", id=id)


@covers("VN-33")
async def test_the_contract_of_a_case_belongs_to_its_primary_account(client: CaseClient) -> None:
    tenant, mine, other = client.tenant, await client.account(), await client.account()
    contract, foreign = await client.contract(mine), await client.contract(other)
    links: list[dict[str, Any]] = [{"account": mine}, {"account": other}]
    values: dict[str, Any] = {"subject": "x", "accounts": links, "contract": foreign}
    assert wrong(await tenant.attempt("admin", "caseCreate", **values)) == [("INVALID", "contract")]
    links[1]["primary"] = True
    await tenant.mutate("admin", "caseCreate", **values)
    id = await client.case(mine, other, persona="admin", contract=contract)
    answer = await tenant.attempt("admin", "caseUpdate", id=id, contract=foreign)
    assert wrong(answer) == [("INVALID", "contract")]
    link = await client.link(id, other)
    mutations: dict[str, dict[str, Any]] = {
        "caseAccountUpdate": {"id": link, "primary": True},
        "caseAccountDelete": {"id": await client.link(id, mine)},
    }
    for mutation, params in mutations.items():
        answer = await tenant.attempt("admin", mutation, **params)
        assert wrong(answer) == [("INVALID", "input")], mutation
    assert await client.links(id) == {mine: True, other: False}
    await tenant.mutate("admin", "caseUpdate", id=id, contract=None)
    await tenant.mutate("admin", "caseAccountUpdate", id=link, primary=True)
    await tenant.mutate("admin", "caseUpdate", id=id, contract=foreign)


@covers("VN-33", "EP-207")
async def test_a_case_without_accounts_gets_the_account_of_its_contract(
    client: CaseClient,
) -> None:
    tenant, kind, account = client.tenant, await contract_type(client), await client.account()
    contract = await client.contract(account)
    id = await tenant.mutate("admin", "caseCreate", subject="x", type=kind, contract=contract)
    assert await client.links(id) == {account: True}
    known = await tenant.mutate(
        "admin", "caseUpsert", externalId=tenant.new_name(), subject="x", contract=contract
    )
    assert await client.links(known) == {account: True}
    later = await client.case(persona="admin")
    await tenant.mutate("admin", "caseUpdate", id=later, contract=contract)
    assert await client.links(later) == {account: True}


@covers("VN-33")
async def test_the_account_of_a_contract_with_cases_cannot_be_changed(
    client: CaseClient,
) -> None:
    tenant, account, other = client.tenant, await client.account(), await client.account()
    contract = await client.contract(account)
    id = await client.case(account, persona="admin", contract=contract)
    answer = await tenant.attempt("admin", "contractUpdate", id=contract, account=other)
    assert wrong(answer) == [("IN_USE", "account")]
    await tenant.mutate("admin", "caseUpdate", id=id, contract=None)
    await tenant.mutate("admin", "contractUpdate", id=contract, account=other)


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
    tenant = client.tenant
    await product(tenant)  # billing needs at least one service
    params: dict[str, Any] = {"billing": billing}
    for name, kind in {"hoursProduct": hours, "overtimeProduct": overtime}.items():
        if kind is not None:
            params[name] = await product(tenant, **kind)
    answer = await tenant.attempt("admin", "caseTypeCreate", name=tenant.new_name(), **params)
    assert wrong(answer) == refused
    plain = await client.type()
    assert wrong(await tenant.attempt("admin", "caseTypeUpdate", id=plain, **params)) == refused


@covers("VN-31")
async def test_billing_is_none_by_default_and_then_excludes_a_required_contract(
    client: CaseClient,
) -> None:
    kind = await client.type()
    assert (await client.tenant.row("case_type", kind))["billing"] == "NONE"
    answer = await client.tenant.attempt("admin", "caseTypeUpdate", id=kind, contractRequired=True)
    assert wrong(answer) == [("INVALID", "contractRequired")]


async def test_billing_requires_a_service_with_a_price_in_the_tenant(client: CaseClient) -> None:
    tenant, kind = client.tenant, await client.type()
    text = "UPDATE product SET deleted_at = $1 WHERE service AND price IS NOT NULL AND deleted_at IS NOT DISTINCT FROM $2"
    now = await tenant.value("SELECT now()")
    async with tenant.operator() as connection:
        await connection.execute(text, now, None)
        answer = await tenant.attempt("admin", "caseTypeUpdate", id=kind, billing="PER_CASE")
        await connection.execute(text, None, now)
    assert wrong(answer) == [("INVALID", "billing")]
    await product(tenant)
    await tenant.mutate("admin", "caseTypeUpdate", id=kind, billing="PER_CASE")


@covers("VN-34")
async def test_a_billing_product_must_stay_a_service_with_a_price(client: CaseClient) -> None:
    tenant = client.tenant
    hours, overtime = await product(tenant), await product(tenant)
    kind = await client.type(billing="PER_ACTIVITY", hoursProduct=hours, overtimeProduct=overtime)
    for id in (hours, overtime):
        cleared: dict[str, Any] = {"service": False, "price": None}
        for name, value in cleared.items():
            answer = await tenant.attempt("admin", "productUpdate", id=id, **{name: value})
            assert wrong(answer) == [("IN_USE", name)]
        await tenant.mutate("admin", "productUpdate", id=id, price="100")
        assert wrong(await tenant.attempt("admin", "productDelete", id=id))[0][0] == "IN_USE"
    await tenant.mutate("admin", "caseTypeUpdate", id=kind, overtimeProduct=None)
    await tenant.mutate("admin", "productUpdate", id=overtime, service=False, price=None)
    assert (await tenant.row("case_type", kind))["hours_product_id"] == uuid_of(hours)

"""Under which contract a case is worked on, and how types of cases are billed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.client import CaseClient, wrong
from tests.support.covers import covers
from tests.writes.parallel import Own, kept


async def product(own: Own, **given: Any) -> str:
    """A service with a price, or what is given instead."""
    given = {"name": own.name(), "currency": "EUR", "service": True, "price": "95.00"} | given
    return await own.done("admin", "productCreate", **given)


async def bound(client: CaseClient) -> str:
    """A type whose cases need a contract."""
    service = await product(client.own)
    return await client.type(billing="PER_CASE", contractRequired=True, hoursProduct=service)


@covers("VN-33")
async def test_a_case_without_the_contract_that_it_needs_is_refused(client: CaseClient) -> None:
    own, kind, account = client.own, await bound(client), await client.account()
    contract, links = await client.contract(account), [{"account": account}]
    given: dict[str, Any] = {"subject": "x", "type": kind, "accounts": links}
    answer = await own.do("admin", "caseCreate", **given)
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
async def test_what_was_there_before_the_rule_can_still_be_settled(client: CaseClient) -> None:
    own, kind = client.own, await client.type()
    id = await client.case(type=kind)
    service = await product(own)
    given = {"billing": "PER_CASE", "contractRequired": True, "hoursProduct": service}
    await own.done("admin", "caseTypeUpdate", id=kind, **given)
    await own.done("rep1", "caseUpdate", id=id, priority="HIGH")
    await own.done("rep1", "caseClose", id=id)


@covers("VN-33")
async def test_the_contract_is_one_of_the_primary_account(client: CaseClient) -> None:
    own, mine, other = client.own, await client.account(), await client.account()
    contract, foreign = await client.contract(mine), await client.contract(other)
    links: list[dict[str, Any]] = [{"account": mine}, {"account": other}]
    given: dict[str, Any] = {"subject": "x", "accounts": links, "contract": foreign}
    assert wrong(await own.do("admin", "caseCreate", **given)) == [("INVALID", "contract")]
    links[1]["primary"] = True
    await own.done("admin", "caseCreate", **given)
    id = await client.case(mine, other, persona="admin", contract=contract)
    answer = await own.do("admin", "caseUpdate", id=id, contract=foreign)
    assert wrong(answer) == [("INVALID", "contract")]
    link = await client.link(id, other)
    deeds: dict[str, dict[str, Any]] = {
        "caseAccountUpdate": {"id": link, "primary": True},
        "caseAccountDelete": {"id": await client.link(id, mine)},
    }
    for deed, changed in deeds.items():
        answer = await own.do("admin", deed, **changed)
        assert wrong(answer) == [("INVALID", "input")], deed
    assert await client.links(id) == {mine: True, other: False}
    await own.done("admin", "caseUpdate", id=id, contract=None)
    await own.done("admin", "caseAccountUpdate", id=link, primary=True)
    await own.done("admin", "caseUpdate", id=id, contract=foreign)


@covers("VN-33", "EP-207")
async def test_a_case_that_concerns_nobody_concerns_whose_contract_it_is(
    client: CaseClient,
) -> None:
    own, kind, account = client.own, await bound(client), await client.account()
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
async def test_a_contract_stays_with_its_account_while_it_is_worked_under(
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
async def test_work_is_billed_as_a_service_with_a_price(
    client: CaseClient,
    billing: str,
    hours: dict[str, Any] | None,
    overtime: dict[str, Any] | None,
    refused: list[tuple[str, str]],
) -> None:
    own = client.own
    await product(own)  # so that there is something to bill at all
    given: dict[str, Any] = {"billing": billing}
    for name, kind in {"hoursProduct": hours, "overtimeProduct": overtime}.items():
        if kind is not None:
            given[name] = await product(own, **kind)
    answer = await own.do("admin", "caseTypeCreate", name=own.name(), **given)
    assert wrong(answer) == refused
    plain = await client.type()
    assert wrong(await own.do("admin", "caseTypeUpdate", id=plain, **given)) == refused


@covers("VN-31")
async def test_a_type_is_not_billed_unless_it_is_said(client: CaseClient) -> None:
    kind = await client.type()
    assert (await client.own.row("case_type", kind))["billing"] == "NONE"
    answer = await client.own.do("admin", "caseTypeUpdate", id=kind, contractRequired=True)
    assert wrong(answer) == [("INVALID", "contractRequired")]


async def test_there_must_be_work_to_bill(client: CaseClient) -> None:
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
async def test_a_product_stays_a_service_while_work_is_billed_as_it(client: CaseClient) -> None:
    own = client.own
    hours, overtime = await product(own), await product(own)
    kind = await client.type(billing="PER_ACTIVITY", hoursProduct=hours, overtimeProduct=overtime)
    for id in (hours, overtime):
        lost: dict[str, Any] = {"service": False, "price": None}
        for name, value in lost.items():
            answer = await own.do("admin", "productUpdate", id=id, **{name: value})
            assert wrong(answer) == [("IN_USE", name)]
        await own.done("admin", "productUpdate", id=id, price="100")
        assert wrong(await own.do("admin", "productDelete", id=id))[0][0] == "IN_USE"
    await own.done("admin", "caseTypeUpdate", id=kind, overtimeProduct=None)
    await own.done("admin", "productUpdate", id=overtime, service=False, price=None)
    assert (await own.row("case_type", kind))["hours_product_id"] == kept(hours)

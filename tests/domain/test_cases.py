"""Rules of cases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from uuid import UUID

import pytest

from domain.cases import (
    Billing,
    CaseState,
    Status,
    accounts_locked_violations,
    billing_violations,
    case_contract_violations,
    case_type_violations,
    choose_status,
    closed_at,
    locked_violations,
    missing_service_violations,
    primary_account,
    primary_change_violations,
    service_violations,
)
from domain.codes import UserErrorCode
from domain.violations import Violation
from tests.support.covers import covers

OPEN, CLOSED = CaseState.OPEN, CaseState.CLOSED
NEW, BUSY, DONE, DROPPED, ELSEWHERE = (UUID(int=number) for number in range(1, 6))
STATUSES = {
    BUSY: Status(BUSY, OPEN, 2),
    DROPPED: Status(DROPPED, CLOSED, 3),
    DONE: Status(DONE, CLOSED, 0),
    NEW: Status(NEW, OPEN, 1),
}
MINE, OTHER, CONTRACT = UUID(int=11), UUID(int=12), UUID(int=13)
BEFORE, NOW = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 14, tzinfo=UTC)


@dataclass
class Case:
    state: CaseState = OPEN
    type_id: UUID | None = NEW
    contract_id: UUID | None = None
    subject: str = "a"
    closed_at: datetime | None = None


@dataclass
class CaseType:
    billing: Billing = Billing.NONE
    hours_product_id: UUID | None = None
    overtime_product_id: UUID | None = None
    contract_required: bool = False


@dataclass
class Product:
    service: bool
    price: Decimal | None


@dataclass
class Link:
    id: UUID
    created_at: datetime
    primary: bool


def code(found: Status | Violation) -> UUID | tuple[UserErrorCode, str]:
    return (found.code, found.column) if isinstance(found, Violation) else found.id


@covers("VT-25")
@pytest.mark.parametrize(
    ("requested", "state", "expected"),
    [
        pytest.param(None, None, NEW, id="where a case begins"),
        pytest.param(DROPPED, None, DROPPED, id="where it is put"),
        pytest.param(None, OPEN, NEW, id="reopened"),
        pytest.param(None, CLOSED, DONE, id="closed"),
        pytest.param(DROPPED, CLOSED, DROPPED, id="closed with the requested status"),
        pytest.param(
            BUSY, CLOSED, (UserErrorCode.INVALID_TRANSITION, "status_id"), id="not closed"
        ),
        pytest.param(DONE, OPEN, (UserErrorCode.INVALID_TRANSITION, "status_id"), id="not open"),
        pytest.param(ELSEWHERE, None, NEW, id="unknown status"),
    ],
)
def test_case_status_is_the_requested_or_first_one(
    requested: UUID | None, state: CaseState | None, expected: UUID | tuple[UserErrorCode, str]
) -> None:
    assert code(choose_status(STATUSES, requested, state)) == expected


@covers("VT-25")
@pytest.mark.parametrize("state", [None, OPEN, CLOSED])
def test_no_status_of_the_state_is_refused(state: CaseState | None) -> None:
    others = {id: each for id, each in STATUSES.items() if each.state is not (state or OPEN)}
    for known in ({}, others):
        assert code(choose_status(known, None, state)) == (UserErrorCode.INVALID, "status_id")


def test_lowest_id_of_the_same_position_is_first() -> None:
    same = {id: Status(id, OPEN, 1) for id in (BUSY, NEW)}
    assert code(choose_status(same, None)) == NEW


@covers("VT-25")
@pytest.mark.parametrize(
    ("before", "state", "since"),
    [
        (None, OPEN, None),
        (None, CLOSED, NOW),
        (Case(closed_at=None), OPEN, None),
        (Case(closed_at=None), CLOSED, NOW),
        (Case(closed_at=BEFORE), CLOSED, BEFORE),
        (Case(closed_at=BEFORE), OPEN, None),
    ],
)
def test_closed_at_is_kept_while_closed(
    before: Case | None, state: CaseState, since: datetime | None
) -> None:
    assert closed_at(before, state, NOW) == since


@pytest.mark.parametrize(("before", "after"), list(product(CaseState, CaseState)))
def test_billing_fields_of_a_closed_case_are_locked(before: CaseState, after: CaseState) -> None:
    row = Case(before, contract_id=CONTRACT)
    now = replace(row, state=after)
    stays = before is after is CLOSED
    for value in (None, OTHER):
        for column, changed in (
            ("type_id", replace(now, type_id=value)),
            ("contract_id", replace(now, contract_id=value)),
        ):
            found = [(each.code, each.column) for each in locked_violations(row, changed)]
            assert found == ([(UserErrorCode.LOCKED, column)] if stays else [])
    assert not locked_violations(row, replace(now, subject="b"))


def test_accounts_of_a_closed_case_are_locked() -> None:
    assert not accounts_locked_violations(Case(OPEN))
    assert [each.code for each in accounts_locked_violations(Case(CLOSED))] == [
        UserErrorCode.LOCKED
    ]


@covers("VN-33")
@pytest.mark.parametrize(
    ("required", "contract", "buyer", "primary", "code"),
    [
        (False, None, None, None, None),
        (False, None, None, MINE, None),
        (True, None, None, None, UserErrorCode.REQUIRED),
        (True, None, None, MINE, UserErrorCode.REQUIRED),
        (True, CONTRACT, MINE, MINE, None),
        (False, CONTRACT, MINE, MINE, None),
        (True, CONTRACT, OTHER, MINE, UserErrorCode.INVALID),
        (False, CONTRACT, OTHER, MINE, UserErrorCode.INVALID),
        (False, CONTRACT, OTHER, None, UserErrorCode.INVALID),
    ],
)
def test_contract_must_belong_to_the_primary_account(
    required: bool,
    contract: UUID | None,
    buyer: UUID | None,
    primary: UUID | None,
    code: UserErrorCode | None,
) -> None:
    found = case_contract_violations(required, contract, buyer, primary)
    expected = [] if code is None else [(code, "contract_id")]
    assert [(each.code, each.column) for each in found] == expected


@covers("VN-33")
@pytest.mark.parametrize(
    ("contract", "buyer", "primary", "fine"),
    [
        (None, None, MINE, True),
        (None, None, None, True),
        (CONTRACT, MINE, MINE, True),
        (CONTRACT, MINE, OTHER, False),
        (CONTRACT, MINE, None, False),
    ],
)
def test_primary_account_with_a_contract_cannot_change(
    contract: UUID | None, buyer: UUID | None, primary: UUID | None, fine: bool
) -> None:
    assert (not primary_change_violations(contract, buyer, primary)) is fine


WORK = Product(service=True, price=Decimal(95))
KINDS = {
    "work": (WORK, True),
    "for nothing": (replace(WORK, price=Decimal(0)), True),
    "a thing": (replace(WORK, service=False), False),
    "without a price": (replace(WORK, price=None), False),
}


@covers("VN-34", "VN-36")
@pytest.mark.parametrize("overtime", [None, *KINDS])
@pytest.mark.parametrize("hours", [None, *KINDS])
def test_work_is_billed_as_services_with_a_price(hours: str | None, overtime: str | None) -> None:
    row = CaseType(
        hours_product_id=None if hours is None else MINE,
        overtime_product_id=None if overtime is None else OTHER,
    )
    products, wrong = {}, set()
    for column, kind, id in (
        ("hours_product_id", hours, MINE),
        ("overtime_product_id", overtime, OTHER),
    ):
        if kind is not None:
            products[id] = KINDS[kind][0]
            wrong |= set() if KINDS[kind][1] else {column}
    assert {each.column for each in service_violations(row, products)} == wrong


@covers("VN-34")
@pytest.mark.parametrize(("before", "after"), list(product(KINDS, KINDS)))
def test_billable_product_must_stay_billable(before: str, after: str) -> None:
    (was, _), (now, _) = KINDS[before], KINDS[after]
    lost = {"service"} if was.service and not now.service else set()
    lost |= {"price"} if was.price is not None and now.price is None else set()
    found = billing_violations(was, now)
    assert {(each.code, each.column) for each in found} == {
        (UserErrorCode.IN_USE, name) for name in lost
    }


@pytest.mark.parametrize("offered", [True, False])
@pytest.mark.parametrize("named", [None, MINE])
@pytest.mark.parametrize("billing", Billing)
def test_billing_requires_a_billable_product(
    billing: Billing, named: UUID | None, offered: bool
) -> None:
    row = CaseType(billing, hours_product_id=named)
    fine = billing is Billing.NONE or offered or named is not None
    assert (not missing_service_violations(row, offered)) is fine


@covers("VN-33", "VN-36")
@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("hours", [None, MINE])
@pytest.mark.parametrize("billing", Billing)
def test_case_type_violations(billing: Billing, hours: UUID | None, required: bool) -> None:
    row = CaseType(billing, hours_product_id=hours, contract_required=required)
    found = [(each.code, each.column) for each in case_type_violations(None, row)]
    if billing is Billing.PER_ACTIVITY and hours is None:
        assert found == [(UserErrorCode.REQUIRED, "hours_product_id")]
    elif required and billing is not Billing.PER_CASE:
        assert found == [(UserErrorCode.INVALID, "contract_required")]
    else:
        assert found == []


def link(id: UUID, age: int, *, primary: bool = False) -> Link:
    return Link(id, BEFORE + timedelta(days=age), primary)


@covers("EP-207", "EP-208", "EP-210", "D-12")
@pytest.mark.parametrize(
    ("links", "requested", "primary"),
    [
        pytest.param([], None, None, id="none"),
        pytest.param([link(DONE, 1)], None, DONE, id="the first"),
        pytest.param([link(DONE, 2), link(NEW, 1)], None, NEW, id="the oldest"),
        pytest.param([link(DONE, 2, primary=True), link(NEW, 1)], None, DONE, id="the one that is"),
        pytest.param(
            [link(DONE, 2), link(NEW, 1, primary=True)], DONE, DONE, id="the requested one"
        ),
        pytest.param([link(DONE, 2), link(NEW, 1, primary=True)], BUSY, NEW, id="not there"),
        pytest.param([link(DONE, 1), link(NEW, 1)], None, NEW, id="of the same age"),
    ],
)
def test_primary_account_is_requested_current_or_oldest(
    links: list[Link], requested: UUID | None, primary: UUID | None
) -> None:
    assert primary_account(links, requested) == primary
    assert primary_account(reversed(links), requested) == primary


def test_every_violation_names_the_remedy() -> None:
    closed = Case(CLOSED)
    plain = CaseType(hours_product_id=MINE)
    places = [choose_status({}, None), choose_status(STATUSES, BUSY, CLOSED)]
    found = [
        *(each for each in places if isinstance(each, Violation)),
        *locked_violations(closed, replace(closed, type_id=BUSY)),
        *accounts_locked_violations(closed),
        *case_contract_violations(True, None, None, None),
        *case_contract_violations(True, CONTRACT, MINE, OTHER),
        *primary_change_violations(CONTRACT, MINE, OTHER),
        *service_violations(plain, {MINE: replace(WORK, price=None)}),
        *billing_violations(WORK, replace(WORK, price=None)),
        *missing_service_violations(CaseType(Billing.PER_CASE), False),
    ]
    assert len(found) == 10
    assert all(each.message.endswith(".") and ". " in each.message for each in found)

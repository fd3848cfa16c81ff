"""Rules of opportunities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.codes import UserErrorCode
from domain.sales import (
    PipelineStep,
    initial_step,
    next_step,
    opportunity_violations,
    stage_quote_violations,
    type_change_violation,
)
from domain.setup import StageKind
from domain.violations import Violation
from tests.support.covers import covers

OPEN, WON, LOST = StageKind.OPEN, StageKind.WON, StageKind.LOST
FIRST, SECOND, LAST, ELSEWHERE = (UUID(int=number) for number in range(1, 5))
ACCOUNT, TYPE = UUID(int=9), UUID(int=8)
PIPELINE = {
    SECOND: PipelineStep(SECOND, OPEN, 2, 40),
    LAST: PipelineStep(LAST, WON, 3, 100),
    FIRST: PipelineStep(FIRST, OPEN, 1, 10),
}


@dataclass
class Opportunity:
    name: str = "Desks"
    account_id: UUID = ACCOUNT
    type_id: UUID = TYPE
    stage_id: UUID = FIRST
    status: StageKind = OPEN
    currency: str | None = "EUR"
    amount: Decimal | None = Decimal("12.50")
    margin: Decimal | None = None
    commission: Decimal | None = Decimal(1)
    probability: int | None = 40
    expected_close_on: date | None = date(2026, 5, 1)
    note: str | None = None
    locked: bool = False


ROW = Opportunity()


def violations(
    before: Opportunity | None, after: Opportunity, **changes: Any
) -> set[tuple[UserErrorCode, str]]:
    """The violations of `after` with some columns changed, by code and column."""
    return {
        (each.code, each.column)
        for each in opportunity_violations(before, replace(after, **changes))
    }


@covers("D-17", "D-42")
@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        pytest.param({}, set(), id="nothing"),
        pytest.param({"amount": Decimal("12.505")}, {"amount"}, id="half a cent"),
        pytest.param({"amount": Decimal("12.500")}, set(), id="trailing zero"),
        pytest.param({"amount": Decimal("-3.10")}, set(), id="negative amount"),
        pytest.param({"amount": None, "commission": None}, set(), id="no amounts"),
        pytest.param(
            {"currency": "JPY", "amount": Decimal("0.1"), "margin": Decimal("0.5")},
            {"amount", "margin"},
            id="yen-with-fraction",
        ),
        pytest.param({"currency": "JPY", "amount": Decimal("100.00")}, set(), id="whole yen"),
        pytest.param({"currency": "KWD", "amount": Decimal("1.005")}, set(), id="a fils"),
        pytest.param(
            {"currency": "KWD", "margin": Decimal("1.0005")}, {"margin"}, id="half-a-fils"
        ),
        pytest.param({"commission": Decimal("0.001")}, {"commission"}, id="commission"),
        pytest.param({"amount": Decimal("1" * 30)}, None, id="more digits than the precision"),
        pytest.param({"currency": "eur"}, {"currency"}, id="lowercase"),
        pytest.param({"currency": "EURO"}, {"currency"}, id="four letters"),
        pytest.param({"currency": "EUR\n"}, {"currency"}, id="trailing newline"),
        pytest.param({"currency": ""}, {"currency"}, id="no currency"),
        pytest.param({"probability": 0}, set(), id="never"),
        pytest.param({"probability": 100}, set(), id="certainly"),
        pytest.param({"probability": None}, set(), id="unknown"),
        pytest.param({"probability": 101}, {"probability"}, id="more than certain"),
        pytest.param({"probability": -1}, {"probability"}, id="negative probability"),
        pytest.param(
            {"currency": None, "probability": 101},
            {"probability"},
            id="no-currency-and-bad-probability",
        ),
        pytest.param(
            {"currency": "eur", "probability": 101},
            {"currency", "probability"},
            id="bad-currency-and-probability",
        ),
        pytest.param(
            {"probability": 101, "amount": Decimal("0.001")},
            {"probability", "amount"},
            id="bad-probability-and-amount",
        ),
    ],
)
@pytest.mark.parametrize("new", [True, False], ids=["new", "changed"])
def test_invalid_values_are_reported_per_column(
    given: dict[str, Any], wrong: set[str] | None, new: bool
) -> None:
    found = violations(None if new else ROW, ROW, **given)
    if wrong is not None:
        assert found == {(UserErrorCode.INVALID, name) for name in wrong}


CHANGES: dict[str, Any] = {
    "account_id": UUID(int=7),
    "type_id": UUID(int=7),
    "currency": "USD",
    "amount": Decimal(13),
    "margin": Decimal(1),
    "expected_close_on": None,
}
FREE: dict[str, Any] = {"name": "Chairs", "note": "x", "commission": None, "probability": 41}


@covers("EP-141")
@pytest.mark.parametrize("before", StageKind)
@pytest.mark.parametrize("after", StageKind)
def test_fields_of_a_closed_opportunity_are_locked(before: StageKind, after: StageKind) -> None:
    """While it stays closed. Reopening and changing it in one command is allowed."""
    was = replace(ROW, status=before)
    locked = before is not OPEN and after is not OPEN
    for column, value in CHANGES.items():
        expected = {(UserErrorCode.LOCKED, column)} if locked else set()
        assert violations(was, was, status=after, **{column: value}) == expected, column
    everything = violations(was, was, status=after, **CHANGES)
    assert everything == ({(UserErrorCode.LOCKED, name) for name in CHANGES} if locked else set())
    for column, value in FREE.items():
        assert not violations(was, was, status=after, **{column: value}), column
    assert not violations(was, was, status=after, amount=Decimal("12.5")), "the same amount"


@covers("EP-141")
@pytest.mark.parametrize("status", [OPEN, WON])
def test_fields_of_a_locked_opportunity_are_locked(status: StageKind) -> None:
    was = replace(ROW, status=status, locked=True)
    for column, value in (CHANGES | {"probability": 41}).items():
        assert violations(was, was, **{column: value}) == {(UserErrorCode.LOCKED, column)}, column
        opened: dict[str, Any] = {"locked": False, "status": OPEN, column: value}
        assert not violations(was, was, **opened), column
    for column in ("name", "note", "commission"):
        assert not violations(was, was, **{column: FREE[column]}), column
    elsewhere = replace(was, stage_id=ELSEWHERE, probability=99)
    was_closed = status is not OPEN
    assert violations(was, elsewhere) == (
        set() if was_closed else {(UserErrorCode.LOCKED, "stage_id")}
    )
    assert violations(was, elsewhere, status=LOST) == {(UserErrorCode.LOCKED, "stage_id")}


def test_new_opportunity_is_not_locked() -> None:
    assert not violations(None, ROW, status=WON)


def code(found: PipelineStep | Violation | None) -> tuple[UserErrorCode, str] | UUID | None:
    if isinstance(found, Violation):
        return found.code, found.column
    return None if found is None else found.stage


@covers("D-20", "VN-22", "VN-25")
def test_initial_stage_is_requested_or_first() -> None:
    assert code(initial_step(PIPELINE, None)) == FIRST
    assert code(initial_step(PIPELINE, LAST)) == LAST
    assert code(initial_step(PIPELINE, ELSEWHERE)) == (UserErrorCode.INVALID_TRANSITION, "stage_id")
    assert code(initial_step({}, None)) == (UserErrorCode.INVALID, "type_id")
    assert code(initial_step({}, FIRST)) == (UserErrorCode.INVALID_TRANSITION, "stage_id")


@covers("VN-25")
@pytest.mark.parametrize("stage", [FIRST, SECOND, LAST])
def test_next_stage_within_the_pipeline_is_accepted(stage: UUID) -> None:
    assert next_step(PIPELINE, stage) == PIPELINE[stage]


@covers("VN-25")
def test_next_stage_outside_the_pipeline_is_refused() -> None:
    assert code(next_step(PIPELINE, ELSEWHERE)) == (UserErrorCode.INVALID_TRANSITION, "stage_id")
    assert code(next_step({}, FIRST)) == (UserErrorCode.INVALID_TRANSITION, "stage_id")
    assert code(type_change_violation(PIPELINE, FIRST)) is None
    assert code(type_change_violation(PIPELINE, ELSEWHERE)) == (
        UserErrorCode.INVALID_TRANSITION,
        "type_id",
    )


@covers("VN-26")
@pytest.mark.parametrize("needs", [True, False])
@pytest.mark.parametrize("has", [True, False])
def test_stage_may_require_a_quote(needs: bool, has: bool) -> None:
    found = stage_quote_violations(
        PipelineStep(FIRST, OPEN, 1, 10, needs_quote=needs), has_quote=has
    )
    wrong = [(UserErrorCode.INVALID_TRANSITION, "stage_id")] if needs and not has else []
    assert [(each.code, each.column) for each in found] == wrong


def test_every_violation_has_a_sentence_as_message() -> None:
    won = replace(ROW, status=WON)
    found = [
        *opportunity_violations(None, replace(ROW, currency="x")),
        *opportunity_violations(None, replace(ROW, amount=Decimal("0.001"), probability=101)),
        *opportunity_violations(won, replace(won, **CHANGES)),
    ]
    assert all(each.message.endswith(".") and len(each.message) > 20 for each in found)

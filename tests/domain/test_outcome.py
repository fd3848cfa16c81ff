"""Rules of the outcome of opportunities."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from domain.codes import UserErrorCode
from domain.outcome import (
    StatusConsequences,
    checked_close_date,
    closing_fields,
    lost_note_violations,
    lost_reason_violations,
    reopened_stage,
    stage_of_kind,
    unlock_violations,
)
from domain.sales import PipelineStep
from domain.setup import StageKind
from domain.violations import Violation
from tests.support.covers import covers

OPEN, WON, LOST = StageKind.OPEN, StageKind.WON, StageKind.LOST
FIRST, SECOND, DONE, GONE, ELSEWHERE = (UUID(int=number) for number in range(1, 6))
PIPELINE = {
    GONE: PipelineStep(GONE, LOST, 4, 0),
    SECOND: PipelineStep(SECOND, OPEN, 2, 40),
    DONE: PipelineStep(DONE, WON, 3, 100),
    FIRST: PipelineStep(FIRST, OPEN, 1, 10),
}
TODAY = date(2026, 3, 14)
MOVED = (UserErrorCode.INVALID_TRANSITION, "stage_id")


@dataclass
class Opportunity:
    status: StageKind
    locked: bool = False
    lost_reason_id: UUID | None = None


@dataclass
class LostReason:
    needs_note: bool


def short(found: Any) -> Any:
    """A violation by its code and column, or a step by its stage."""
    if isinstance(found, Violation):
        return found.code, found.column
    return found.stage if isinstance(found, PipelineStep) else found


def row(status: StageKind | None) -> Opportunity | None:
    """An opportunity with this status; None before it exists."""
    return None if status is None else Opportunity(status)


@covers("EP-140", "X-23")
@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        (None, TODAY),
        (TODAY, TODAY),
        (date(1999, 1, 1), date(1999, 1, 1)),
        (date(2026, 3, 15), (UserErrorCode.INVALID, "closed_on")),
    ],
)
def test_close_date_is_not_in_the_future(requested: date | None, expected: Any) -> None:
    assert short(checked_close_date(requested, TODAY)) == expected


@covers("D-20", "EP-140")
@pytest.mark.parametrize(
    ("kind", "requested", "expected"),
    [
        (WON, None, DONE),
        (LOST, None, GONE),
        (OPEN, None, FIRST),
        (OPEN, SECOND, SECOND),
        (WON, DONE, DONE),
        (WON, FIRST, MOVED),
        (LOST, DONE, MOVED),
        (OPEN, ELSEWHERE, MOVED),
    ],
)
def test_outcome_stage_is_the_requested_or_first_one(
    kind: StageKind, requested: UUID | None, expected: Any
) -> None:
    assert short(stage_of_kind(PIPELINE, kind, requested)) == expected


@covers("D-20")
@pytest.mark.parametrize("kind", StageKind)
def test_pipeline_without_a_stage_of_the_kind_is_refused(kind: StageKind) -> None:
    pipeline = {id: step for id, step in PIPELINE.items() if step.kind is not kind}
    found = stage_of_kind(pipeline, kind, None)
    assert short(found) == MOVED
    assert isinstance(found, Violation)
    assert kind in found.message


@covers("EP-143", "X-23")
@pytest.mark.parametrize(
    ("visited", "requested", "expected"),
    [
        ([DONE, SECOND, FIRST], None, SECOND),
        ([GONE, ELSEWHERE, FIRST], None, FIRST),
        ([DONE], None, FIRST),
        ([], None, FIRST),
        ([SECOND], FIRST, FIRST),
        ([SECOND], DONE, MOVED),
    ],
)
def test_reopened_stage_is_the_requested_or_last_open_one(
    visited: list[UUID], requested: UUID | None, expected: Any
) -> None:
    assert short(reopened_stage(PIPELINE, visited, requested)) == expected


@covers("D-20", "X-23")
@pytest.mark.parametrize(
    ("needs", "note", "wrong"),
    [
        (False, None, []),
        (True, "They moved.", []),
        (True, None, [(UserErrorCode.REQUIRED, "lost_note")]),
        (True, " \n", [(UserErrorCode.REQUIRED, "lost_note")]),
    ],
)
def test_lost_reason_may_require_a_note(needs: bool, note: str | None, wrong: list[Any]) -> None:
    assert [short(each) for each in lost_note_violations(LostReason(needs), note)] == wrong


@covers("X-23", "D-20")
@pytest.mark.parametrize("after", StageKind)
@pytest.mark.parametrize("before", [None, *StageKind])
def test_becoming_lost_without_a_reason_is_refused(
    after: StageKind, before: StageKind | None
) -> None:
    wrong = [short(each) for each in lost_reason_violations(row(before), Opportunity(after))]
    unexplained = after is LOST and before is not LOST
    assert wrong == ([(UserErrorCode.REQUIRED, "stage_id")] if unexplained else [])
    assert not lost_reason_violations(row(before), Opportunity(after, lost_reason_id=ELSEWHERE))


@covers("EP-143")
@pytest.mark.parametrize("status", StageKind)
@pytest.mark.parametrize("locked", [True, False])
def test_only_locked_or_closed_can_be_unlocked(status: StageKind, locked: bool) -> None:
    found = [short(each) for each in unlock_violations(Opportunity(status, locked))]
    assert found == (
        [(UserErrorCode.INVALID_TRANSITION, "")] if status is OPEN and not locked else []
    )


@covers("X-23")
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, OPEN, StatusConsequences(None, clears_reason=True)),
        (None, WON, StatusConsequences(TODAY, clears_reason=True)),
        (OPEN, WON, StatusConsequences(TODAY, clears_reason=True)),
        (OPEN, OPEN, None),
        (WON, WON, None),
        (WON, OPEN, StatusConsequences(None, clears_reason=True)),
        (LOST, OPEN, StatusConsequences(None, clears_reason=True)),
        (WON, LOST, StatusConsequences(TODAY, clears_reason=False)),
    ],
)
def test_closing_fields_follow_the_status(
    before: StageKind | None, after: StageKind, expected: StatusConsequences | None
) -> None:
    assert closing_fields(row(before), Opportunity(after), TODAY) == expected

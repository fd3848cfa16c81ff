"""Rules of activities and labels, as tables of cases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.activities import SUBJECTS, activity, employers, subject
from domain.codes import UserErrorCode
from domain.labels import KEPT, LABELLED, favourite, tag, tagging
from tests.support.covers import covers

ANNA, BEN = UUID(int=1), UUID(int=2)
OLD, NEW, GONE = UUID(int=3), UUID(int=4), UUID(int=5)


@covers("VT-34", "EP-180")
@pytest.mark.parametrize(
    ("rule", "columns", "rest"),
    [(activity, SUBJECTS, {"hours": None}), (tagging, LABELLED, {}), (favourite, KEPT, {})],
)
def test_on_exactly_one_record(rule: Any, columns: tuple[str, ...], rest: dict[str, Any]) -> None:
    nothing: dict[str, Any] = dict.fromkeys(columns) | rest
    [fault] = rule(None, nothing)
    assert (fault.problem, fault.column) == (UserErrorCode.INVALID, "")
    for name in columns:
        assert not rule(None, nothing | {name: ANNA})
        for other in columns:
            if name != other:
                assert len(rule(None, nothing | {name: ANNA, other: BEN})) == 1


def test_what_an_activity_is_on() -> None:
    nothing: dict[str, Any] = dict.fromkeys(SUBJECTS)
    assert subject(nothing) is None
    for name in SUBJECTS:
        assert subject(nothing | {name: ANNA}) == (name, ANNA)
    assert subject(nothing | {"account_id": ANNA, "case_id": BEN}) is None


@pytest.mark.parametrize(
    ("hours", "right"), [(None, True), ("0", True), ("0.25", True), ("-1", False)]
)
def test_hours(hours: str | None, right: bool) -> None:
    row: dict[str, Any] = dict.fromkeys(SUBJECTS) | {"account_id": ANNA}
    faults = activity(None, row | {"hours": None if hours is None else Decimal(hours)})
    expected = [] if right else [(UserErrorCode.INVALID, "hours")]
    assert [(fault.problem, fault.column) for fault in faults] == expected


def works(person: UUID, account: UUID, age: int, **given: Any) -> dict[str, Any]:
    row = {"id": UUID(int=age), "person_id": person, "account_id": account, "created_at": age}
    return {**row, "active": True, "deleted_at": None, **given}


@covers("EP-023")
@pytest.mark.parametrize(
    ("affiliations", "found"),
    [
        pytest.param([], {}, id="nowhere"),
        pytest.param([works(ANNA, OLD, 1)], {ANNA: OLD}, id="at one place"),
        pytest.param([works(ANNA, NEW, 2), works(ANNA, OLD, 1)], {ANNA: OLD}, id="the oldest"),
        pytest.param(
            [works(ANNA, OLD, 1, active=False), works(ANNA, NEW, 2)], {ANNA: NEW}, id="still"
        ),
        pytest.param([works(ANNA, OLD, 1, deleted_at=9)], {}, id="in the bin"),
        pytest.param([works(ANNA, OLD, 1), works(BEN, NEW, 2)], {ANNA: OLD, BEN: NEW}, id="two"),
    ],
)
def test_where_a_person_works(affiliations: list[dict[str, Any]], found: dict[UUID, UUID]) -> None:
    assert employers(affiliations) == found
    assert employers(reversed(affiliations)) == found


@covers("VT-34")
@pytest.mark.parametrize(
    ("colour", "right"),
    [
        *((each, True) for each in (None, "#3b82f6", "#FFFFFF")),
        *((each, False) for each in ("", "red", "#fff", "3b82f6", "#3b82f6\n", "#3b82fg")),
    ],
)
def test_colours(colour: str | None, right: bool) -> None:
    faults = tag(None, {"colour": colour})
    assert [fault.column for fault in faults] == ([] if right else ["colour"])

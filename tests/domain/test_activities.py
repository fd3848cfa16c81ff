"""Rules of activities and labels, as tables of cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.activities import SUBJECTS, activity, employers, subject
from domain.codes import UserErrorCode
from domain.labels import KEPT, LABELLED, favourite, tag, tagging
from domain.violations import Violation
from tests.support.covers import covers

ANNA, BEN = UUID(int=1), UUID(int=2)
OLD, NEW, GONE = UUID(int=3), UUID(int=4), UUID(int=5)
START = datetime(2026, 3, 14, tzinfo=UTC)


@dataclass
class OnRecord:
    """A tagging, a favourite or an activity: all columns with the record that it is on."""

    account_id: UUID | None = None
    person_id: UUID | None = None
    product_id: UUID | None = None
    opportunity_id: UUID | None = None
    contract_id: UUID | None = None
    case_id: UUID | None = None
    hours: Decimal | None = None


@dataclass
class Affiliation:
    id: UUID
    created_at: datetime
    person_id: UUID
    account_id: UUID
    active: bool = True
    deleted_at: datetime | None = None


@dataclass
class Tag:
    colour: str | None


def on(**subjects: Any) -> OnRecord:
    """A record that is on these others, by column."""
    return OnRecord(**subjects)


@covers("VT-34", "EP-180")
@pytest.mark.parametrize(
    ("rule", "columns"), [(activity, SUBJECTS), (tagging, LABELLED), (favourite, KEPT)]
)
def test_on_exactly_one_record(
    rule: Callable[[OnRecord | None, OnRecord], Sequence[Violation]], columns: tuple[str, ...]
) -> None:
    [found] = rule(None, on())
    assert (found.code, found.column) == (UserErrorCode.INVALID, "")
    for name in columns:
        assert not rule(None, on(**{name: ANNA}))
        for other in columns:
            if name != other:
                assert len(rule(None, on(**{name: ANNA, other: BEN}))) == 1


def test_what_an_activity_is_on() -> None:
    assert subject(on()) is None
    for name in SUBJECTS:
        assert subject(on(**{name: ANNA})) == (name, ANNA)
    assert subject(on(account_id=ANNA, case_id=BEN)) is None


@pytest.mark.parametrize(
    ("hours", "right"), [(None, True), ("0", True), ("0.25", True), ("-1", False)]
)
def test_hours(hours: str | None, right: bool) -> None:
    worked = None if hours is None else Decimal(hours)
    found = activity(None, replace(on(account_id=ANNA), hours=worked))
    expected = [] if right else [(UserErrorCode.INVALID, "hours")]
    assert [(each.code, each.column) for each in found] == expected


def works(person: UUID, account: UUID, age: int, **given: Any) -> Affiliation:
    row = Affiliation(UUID(int=age), START + timedelta(days=age), person, account)
    return replace(row, **given)


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
        pytest.param([works(ANNA, OLD, 1, deleted_at=START)], {}, id="in the bin"),
        pytest.param([works(ANNA, OLD, 1), works(BEN, NEW, 2)], {ANNA: OLD, BEN: NEW}, id="two"),
    ],
)
def test_where_a_person_works(affiliations: list[Affiliation], found: dict[UUID, UUID]) -> None:
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
    found = tag(None, Tag(colour))
    assert [each.column for each in found] == ([] if right else ["colour"])

"""Rules of activities and labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.activities import activity_violations, employers
from domain.codes import UserErrorCode
from domain.columns import exactly_one, named
from domain.labels import tag_violations
from domain.message import Message
from tests.support.covers import covers

ANNA, BEN = UUID(int=1), UUID(int=2)
OLD, NEW, GONE = UUID(int=3), UUID(int=4), UUID(int=5)
COLUMNS = ("account_id", "person_id", "product_id", "opportunity_id", "contract_id", "case_id")
START = datetime(2026, 3, 14, tzinfo=UTC)


@dataclass
class OnRecord:
    """A tagging, favorite or activity with its subject columns."""

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
    color: str | None


def on(**subjects: Any) -> OnRecord:
    """A record with these subjects, by column."""
    return OnRecord(**subjects)


@covers("VT-34", "EP-180")
def test_exactly_one_subject_is_required() -> None:
    rule = exactly_one(COLUMNS, Message("Name one."))
    [found] = rule(None, on())
    assert (found.code, found.message, found.column) == (UserErrorCode.INVALID, "Name one.", "")
    for name in COLUMNS:
        assert not rule(None, on(**{name: ANNA}))
        for other in COLUMNS:
            if name != other:
                [found] = rule(None, on(**{name: ANNA, other: BEN}))
                assert found.column in (name, other)


def test_rule_of_the_record_applies_with_the_subject_rule() -> None:
    rule = exactly_one(COLUMNS, Message("Name one."), activity_violations)
    worked = replace(on(), hours=Decimal(-1))
    assert [each.column for each in rule(None, worked)] == ["", "hours"]
    assert [each.column for each in rule(None, replace(worked, case_id=ANNA))] == ["hours"]


def test_named_returns_columns_with_an_id() -> None:
    assert named(on(), COLUMNS) == []
    assert named(on(case_id=BEN, account_id=ANNA), COLUMNS) == [
        ("account_id", ANNA),
        ("case_id", BEN),
    ]


@pytest.mark.parametrize(
    ("hours", "right"), [(None, True), ("0", True), ("0.25", True), ("-1", False)]
)
def test_hours(hours: str | None, right: bool) -> None:
    worked = None if hours is None else Decimal(hours)
    found = activity_violations(None, replace(on(account_id=ANNA), hours=worked))
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
        pytest.param([works(ANNA, OLD, 1, deleted_at=START)], {}, id="deleted"),
        pytest.param([works(ANNA, OLD, 1), works(BEN, NEW, 2)], {ANNA: OLD, BEN: NEW}, id="two"),
    ],
)
def test_employer_is_the_oldest_active_affiliation(
    affiliations: list[Affiliation], found: dict[UUID, UUID]
) -> None:
    assert employers(affiliations) == found
    assert employers(reversed(affiliations)) == found


@covers("VT-34")
@pytest.mark.parametrize(
    ("color", "right"),
    [
        *((each, True) for each in (None, "#3b82f6", "#FFFFFF")),
        *((each, False) for each in ("", "red", "#fff", "3b82f6", "#3b82f6\n", "#3b82fg")),
    ],
)
def test_colors(color: str | None, right: bool) -> None:
    found = tag_violations(None, Tag(color))
    assert [each.column for each in found] == ([] if right else ["color"])

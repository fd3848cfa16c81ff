"""Rules of activities: hours, and the account whose timeline shows a person's activities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from domain.codes import UserErrorCode
from domain.holders import Candidate
from domain.message import Message
from domain.violations import Violation


class ActivityFacts(Protocol):
    """The columns of an activity that its rule reads."""

    hours: Decimal | None


class Employment(Candidate, Protocol):
    """An affiliation: a person at an account, until it is inactive or deleted."""

    person_id: UUID
    account_id: UUID
    active: bool
    deleted_at: datetime | None


def activity_violations(_: ActivityFacts | None, after: ActivityFacts) -> Sequence[Violation]:
    """Violations of an activity by itself."""
    if after.hours is None or after.hours >= 0:
        return []
    message = Message("Hours cannot be negative. Enter 0 or more.")
    return [Violation(UserErrorCode.INVALID, message, "hours")]


def employers(affiliations: Iterable[Employment]) -> Mapping[UUID, UUID]:
    """Account by person: that of the oldest affiliation that is active and not deleted."""
    current = [each for each in affiliations if each.active and each.deleted_at is None]
    accounts: dict[UUID, UUID] = {}
    for each in sorted(current, key=lambda row: (row.created_at, row.id)):
        accounts.setdefault(each.person_id, each.account_id)
    return accounts

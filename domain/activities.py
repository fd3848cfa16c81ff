"""Rules of activities: on exactly one record, with hours of zero or more, in the timeline of one account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from domain.codes import UserErrorCode
from domain.columns import references
from domain.holders import Candidate
from domain.labels import OnRecord, on_one
from domain.violations import Violation

SUBJECTS = ("account_id", "person_id", "opportunity_id", "contract_id", "case_id")
"""The columns with the record that an activity is on."""
CUSTOMERS = {
    "account_id": "id",
    "opportunity_id": "account_id",
    "contract_id": "account_id",
    "case_id": "primary_account_id",
}
"""The column of the activity's record that holds the account of the timeline; for a person see `employers`."""


class ActivityFacts(OnRecord, Protocol):
    """The columns of an activity that its rule reads."""

    hours: Decimal | None


class Employment(Candidate, Protocol):
    """An affiliation: a person at an account, until it is inactive or deleted."""

    person_id: UUID
    account_id: UUID
    active: bool
    deleted_at: datetime | None


def activity(_: ActivityFacts | None, after: ActivityFacts) -> Sequence[Violation]:
    """Violations of an activity by itself."""
    what = "the account, person, opportunity, contract or case it is on"
    violations = on_one(references(after, SUBJECTS), what)
    if after.hours is not None and after.hours < 0:
        message = "Hours cannot be less than none: write 0 or more."
        violations.append(Violation(UserErrorCode.INVALID, message, "hours"))
    return violations


def subject(row: OnRecord) -> tuple[str, UUID] | None:
    """The column and the id of the record that an activity is on; None if it is not on exactly one."""
    named = [(name, id) for name, id in references(row, SUBJECTS).items() if id is not None]
    return named[0] if len(named) == 1 else None


def employers(affiliations: Iterable[Employment]) -> Mapping[UUID, UUID]:
    """The account of each person's timeline: the one of the oldest affiliation that is active and not deleted."""
    working = [each for each in affiliations if each.active and each.deleted_at is None]
    found: dict[UUID, UUID] = {}
    for each in sorted(working, key=lambda row: (row.created_at, row.id)):
        found.setdefault(each.person_id, each.account_id)
    return found

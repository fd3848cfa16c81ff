"""Rules of activities: on exactly one record, with hours that can be, in the timeline of one account."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from domain.codes import UserErrorCode
from domain.labels import on_one
from domain.violations import Row, Violation

SUBJECTS = ("account_id", "person_id", "opportunity_id", "contract_id", "case_id")
"""The columns with the record that an activity is on."""
CUSTOMERS = {
    "account_id": "id",
    "opportunity_id": "account_id",
    "contract_id": "account_id",
    "case_id": "primary_account_id",
}
"""Which column of the record that an activity is on says whose timeline it is in; a person's are told by where he works."""


def activity(_: Row | None, after: Row) -> Sequence[Violation]:
    """What is wrong with an activity by itself."""
    faults = on_one(after, SUBJECTS, "the account, person, opportunity, contract or case it is on")
    if after["hours"] is not None and after["hours"] < 0:
        faults.append(
            Violation(
                UserErrorCode.INVALID, "Hours cannot be less than none: write 0 or more.", "hours"
            )
        )
    return faults


def subject(row: Row) -> tuple[str, UUID] | None:
    """What an activity is on, if it is on one record as it must be: the column, and the record."""
    named = [(name, row[name]) for name in SUBJECTS if row[name] is not None]
    return named[0] if len(named) == 1 else None


def employers(affiliations: Iterable[Row]) -> Mapping[UUID, UUID]:
    """For whom each person is seen to: the account where he has worked the longest of those he still works at."""
    working = [each for each in affiliations if each["active"] and each["deleted_at"] is None]
    found: dict[UUID, UUID] = {}
    for each in sorted(working, key=lambda row: (row["created_at"], row["id"])):
        found.setdefault(each["person_id"], each["account_id"])
    return found

"""Rules of persons and affiliations: required names, and consistent dates and addresses."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Protocol
from uuid import UUID

from domain.codes import UserErrorCode
from domain.described import DescribedEnum
from domain.message import Message
from domain.violations import Violation


class Gender(DescribedEnum):
    """Gender of a person."""

    FEMALE = "FEMALE", "Female."
    MALE = "MALE", "Male."
    OTHER = "OTHER", "Neither female nor male."


class PersonNames(Protocol):
    """The names of a person; at least one is required."""

    first_name: str | None
    last_name: str | None


class Workplace(Protocol):
    """The address of an affiliation."""

    address_id: UUID | None


class Identified(Protocol):
    """A record by its id."""

    id: UUID


class Tenure(Protocol):
    """The first and the last day of an affiliation."""

    since: date | None
    until: date | None


def full_name(first: str | None, infix: str | None, last: str | None) -> str | None:
    """The full name, such as `Anna van der Berg`; None without any name."""
    names = [part.strip() for part in (first, infix, last) if part and part.strip()]
    return " ".join(names) or None


def person_violations(_: PersonNames | None, after: PersonNames) -> Sequence[Violation]:
    """Violations of a person by itself: a missing name."""
    if full_name(after.first_name, None, after.last_name):
        return []
    return [
        Violation(
            UserErrorCode.REQUIRED,
            Message("The name is missing. Enter a first name or a last name."),
            "last_name",
        )
    ]


def foreign_address_violations(
    after: Workplace, addresses: Collection[Identified]
) -> list[Violation]:
    """Violation of an affiliation's address that is not one of its account's `addresses` (VPM-08)."""
    if after.address_id is None or after.address_id in {each.id for each in addresses}:
        return []
    message = Message(
        "The address does not belong to the account. Choose one of its addresses, or leave it "
        "empty for the head office."
    )
    return [Violation(UserErrorCode.INVALID, message, "address_id")]


def affiliation_violations(_: Tenure | None, after: Tenure) -> Sequence[Violation]:
    """Violation of an affiliation that ends before it starts."""
    if after.since is None or after.until is None or after.since <= after.until:
        return []
    message = Message("The last day is before the first day. Correct one of them.")
    return [Violation(UserErrorCode.INVALID, message, "until")]

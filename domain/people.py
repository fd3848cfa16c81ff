"""Rules of people: a person has some name, and what is kept of an affiliation makes sense by itself."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from domain.codes import UserErrorCode
from domain.violations import Row, Violation


class Gender(StrEnum):
    """A person's gender (SMP-30)."""

    FEMALE = "FEMALE"
    MALE = "MALE"
    OTHER = "OTHER"


def full_name(first: str | None, infix: str | None, last: str | None) -> str | None:
    """All names in their order, such as `Anna van der Berg`."""
    names = [part.strip() for part in (first, infix, last) if part and part.strip()]
    return " ".join(names) or None


def person(_: Row | None, after: Row) -> Sequence[Violation]:
    """What is wrong with a person by itself."""
    if full_name(after["first_name"], None, after["last_name"]):
        return []
    return [Violation(UserErrorCode.REQUIRED, "Give a first name or a last name.", "last_name")]


def elsewhere(after: Row, addresses: Collection[Row]) -> list[Violation]:
    """A person at an account works at one of its places (VPM-08)."""
    if after["address_id"] is None or after["address_id"] in {each["id"] for each in addresses}:
        return []
    message = "This address is not one of the account's: choose one of those, or leave it empty for its head office."
    return [Violation(UserErrorCode.INVALID, message, "address_id")]


def affiliation(_: Row | None, after: Row) -> Sequence[Violation]:
    """What is wrong with where somebody works: nobody leaves before he came."""
    since, until = after["since"], after["until"]
    if since is None or until is None or since <= until:
        return []
    message = "The last day cannot lie before the first day: correct one of them."
    return [Violation(UserErrorCode.INVALID, message, "until")]

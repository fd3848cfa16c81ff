"""What each persona may read, written down by hand: a new field without a line here turns the build red."""

from __future__ import annotations

from enum import Enum
from functools import cache
from pathlib import Path

import pytest


class Level(Enum):
    """What becomes of a field."""

    OPEN = "open"
    RULED = "ruled"
    """Readable in won opportunities, empty in all others."""
    HIDDEN = "hidden"
    """Null where selected; a condition on it refuses the operation."""
    CLOSED = "closed"
    """The whole type is shut, or for a link, the type that it leads to."""


COLUMNS = ("full", "sales", "support", "junior")
COLUMN = {
    "admin": "full",
    "director": "sales",
    "manager": "sales",
    "rep1": "sales",
    "rep2": "sales",
    "support": "support",
    "limited": "junior",
}
"""The column of each persona in the table."""

STAMPS = ("id", "version", "createdAt", "updatedAt", "history")
"""What a line `Quote.*stamps` stands for."""

INPUTS = {
    "Account.displayName": ("name", "lastName", "registrationNumber", "email", "number"),
    "Person.fullName": ("firstName", "infix", "lastName"),
    "Employee.initials": ("name",),
    "Account.websiteDomain": ("website",),
    "Opportunity.weighted": ("amount", "probability"),
    "Opportunity.netMargin": ("margin", "commission"),
    "Opportunity.closeQuarter": ("expectedCloseOn",),
}
"""What is computed, and of what: its level is the least of theirs, which a test compares."""

ORDER_OF_LEVELS = (Level.OPEN, Level.RULED, Level.HIDDEN, Level.CLOSED)

WON_ONLY = "WON"
"""The status in which a ruled field may be read."""


def _read(text: str) -> dict[str, dict[str, Level]]:
    head, *lines = [line.split() for line in text.splitlines() if line.strip()]
    if tuple(head) != COLUMNS:
        raise ValueError(f"The table begins with {head}.")
    read: dict[str, dict[str, Level]] = {}
    for first, *levels in lines:
        of, _, short = first.partition(".*")
        for name in [f"{of}.{one}" for one in STAMPS] if short == "stamps" else [first]:
            if name in read:
                raise ValueError(f"The table has {name} twice.")
            read[name] = dict(zip(COLUMNS, map(Level, levels), strict=True))
    return read


def _all() -> dict[str, dict[str, Level]]:
    """The tables of all areas, in expected/: a line per field, and per custom attribute after an `@`."""
    found: dict[str, dict[str, Level]] = {}
    for table in sorted((Path(__file__).parent / "expected").glob("*.txt")):
        read = _read(table.read_text(encoding="utf-8"))
        if twice := found.keys() & read.keys():
            raise ValueError(f"{table.name} has {sorted(twice)} of another table.")
        found |= read
    return found


LINES = _all()
PERSONAS = tuple(COLUMN)
TYPES = tuple(dict.fromkeys(name.split(".")[0] for name in LINES if "." in name))
HISTORY = "Change"
LISTED = tuple(name for name in TYPES if name != HISTORY)
"""Types with root fields; a change is found with its record only."""
LISTS = (
    *("Industry", "AccountType", "PersonType", "EmployeeType", "LostReason", "Preferences"),
    *("Feature", "ContractKind", "ProductCategory", "Unit", "CaseStatus", "CaseType"),
    *("ActivityCategory", "Tag", "OpportunityType", "PipelineStage"),
)
RULES = (*("RoleAssignment", "RoleProfile", "ProfileEntity", "Profile", "StatusRule", "ShareRule"),)
TIES = (
    *("AccountManager", "AccountLink", "StageVisit", "BusinessRole", "OpportunityAccount"),
    *("CaseAccount", "AttributeUse", "ProfileField", "Stage"),
)
BY_NIGHT = frozenset({*LISTS, *RULES, *TIES})
"""Types of which others of the same rights stand for them by day: lists that all read, and who may what."""
DAILY = tuple(
    pytest.param(name, marks=pytest.mark.nightly) if name in BY_NIGHT else name for name in LISTED
)
"""The types that a matrix goes through: all of them by night."""


def level(persona: str, type_name: str, field: str) -> Level:
    """What the persona's line says of a field."""
    return LINES[f"{type_name}.{field}"][COLUMN[persona]]


def attribute_level(persona: str, type_name: str, key: str) -> Level:
    """What it says of a custom attribute."""
    return LINES[f"{type_name}@{key}"][COLUMN[persona]]


@cache
def fields(type_name: str) -> tuple[str, ...]:
    """The fields of a type."""
    start = f"{type_name}."
    return tuple(name.removeprefix(start) for name in LINES if name.startswith(start))


@cache
def attributes(type_name: str) -> tuple[str, ...]:
    """Its custom attributes."""
    start = f"{type_name}@"
    return tuple(name.removeprefix(start) for name in LINES if name.startswith(start))


ONE_EACH = frozenset({"admin", "rep1", "support", "limited"})
"""One persona of each column."""


def repeats(persona: str, type_name: str) -> bool:
    """Whether a type is shut to one of the same rights already: that it is depends on nothing else."""
    return is_closed(persona, type_name) and persona not in ONE_EACH


def is_closed(persona: str, type_name: str) -> bool:
    """Whether a type is shut to the persona; then its id is, too."""
    return level(persona, type_name, "id") is Level.CLOSED

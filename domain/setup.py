"""Words and rules of the set-up: kinds of stages, types, attributes, changes and switches."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from domain.codes import UserErrorCode
from domain.violations import Row, Violation

KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")


class StageKind(StrEnum):
    """What a stage means for the outcome of the opportunities in it (D-20)."""

    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"


class AttributeKind(StrEnum):
    """What values a custom attribute takes."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    DATE = "DATE"
    BOOLEAN = "BOOLEAN"


class ChangeKind(StrEnum):
    """What was done to a record."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    DELETED = "DELETED"
    RESTORED = "RESTORED"


class ContactKind(StrEnum):
    """Whom people of a type work for (EP-233)."""

    EMPLOYEE = "EMPLOYEE"
    CONSULTANT = "CONSULTANT"


class DocumentDelivery(StrEnum):
    """How documents reach an account (VN-13)."""

    EMAIL = "EMAIL"
    POST = "POST"
    E_INVOICE = "E_INVOICE"


class FeatureKey(StrEnum):
    """A group of functions that can be switched off (VN-01 to VN-04)."""

    RELATIONS = "RELATIONS"
    CASES = "CASES"
    DUPLICATES = "DUPLICATES"
    QUOTES = "QUOTES"


SWITCHED: Mapping[FeatureKey, frozenset[str]] = {
    FeatureKey.RELATIONS: frozenset(
        {"Person", "Affiliation", "AccountLink", "AccountManager", "BusinessRole"}
    ),
    FeatureKey.CASES: frozenset({"Case", "CaseAccount", "CaseType", "CaseStatus"}),
    FeatureKey.DUPLICATES: frozenset(),
    FeatureKey.QUOTES: frozenset({"Quote", "QuoteItem"}),
}
"""The entities that are shut to everybody while a group is off (VN-05). Nothing of them is lost."""
CARRIED = {
    "Account": "account_type_id",
    "Person": "person_type_id",
    "Opportunity": "opportunity_type_id",
    "Case": "case_type_id",
    "Employee": "employee_type_id",
}
"""The entities that carry attributes, and the column with the type that carries one."""


def nameable(_: Row | None, after: Row) -> Sequence[Violation]:
    """A type whose accounts could have no name at all is refused (EP-173, D-21)."""
    if after["with_name"] or after["with_last_name"]:
        return []
    message = "Accounts of this type could not be named: leave the name or the last name on."
    return [Violation(UserErrorCode.INVALID, message, "with_last_name")]


def attribute(_: Row | None, after: Row) -> Sequence[Violation]:
    """An attribute is named by its key in queries (D-72)."""
    if KEY.match(after["key"]):
        return []
    message = "Write the key as letters, digits and underscores, beginning with a letter: tier_2."
    return [Violation(UserErrorCode.INVALID, message, "key")]


def carries(entity: str, use: Row) -> list[Violation]:
    """What is wrong with naming a type that carries an attribute of `entity`: it is a type of something else."""
    column = CARRIED.get(entity, "")
    strange = [name for name in CARRIED.values() if name != column and use[name] is not None]
    message = f"The attribute is one of {entity}: name a type of that."
    return [Violation(UserErrorCode.INVALID, message, name) for name in strange]


def stage_of_pipeline(_: Row | None, after: Row) -> Sequence[Violation]:
    """What is wrong with how a type uses a stage."""
    if 0 <= after["probability"] <= 100:
        return []
    message = "A probability is a whole number from 0 to 100, in percent."
    return [Violation(UserErrorCode.INVALID, message, "probability")]


def one_type(_: Row | None, after: Row) -> Sequence[Violation]:
    """An attribute is carried by one type at a time: the next type has a record of its own."""
    named = [name for name in after if name.endswith("_type_id") and after[name] is not None]
    if len(named) == 1:
        return []
    message = "Name exactly one type that carries the attribute."
    return [Violation(UserErrorCode.INVALID, message, named[-1] if named else "")]

"""Enumerations and rules of the settings: stages, types, custom attributes and features."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.codes import UserErrorCode
from domain.columns import named
from domain.described import DescribedEnum
from domain.message import Message
from domain.violations import Violation

ATTRIBUTE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")


class StageKind(DescribedEnum):
    """Outcome of the opportunities in a stage."""

    OPEN = "OPEN", "Not decided yet."
    WON = "WON", "Sold."
    LOST = "LOST", "Lost."


class AttributeKind(DescribedEnum):
    """Value type of a custom attribute."""

    TEXT = "TEXT", "Text."
    NUMBER = "NUMBER", "Decimal number."
    DATE = "DATE", "Date without time."
    BOOLEAN = "BOOLEAN", "True or false."


class HistoryEventKind(DescribedEnum):
    """Kind of a change to a record."""

    CREATED = "CREATED", "The record was created."
    UPDATED = "UPDATED", "Fields of the record changed."
    DELETED = "DELETED", "The record was moved to the trash."
    RESTORED = "RESTORED", "The record was restored from the trash."


class ContactKind(DescribedEnum):
    """Whether people of a type are employees or consultants."""

    EMPLOYEE = "EMPLOYEE", "Employed by the account."
    CONSULTANT = "CONSULTANT", "Works for the account without being employed by it."


class DocumentDelivery(DescribedEnum):
    """Delivery method of documents."""

    EMAIL = "EMAIL", "By email."
    POST = "POST", "By post."
    E_INVOICE = "E_INVOICE", "As an electronic invoice."


class FeatureKey(DescribedEnum):
    """Group of functions that a tenant can switch off."""

    RELATIONS = (
        "RELATIONS",
        "People, their jobs at accounts, links between accounts, and account managers.",
    )
    CASES = "CASES", "Cases."
    DUPLICATES = "DUPLICATES", "Reserved for the detection of duplicates."
    QUOTES = "QUOTES", "Quotes and their items."


FEATURE_ENTITIES: Mapping[FeatureKey, frozenset[str]] = {
    FeatureKey.RELATIONS: frozenset(
        {"Person", "Affiliation", "AccountLink", "AccountManager", "OpportunityContact"}
    ),
    FeatureKey.CASES: frozenset({"Case", "CaseAccount", "CaseType", "CaseStatus"}),
    FeatureKey.DUPLICATES: frozenset(),
    FeatureKey.QUOTES: frozenset({"Quote", "QuoteItem"}),
}
"""Entities that no user can read or write while their feature is off (VN-05). Their records remain."""


class NamingSwitches(Protocol):
    """Which names the accounts of a type have."""

    with_name: bool
    with_last_name: bool


class AttributeKey(Protocol):
    """The key of a custom attribute."""

    key: str


class StageProbability(Protocol):
    """The probability of a stage in a pipeline, in percent."""

    probability: int


def account_type_violations(_: NamingSwitches | None, after: NamingSwitches) -> Sequence[Violation]:
    """Violation of an account type without any name (EP-173, D-21)."""
    if after.with_name or after.with_last_name:
        return []
    message = Message(
        "Accounts of this type would have no name. Keep the name or the last name enabled."
    )
    return [Violation(UserErrorCode.INVALID, message, "with_last_name")]


def attribute_violations(_: AttributeKey | None, after: AttributeKey) -> Sequence[Violation]:
    """Violation of an attribute key that is not a valid name (D-72)."""
    if ATTRIBUTE_KEY.match(after.key):
        return []
    message = Message(
        "The key is invalid. Use letters, digits and underscores, starting with a letter, such as "
        "tier_2."
    )
    return [Violation(UserErrorCode.INVALID, message, "key")]


def assignment_violations(
    entity: str, assignment: object, columns: Mapping[str, str]
) -> list[Violation]:
    """Violations of assigning an attribute of `entity` to a type of another entity; `columns` maps entities to type columns."""
    message = Message(
        "The attribute belongs to {entity}. Choose a type of {entity}.", entity=entity
    )
    return [
        Violation(UserErrorCode.INVALID, message, name)
        for name, _ in named(assignment, columns.values())
        if name != columns.get(entity)
    ]


def pipeline_stage_violations(
    _: StageProbability | None, after: StageProbability
) -> Sequence[Violation]:
    """Violation of a pipeline stage's probability."""
    if 0 <= after.probability <= 100:
        return []
    message = Message(
        "The probability is out of range. Enter a whole number from 0 to 100, in percent."
    )
    return [Violation(UserErrorCode.INVALID, message, "probability")]

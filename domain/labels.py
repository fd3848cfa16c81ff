"""Rules of labels: the format of a colour, and that a label is on exactly one record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from domain.codes import UserErrorCode
from domain.columns import references
from domain.violations import Violation

COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
LABELLED = ("account_id", "person_id", "product_id", "opportunity_id", "contract_id", "case_id")
"""The columns with the record that a tag is on."""
KEPT = ("account_id", "person_id", "opportunity_id", "contract_id", "case_id")
"""The columns with the record that a user marked."""


class Coloured(Protocol):
    """A tag's colour, such as #3b82f6."""

    colour: str | None


class OnRecord(Protocol):
    """The columns of which exactly one holds the record that a favourite or an activity is on."""

    account_id: UUID | None
    person_id: UUID | None
    opportunity_id: UUID | None
    contract_id: UUID | None
    case_id: UUID | None


class TaggedRecord(OnRecord, Protocol):
    """The columns of which exactly one holds the record that a tag is on."""

    product_id: UUID | None


def on_one(subjects: Mapping[str, UUID | None], what: str) -> list[Violation]:
    """A record belongs to exactly one of several kinds of others; `subjects` are their ids by column."""
    named = [name for name, id in subjects.items() if id is not None]
    if len(named) == 1:
        return []
    return [
        Violation(
            UserErrorCode.INVALID, f"Name exactly one record: {what}.", named[-1] if named else ""
        )
    ]


def tag(_: Coloured | None, after: Coloured) -> Sequence[Violation]:
    """Violations of a tag by itself."""
    if after.colour is None or COLOUR.match(after.colour):
        return []
    message = "Write the colour as six hexadecimal digits, such as #3b82f6."
    return [Violation(UserErrorCode.INVALID, message, "colour")]


def tagging(_: TaggedRecord | None, after: TaggedRecord) -> Sequence[Violation]:
    """A tagging is on one record."""
    return on_one(references(after, LABELLED), "what the tag is on")


def favourite(_: OnRecord | None, after: OnRecord) -> Sequence[Violation]:
    """A favourite is of one record."""
    return on_one(references(after, KEPT), "what you keep at hand")

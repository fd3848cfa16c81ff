"""Rules of labels: what a colour looks like, and that a label is on exactly one record."""

import re
from collections.abc import Sequence

from domain.codes import UserErrorCode
from domain.violations import Row, Violation

COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
LABELLED = ("account_id", "person_id", "product_id", "opportunity_id", "contract_id", "case_id")
"""The columns with the record that a tag is on."""
KEPT = ("account_id", "person_id", "opportunity_id", "contract_id", "case_id")
"""The columns with the record that somebody keeps at hand."""


def on_one(after: Row, columns: Sequence[str], what: str) -> list[Violation]:
    """What is wrong with a record that belongs to exactly one other, of several kinds."""
    named = [name for name in columns if after[name] is not None]
    if len(named) == 1:
        return []
    return [
        Violation(
            UserErrorCode.INVALID, f"Name exactly one record: {what}.", named[-1] if named else ""
        )
    ]


def tag(_: Row | None, after: Row) -> Sequence[Violation]:
    """What is wrong with a tag by itself."""
    if after["colour"] is None or COLOUR.match(after["colour"]):
        return []
    message = "Write the colour as six hexadecimal digits, such as #3b82f6."
    return [Violation(UserErrorCode.INVALID, message, "colour")]


def tagging(_: Row | None, after: Row) -> Sequence[Violation]:
    """A tag is put on one record at a time."""
    return on_one(after, LABELLED, "what the tag is on")


def favourite(_: Row | None, after: Row) -> Sequence[Violation]:
    """One record is kept at hand at a time."""
    return on_one(after, KEPT, "what you keep at hand")

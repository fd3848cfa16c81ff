"""Columns read by name, where a rule treats several of them alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from domain.codes import UserErrorCode
from domain.violations import Rule, Violation


def changed(before: object, after: object, columns: Iterable[str]) -> list[str]:
    """The columns whose values differ between two states of a record, in the order given."""
    return [name for name in columns if getattr(before, name) != getattr(after, name)]


def references(row: object, columns: Iterable[str]) -> dict[str, UUID | None]:
    """The ids that the record's reference columns hold, by column and in the order given."""
    return {name: getattr(row, name) for name in columns}


def named(row: object, columns: Iterable[str]) -> list[tuple[str, UUID]]:
    """The reference columns that hold an id, each with the id."""
    return [(name, id) for name, id in references(row, columns).items() if id is not None]


def exactly_one(columns: tuple[str, ...], message: str, also: Rule | None = None) -> Rule:
    """The rule that exactly one of these reference columns holds an id, followed by the rule `also`."""

    def rule(before: object, after: object) -> Sequence[Violation]:
        found = [name for name, _ in named(after, columns)]
        column = found[-1] if found else ""
        wrong = [] if len(found) == 1 else [Violation(UserErrorCode.INVALID, message, column)]
        return [*wrong, *(also(before, after) if also else ())]

    return rule

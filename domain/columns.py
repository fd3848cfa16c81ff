"""Helpers for rules that treat several columns the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from domain.codes import UserErrorCode
from domain.message import Message
from domain.violations import Rule, Violation


def changed(before: object, after: object, columns: Iterable[str]) -> list[str]:
    """The columns whose values differ between two states of a record, in the order given."""
    return [name for name in columns if getattr(before, name) != getattr(after, name)]


def references(row: object, columns: Iterable[str]) -> dict[str, UUID | None]:
    """Ids in reference columns, by column, in the given order."""
    return {name: getattr(row, name) for name in columns}


def named(row: object, columns: Iterable[str]) -> list[tuple[str, UUID]]:
    """The non-null reference columns with their ids."""
    return [(name, id) for name, id in references(row, columns).items() if id is not None]


def exactly_one(columns: tuple[str, ...], message: Message, also: Rule | None = None) -> Rule:
    """The rule that exactly one of these reference columns is set, combined with the rule `also`."""

    def rule(before: object, after: object) -> Sequence[Violation]:
        set_columns = [name for name, _ in named(after, columns)]
        column = set_columns[-1] if set_columns else ""
        violations = (
            [] if len(set_columns) == 1 else [Violation(UserErrorCode.INVALID, message, column)]
        )
        return [*violations, *(also(before, after) if also else ())]

    return rule

"""Columns read by name, where a rule treats several of them alike."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID


def changed(before: object, after: object, columns: Iterable[str]) -> list[str]:
    """The columns whose values differ between two states of a record, in the order given."""
    return [name for name in columns if getattr(before, name) != getattr(after, name)]


def references(row: object, columns: Iterable[str]) -> dict[str, UUID | None]:
    """The ids that the record's reference columns hold, by column and in the order given."""
    return {name: getattr(row, name) for name in columns}

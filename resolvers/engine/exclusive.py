"""Moves a flag that exactly one of several records has, such as primary, so that never two have it (D-12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from db.engine.base import Record
from db.engine.hidden import Hidden, HiddenRow, each_of
from db.engine.row import ColumnOf
from domain.holders import choose_holder
from resolvers.engine.changeset import SAVES, Action, Saved, assign

R = TypeVar("R", bound=Record)


def hand_over(
    items: Saved[R], column: ColumnOf[bool], existing: Sequence[HiddenRow[R]] = ()
) -> Hidden[R] | None:
    """Decide which of the changesets and `existing` records has the flag `column`, and return that record.

    All of them must be locked. The last changeset that sets the flag gets it. Other records lose it before
    the changesets are written, and gain it after.
    """
    key = column.key
    ids = {each.record.id for each in items}
    other_rows = [row for row in existing if row.id not in ids]
    remaining = [each.record for each in items if each.action is not Action.DELETE]
    rows = [*each_of(other_rows).decide(list), *remaining]
    holder_id = choose_holder(
        rows, lambda row: bool(getattr(row, key)), last_request(items, column)
    )
    for row in remaining:
        setattr(row, key, row.id == holder_id)
    for item in items:
        had_flag = item.before is not None and bool(getattr(item.before, key))
        item.priority = had_flag and not getattr(item.record, key)
    for other in other_rows:
        gains = other.id == holder_id
        items[0].also_change(other, assign(column, gains), first=not gains)
    return next((Hidden(row) for row in rows if row.id == holder_id), None)


def last_request(items: Saved[R], column: ColumnOf[bool]) -> UUID | None:
    """The id of the last changeset's record that sets the flag."""
    requesting = [
        each.record.id
        for each in items
        if each.action in SAVES and each.has_value(column) and getattr(each.record, column.key)
    ]
    return requesting[-1] if requesting else None

"""Hands over what exactly one of several records holds, so that at no moment two of them do (D-12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from db.engine.base import Record
from db.engine.hidden import Hidden, HiddenRow, each_of
from db.engine.row import ColumnOf
from domain.holders import holder
from resolvers.engine.changeset import SAVES, Action, Saved, to

R = TypeVar("R", bound=Record)


def hand_over(
    items: Saved[R], column: ColumnOf[bool], kept: Sequence[HiddenRow[R]] = ()
) -> Hidden[R] | None:
    """Decide which of the changesets and `kept` records holds `column`; the record that does.

    All of them belong together and are locked. The last that asks for it gets it. What others lose is
    written before the changesets, and what one of them gains after them.
    """
    key = column.key
    own = {each.record.id for each in items}
    others = [row for row in kept if row.id not in own]
    staying = [each.record for each in items if each.action is not Action.DELETE]
    rows = [*each_of(others).decide(list), *staying]
    chosen = holder(rows, lambda row: bool(getattr(row, key)), last_request(items, column))
    for row in staying:
        setattr(row, key, row.id == chosen)
    for item in items:
        had = item.before is not None and bool(getattr(item.before, key))
        item.priority = had and not getattr(item.record, key)
    for other in others:
        holds = other.id == chosen
        items[0].also_change(other, to(column, holds), first=not holds)
    return next((Hidden(row) for row in rows if row.id == chosen), None)


def last_request(items: Saved[R], column: ColumnOf[bool]) -> UUID | None:
    """The record of the last changeset that asks for it."""
    asked = [
        each.record.id
        for each in items
        if each.action in SAVES and each.gives_value(column) and getattr(each.record, column.key)
    ]
    return asked[-1] if asked else None

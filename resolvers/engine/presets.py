"""Gives new records what their type presets: the type itself, where the tenant prefers one, and then its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import TypeVar
from uuid import UUID

from db.engine.base import Record
from db.engine.hidden import HiddenRow
from db.engine.row import AnyColumn, ColumnOf
from resolvers.engine.changeset import AnyChangeset, Saved
from resolvers.engine.context import Context
from resolvers.engine.values import TYPE

R = TypeVar("R", bound=Record)
P = TypeVar("P", bound=Record)
K = TypeVar("K", bound=Record)


async def prefer_type(
    ctx: Context, items: Saved[R], preferences: type[P], column: ColumnOf[UUID | None]
) -> None:
    """Give new records without a type the one that the tenant prefers (VN-08)."""
    left_open = [each for each in items if _is_new(each) and getattr(each.record, TYPE) is None]
    if left_open:
        row = await ctx.trusted(preferences).get_one()
        preferred = row.decide(attrgetter(column.key))
        for item in left_open:
            setattr(item.record, TYPE, preferred)


async def preset(
    ctx: Context, items: Saved[R], kind: type[K], copied: Mapping[AnyColumn, AnyColumn]
) -> dict[UUID, HiddenRow[K]]:
    """Fill in what the caller left open in new records from their types (VN-40); the types that were read, by id.

    `copied` names columns with those of the type that they are copied from.
    """
    new = [each for each in items if _is_new(each)]
    types = await ctx.trusted(kind).by_id(getattr(each.record, TYPE) for each in new)
    for item in new:
        found = item.type_row = types.get(getattr(item.record, TYPE))
        for column, default in copied.items():
            value = None if found is None else found.decide(attrgetter(default.key))
            left_open = not item.gives_value(column)
            if column.key == item.entity.owner:
                # Otherwise the caller would lose sight of what they create.
                left_open &= ctx.viewer.has(item.entity.name, value)
            if left_open and value is not None:
                setattr(item.record, column.key, value)
    return types


def _is_new(item: AnyChangeset) -> bool:
    """A copy takes over what its template holds instead."""
    return item.before is None and item.template is None

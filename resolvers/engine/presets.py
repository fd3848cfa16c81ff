"""Presets of new records: the tenant's preferred type, and the defaults of the type."""

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
    """Set the tenant's preferred type in new records without a type (VN-08)."""
    omitted = [each for each in items if _is_new(each) and getattr(each.record, TYPE) is None]
    if omitted:
        row = await ctx.trusted(preferences).get_one()
        preferred = row.decide(attrgetter(column.key))
        for item in omitted:
            setattr(item.record, TYPE, preferred)


async def preset(
    ctx: Context, items: Saved[R], kind: type[K], copied: Mapping[AnyColumn, AnyColumn]
) -> dict[UUID, HiddenRow[K]]:
    """Set values that the caller omitted in new records from their types (VN-40). Returns the types by id.

    `copied` maps each column to the type's column with its default.
    """
    new = [each for each in items if _is_new(each)]
    types = await ctx.trusted(kind).by_id(getattr(each.record, TYPE) for each in new)
    for item in new:
        type_row = item.type_row = types.get(getattr(item.record, TYPE))
        for column, default in copied.items():
            value = None if type_row is None else type_row.decide(attrgetter(default.key))
            omitted = not item.has_value(column)
            if column.key == item.entity.owner:
                # Otherwise the caller could not see the new record.
                omitted &= ctx.viewer.has(item.entity.name, value)
            if omitted and value is not None:
                setattr(item.record, column.key, value)
    return types


def _is_new(item: AnyChangeset) -> bool:
    """Whether it is a new record and no duplicate; a duplicate copies the values of its template."""
    return item.before is None and item.template is None

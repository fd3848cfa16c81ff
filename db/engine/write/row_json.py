"""A record's row as JSON, which Postgres reads back into a row; and its values as the history tells them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Boolean, Column, DefaultClause, Enum, Integer, Numeric, Text

from db.engine.fields import Field, Kind, Reference
from db.engine.model import Entity
from domain.money import minor

Row = dict[str, Any]
"""A record as it is kept: its columns by name, in Python's own types."""
STAMPS = frozenset({"version", "updated_at", "deleted_at"})
"""What every change changes, so that it need not be told."""


def image(entity: Entity, row: Mapping[str, Any]) -> bytes:
    """The row as one JSON object: exact, and read back by jsonb_populate_recordset."""
    if entity.attributes:
        row = {**row, entity.attributes: _exact(row[entity.attributes])}
    return orjson.dumps(row, default=spelled)


def spelled(value: object) -> str:
    """What orjson does not write by itself."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, UUID | StrEnum):
        return str(value)
    raise TypeError(f"{value!r} is not kept in any column")


def _exact(custom: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers stay numbers in jsonb, with all their digits."""
    return {
        id: orjson.Fragment(f"{value:f}") if isinstance(value, Decimal) else value
        for id, value in custom.items()
    }


def read_custom(kept: str) -> dict[str, Any]:
    """The values of custom attributes, numbers exact."""
    found: dict[str, Any] = json.loads(kept, parse_float=Decimal, parse_int=Decimal)
    return found


@cache
def named(entity: Entity) -> dict[str, Field | Reference]:
    """What the API calls the columns of a record."""
    each: list[Field | Reference] = [*entity.fields.values(), *entity.references.values()]
    return {one.column: one for one in each if not one.needs}


def told(entity: Entity, column: str, row: Mapping[str, Any]) -> str | None:
    """A column's value as the API spells it, without quotes."""
    value = row[column]
    if value is None:
        return None
    what = named(entity)[column]
    if isinstance(what, Reference):
        return f"{entity.targets[what.name].prefix}_{value.hex}"
    if what.kind is Kind.MONEY:
        return f"{round(value, minor(row[what.exposed.currency or ''])):f}"
    return plain(value)


def plain(value: Any) -> str:
    """A value as the API spells it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value.isoformat() if isinstance(value, date) else str(value)


def blank(entity: Entity, id: UUID, now: datetime) -> Row:
    """A new record with nothing in it but what it begins with."""
    row = dict(_beginning(entity))
    if entity.attributes:
        row[entity.attributes] = {}
    return row | {"id": id, "version": 1, "created_at": now, "updated_at": now}


@cache
def _beginning(entity: Entity) -> Row:
    """What Postgres would put into the columns that nobody sets, where that is a plain value."""
    return {str(column.name): _default(column) for column in entity.table.columns}


def _default(column: Column[Any]) -> Any:
    default = column.server_default
    if not isinstance(default, DefaultClause) or not isinstance(default.arg, str):
        return None
    if isinstance(column.type, Boolean):
        return default.arg == "true"
    if isinstance(column.type, Integer | Numeric):
        return column.type.python_type(default.arg)
    return default.arg if isinstance(column.type, Text | Enum) else None


@cache
def told_columns(entity: Entity) -> tuple[str, ...]:
    """The columns that say something about a record, other than that it was changed."""
    return tuple(str(c.name) for c in entity.table.columns if c.name not in STAMPS)


def changed(entity: Entity, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The columns that differ, but for those that every change changes."""
    return [name for name in told_columns(entity) if before[name] != after[name]]

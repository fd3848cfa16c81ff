"""Serialization of rows: JSON that Postgres converts back to rows, and values as text for the history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import Boolean, DefaultClause, Enum, Integer, Numeric, Text

from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.fields import Kind, Reference
from db.engine.row import columns_of, new_row, values_of
from db.engine.sql import TableColumn
from domain.money import minor_digits
from domain.numbering import generate_number
from domain.values import JsonObject

STAMPS = frozenset({"version", "updated_at", "deleted_at"})
"""The columns that every change sets."""


def row_json(entity: Entity, row: Record) -> bytes:
    """The row as a JSON object for jsonb_populate_recordset, without loss of precision."""
    values = values_of(row, columns_of(entity.table))
    if entity.attributes:
        values[entity.attributes] = _exact(getattr(row, entity.attributes))
    return orjson.dumps(values, default=json_text)


def json_text(value: object) -> str:
    """Serialize types that orjson does not support. Raises TypeError for any other type."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, UUID | StrEnum):
        return str(value)
    raise TypeError(f"{value!r} is of a type that no column stores")


def _exact(custom: Mapping[str, object]) -> JsonObject:
    """Values of custom attributes with decimals as JSON numbers, with all digits."""
    return {
        id: orjson.Fragment(f"{value:f}") if isinstance(value, Decimal) else value
        for id, value in custom.items()
    }


def row_of(entity: Entity, row: asyncpg.Record) -> Record:
    """The typed row of a driver row with the table's column names."""
    values: dict[str, object] = dict(row)
    if entity.attributes:
        values[entity.attributes] = _read_custom(row[entity.attributes])
    return new_row(entity.type_, values)


def _read_custom(text: str) -> JsonObject:
    """Parse the values of custom attributes; numbers become Decimal."""
    values: JsonObject = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    return values


def column_text(entity: Entity, column: str, row: Record) -> str | None:
    """A column's value in API format, without quotes."""
    value = getattr(row, column)
    if value is None:
        return None
    member = entity.named[column]
    if isinstance(member, Reference):
        return f"{entity.targets[member.name].prefix}_{value.hex}"
    if member.kind is Kind.MONEY:
        return f"{round(value, minor_digits(getattr(row, member.exposed.currency or ''))):f}"
    return value_text(value)


def value_text(value: object) -> str:
    """A value in API format."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value.isoformat() if isinstance(value, date) else str(value)


def blank(entity: Entity, id: UUID, now: datetime) -> Record:
    """A new row with the defaults of its columns, and a generated number if it is `Numbered`."""
    values = dict(_defaults(entity))
    if entity.number_prefix is not None:
        values["number"] = generate_number(entity.number_prefix, id)
    if entity.attributes:
        values[entity.attributes] = {}
    stamps = {"id": id, "version": 1, "created_at": now, "updated_at": now}
    return new_row(entity.type_, values | stamps)


@cache
def _defaults(entity: Entity) -> dict[str, object]:
    """Server defaults of the columns by name, where the default is a constant."""
    return {str(column.name): _default(column) for column in entity.table.columns}


def _default(column: TableColumn) -> object:
    default = column.server_default
    if not isinstance(default, DefaultClause) or not isinstance(default.arg, str):
        return None
    if isinstance(column.type, Boolean):
        return default.arg == "true"
    if isinstance(column.type, Integer | Numeric):
        return column.type.python_type(default.arg)
    return default.arg if isinstance(column.type, Text | Enum) else None


@cache
def _compared(entity: Entity) -> tuple[str, ...]:
    return tuple(name for name in columns_of(entity.table) if name not in STAMPS)


def changed_columns(entity: Entity, before: Record, after: Record) -> tuple[str, ...]:
    """The columns that differ, except for `STAMPS`."""
    return tuple(n for n in _compared(entity) if getattr(before, n) != getattr(after, n))

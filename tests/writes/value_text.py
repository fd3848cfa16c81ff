"""Text form of values in the history and in conflicts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.proof.values import minor
from tests.writes.entity_types import ENTITY_TYPES, MONEY, Row, api_id


def field_name(entity: str, column: str) -> str:
    """API field name of a column."""
    entity_type = ENTITY_TYPES[entity]
    return next(name for name in entity_type.names if entity_type.column(name) == column)


def field_text(entity: str, name: str, value: Any, row: Row) -> str | None:
    """A field value as text in history and conflicts; amounts have the decimals of the row's currency."""
    if value is None:
        return None
    if name in ENTITY_TYPES[entity].links:
        return api_id(ENTITY_TYPES[entity].links[name], value)
    if name in MONEY:
        return format(value, f".{minor(row['currency'])}f")
    return text_of(value)


def text_of(value: Any) -> str | None:
    """A scalar value as text."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value.isoformat() if isinstance(value, date) else str(value)

"""Text form of values in the history and in conflicts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.proof.values import minor
from tests.writes.kinds import KINDS, MONEY, Row, spelled


def name_of(entity: str, column: str) -> str:
    """The API's name of a column."""
    kind = KINDS[entity]
    return next(name for name in kind.names if kind.column(name) == column)


def said(entity: str, name: str, value: Any, row: Row) -> str | None:
    """A value of a field as history and conflicts tell it; amounts in the currency of the row."""
    if value is None:
        return None
    if name in KINDS[entity].links:
        return spelled(KINDS[entity].links[name], value)
    if name in MONEY:
        return format(value, f".{minor(row['currency'])}f")
    return text_of(value)


def text_of(value: Any) -> str | None:
    """A plain value as text."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value.isoformat() if isinstance(value, date) else str(value)

"""Conversion of mappings to the rows with attributes that the rules of domain/ take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any


def as_row(values: Mapping[str, Any]) -> Any:
    """A row with attributes by column name."""
    return SimpleNamespace(**values)


def as_rows(rows: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Rows with attributes by column name."""
    return [as_row(each) for each in rows]

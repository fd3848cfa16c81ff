"""Rows that tests have as mappings, as the rules of domain/ take them: with attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any


def as_row(values: Mapping[str, Any]) -> Any:
    """A row with attributes by column name."""
    return SimpleNamespace(**values)


def as_rows(several: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Several of them."""
    return [as_row(each) for each in several]

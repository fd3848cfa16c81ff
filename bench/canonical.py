"""Canonical form of responses for comparison, and the differences between two responses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

MOMENTS = {"createdAt"}
DECIMALS = {"amount"}
UNORDERED = {"groups"}
"""Lists without a defined order."""


def _key(group: Any) -> str:
    return str(group["key"])


def canonical(value: Any, name: str = "") -> Any:
    """Convert ids to UUID, decimals to Decimal and timestamps to datetime; lists and objects recursively."""
    if isinstance(value, dict):
        return {key: canonical(each, key) for key, each in value.items()}
    if isinstance(value, list):
        entries = [canonical(each, name) for each in value]
        return sorted(entries, key=_key) if name in UNORDERED else entries
    if value is None:
        return None
    if name == "id":
        return UUID(str(value).rpartition("_")[2])
    if name in MOMENTS:
        return datetime.fromisoformat(value)
    if name in DECIMALS:
        return Decimal(value).normalize()
    return value


def differences(one: Any, other: Any, path: str = "data") -> Iterator[str]:
    """The differences between two responses, one line each."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            if key not in one or key not in other:
                yield f"{path}.{key}: only {'the second' if key in other else 'the first'} has it"
            else:
                yield from differences(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield f"{path}: {len(one)} entries, and {len(other)}"
        for index, pair in enumerate(zip(one, other, strict=False)):
            yield from differences(*pair, f"{path}[{index}]")
    elif one != other:
        yield f"{path}: {one!r}, and {other!r}"

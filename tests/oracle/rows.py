"""All rows of a tenant, loaded past every right as an operator does, and found again by id and by reference."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from tests.oracle.contract import TABLES

Row = Mapping[str, Any]


@dataclass
class Ground:
    """The rows of one tenant, by the name of their entity."""

    tables: dict[str, list[Row]]
    emails: dict[str, UUID]
    """The user who signs in with an address."""
    by_id: dict[str, dict[UUID, Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entity in TABLES:
            self.by_id[entity] = {row["id"]: row for row in self.tables[entity]}

    def live(self, entity: str) -> list[Row]:
        """Those not deleted."""
        return [row for row in self.tables[entity] if row.get("deleted_at") is None]


async def load(admin: asyncpg.Connection[Any], space: str) -> Ground:
    """Everything that a schema holds."""
    tables: dict[str, list[Row]] = {}
    for name, (table, _) in TABLES.items():
        found = await admin.fetch(f'SELECT * FROM {space}."{table}"')  # noqa: S608
        tables[name] = [_read(dict(row)) for row in found]
    signed = await admin.fetch(f"SELECT email, user_id FROM {space}.credential")  # noqa: S608
    return Ground(tables, {row["email"]: row["user_id"] for row in signed})


def _read(row: dict[str, Any]) -> Row:
    """JSON with exact numbers."""
    if isinstance(row.get("custom"), str):
        row["custom"] = json.loads(row["custom"], parse_float=Decimal, parse_int=Decimal)
    return row


def grouped(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    """Rows by the value of a column."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found

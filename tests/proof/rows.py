"""All rows of a tenant, read past every right as its operator does, and found again by id and by reference."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from tests.proof.contract import stored
from tests.proof.lock import ENTITIES

Row = Mapping[str, Any]
Tables = Mapping[str, Mapping[UUID, Row]]
"""Rows by entity and id."""


@dataclass(frozen=True)
class Rows:
    """The rows of one tenant; they do not change while they are looked at."""

    tables: Tables
    emails: Mapping[str, UUID] = field(default_factory=dict)
    """The user who signs in with an address."""
    _live: dict[str, dict[UUID, Row]] = field(default_factory=dict, compare=False)
    _by: dict[tuple[str, str], dict[Any, list[Row]]] = field(default_factory=dict, compare=False)

    def all(self, entity: str) -> list[Row]:
        """Every row of an entity, deleted ones too."""
        return list(self.tables[entity].values())

    def live(self, entity: str) -> Mapping[UUID, Row]:
        """Those that are not deleted; what only the system writes never is."""
        if entity not in self._live:
            rows = self.tables[entity].items()
            self._live[entity] = {id: row for id, row in rows if row.get("deleted_at") is None}
        return self._live[entity]

    def pointing(self, entity: str, column: str, value: Any) -> list[Row]:
        """The live rows with this value in a column."""
        if (entity, column) not in self._by:
            self._by[entity, column] = grouped(self.live(entity).values(), column)
        return self._by[entity, column].get(value, [])


def grouped(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    """Rows by the value of a column."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return dict(found)


async def load(admin: asyncpg.Connection[Any], space: str) -> Rows:
    """Everything that a tenant's schema holds."""
    tables: dict[str, dict[UUID, Row]] = {}
    for name, entity in ENTITIES.items():
        found = await admin.fetch(f'SELECT * FROM {space}."{entity.table}"')  # noqa: S608 - our names
        tables[name] = {row["id"]: as_read(name, row) for row in found}
    signed = await admin.fetch(f"SELECT email, user_id FROM {space}.credential")  # noqa: S608
    return Rows(tables, {row["email"]: row["user_id"] for row in signed})


def as_read(entity: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with the values of its custom attributes read: numbers in them are exact."""
    column, read = ENTITIES[entity].attributes, dict(row)
    if column and isinstance(read[column], str):
        read[column] = json.loads(read[column], parse_float=Decimal, parse_int=Decimal)
    return read


def as_kept(values: Mapping[str, Any]) -> str:
    """The values of custom attributes as the table keeps them."""
    return json.dumps(
        values, default=lambda number: int(number) if number % 1 == 0 else float(number)
    )


def plain(entity: str, name: str) -> bool:
    """Whether a field is a column of its own."""
    return name in stored(entity)

"""All rows of a tenant, read past every right as its operator does, and found again by id and by reference."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

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


@dataclass
class Read:
    """What was read of a schema: each table as it was told apart then, and its rows."""

    told: dict[str, str] = field(default_factory=dict)
    rows: Rows | None = None


_READ: WeakKeyDictionary[asyncpg.Connection[Any], dict[str, Read]] = WeakKeyDictionary()
SIGNED = "credential"


async def load(admin: asyncpg.Connection[Any], space: str) -> Rows:
    """Everything that a tenant's schema holds; tables that are as they were are not read again."""
    known = _READ.setdefault(admin, {})
    read = known.setdefault(space, Read())
    told: dict[str, str] = dict(await admin.fetch(_apart(space)))
    if read.rows is None or told != read.told:
        read.rows, read.told = await _load(admin, space, told, read), told
    return read.rows


def _apart(space: str) -> str:
    """What tells a table from itself as it was.

    Whatever a transaction writes makes the sum of transactions larger or the rows fewer; what it
    writes once more, the sum of its commands.
    """
    tables = [*(entity.table for entity in ENTITIES.values()), SIGNED]
    return " UNION ALL ".join(
        f"SELECT '{table}', concat_ws('/', count(*), sum(xmin::text::bigint), sum(cmin::text::bigint)) "  # noqa: S608
        f'FROM {space}."{table}"'
        for table in tables
    )


async def _load(
    admin: asyncpg.Connection[Any], space: str, told: Mapping[str, str], before: Read
) -> Rows:
    old = before.rows or Rows({})
    changed = {table for table, kept in told.items() if before.told.get(table) != kept}
    tables: dict[str, Mapping[UUID, Row]] = dict(old.tables)
    for name, entity in ENTITIES.items():
        if entity.table in changed:
            found = await admin.fetch(f'SELECT * FROM {space}."{entity.table}"')  # noqa: S608 - our names
            tables[name] = {row["id"]: as_read(name, row) for row in found}
    emails = old.emails
    if SIGNED in changed:
        signed = await admin.fetch(f"SELECT email, user_id FROM {space}.{SIGNED}")  # noqa: S608
        emails = {row["email"]: row["user_id"] for row in signed}
    return Rows(tables, emails)


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

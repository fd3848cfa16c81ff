"""All rows of a tenant, read by its operator without access control, with lookups by ID and by reference."""

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

from tests.proof.lock import ENTITIES

Row = Mapping[str, Any]
Tables = Mapping[str, Mapping[UUID, Row]]
"""Rows by entity and id."""


@dataclass(frozen=True)
class Rows:
    """Immutable snapshot of the rows of a tenant."""

    tables: Tables
    emails: Mapping[str, UUID] = field(default_factory=dict)
    """User ID by the email address for signing in."""
    _live: dict[str, dict[UUID, Row]] = field(default_factory=dict, compare=False)
    _by: dict[tuple[str, str], dict[Any, list[Row]]] = field(default_factory=dict, compare=False)

    def all(self, entity: str) -> list[Row]:
        """All rows of an entity, including deleted ones."""
        return list(self.tables[entity].values())

    def live(self, entity: str) -> Mapping[UUID, Row]:
        """The rows that are not deleted; rows that only the system writes never are."""
        if entity not in self._live:
            rows = self.tables[entity].items()
            self._live[entity] = {id: row for id, row in rows if row.get("deleted_at") is None}
        return self._live[entity]

    def pointing(self, entity: str, column: str, value: Any) -> list[Row]:
        """The live rows with this value in a column."""
        if (entity, column) not in self._by:
            self._by[entity, column] = group_rows(self.live(entity).values(), column)
        return self._by[entity, column].get(value, [])


def group_rows(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    """Rows by the value of a column."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return dict(found)


@dataclass
class Read:
    """Cached rows of a schema, with a fingerprint of each table at the time of reading."""

    fingerprints: dict[str, str] = field(default_factory=dict)
    rows: Rows | None = None


_READ: WeakKeyDictionary[asyncpg.Connection[Any], dict[str, Read]] = WeakKeyDictionary()
CREDENTIALS = "credential"


async def load(admin: asyncpg.Connection[Any], space: str) -> Rows:
    """All rows of a tenant's schema; reads only tables that changed since the previous call."""
    known = _READ.setdefault(admin, {})
    read = known.setdefault(space, Read())
    fingerprints: dict[str, str] = dict(await admin.fetch(_fingerprint_query(space)))
    if read.rows is None or fingerprints != read.fingerprints:
        read.rows = await _load(admin, space, fingerprints, read)
        read.fingerprints = fingerprints
    return read.rows


def _fingerprint_query(space: str) -> str:
    """SQL that returns a fingerprint per table, which differs after each write.

    A write raises the sum of transaction IDs or lowers the number of rows; a second write in the
    same transaction raises the sum of command IDs.
    """
    tables = [*(entity.table for entity in ENTITIES.values()), CREDENTIALS]
    return " UNION ALL ".join(
        f"SELECT '{table}', concat_ws('/', count(*), sum(xmin::text::bigint), sum(cmin::text::bigint)) "  # noqa: S608
        f'FROM {space}."{table}"'
        for table in tables
    )


async def _load(
    admin: asyncpg.Connection[Any], space: str, fingerprints: Mapping[str, str], before: Read
) -> Rows:
    old = before.rows or Rows({})
    changed = {
        table for table, sums in fingerprints.items() if before.fingerprints.get(table) != sums
    }
    tables: dict[str, Mapping[UUID, Row]] = dict(old.tables)
    for name, entity in ENTITIES.items():
        if entity.table in changed:
            found = await admin.fetch(f'SELECT * FROM {space}."{entity.table}"')  # noqa: S608 - constants
            tables[name] = {row["id"]: parse_attributes(name, row) for row in found}
    emails = old.emails
    if CREDENTIALS in changed:
        signed = await admin.fetch(f"SELECT email, user_id FROM {space}.{CREDENTIALS}")  # noqa: S608
        emails = {row["email"]: row["user_id"] for row in signed}
    return Rows(tables, emails)


def parse_attributes(entity: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with parsed custom attributes; their numbers are exact decimals."""
    column, read = ENTITIES[entity].attributes, dict(row)
    if column and isinstance(read[column], str):
        read[column] = json.loads(read[column], parse_float=Decimal, parse_int=Decimal)
    return read


def stored_json(values: Mapping[str, Any]) -> str:
    """Custom attribute values as the JSON text that the table stores."""
    return json.dumps(
        values, default=lambda number: int(number) if number % 1 == 0 else float(number)
    )

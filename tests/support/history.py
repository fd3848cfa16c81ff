"""History entries for tests, inserted by the operator, with values that occur nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from tenancy.demo.rows import made_id
from tests.proof.contract import RECORD_FIELDS, fields, grantable, is_record
from tests.proof.lock import ENTITIES

RECORDS = {"Opportunity": 60, "Account": 12, "Address": 9, "FieldPermission": 3}
RECORDS_OF_OTHER_ENTITIES = 5
"""Number of records with history per entity, except for those in `RECORDS`."""
FIRST_TIME = datetime(2026, 1, 5, 7, tzinfo=UTC)
REMOVED = UUID("01941f60-0000-7000-8000-00000000dead")
COLUMNS = (
    *("id", "record_id", "key", "kind", "entity", "field", "before", "after"),
    *("record_version", "at", "user_id"),
)
Entry = dict[str, Any]


@asynccontextmanager
async def with_history_entries(admin: asyncpg.Connection[Any], schema: str) -> AsyncIterator[None]:
    """Insert the same history entries each time, and remove them at the end."""
    made = await entries(admin, schema)
    await admin.copy_records_to_table(
        "history",
        schema_name=schema,
        columns=COLUMNS,
        records=[tuple(entry[column] for column in COLUMNS) for entry in made],
    )
    await admin.execute(f"ANALYZE {schema}.history")
    try:
        yield
    finally:
        await admin.execute(
            f"DELETE FROM {schema}.history WHERE id = ANY($1)",  # noqa: S608
            [entry["id"] for entry in made],
        )


async def entries(admin: asyncpg.Connection[Any], schema: str) -> list[Entry]:
    """The history entries of all entities."""
    rows = await admin.fetch(f'SELECT id FROM {schema}."user" ORDER BY id')  # noqa: S608
    users = [*(row["id"] for row in rows), REMOVED, None]
    defined = await admin.fetch(f"SELECT id, entity, key FROM {schema}.attribute ORDER BY id")  # noqa: S608
    made: list[Entry] = []
    for entity in filter(is_record, ENTITIES):
        names = [(name, name) for name in _recorded(entity)]
        names += [(str(a["id"]), a["key"]) for a in defined if a["entity"] == entity]
        names += [("vanished", "vanished"), (str(REMOVED), "gone")]
        most = RECORDS.get(entity, RECORDS_OF_OTHER_ENTITIES)
        for row in await _sample_rows(admin, schema, ENTITIES[entity].table, most):
            for entry in _of(entity, row, names):
                number = len(made) + 1
                made.append({**_values(number), "user_id": users[number % len(users)], **entry})
    return made


def _recorded(entity: str) -> Iterator[str]:
    """Names of the fields with history: stored ones, because computed ones have none."""
    return (n for n in fields(entity) if n in grantable(entity) and n not in RECORD_FIELDS)


async def _sample_rows(
    admin: asyncpg.Connection[Any], schema: str, table: str, most: int
) -> list[Any]:
    rows = await admin.fetch(f'SELECT id, deleted_at FROM {schema}."{table}" ORDER BY id')  # noqa: S608
    return rows[:: max(1, len(rows) // most)]


def _of(entity: str, row: Any, names: list[tuple[str, str]]) -> Iterator[Entry]:
    """The entries of a record: its creation, a change of each field and, if it is in the trash, its deletion."""

    def entry(kind: str, key: str = "", field: str | None = None) -> Entry:
        known = {"record_id": row["id"], "entity": entity, "kind": kind, "field": field}
        return (
            known | {"key": f"{entity}.{key}"} | ({} if field else {"before": None, "after": None})
        )

    yield entry("CREATED")
    yield from (entry("UPDATED", key, field) for key, field in names)
    if row["deleted_at"] is not None:
        yield entry("DELETED")


def _values(number: int) -> Entry:
    """Id, values, version and time of an entry; four entries share a time, and some values are null."""
    return {
        "id": made_id("history", number),
        "before": None if number % 5 == 0 else f"CNRY was {number:05}",
        "after": None if number % 7 == 0 else f"CNRY is {number:05}",
        "record_version": 1 + number % 6,
        "at": FIRST_TIME + timedelta(hours=number // 4, microseconds=number // 4),
    }

"""A history for the tests, put there by the operator: each entry holds words that stand nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from tenancy.demo.rows import made_id
from tests.proof.contract import STAMPS, fields, grantable, is_record
from tests.proof.lock import ENTITIES

RECORDS = {"Opportunity": 60, "Account": 12, "Address": 9, "FieldPermission": 3}
OTHERS = 5
"""Of how many records of each kind something is noted."""
FIRST = datetime(2026, 1, 5, 7, tzinfo=UTC)
GONE = UUID("01941f60-0000-7000-8000-00000000dead")
COLUMNS = (
    *("id", "record_id", "key", "kind", "entity", "field", "before", "after"),
    *("record_version", "at", "user_id"),
)
Entry = dict[str, Any]


@asynccontextmanager
async def noted(admin: asyncpg.Connection[Any], schema: str) -> AsyncIterator[None]:
    """For as long as it lasts, the tenant has a history: always the same one."""
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
    """All that it consists of."""
    found = await admin.fetch(f'SELECT id FROM {schema}."user" ORDER BY id')  # noqa: S608
    users = [*(row["id"] for row in found), GONE, None]
    defined = await admin.fetch(f"SELECT id, entity, key FROM {schema}.attribute ORDER BY id")  # noqa: S608
    made: list[Entry] = []
    for entity in filter(is_record, ENTITIES):
        names = [(name, name) for name in _noted(entity)]
        names += [(str(a["id"]), a["key"]) for a in defined if a["entity"] == entity]
        names += [("vanished", "vanished"), (str(GONE), "gone")]
        most = RECORDS.get(entity, OTHERS)
        for row in await _some(admin, schema, ENTITIES[entity].table, most):
            for entry in _of(entity, row, names):
                number = len(made) + 1
                made.append({**_told(number), "user_id": users[number % len(users)], **entry})
    return made


def _noted(entity: str) -> Iterator[str]:
    """What is kept in columns; what is computed of them changes with them."""
    return (n for n in fields(entity) if n in grantable(entity) and n not in STAMPS)


async def _some(admin: asyncpg.Connection[Any], schema: str, table: str, most: int) -> list[Any]:
    rows = await admin.fetch(f'SELECT id, deleted_at FROM {schema}."{table}" ORDER BY id')  # noqa: S608
    return rows[:: max(1, len(rows) // most)]


def _of(entity: str, row: Any, names: list[tuple[str, str]]) -> Iterator[Entry]:
    """It was made, each field of it was changed, and where it lies in the bin, it was put there."""

    def entry(kind: str, key: str = "", field: str | None = None) -> Entry:
        known = {"record_id": row["id"], "entity": entity, "kind": kind, "field": field}
        return (
            known | {"key": f"{entity}.{key}"} | ({} if field else {"before": None, "after": None})
        )

    yield entry("CREATED")
    yield from (entry("UPDATED", key, field) for key, field in names)
    if row["deleted_at"] is not None:
        yield entry("DELETED")


def _told(number: int) -> Entry:
    """Four at a time are of one moment; some were empty before, some are now."""
    return {
        "id": made_id("history", number),
        "before": None if number % 5 == 0 else f"CNRY was {number:05}",
        "after": None if number % 7 == 0 else f"CNRY is {number:05}",
        "record_version": 1 + number % 6,
        "at": FIRST + timedelta(hours=number // 4, microseconds=number // 4),
    }

"""The effects of a write in canonical form: the new rows of every table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import asyncpg

from bench.canonical import differences
from bench.contenders.contender import Failed
from bench.writes.cases import Kind, WriteRequest, write_request
from bench.writes.contenders import Writer
from bench.writes.targets import WriteTarget

MOMENTS = {"at", "created_at", "updated_at", "entered_at"}
MOST_DIFFERENCES = 12
Rows = Mapping[str, Mapping[str, Any]]
"""All rows of a tenant, by table and key."""

# ruff: noqa: S608 - nothing of a user's is in any of these texts


async def _rows(admin: asyncpg.Connection[Any], schema: str) -> Rows:
    tables = await admin.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
    found = {}
    for (table,) in tables:
        rows = await admin.fetch(f'SELECT to_jsonb(t)::text FROM {schema}."{table}" t')
        found[table] = {row[0]: json.loads(row[0]) for row in rows}
    return found


class _Canonical:
    """Replaces new ids and timestamps by placeholders, so that equal effects are equal texts."""

    def __init__(self, known: set[str], log: Sequence[Mapping[str, Any]], position: int) -> None:
        """`known` are ids that existed before; they are not replaced."""
        self._position = position
        self._known = known
        self._names: dict[str, str] = {}
        for entry in sorted(log, key=lambda entry: (entry["position"], entry["number"])):
            for column in ("record_id", "request_id"):
                self._name(entry[column], column)

    def _name(self, id: str, column: str) -> None:
        if id not in self._known:
            self._names.setdefault(id, f"{column} {len(self._names)}")

    def of(self, value: Any, name: str = "") -> Any:
        """A value in canonical form, recursively."""
        if isinstance(value, dict):
            return {key: self.of(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.of(each, name) for each in value]
        if name in MOMENTS and value is not None:
            return "a time"
        if name == "rank_key" and value is not None:
            return "a rank"  # depends on the time
        if name == "position":
            return value - self._position
        if isinstance(value, str) and _is_id(value) and value not in self._known:
            return self._names.get(value, "another id")
        return value


def _is_id(value: str) -> bool:
    return len(value) == 36 and value.count("-") == 4


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        yield from chain.from_iterable(_ids(each) for each in value)
    elif isinstance(value, str) and _is_id(value):
        yield value


def _left(known: set[str], old: Rows, new: Rows) -> dict[str, Any]:
    """The rows in `new` but not in `old`, by table, and the growth of each table."""
    (head,) = old["log_head"].values()
    added = {
        table: [row for key, row in rows.items() if key not in old[table]]
        for table, rows in new.items()
    }
    canonical = _Canonical(known, added["change_log"], head["position"])
    left: dict[str, Any] = {
        f"{table}: rows more than before": len(rows) - len(old[table])
        for table, rows in new.items()
    }
    for table, rows in added.items():
        if rows:
            rows_shown = [canonical.of(row) for row in rows]
            left[table] = sorted(rows_shown, key=lambda row: json.dumps(row, sort_keys=True))
    return left


def _shown(records: Sequence[Any]) -> list[Any]:
    """Records of a response, without ids."""
    return [{name: each[name] for name in each if name != "id"} for each in records]


async def _done(
    admin: asyncpg.Connection[Any], writer: Writer, target: WriteTarget, known: set[str]
) -> dict[str, dict[str, Any]]:
    """Response and effects of each kind of write. The update changes the created record."""
    found: dict[str, dict[str, Any]] = {}
    record = None
    for number, kind in enumerate(Kind, 1):
        wanted: WriteRequest = write_request(kind, target, 0, record)
        before = await _rows(admin, target.schema)
        records = writer.done(wanted, number, version=1)
        left = _left(known, before, await _rows(admin, target.schema))
        found[kind] = {"answered": _shown(records), **left}
        if kind is Kind.CREATE:
            key = records[0]["id"].removeprefix("opp_")
            (row,) = await admin.fetch(
                f"SELECT id FROM {target.schema}.opportunity WHERE replace(id::text, '-', '') = $1",
                key,
            )
            record = row["id"]
    return found


async def compare(
    admin: asyncpg.Connection[Any], writers: Sequence[Writer], target: WriteTarget
) -> dict[str, dict[str, Any]]:
    """The effects of the writes. Raises Failed with the differences if the contenders differ."""
    first, *others = writers
    found_there = await _rows(admin, target.schema)
    known = set(_ids([list(rows.values()) for rows in found_there.values()]))
    expected = await _done(admin, first, target, known)
    for other in others:
        found = list(differences(expected, await _done(admin, other, target, known), "left"))
        if found:
            more = len(found) - MOST_DIFFERENCES
            lines = found[:MOST_DIFFERENCES] + ([f"... and {more} more"] if more > 0 else [])
            raise Failed(
                f"{first.name} and {other.name} have different effects:\n" + "\n".join(lines)
            )
    return expected

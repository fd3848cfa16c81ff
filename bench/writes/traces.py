"""What a write leaves behind, in the one spelling in which it is compared: every row of every table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import asyncpg

from bench.canonical import differences
from bench.contenders.contender import Failed
from bench.writes.cases import Deed, Kind, deed
from bench.writes.contenders import Writer
from bench.writes.places import Place

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


class _Spelling:
    """Writes ids that are new, and moments, so that two who did the same wrote the same."""

    def __init__(self, known: set[str], log: Sequence[Mapping[str, Any]], position: int) -> None:
        """`known` are ids that both find there; they stay as they are."""
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
        """A value, and all in it."""
        if isinstance(value, dict):
            return {key: self.of(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.of(each, name) for each in value]
        if name in MOMENTS and value is not None:
            return "a moment"
        if name == "rank_key" and value is not None:
            return "a rank"  # it follows from the moment
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
    """The rows that are there now and were not before, by table, and how many there were of each."""
    (head,) = old["log_head"].values()
    added = {
        table: [row for key, row in rows.items() if key not in old[table]]
        for table, rows in new.items()
    }
    spelling = _Spelling(known, added["change_log"], head["position"])
    left: dict[str, Any] = {
        f"{table}: rows more than before": len(rows) - len(old[table])
        for table, rows in new.items()
    }
    for table, rows in added.items():
        if rows:
            spelt = [spelling.of(row) for row in rows]
            left[table] = sorted(spelt, key=lambda row: json.dumps(row, sort_keys=True))
    return left


def _shown(records: Sequence[Any]) -> list[Any]:
    """What was answered, but for the ids."""
    return [{name: each[name] for name in each if name != "id"} for each in records]


async def _done(
    admin: asyncpg.Connection[Any], writer: Writer, place: Place, known: set[str]
) -> dict[str, dict[str, Any]]:
    """What each kind of deed answers and leaves behind. What was created is what is then changed."""
    found: dict[str, dict[str, Any]] = {}
    record = None
    for number, kind in enumerate(Kind, 1):
        wanted: Deed = deed(kind, place, 0, record)
        before = await _rows(admin, place.schema)
        records = writer.done(wanted, number, version=1)
        left = _left(known, before, await _rows(admin, place.schema))
        found[kind] = {"answered": _shown(records), **left}
        if kind is Kind.CREATE:
            key = records[0]["id"].removeprefix("opp_")
            (row,) = await admin.fetch(
                f"SELECT id FROM {place.schema}.opportunity WHERE replace(id::text, '-', '') = $1",
                key,
            )
            record = row["id"]
    return found


async def compare(
    admin: asyncpg.Connection[Any], writers: Sequence[Writer], place: Place
) -> dict[str, dict[str, Any]]:
    """What they leave behind. Raises Failed with what differs."""
    first, *others = writers
    found_there = await _rows(admin, place.schema)
    known = set(_ids([list(rows.values()) for rows in found_there.values()]))
    expected = await _done(admin, first, place, known)
    for other in others:
        found = list(differences(expected, await _done(admin, other, place, known), "left"))
        if found:
            more = len(found) - MOST_DIFFERENCES
            lines = found[:MOST_DIFFERENCES] + ([f"... and {more} more"] if more > 0 else [])
            raise Failed(
                f"{first.name} and {other.name} do not leave the same behind:\n" + "\n".join(lines)
            )
    return expected

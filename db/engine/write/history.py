"""Reads what changed in records after a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import ARRAY, Column, FromClause, Integer, Uuid, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from db.engine.gate import Compiled
from db.engine.sql import Concat, parameter
from db.engine.trace import HistoryEntry
from db.engine.write.connection import TenantConnection
from db.engine.write.statements import fetch, trusted
from domain.setup import HistoryEventKind

VALUES, VERSIONS = "values", "versions"
"""Parameter names: ids of records, and the versions that belong to them."""


def _newer_than_versions() -> FromClause:
    """The history after the versions that are given."""
    history = HistoryEntry.__table__
    versions = (
        func.unnest(parameter(VALUES, ARRAY(Uuid())), parameter(VERSIONS, ARRAY(Integer())))
        .table_valued(Column("id", Uuid()), Column("version", Integer()))
        .render_derived(name="seen")
    )
    newer = (history.c.record_id == versions.c.id) & (history.c.record_version > versions.c.version)
    return versions.join(history, newer)


@cache
def _changes_since() -> Compiled:
    history = HistoryEntry.__table__
    changes = (
        select(history.c.record_id, history.c.key, history.c.before)
        .ext(distinct_on(history.c.record_id, history.c.key))
        .select_from(_newer_than_versions())
        .where(history.c.kind == Concat([HistoryEventKind.UPDATED.value]))
        .order_by(history.c.record_id, history.c.key, history.c.record_version)
    )
    return trusted(changes)


async def changes_since(
    connection: TenantConnection, versions: Mapping[UUID, int]
) -> dict[UUID, dict[str, str | None]]:
    """The fields of each record that changed after a version, by history key, with their value at that version."""
    changes: dict[UUID, dict[str, str | None]] = {id: {} for id in versions}
    values, numbers = list(versions), list(versions.values())
    for row in await fetch(connection, _changes_since(), values=values, versions=numbers):
        changes[row["record_id"]][row["key"]] = row["before"]
    return changes


@dataclass(frozen=True)
class LastChange:
    """The last change of a field, or of the record as such."""

    id: UUID
    """ID of the history entry."""
    at: datetime
    user_id: UUID | None


@cache
def _last_changes() -> Compiled:
    history = HistoryEntry.__table__
    newer = _newer_than_versions()
    changes = (
        select(history.c.record_id, history.c.key, history.c.id, history.c.at, history.c.user_id)
        .ext(distinct_on(history.c.record_id, history.c.key))
        .select_from(newer)
        .order_by(history.c.record_id, history.c.key, history.c.record_version.desc())
    )
    return trusted(changes)


async def last_changes(
    connection: TenantConnection, versions: Mapping[UUID, int]
) -> dict[UUID, dict[str, LastChange]]:
    """The last change of each record and field after a version, by history key."""
    changes: dict[UUID, dict[str, LastChange]] = {id: {} for id in versions}
    values, numbers = list(versions), list(versions.values())
    for row in await fetch(connection, _last_changes(), values=values, versions=numbers):
        changes[row["record_id"]][row["key"]] = LastChange(row["id"], row["at"], row["user_id"])
    return changes

"""Reads a tenant's change log: its position, the entries after a position, and which sessions have ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from sqlalchemy import Integer, select

from db.engine.gate import Compiled
from db.engine.internal_tables import prepared
from db.engine.sql import parameter
from db.engine.trace import ChangeLog
from db.engine.transaction import Driver, Placement

AFTER, MOST = "log:after", "log:most"
HEAD = "SELECT epoch, position, access, ended($1) FROM log_head"


@dataclass(frozen=True)
class LogPosition:
    """State of a tenant's change log."""

    epoch: int
    """Changes when history diverged, for example after a restore; positions of different epochs are not comparable."""
    position: int
    access: int
    """Version of the tenant's access rights."""
    ended: frozenset[UUID]
    """The requested sessions that are no longer valid."""


@dataclass(frozen=True)
class LogEntry:
    """One written record."""

    position: int
    entity: str
    record: UUID
    is_rights: bool
    """Whether the write changed access rights."""
    user: UUID | None
    """The user who wrote it; None for the operator."""


async def head(connection: Driver, placement: Placement, sessions: Iterable[UUID]) -> LogPosition:
    """State of the log in the transaction's snapshot."""
    row = await connection.fetchrow(f"/*{placement.schema}*/ {HEAD}", list(sessions))
    assert row is not None  # noqa: S101 - a tenant without a head cannot be entered
    return LogPosition(row[0], row[1], row[2], frozenset(row[3] or ()))


async def since(
    connection: Driver, placement: Placement, after: int, most: int
) -> Sequence[LogEntry] | None:
    """Entries after a position, in order; None if there are more than `most`, or if some were already purged."""
    statement = _since()
    values = {AFTER: after, MOST: most + 1}
    bound = [values[name] for name in statement.parameters]
    rows = await connection.fetch(f"/*{placement.schema}*/ {statement.sql}", *bound)
    # Positions have no gaps, so a gap before the first entry means that entries were purged.
    if len(rows) > most or (rows and rows[0][0] != after + 1):
        return None
    return [LogEntry(*row) for row in rows]


@cache
def _since() -> Compiled:
    log = ChangeLog
    statement = (
        select(log.position, log.entity, log.record_id, log.access, log.user_id)
        .where(log.position > parameter(AFTER, log.position.type))
        .order_by(log.position, log.number)
        .limit(parameter(MOST, Integer()))
    )
    return prepared(statement)

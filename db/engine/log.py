"""Follows a tenant's change log: how far it has come, what was written since, and which sessions have ended."""

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
    """Where the log of a tenant stands."""

    epoch: int
    """Changes when history diverged: positions of another epoch mean nothing."""
    position: int
    access: int
    """The version of everybody's rights."""
    ended: frozenset[UUID]
    """Those of the sessions asked about that are good no more."""


@dataclass(frozen=True)
class LogEntry:
    """One record that was written."""

    position: int
    entity: str
    record: UUID
    is_rights: bool
    """Whether it changed who may what."""


async def head(connection: Driver, placement: Placement, sessions: Iterable[UUID]) -> LogPosition:
    """Where the log stands, in the transaction's moment."""
    row = await connection.fetchrow(f"/*{placement.schema}*/ {HEAD}", list(sessions))
    assert row is not None  # noqa: S101 - a tenant without a head cannot be entered
    return LogPosition(row[0], row[1], row[2], frozenset(row[3] or ()))


async def since(
    connection: Driver, placement: Placement, after: int, most: int
) -> Sequence[LogEntry] | None:
    """What was written after a position, in order; None if it was more than `most`, or is not kept any more."""
    asked = _since()
    values = {AFTER: after, MOST: most + 1}
    bound = [values[name] for name in asked.parameters]
    rows = await connection.fetch(f"/*{placement.schema}*/ {asked.sql}", *bound)
    # Positions are dense, so a gap before the first means that what stood there was swept away.
    if len(rows) > most or (rows and rows[0][0] != after + 1):
        return None
    return [LogEntry(*row) for row in rows]


@cache
def _since() -> Compiled:
    log = ChangeLog
    statement = (
        select(log.position, log.entity, log.record_id, log.access)
        .where(log.position > parameter(AFTER, log.position.type))
        .order_by(log.position, log.number)
        .limit(parameter(MOST, Integer()))
    )
    return prepared(statement)

"""The command: servers, tenants, who writes, measurement and report; first durable, then without flushing."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from bench.contenders.contender import Failed
from bench.measure import Measured, Plan
from bench.report import tables
from bench.run import ended
from bench.tenant import Filled, Tell, filled, started
from bench.writes.cases import CASES, Case
from bench.writes.contenders import LimitWrites, RelataWrites, Writer
from bench.writes.measure import measure
from bench.writes.places import Place, places

SIZE = 10_000


@dataclass(frozen=True)
class WritesRequest:
    """What the command was asked for."""

    size: int = SIZE
    only: Sequence[str] = ()
    plan: Plan = field(default_factory=lambda: Plan(runs=5, seconds=3))
    data: Path | None = None
    """Where the servers keep their data, to use it again; nowhere if not given."""
    flushed: Sequence[bool] = (True, False)
    """Whether Postgres waits for the disk: as in production, and then not, which shows our own cost."""

    @property
    def cases(self) -> list[Case]:
        """The cases that are measured."""
        return [each for each in CASES if not self.only or each.name in self.only]


def check(wanted: WritesRequest) -> None:
    """Raises Failed for a name that means nothing."""
    names = {each.name for each in CASES}
    if unknown := sorted(set(wanted.only) - names):
        raise Failed(f"There is no {', '.join(unknown)}; there are {', '.join(sorted(names))}.")


async def _entries(admin: asyncpg.Connection[Any], places: Sequence[Place]) -> list[dict[str, Any]]:
    """What the hand-written SQL enters tenants with: the sessions of those who signed in."""
    entries = []
    for place in places:
        session = await admin.fetchval(
            f"SELECT id FROM {place.schema}.session WHERE user_id = $1 "  # noqa: S608
            "ORDER BY expires_at DESC LIMIT 1",
            place.user,
        )
        access = await admin.fetchval(f"SELECT access FROM {place.schema}.log_head")  # noqa: S608
        entries.append(
            {
                "schema": place.schema,
                "placement": place.tenant.placement.version,
                "access": access,
                "session": str(session),
                "user": str(place.user),
                "employee": str(place.employee),
            }
        )
    return entries


async def _measured(
    wanted: WritesRequest, ready: Filled, admin: asyncpg.Connection[Any], tell: Tell
) -> Measured:
    written = await places(admin, ready, tell)
    ours = RelataWrites(ready, written)
    running: list[Writer] = [ours]
    try:
        ours.start()
        ours.prepare()
        limit = LimitWrites(ready, written, await _entries(admin, written))
        running.append(limit)
        limit.start()
        return await measure(admin, running, wanted.cases, wanted.plan, tell)
    finally:
        for writer in running:
            writer.stop()


def _told(measured: Measured, wanted: WritesRequest, flushed: bool) -> Iterator[str]:
    how = "" if flushed else ", without waiting for the disk"
    yield f"# Writes, {measured.size:,} opportunities{how}"
    yield ""
    plan = wanted.plan
    yield f"Medians of {plan.runs} runs of {plan.seconds:g} s, after a warm-up; taken in turns."
    yield from (f"- {each.name}: {each.title}" for each in wanted.cases)
    yield from tables(measured, [(each.name, each.connections) for each in wanted.cases])


async def bench_writes(wanted: WritesRequest, tell: Tell) -> str:
    """The report. Raises Failed if they do not leave the same behind, or do not answer."""
    check(wanted)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)
    lines: list[str] = []
    with ExitStack() as held:
        for flushed in wanted.flushed:
            data = wanted.data and wanted.data / ("flushed" if flushed else "unflushed")
            kept = data or Path(
                held.enter_context(tempfile.TemporaryDirectory(prefix="relata-bench-"))
            )
            kept.mkdir(parents=True, exist_ok=True)
            async with started(kept, tell, durable=flushed) as (servers, admin):
                ready = await filled(servers, kept, admin, wanted.size, tell)
                measured = await _measured(wanted, ready, admin, tell)
                lines += _told(measured, wanted, flushed)
    return "\n".join(lines) + "\n"

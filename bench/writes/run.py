"""The write benchmark: runs all cases durably and without flushing, and returns the report."""

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
from bench.measure import Measured, RunSettings
from bench.report import tables
from bench.run import exit_on_signal
from bench.tenant import Filled, Report, filled, started
from bench.writes.cases import CASES, Case
from bench.writes.contenders import LimitWrites, RelataWrites, Writer
from bench.writes.measure import measure
from bench.writes.targets import WriteTarget, targets

SIZE = 10_000


@dataclass(frozen=True)
class WritesRequest:
    """Options of the write benchmark."""

    size: int = SIZE
    only: Sequence[str] = ()
    plan: RunSettings = field(default_factory=lambda: RunSettings(runs=5, seconds=3))
    data: Path | None = None
    """Data directory of the servers, which can be reused. Default: temporary."""
    flushed: Sequence[bool] = (True, False)
    """Whether Postgres waits for the disk: True as in production, False to show the cost without the disk."""

    @property
    def cases(self) -> list[Case]:
        """The selected write cases."""
        return [each for each in CASES if not self.only or each.name in self.only]


def check(request: WritesRequest) -> None:
    """Raise Failed for an unknown name of a case."""
    names = {each.name for each in CASES}
    if unknown := sorted(set(request.only) - names):
        raise Failed(f"There is no {', '.join(unknown)}; there are {', '.join(sorted(names))}.")


async def _entries(
    admin: asyncpg.Connection[Any], targets: Sequence[WriteTarget]
) -> list[dict[str, Any]]:
    """The parameters with which the hand-written SQL enters tenants: placement, access version and session."""
    entries = []
    for target in targets:
        session = await admin.fetchval(
            f"SELECT id FROM {target.schema}.session WHERE user_id = $1 "  # noqa: S608
            "ORDER BY expires_at DESC LIMIT 1",
            target.user,
        )
        access = await admin.fetchval(f"SELECT access FROM {target.schema}.log_head")  # noqa: S608
        entries.append(
            {
                "schema": target.schema,
                "placement": target.tenant.placement.version,
                "access": access,
                "session": str(session),
                "user": str(target.user),
                "employee": str(target.employee),
            }
        )
    return entries


async def _measured(
    request: WritesRequest, ready: Filled, admin: asyncpg.Connection[Any], report: Report
) -> Measured:
    written = await targets(admin, ready, report)
    ours = RelataWrites(ready, written)
    running: list[Writer] = [ours]
    try:
        ours.start()
        ours.prepare()
        limit = LimitWrites(ready, written, await _entries(admin, written))
        running.append(limit)
        limit.start()
        return await measure(admin, running, request.cases, request.plan, report)
    finally:
        for writer in running:
            writer.stop()


def _lines(measured: Measured, request: WritesRequest, flushed: bool) -> Iterator[str]:
    how = "" if flushed else ", without waiting for the disk"
    yield f"# Writes, {measured.size:,} opportunities{how}"
    yield ""
    plan = request.plan
    yield f"Medians of {plan.runs} runs of {plan.seconds:g} s, after a warm-up; contenders take turns."
    yield from (f"- {each.name}: {each.title}" for each in request.cases)
    yield from tables(measured, [(each.name, each.connections) for each in request.cases])


async def bench_writes(request: WritesRequest, report: Report) -> str:
    """Run the benchmark and return the report. Raises Failed if effects differ, or if a contender fails."""
    check(request)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, exit_on_signal)
    lines: list[str] = []
    with ExitStack() as held:
        for flushed in request.flushed:
            data = request.data and request.data / ("flushed" if flushed else "unflushed")
            kept = data or Path(
                held.enter_context(tempfile.TemporaryDirectory(prefix="relata-bench-"))
            )
            kept.mkdir(parents=True, exist_ok=True)
            async with started(kept, report, durable=flushed) as (servers, admin):
                ready = await filled(servers, kept, admin, request.size, report)
                measured = await _measured(request, ready, admin, report)
                lines += _lines(measured, request, flushed)
    return "\n".join(lines) + "\n"

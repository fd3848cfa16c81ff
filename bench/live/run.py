"""The command: servers, a list and its watchers, measurement and report."""

from __future__ import annotations

import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.live.board import board
from bench.live.contenders import MendedLive, RelataLive, StrawberryLive
from bench.live.measure import LivePlan, compare, measure
from bench.live.report import told
from bench.run import ended
from bench.tenant import Tell, filled, started

__all__ = ["BRIEF", "LivePlan", "bench_live"]

BRIEF = LivePlan(runs=1, events=20, bursts=1, gentle=5)


async def bench_live(plan: LivePlan, size: int, data: Path | None, tell: Tell) -> str:
    """The report. Raises Failed if they do not tell the same, or do not tell all."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)
    with ExitStack() as held:
        kept = data or Path(held.enter_context(tempfile.TemporaryDirectory(prefix="relata-bench-")))
        async with started(kept, tell) as (servers, admin):
            ready = await filled(servers, kept, admin, size, tell)
            watched = await board(admin, ready, plan.records, plan.users)
            await admin.execute("CHECKPOINT")  # so that what filling left is not written meanwhile
            ours, theirs = RelataLive(ready, watched), StrawberryLive(ready, watched)
            mended = MendedLive(ready, watched)
            ours.start()
            try:
                ids = await compare(ours, (theirs, mended))
            finally:
                ours.stop()
            tell("all tell the same")
            backend = await admin.fetchval("SELECT pg_backend_pid()")
            measured = await measure((ours, theirs, mended), ids, plan, backend, tell)
            return "\n".join(told(measured, ready.size)) + "\n"

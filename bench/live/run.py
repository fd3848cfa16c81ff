"""The command `bench live`: starts the servers, prepares the data, measures and reports."""

from __future__ import annotations

import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.live.board import board
from bench.live.contenders import MendedLive, RelataLive, StrawberryLive
from bench.live.measure import LiveRunSettings, Report, compare, measure
from bench.live.report import live_report
from bench.run import exit_on_signal
from bench.tenant import filled, started

__all__ = ["BRIEF", "LiveRunSettings", "bench_live"]

BRIEF = LiveRunSettings(runs=1, events=20, bursts=1, paced_changes=5)


async def bench_live(plan: LiveRunSettings, size: int, data: Path | None, report: Report) -> str:
    """Run the benchmark and return the report. Raises Failed if the servers' events differ or are incomplete."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, exit_on_signal)
    with ExitStack() as stack:
        directory = data or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="relata-bench-"))
        )
        async with started(directory, report) as (servers, admin):
            ready = await filled(servers, directory, admin, size, report)
            live = await board(admin, ready, plan.records, plan.users)
            await admin.execute("CHECKPOINT")  # so that no checkpoint runs during the measurement
            ours, theirs = RelataLive(ready, live), StrawberryLive(ready, live)
            mended = MendedLive(ready, live)
            ours.start()
            try:
                ids = await compare(ours, (theirs, mended))
            finally:
                ours.stop()
            report("all servers send the same events")
            backend_pid = await admin.fetchval("SELECT pg_backend_pid()")
            measured = await measure((ours, theirs, mended), ids, plan, backend_pid, report)
            return "\n".join(live_report(measured, ready.size)) + "\n"

"""The read benchmark: starts servers and contenders, measures each size, and returns the report."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import asyncpg

from bench.contenders.contender import Contender, Failed
from bench.contenders.idiomatic import Strawberry
from bench.contenders.limit import Bare, Limit
from bench.contenders.postgraphile import PostGraphile
from bench.contenders.relata import Relata
from bench.measure import Measured, RunSettings, measure
from bench.read_cases import READ_CASES, ReadCase, params_by_case
from bench.report import size_report
from bench.rival_tables import copy
from bench.tenant import Filled, filled, started
from cli.servers.embedded import Servers
from web.node import NodeNotFound

SIZES = (10_000, 1_000_000)
CONTENDERS: tuple[type[Contender], ...] = (Relata, Limit, Bare, PostGraphile, Strawberry)
Report = Callable[[str], None]


@dataclass(frozen=True)
class ReadsRequest:
    """Options of the read benchmark."""

    sizes: Sequence[int] = SIZES
    only: Sequence[str] = ()
    against: Sequence[str] = ()
    """Names of the contenders. Default: all."""
    plan: RunSettings = field(default_factory=lambda: RunSettings(runs=3, seconds=10))
    data: Path | None = None
    """Data directory of the servers, which can be reused. Default: temporary."""

    @property
    def read_cases(self) -> list[ReadCase]:
        """The selected read cases."""
        return [each for each in READ_CASES if not self.only or each.name in self.only]

    @property
    def contenders(self) -> list[type[Contender]]:
        """The selected contenders; Relata is always included."""
        return [
            each
            for each in CONTENDERS
            if not self.against or each is Relata or each.name in self.against
        ]


def check(request: ReadsRequest) -> None:
    """Raise Failed for an unknown name of a case or contender."""
    known = {each.name for each in READ_CASES}, {each.name for each in CONTENDERS}
    for selected, names in zip((request.only, request.against), known, strict=True):
        if unknown := sorted(set(selected) - names):
            raise Failed(f"There is no {', '.join(unknown)}; there are {', '.join(sorted(names))}.")


@asynccontextmanager
async def _servers(
    request: ReadsRequest, report: Report
) -> AsyncIterator[tuple[Path, Servers, asyncpg.Connection[Any]]]:
    with ExitStack() as held:
        data = request.data or Path(
            held.enter_context(tempfile.TemporaryDirectory(prefix="relata-bench-"))
        )
        async with started(data, report) as (servers, admin):
            yield data, servers, admin


async def _one_size(
    request: ReadsRequest, ready: Filled, admin: asyncpg.Connection[Any], report: Report
) -> Measured:
    if PostGraphile in request.contenders:
        report("copying the tables for PostGraphile ...")
        await copy(admin, ready)
    await admin.execute(
        "CHECKPOINT"
    )  # so that no checkpoint of the inserted data falls into the measurement
    requests = await params_by_case(admin, ready)
    failed, running = {}, []
    try:
        for kind in request.contenders:
            contender = kind(ready)
            running.append(contender)
            try:
                contender.start()
            except NodeNotFound as error:
                running.remove(contender)
                failed[contender.name] = str(error)
        backend_pid = await admin.fetchval("SELECT pg_backend_pid()")
        measured = await measure(
            running, request.read_cases, requests, request.plan, backend_pid, report
        )
    finally:
        for contender in running:
            contender.stop()
    measured.failed |= failed
    return measured


def exit_on_signal(number: int, _: object) -> NoReturn:
    """Signal handler that raises SystemExit, so that started servers are stopped."""
    raise SystemExit(128 + number)


async def bench(request: ReadsRequest, report: Report) -> str:
    """Run the benchmark and return the report. Raises Failed if responses differ, or if a contender fails."""
    check(request)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, exit_on_signal)
    lines: list[str] = []
    async with _servers(request, report) as (data, servers, admin):
        for size in request.sizes:
            ready = await filled(servers, data, admin, size, report)
            measured = await _one_size(request, ready, admin, report)
            lines += size_report(measured, request.read_cases, request.plan)
    return "\n".join(lines) + "\n"

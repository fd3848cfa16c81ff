"""The command: servers, data, contenders, measurement and report, one size after the other."""

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
from bench.measure import Measured, Plan, measure
from bench.questions import QUESTIONS, Question, asked
from bench.report import told
from bench.rival_tables import copy
from bench.tenant import Filled, filled, started
from cli.servers.embedded import Servers
from web.node import NoNode

SIZES = (10_000, 1_000_000)
CONTENDERS: tuple[type[Contender], ...] = (Relata, Limit, Bare, PostGraphile, Strawberry)
Tell = Callable[[str], None]


@dataclass(frozen=True)
class ReadsRequest:
    """What the command was asked for."""

    sizes: Sequence[int] = SIZES
    only: Sequence[str] = ()
    against: Sequence[str] = ()
    """Which contenders; all if not given."""
    plan: Plan = field(default_factory=lambda: Plan(runs=3, seconds=10))
    data: Path | None = None
    """Where the servers keep their data, to use it again; nowhere if not given."""

    @property
    def questions(self) -> list[Question]:
        """The questions that are asked."""
        return [each for each in QUESTIONS if not self.only or each.name in self.only]

    @property
    def contenders(self) -> list[type[Contender]]:
        """Those who take part; we always do."""
        return [
            each
            for each in CONTENDERS
            if not self.against or each is Relata or each.name in self.against
        ]


def check(wanted: ReadsRequest) -> None:
    """Raises Failed for a name that means nothing."""
    known = {each.name for each in QUESTIONS}, {each.name for each in CONTENDERS}
    for given, names in zip((wanted.only, wanted.against), known, strict=True):
        if unknown := sorted(set(given) - names):
            raise Failed(f"There is no {', '.join(unknown)}; there are {', '.join(sorted(names))}.")


@asynccontextmanager
async def _servers(
    wanted: ReadsRequest, tell: Tell
) -> AsyncIterator[tuple[Path, Servers, asyncpg.Connection[Any]]]:
    with ExitStack() as held:
        data = wanted.data or Path(
            held.enter_context(tempfile.TemporaryDirectory(prefix="relata-bench-"))
        )
        async with started(data, tell) as (servers, admin):
            yield data, servers, admin


async def _one_size(
    wanted: ReadsRequest, ready: Filled, admin: asyncpg.Connection[Any], tell: Tell
) -> Measured:
    if PostGraphile in wanted.contenders:
        tell("copying the tables for PostGraphile ...")
        await copy(admin, ready)
    await admin.execute("CHECKPOINT")  # so that what filling left behind is not written meanwhile
    requests = await asked(admin, ready)
    failed, running = {}, []
    try:
        for kind in wanted.contenders:
            contender = kind(ready)
            running.append(contender)
            try:
                contender.start()
            except NoNode as error:
                running.remove(contender)
                failed[contender.name] = str(error)
        backend = await admin.fetchval("SELECT pg_backend_pid()")
        measured = await measure(running, wanted.questions, requests, wanted.plan, backend, tell)
    finally:
        for contender in running:
            contender.stop()
    measured.failed |= failed
    return measured


def ended(number: int, _: object) -> NoReturn:
    """Leave by the way of an error, so that every server that was started is ended."""
    raise SystemExit(128 + number)


async def bench(wanted: ReadsRequest, tell: Tell) -> str:
    """The report. Raises Failed if contenders answer differently, or not at all."""
    check(wanted)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)
    lines: list[str] = []
    async with _servers(wanted, tell) as (data, servers, admin):
        for size in wanted.sizes:
            ready = await filled(servers, data, admin, size, tell)
            measured = await _one_size(wanted, ready, admin, tell)
            lines += told(measured, wanted.questions, wanted.plan)
    return "\n".join(lines) + "\n"

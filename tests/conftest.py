"""Real servers for the tests: one Postgres and one Valkey serve a process of the run, and as many processes as cores."""

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog

from cli.servers.embedded import Servers, embedded
from tests.support import costs, tally
from tests.support.place import called, place_on
from tests.support.world import World, furnish, world_on

YOUNG = 100_000
"""Objects made between two looks for garbage, which walk through the whole schema and all collected tests."""
gc.set_threshold(YOUNG, 20, 20)

PROCESSES = 4
"""At most: each has its servers and the house in memory."""
WORTH = 60
"""Seconds of processor time from which on several processes are started; each takes ten to begin."""

PLAIN: list[Any] = [
    structlog.processors.add_log_level,
    structlog.processors.format_exc_info,
    structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So it is in the background of a script, and what we start would be as deaf to it as we are.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """What goes wrong is told with its traceback, without the local variables: there would be a novel of them."""
    structlog.configure(PLAIN)
    if config.option.costs:
        config.pluginmanager.register(costs.Costs())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One of several processes runs the files that cost most first."""
    if hasattr(config, "workerinput"):
        costs.slow_first(items)


@pytest.fixture
def data() -> Iterator[Path]:
    """A data directory to be. Not tmp_path: under root, the servers' user may not enter that."""
    directory = Path(tempfile.mkdtemp(prefix="relata-test-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="relata-test-") as directory:
        async with embedded(Path(directory), durable=False) as started:
            yield started


@pytest.fixture(scope="session")
async def furnished(servers: Servers) -> str:
    """The name of a database with the demonstration, which nobody is connected to: copying it takes a moment."""
    await furnish(servers)
    admin = await asyncpg.connect(called(servers.database_url, "postgres"))
    await admin.execute("CREATE DATABASE furnished TEMPLATE relata")
    await admin.close()
    return "furnished"


@pytest.fixture(scope="session")
async def world(servers: Servers, furnished: str) -> AsyncIterator[World]:
    """The house with its demonstration. Tests that change rows put them back, or take their own."""
    async with world_on(servers) as built:
        yield built


@pytest.fixture(scope="module")
async def desk(servers: Servers, furnished: str) -> AsyncIterator[World]:
    """Likewise for one module, which may do with it as it likes."""
    async with place_on(servers, "desk", like=furnished) as place, world_on(place) as built:
        yield built


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-snapshots", action="store_true", help="write the snapshots instead of comparing"
    )
    parser.addoption(
        "--costs",
        action="store_true",
        help="measure processor time, and keep it in tests/costs.json",
    )


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Many tests run side by side; for few, for a word, or to be looked at, none are started."""
    chosen = costs.of(config.args) < WORTH or config.option.keyword
    cores = len(os.sched_getaffinity(0))
    alone = chosen or config.option.capture == "no" or cores == 1
    return 0 if alone else min(cores, PROCESSES)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What one of several processes counted goes to the one that speaks."""
    if (sent := getattr(session.config, "workeroutput", None)) is not None:
        sent["tallies"] = tally.kept()


def pytest_testnodedown(node: Any) -> None:
    tally.add(getattr(node, "workeroutput", {}).get("tallies", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in tally.told():
        terminalreporter.write_line(line)

"""Shared fixtures and options: each test process has a Postgres and a Valkey; runs use up to one process per core."""

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
from tests.support.place import temporary_database, with_database
from tests.support.world import World, install_demo, world_on

YOUNG = 100_000
"""Objects created between two garbage collections, each of which walks the whole schema and all collected tests."""
gc.set_threshold(YOUNG, 20, 20)

PROCESSES = 4
"""Most processes of a run: each has its own servers and application in memory."""
WORTH = 60
"""Seconds of processor time above which several processes run the tests; starting one takes ten."""

PLAIN: list[Any] = [
    structlog.processors.add_log_level,
    structlog.processors.format_exc_info,
    structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A background job of a script ignores SIGINT, and so would the servers that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Log exceptions with tracebacks but without local variables, which would be pages long."""
    structlog.configure(PLAIN)
    if config.option.costs:
        config.pluginmanager.register(costs.Costs())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the most expensive files first in each worker."""
    if hasattr(config, "workerinput"):
        costs.slow_first(items)


@pytest.fixture
def data() -> Iterator[Path]:
    """Path for a data directory. Not tmp_path, which the servers' user cannot access when root runs the tests."""
    directory = Path(tempfile.mkdtemp(prefix="relata-test-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="relata-test-") as directory:
        async with embedded(Path(directory), durable=False) as started:
            yield started


@pytest.fixture(scope="session")
async def demo_template(servers: Servers) -> str:
    """Name of a template database with the demonstration; it has no connections, so that it can be copied."""
    await install_demo(servers)
    admin = await asyncpg.connect(with_database(servers.database_url, "postgres"))
    await admin.execute("CREATE DATABASE demo_template TEMPLATE relata")
    await admin.close()
    return "demo_template"


@pytest.fixture(scope="session")
async def world(servers: Servers, demo_template: str) -> AsyncIterator[World]:
    """Application with the demonstration, shared by the process; tests that change rows restore them."""
    async with world_on(servers) as built:
        yield built


@pytest.fixture(scope="module")
async def scratch_world(servers: Servers, demo_template: str) -> AsyncIterator[World]:
    """Application with a demonstration that one module may change."""
    async with (
        temporary_database(servers, "scratch_world", template=demo_template) as place,
        world_on(place) as built,
    ):
        yield built


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-snapshots", action="store_true", help="write the snapshots instead of comparing"
    )
    parser.addoption(
        "--costs",
        action="store_true",
        help="measure processor time and store it in tests/costs.json",
    )


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Workers for many tests; none for few, for `-k`, or with `-s`."""
    few = costs.known_seconds(config.args) < WORTH or config.option.keyword
    cores = len(os.sched_getaffinity(0))
    single = few or config.option.capture == "no" or cores == 1
    return 0 if single else min(cores, PROCESSES)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the counts of a worker to the process that prints them."""
    if (sent := getattr(session.config, "workeroutput", None)) is not None:
        sent["tallies"] = tally.counts()


def pytest_testnodedown(node: Any) -> None:
    tally.add(getattr(node, "workeroutput", {}).get("tallies", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in tally.summary():
        terminalreporter.write_line(line)

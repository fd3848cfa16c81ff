"""Real servers for the tests: one Postgres and one Valkey serve the whole run."""

import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from db.engine.local.embedded import Servers, embedded
from tests.support.world import World, world_on

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So it is in the background of a script, and what we start would be as deaf to it as we are.
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
async def world(servers: Servers) -> AsyncIterator[World]:
    """The house with its demonstration. Tests that change rows put them back, or take their own."""
    async with world_on(servers) as built:
        yield built


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-snapshots", action="store_true", help="write the snapshots instead of comparing"
    )

"""Real servers for the tests: one Postgres and one Valkey serve the whole run."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from db.engine.embedded import Servers, embedded


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

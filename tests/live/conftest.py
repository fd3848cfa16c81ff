"""What the tests of live lists share: a tenant behind a socket for each module, and a log in which no error may stand."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import redirect_stderr
from io import StringIO

import pytest
import structlog

from app import configure_logs
from tests.live.here import Here, here_as
from tests.support.world import World


@pytest.fixture(scope="module")
async def here(world: World, request: pytest.FixtureRequest) -> AsyncIterator[Here]:
    """A tenant that the module may do with as it likes."""
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    async with here_as(world, f"live-{name}") as made:
        yield made


@pytest.fixture(autouse=True)
def logged() -> Iterator[StringIO]:
    """What is logged, by us and by libraries, as `run` logs it: no errors, whatever a client says."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with redirect_stderr(StringIO()) as kept:
        configure_logs()
        yield kept
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    told = [json.loads(line) for line in kept.getvalue().splitlines()]
    assert not [each for each in told if each["level"] in ("error", "critical")]

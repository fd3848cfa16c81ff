"""The house behind a real socket and with its logs, as `run` serves it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import redirect_stderr
from io import StringIO

import pytest
import structlog

from app import Service, configure_logs, configured
from schema.engine.budget import Budget
from tests.support.world import World


@pytest.fixture(scope="session")
async def port(world: World) -> AsyncIterator[int]:
    """Where the world's application is served, on the loopback."""
    service = Service(configured(world.app, "127.0.0.1", 0))
    serving = asyncio.create_task(service.serve())
    while not service.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.01)
    yield service.servers[0].sockets[0].getsockname()[1]
    service.should_exit = True
    await serving


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """What is logged, by us and by libraries, as `run` logs it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with redirect_stderr(StringIO()) as kept:
        configure_logs()
        yield kept
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def unmetered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a test ask for more in a minute than a tenant may, and leaves others their budget."""
    budget = Budget(world.endpoint.house.monotonic, per_minute=10**12)
    monkeypatch.setattr(world.endpoint.reads, "budget", budget)

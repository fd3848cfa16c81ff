"""Fixtures: the application on a real socket, its log output, and a raised rate limit."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from io import StringIO

import pytest

from app import SignalFreeServer, uvicorn_config
from schema.engine.budget import Budget
from tests.support.logs import logs
from tests.support.world import World


@pytest.fixture(scope="session")
async def port(world: World) -> AsyncIterator[int]:
    """Port where the world's application is served, on the loopback."""
    service = SignalFreeServer(uvicorn_config(world.app, "127.0.0.1", 0))
    serving = asyncio.create_task(service.serve())
    while not service.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.01)
    yield service.servers[0].sockets[0].getsockname()[1]
    service.should_exit = True
    await serving


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """The log output of the test."""
    with logs() as output:
        yield output


@pytest.fixture
def unmetered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the rate limit for one test."""
    budget = Budget(world.endpoint.app_context.monotonic, per_minute=10**12)
    monkeypatch.setattr(world.endpoint.reads, "budget", budget)

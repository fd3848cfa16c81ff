"""The tenant of the graph's tests, and the loop to ask it in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.graph.place import Place, place_of
from tests.support.world import World


@pytest.fixture(scope="module")
async def place(world: World, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """A tenant to write in; the process remembers one by its slug, so no two have the same."""
    async with place_of(world, f"graph{request.module.__name__.rpartition('_')[2]}") as made:
        yield made


@pytest.fixture(scope="session")
async def loop() -> asyncio.AbstractEventLoop:
    """The loop of the servers, for tests that hypothesis calls from outside of it."""
    return asyncio.get_running_loop()

"""The small tenant that the tests of writes share, and the loop to run it in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.world import World
from tests.writes.tenant import Tenant, small_tenant


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[Tenant]:
    """A tenant to write in."""
    async with small_tenant(world) as made:
        yield made


@pytest.fixture(scope="session")
async def loop() -> asyncio.AbstractEventLoop:
    """The loop of the servers, for tests that hypothesis calls from outside of it."""
    return asyncio.get_running_loop()

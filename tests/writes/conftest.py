"""Fixtures of the write tests: a small tenant and the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.world import World
from tests.writes.tenant import Tenant, small_tenant


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[Tenant]:
    """A small tenant, one per test module."""
    async with small_tenant(world) as small:
        yield small


@pytest.fixture(scope="session")
async def loop() -> asyncio.AbstractEventLoop:
    """The session's event loop, for Hypothesis tests, which run outside it."""
    return asyncio.get_running_loop()

"""Fixtures: the tenant in which random commands run, and the event loop of the servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.graph.graph_tenant import GraphTenant, open_graph_tenant
from tests.support.world import World


@pytest.fixture(scope="module")
async def tenant(world: World, request: pytest.FixtureRequest) -> AsyncIterator[GraphTenant]:
    """A tenant of the module, with a slug of its own because the process caches tenants by slug."""
    async with open_graph_tenant(
        world, f"graph{request.module.__name__.rpartition('_')[2]}"
    ) as opened:
        yield opened


@pytest.fixture(scope="session")
async def loop() -> asyncio.AbstractEventLoop:
    """The event loop of the servers, for tests that Hypothesis runs outside of it."""
    return asyncio.get_running_loop()

"""A house of its own for each module of deeds: what is written there is nobody else's concern."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cli.servers.embedded import Servers
from tests.support.place import place_on
from tests.support.world import World, world_on
from tests.writes.parallel import Own


@pytest.fixture(scope="module")
async def desk(servers: Servers) -> AsyncIterator[World]:
    """The demonstration in a database of its own."""
    async with place_on(servers, "desk") as place, world_on(place) as built:
        yield built


@pytest.fixture(scope="module")
async def own(desk: World) -> Own:
    """Its first tenant."""
    return Own(desk, "acme")

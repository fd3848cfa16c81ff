"""A house of its own for each module of deeds: what is written there is nobody else's concern."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from db.engine.local.embedded import Servers
from tests.support.world import World, world_on
from tests.writes.parallel import Own


@pytest.fixture(scope="module")
async def desk(servers: Servers) -> AsyncIterator[World]:
    """The demonstration in a database of its own."""
    name = f"desk_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(servers.database_url)
    await admin.execute(f"CREATE DATABASE {name}")
    parts = urlsplit(servers.database_url)
    url = urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, parts.fragment))
    async with world_on(replace(servers, database_url=url)) as built:
        yield built
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(scope="module")
async def own(desk: World) -> Own:
    """Its first tenant."""
    return Own(desk, "acme")

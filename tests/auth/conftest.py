"""Fixtures of the auth tests: a world that is created once, in a separate database."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from auth.engine import counters
from cli.servers.embedded import Servers
from db.engine.transaction import Database
from tenancy.engine.history import upgrade_catalog
from tenancy.engine.provision import create
from tests.auth.world import Counting, World
from tests.support.place import with_database


@pytest.fixture(scope="session")
async def shared_world(servers: Servers) -> AsyncIterator[World]:
    # Not the demonstration's database, which cannot be copied while it has connections.
    first = await asyncpg.connect(with_database(servers.database_url, "postgres"))
    await first.execute("CREATE DATABASE identity")
    await first.close()
    url = servers.database_url.replace("@/relata?", "@/identity?")
    admin = await asyncpg.connect(url)
    await upgrade_catalog(admin)
    acme = await create(admin, "acme", "Acme")
    demo = await create(admin, "demo", "Demo", demo=True)
    database = await Database.open(url.replace("//relata@", "//relata_app@"), size=10)
    passwords = Counting()
    yield World(admin, database, servers.redis_url, passwords, acme, demo, {})
    passwords.close()
    await database.close()
    await admin.close()


@pytest.fixture
async def world(shared_world: World) -> AsyncIterator[World]:
    """Reset all counters and recorded waits."""
    shared_world.slept.clear()
    shared_world.passwords.verified = 0
    yield shared_world
    while shared_world.open:
        await shared_world.open.pop().close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give Valkey a long timeout, because a late response on a busy machine counts as a missing one.

    Attempts without a response are counted in this process, all others in Valkey, so that more pass
    than one counter permits.
    """
    monkeypatch.setattr(counters, "VALKEY_TIMEOUT_SECONDS", 60.0)

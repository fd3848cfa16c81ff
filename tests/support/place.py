"""Separate databases on the servers of the test run."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import redis.asyncio as redis

from cli.servers.embedded import Servers

DATABASES = itertools.cycle(range(1, 16))
"""Numbers of Valkey databases; database 0 is shared by the other tests."""


@asynccontextmanager
async def temporary_database(
    servers: Servers, name: str, template: str | None = None
) -> AsyncIterator[Servers]:
    """A new database with the name prefix `name`, empty or a copy of `template`, dropped at the end.

    A copy has the same tenants with the same ids and therefore uses a separate, empty Valkey
    database. The roles of its tenants remain, because other databases may use them.
    """
    # Not the demonstration's database, which cannot be copied while it has connections.
    admin = await asyncpg.connect(with_database(servers.database_url, "postgres"))
    name = f"{name}_{uuid4().hex[:12]}"
    place = replace(servers, database_url=with_database(servers.database_url, name))
    if template is None:
        await admin.execute(f"CREATE DATABASE {name}")
    else:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        place = replace(place, redis_url=f"{servers.redis_url}?db={next(DATABASES)}")
        async with redis.from_url(place.redis_url) as counters:
            await counters.flushdb()
    try:
        yield place
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


def with_database(url: str, name: str) -> str:
    """URL of another database of the same server."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, parts.fragment))

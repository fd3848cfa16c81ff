"""Databases of one's own on the servers of the run."""

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
"""Numbers of Valkey's databases; the first one belongs to everybody else."""


@asynccontextmanager
async def place_on(servers: Servers, name: str, like: str | None = None) -> AsyncIterator[Servers]:
    """A database whose name begins so: empty, or a copy of the one called `like`; gone afterwards.

    A copy holds the same tenants by the same ids, so it counts in an empty database of Valkey.
    The roles of its tenants stay: they may be others', too.
    """
    # Not to the database of the demonstration, which cannot be copied while anyone is connected to it.
    admin = await asyncpg.connect(called(servers.database_url, "postgres"))
    name = f"{name}_{uuid4().hex[:12]}"
    place = replace(servers, database_url=called(servers.database_url, name))
    if like is None:
        await admin.execute(f"CREATE DATABASE {name}")
    else:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        place = replace(place, redis_url=f"{servers.redis_url}?db={next(DATABASES)}")
        async with redis.from_url(place.redis_url) as counters:
            await counters.flushdb()
    try:
        yield place
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


def called(url: str, name: str) -> str:
    """The address of another database of the same server."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, parts.fragment))

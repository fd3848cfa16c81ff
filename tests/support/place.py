"""Databases of one's own on the servers of the run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from cli.servers.embedded import Servers


@asynccontextmanager
async def place_on(servers: Servers, name: str) -> AsyncIterator[Servers]:
    """An empty database, whose name begins so; gone afterwards. The roles of its tenants stay: they may be others', too."""
    admin = await asyncpg.connect(servers.database_url)
    name = f"{name}_{uuid4().hex[:12]}"
    await admin.execute(f"CREATE DATABASE {name}")
    parts = urlsplit(servers.database_url)
    url = urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, parts.fragment))
    try:
        yield replace(servers, database_url=url)
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()

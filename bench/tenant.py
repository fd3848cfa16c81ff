"""The measured tenant: the demonstration's acme, filled to a given number of opportunities."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from auth.engine.passwords import Passwords
from bench.data import fill
from cli.servers.embedded import Servers, embedded
from tenancy.demo import ensure_demo
from tenancy.engine.migrate import bring_up_to_date
from tenancy.engine.provision import Tenant, tenants

SECRET = b"a secret of thirty-two bytes ..."
SLUG = "acme"
TODAY = date(2026, 3, 14)
"""Day of the demonstration data, fixed so that every run has the same rows."""
SELLER = "rep1"
DEMO = "relata-demo"
"""Password of all demonstration users."""
Report = Callable[[str], None]


@dataclass(frozen=True)
class Filled:
    """The measured tenant at one size, with its servers."""

    servers: Servers
    data: Path
    tenant: Tenant
    size: int
    seller: UUID
    """The employee of the persona with own rows only."""
    accounts: int


@asynccontextmanager
async def started(
    data: Path, report: Report, *, durable: bool = True
) -> AsyncIterator[tuple[Servers, asyncpg.Connection[Any]]]:
    """Start servers with the demonstration tenants; durable as in production by default."""
    async with embedded(data, durable=durable, progress=report) as servers:
        admin = await asyncpg.connect(servers.database_url)
        try:
            await bring_up_to_date(admin, SECRET, report)
            passwords = Passwords()
            try:
                hashed = await passwords.hash(DEMO, demo=True)
            finally:
                passwords.close()
            await ensure_demo(admin, password_hash=hashed, now=TODAY, report=report)
            yield servers, admin
        finally:
            await admin.close()


async def filled(
    servers: Servers, data: Path, admin: asyncpg.Connection[Any], size: int, report: Report
) -> Filled:
    """Add opportunities up to `size`; existing rows are unchanged."""
    known = {tenant.slug: tenant for tenant, _ in await tenants(admin)}
    tenant = known[SLUG]
    schema = tenant.placement.schema
    count = await admin.fetchval(f"SELECT count(*) FROM {schema}.opportunity")  # noqa: S608
    if count < size:
        report(f"filling {SLUG} up to {size:,} opportunities ...")
        # The size is also the seed, so that rows added for different sizes have different ids.
        await fill(admin, tenant, size - count, seed=size)
        for table in ("account", "opportunity"):
            await admin.execute(f"VACUUM (ANALYZE) {schema}.{table}")
        count = size
    seller = await admin.fetchval(
        f"SELECT id FROM {schema}.employee WHERE email = $1",  # noqa: S608
        f"{SELLER}@{SLUG}.example",
    )
    accounts = await admin.fetchval(f"SELECT count(*) FROM {schema}.account")  # noqa: S608
    return Filled(servers, data, tenant, count, seller, accounts)

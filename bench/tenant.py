"""The tenant that is measured: the demonstration's acme, filled to a size, and what its rows are asked by."""

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
"""The day of the demonstration, so that its rows are the same in every run."""
SELLER = "rep1"
DEMO = "relata-demo"
"""The password of everybody in the demonstration."""
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Filled:
    """What is measured, at one size."""

    servers: Servers
    data: Path
    tenant: Tenant
    size: int
    seller: UUID
    """The employee of the persona who sees only his own rows."""
    accounts: int


@asynccontextmanager
async def started(
    data: Path, tell: Tell, *, durable: bool = True
) -> AsyncIterator[tuple[Servers, asyncpg.Connection[Any]]]:
    """Our own servers with the demonstration, durable as in production if not said otherwise."""
    async with embedded(data, durable=durable, progress=tell) as servers:
        admin = await asyncpg.connect(servers.database_url)
        try:
            await bring_up_to_date(admin, SECRET, tell)
            passwords = Passwords()
            try:
                hashed = await passwords.hash(DEMO, demo=True)
            finally:
                passwords.close()
            await ensure_demo(admin, password_hash=hashed, now=TODAY, report=tell)
            yield servers, admin
        finally:
            await admin.close()


async def filled(
    servers: Servers, data: Path, admin: asyncpg.Connection[Any], size: int, tell: Tell
) -> Filled:
    """Fill the tenant up to `size` opportunities; what is there already is left as it is."""
    known = {tenant.slug: tenant for tenant, _ in await tenants(admin)}
    tenant = known[SLUG]
    schema = tenant.placement.schema
    there = await admin.fetchval(f"SELECT count(*) FROM {schema}.opportunity")  # noqa: S608
    if there < size:
        tell(f"filling {SLUG} up to {size:,} opportunities ...")
        # The size is the seed too, so that rows of several sizes have ids of their own.
        await fill(admin, tenant, size - there, seed=size)
        for table in ("account", "opportunity"):
            await admin.execute(f"VACUUM (ANALYZE) {schema}.{table}")
        there = size
    seller = await admin.fetchval(
        f"SELECT id FROM {schema}.employee WHERE email = $1",  # noqa: S608
        f"{SELLER}@{SLUG}.example",
    )
    accounts = await admin.fetchval(f"SELECT count(*) FROM {schema}.account")  # noqa: S608
    return Filled(servers, data, tenant, there, seller, accounts)

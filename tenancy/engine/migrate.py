"""Migrates a database: the catalog, the application's login, then every tenant."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
from sqlalchemy import MetaData

from db.engine.transaction import Driver
from tenancy.engine.drift import drift
from tenancy.engine.history import upgrade_catalog
from tenancy.engine.provision import migrate, tenants

LOGIN = "relata_app"


@asynccontextmanager
async def administrator(url: str) -> AsyncIterator[Driver]:
    """A connection as the user of DATABASE_URL, who may create tenants."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def login_url(url: str, secret: bytes) -> str:
    """The URL of the same database for the application's login, which owns no tables (D-71)."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{LOGIN}:{quote(_password(secret))}@{host}"
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, parts.fragment))


def _password(secret: bytes) -> str:
    return hmac.new(secret, b"relata login", hashlib.sha256).hexdigest()


async def bring_up_to_date(admin: Driver, secret: bytes, report: Callable[[str], None]) -> None:
    """Migrate the catalog and every tenant, each tenant in its own transaction."""
    await upgrade_catalog(admin)
    await admin.execute(f"ALTER ROLE {LOGIN} PASSWORD '{_password(secret)}'")
    all_tenants = await tenants(admin)
    for number, (tenant, revision) in enumerate(all_tenants, start=1):
        if await migrate(admin, tenant, revision):
            report(f"Migrated {tenant.slug} ({number} of {len(all_tenants)})")


async def missing_migrations(database_url: str, metadata: MetaData) -> Sequence[str]:
    """The differences between the declared tables and the migrations, as `drift` returns them."""
    async with administrator(database_url) as admin:
        await upgrade_catalog(admin)
        return await drift(admin, metadata)

"""Writes the next migration of the tenants from what is declared and not yet migrated."""

from __future__ import annotations

from pathlib import Path

import asyncpg
from alembic import command
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from db.engine.transaction import Driver
from tenancy.engine.history import MIGRATIONS, config, script

SCRATCH = "authoring"


async def write(url: str, metadata: MetaData, message: str) -> Path:
    """Make a revision file with the difference between the migrations and the declared tables."""

    async def connect() -> Driver:
        admin = await asyncpg.connect(url)
        await admin.execute(f"DROP SCHEMA IF EXISTS {SCRATCH} CASCADE; CREATE SCHEMA {SCRATCH}")
        await admin.execute(f"SET search_path = {SCRATCH}, pg_temp")
        await admin.execute(script() or "SELECT 1")
        return admin

    def run(connection: Connection) -> Path:
        connection.dialect.default_schema_name = SCRATCH
        settings = config("tenant")
        settings.attributes.update(connection=connection, metadata=metadata)
        made = command.revision(settings, message, autogenerate=True, rev_id=_next())
        connection.exec_driver_sql(f"DROP SCHEMA {SCRATCH} CASCADE")
        return Path(made.path)  # type: ignore[union-attr]  # one revision, not a list, is asked for

    made = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with made.begin() as connection:
            path: Path = await connection.run_sync(run)
            return path
    finally:
        await made.dispose()


def _next() -> str:
    versions = MIGRATIONS / "tenant" / "versions"
    return f"{len(list(versions.glob('[0-9]*.py'))) + 1:04}"

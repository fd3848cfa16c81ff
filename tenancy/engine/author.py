"""Generates the next tenant migration from the difference between the declared tables and the migrations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import asyncpg
from alembic import command
from alembic.operations.ops import ExecuteSQLOp, MigrationScript
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from db.engine.transaction import Driver
from tenancy.engine.drift import drift
from tenancy.engine.history import MIGRATIONS, config, script

SCRATCH_SCHEMA = "authoring"
CHECK_FACT = re.compile(
    r"(?P<sign>[-+]) constraint (?P<table>\S+) (?P<name>\S+) (?P<rule>CHECK .*)", re.DOTALL
)
NEW_TABLE_FACT = re.compile(r"- table (\S+)")


async def write_migration(url: str, metadata: MetaData, message: str) -> Path:
    """Write a revision file with the difference between the migrations and the declared tables."""
    facts: list[str] = []

    async def connect() -> Driver:
        admin = await asyncpg.connect(url)
        facts.extend(await drift(admin, metadata))
        await admin.execute(
            f"DROP SCHEMA IF EXISTS {SCRATCH_SCHEMA} CASCADE; CREATE SCHEMA {SCRATCH_SCHEMA}"
        )
        await admin.execute(f"SET search_path = {SCRATCH_SCHEMA}, pg_temp")
        await admin.execute(script() or "SELECT 1")
        return admin

    def add_checks(context: object, revision: object, scripts: list[MigrationScript]) -> None:
        ops = scripts[0].upgrade_ops
        assert ops is not None  # noqa: S101 - autogenerate makes them
        ops.ops.extend(ExecuteSQLOp(each) for each in changed_checks(facts))

    def run(connection: Connection) -> Path:
        connection.dialect.default_schema_name = SCRATCH_SCHEMA
        settings = config("tenant")
        settings.attributes.update(connection=connection, metadata=metadata)
        revision = command.revision(
            settings,
            message,
            autogenerate=True,
            rev_id=_next_revision(),
            process_revision_directives=add_checks,
        )
        connection.exec_driver_sql(f"DROP SCHEMA {SCRATCH_SCHEMA} CASCADE")
        return Path(revision.path)  # type: ignore[union-attr]  # one revision, not a list

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            path: Path = await connection.run_sync(run)
            return path
    finally:
        await engine.dispose()


def changed_checks(facts: Iterable[str]) -> list[str]:
    """Statements that change the CHECKs of existing tables to the declared ones; alembic does not compare CHECKs."""
    facts = list(facts)
    new = {found[1] for each in facts if (found := NEW_TABLE_FACT.match(each))}
    checks = [found for each in facts if (found := CHECK_FACT.fullmatch(each))]
    dropped = [
        f"ALTER TABLE {c['table']} DROP CONSTRAINT {c['name']}" for c in checks if c["sign"] == "+"
    ]
    added = [
        f"ALTER TABLE {c['table']} ADD CONSTRAINT {c['name']} {c['rule']}"
        for c in checks
        if c["sign"] == "-" and c["table"] not in new
    ]
    return dropped + added


def _next_revision() -> str:
    versions = MIGRATIONS / "tenant" / "versions"
    return f"{len(list(versions.glob('[0-9]*.py'))) + 1:04}"

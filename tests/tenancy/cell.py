"""A cell of tenants in a database of its own, so that what is broken here is broken for nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from cli.servers.embedded import Servers
from db.engine.gate import Compiled
from db.engine.plan.run import tagged
from db.engine.transaction import Database, Placement
from tenancy.engine.history import upgrade_catalog
from tenancy.engine.provision import Tenant, create

SLUGS = ("alder", "birch", "cedar")
TABLES = ("profile", "stage", "account")
"""What is marked: every tenant has a row with the same id in each, and its own slug for a name."""
MARK = UUID(int=7)
EMPLOYEE, USER, IDLE = UUID(int=1), UUID(int=2), UUID(int=3)
"""An employee, the user who he is, and a user who may not sign in."""
GOOD, REVOKED, EXPIRED, INACTIVE = UUID(int=11), UUID(int=12), UUID(int=13), UUID(int=14)
"""Sessions, the same in every tenant; the last is a good one of the user who may not sign in."""
NAME = "SELECT name FROM account WHERE id = $1"
FILL = f"""
INSERT INTO employee (id, name, email) VALUES ('{EMPLOYEE}', 'Ada', 'ada@example.com'),
    ('{IDLE}', 'Ida', 'ida@example.com');
INSERT INTO "user" (id, employee_id, active) VALUES ('{USER}', '{EMPLOYEE}', true),
    ('{IDLE}', '{IDLE}', false);
INSERT INTO session (id, user_id, generation, created_at, expires_at, revoked_at) VALUES
    ('{GOOD}', '{USER}', 1, now(), now() + interval '1 day', NULL),
    ('{REVOKED}', '{USER}', 1, now(), now() + interval '1 day', now()),
    ('{EXPIRED}', '{USER}', 1, now() - interval '2 days', now() - interval '1 day', NULL),
    ('{INACTIVE}', '{IDLE}', 1, now(), now() + interval '1 day', NULL);
INSERT INTO profile (id, name) VALUES ('{MARK}', '%(slug)s');
INSERT INTO stage (id, name, kind, position) VALUES ('{MARK}', '%(slug)s', 'OPEN', 1);
INSERT INTO account (id, name, number, owner_id) VALUES ('{MARK}', '%(slug)s', '7', '{EMPLOYEE}');
"""  # noqa: S608 - constants of ours


def tag(placement: Placement, sql: str) -> str:
    """A statement with its tenant in front, as every plan is sent."""
    return tagged(placement, Compiled(sql, ()))


@dataclass
class Cell:
    """One database, its operator, and how to connect to it as the application."""

    admin: asyncpg.Connection[Any]
    url: str
    login_url: str
    tenants: dict[str, Tenant]

    def place(self, slug: str) -> Placement:
        """Where a tenant lives."""
        return self.tenants[slug].placement

    def schema(self, slug: str) -> str:
        """The name of a tenant's schema, and of its role."""
        return self.place(slug).schema

    async def add(self, slug: str) -> Tenant:
        """One more tenant, marked like the others."""
        tenant = await create(self.admin, slug, slug.capitalize())
        async with self.admin.transaction():
            await self.admin.execute(f"SET LOCAL search_path = {tenant.placement.schema}")
            await self.admin.execute(FILL % {"slug": slug})
        self.tenants[slug] = tenant
        return tenant

    async def run(self, slug: str, sql: str, *values: object) -> list[asyncpg.Record]:
        """As the operator, in a tenant's schema."""
        async with self.admin.transaction():
            await self.admin.execute(f"SET LOCAL search_path = {self.schema(slug)}")
            rows: list[asyncpg.Record] = await self.admin.fetch(sql, *values)
            return rows

    async def remove(self, slug: str) -> None:
        """As if the tenant had never been. Its role goes too: roles are the whole server's."""
        name = self.tenants.pop(slug).placement.schema
        await self.admin.execute(f"DROP SCHEMA {name} CASCADE; DROP ROLE {name}")
        await self.admin.execute("DELETE FROM catalog.tenant WHERE slug = $1", slug)

    @asynccontextmanager
    async def pool(self, size: int = 1) -> AsyncIterator[Database]:
        """The application's pool; of one connection, so that every tenant has to share it."""
        database = await Database.open(self.login_url, size=size)
        try:
            yield database
        finally:
            await database.close()

    async def others(self) -> list[asyncpg.Record]:
        """Every connection to this database but the operator's."""
        found: list[asyncpg.Record] = await self.admin.fetch(
            "SELECT pid, usename, state, query FROM pg_stat_activity WHERE datname = "
            "current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return found


@asynccontextmanager
async def cell_on(servers: Servers, name: str) -> AsyncIterator[Cell]:
    """A fresh database `name` with its tenants; gone afterwards, roles and all."""
    first = await asyncpg.connect(servers.database_url)
    await first.execute(f"CREATE DATABASE {name}")
    url = servers.database_url.replace("@/relata?", f"@/{name}?")
    admin = await asyncpg.connect(url)
    await upgrade_catalog(admin)
    cell = Cell(admin, url, url.replace("//relata@", "//relata_app@"), {})
    for slug in SLUGS:
        await cell.add(slug)
    try:
        yield cell
    finally:
        roles = await admin.fetch("SELECT role_name FROM catalog.tenant")
        await admin.close()
        await first.execute(f"DROP DATABASE {name} WITH (FORCE)")
        for (role,) in roles:
            await first.execute(f"DROP ROLE {role}")
        await first.close()


async def is_clean(database: Database) -> None:
    """The connection that comes next is the login's, outside a transaction, with nothing set."""
    connection = await database.pool.acquire()
    try:
        assert not connection.is_in_transaction()
        assert await connection.fetchval("SELECT current_user") == "relata_app"
        assert await connection.fetchval("SHOW search_path") in ("", '""')
        for name, value in {
            "statement_timeout": "0", "role": "none", "TimeZone": "UTC",
            "default_transaction_read_only": "off", "plan_cache_mode": "auto", "jit": "off",
        }.items():  # fmt: skip
            assert await connection.fetchval(f"SHOW {name}") == value, name
    finally:
        await database.pool.release(connection)

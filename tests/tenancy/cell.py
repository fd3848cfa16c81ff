"""A separate database with three tenants, so that tests may break it without effect on others."""

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
from tests.support.place import with_database

SLUGS = ("alder", "birch", "cedar")
TABLES = ("profile", "stage", "account")
"""Tables in which each tenant has a row with the ID `MARK` and the tenant's slug as its name."""
MARK = UUID(int=7)
EMPLOYEE, USER, IDLE = UUID(int=1), UUID(int=2), UUID(int=3)
"""IDs of an employee, of the user with this employee, and of an inactive user with the employee ID `IDLE`."""
GOOD, REVOKED, EXPIRED, INACTIVE = UUID(int=11), UUID(int=12), UUID(int=13), UUID(int=14)
"""Session IDs, the same in every tenant; `INACTIVE` is an open session of the inactive user."""
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
"""  # noqa: S608 - constants


def tag(placement: Placement, sql: str) -> str:
    """The statement with the tenant's comment in front, as the planner sends it."""
    return tagged(placement, Compiled(sql, ()))


@dataclass
class Cell:
    """The database with its tenants: the operator's connection and the URL of the application's login."""

    admin: asyncpg.Connection[Any]
    url: str
    login_url: str
    tenants: dict[str, Tenant]

    def place(self, slug: str) -> Placement:
        """Placement of a tenant."""
        return self.tenants[slug].placement

    def schema(self, slug: str) -> str:
        """Name of a tenant's schema; its role has the same name."""
        return self.place(slug).schema

    async def add(self, slug: str) -> Tenant:
        """Create a tenant with the same rows as the others."""
        tenant = await create(self.admin, slug, slug.capitalize())
        async with self.admin.transaction():
            await self.admin.execute(f"SET LOCAL search_path = {tenant.placement.schema}")
            await self.admin.execute(FILL % {"slug": slug})
        self.tenants[slug] = tenant
        return tenant

    async def run(self, slug: str, sql: str, *values: object) -> list[asyncpg.Record]:
        """Run a statement as the operator, in a tenant's schema."""
        async with self.admin.transaction():
            await self.admin.execute(f"SET LOCAL search_path = {self.schema(slug)}")
            rows: list[asyncpg.Record] = await self.admin.fetch(sql, *values)
            return rows

    async def remove(self, slug: str) -> None:
        """Drop a tenant's schema, its catalog entry and its role; roles exist in all databases of the server."""
        name = self.tenants.pop(slug).placement.schema
        await self.admin.execute(f"DROP SCHEMA {name} CASCADE; DROP ROLE {name}")
        await self.admin.execute("DELETE FROM catalog.tenant WHERE slug = $1", slug)

    @asynccontextmanager
    async def pool(self, size: int = 1) -> AsyncIterator[Database]:
        """Connection pool of the application; its one connection by default is shared by all tenants."""
        database = await Database.open(self.login_url, size=size)
        try:
            yield database
        finally:
            await database.close()

    async def others(self) -> list[asyncpg.Record]:
        """All other connections to this database, with their state."""
        rows: list[asyncpg.Record] = await self.admin.fetch(
            "SELECT pid, usename, state, query FROM pg_stat_activity WHERE datname = "
            "current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return rows


@asynccontextmanager
async def cell_on(servers: Servers, name: str) -> AsyncIterator[Cell]:
    """A new database `name` with its tenants; drops the database and the tenants' roles at the end."""
    # Not the demonstration's database, which cannot be copied while it has connections.
    first = await asyncpg.connect(with_database(servers.database_url, "postgres"))
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
    """Assert that the next connection has the login role, no open transaction and default settings."""
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

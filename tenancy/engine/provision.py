"""The life of a tenant's schema: made from one script, migrated in one transaction, listed from the catalog."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from db.engine.transaction import Placement
from tenancy.engine.history import head, script

SLUG = re.compile(r"[a-z][a-z0-9-]{1,62}\Z")
LOCK = "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '60s';"


@dataclass(frozen=True)
class Tenant:
    """A tenant as the catalog knows it."""

    id: UUID
    slug: str
    name: str
    state: str
    demo: bool
    placement: Placement


class TenantError(Exception):
    """A wish about a tenant that cannot be fulfilled; the message says why and what to do."""


def schema_name(tenant: UUID) -> str:
    """`t_` and the id in base 32: never from user text, and short enough for Postgres."""
    return "t_" + base64.b32encode(tenant.bytes).decode().rstrip("=").lower()


async def create(
    admin: asyncpg.Connection[Any], slug: str, name: str, *, demo: bool = False
) -> Tenant:
    """Make a tenant: a role, a schema, all tables, one entry in the catalog; all or nothing."""
    if not SLUG.match(slug):
        raise TenantError(
            f"{slug!r} cannot be a tenant's name: use 2 to 63 small letters, digits and hyphens, "
            "beginning with a letter."
        )
    id = uuid7()
    schema = schema_name(id)
    async with admin.transaction():
        # First of all, so that of two who want the same name at once, the later one waits here.
        free = await admin.fetchval(
            "INSERT INTO catalog.tenant (id, slug, name, demo, schema_name, role_name, revision) "
            "VALUES ($1, $2, $3, $4, $5, $5, $6) ON CONFLICT (slug) DO NOTHING RETURNING true",
            id, slug, name, demo, schema, head(),
        )  # fmt: skip
        if not free:
            raise TenantError(f"There is a tenant {slug!r} already: choose another name.")
        await admin.execute(_make(schema) + _as_owner(schema, script()))
    return Tenant(id, slug, name, "active", demo, Placement(id, schema, schema, 1))


def _make(schema: str) -> str:
    """The role and its rights: to use its own schema's rows, not to change tables (D-71)."""
    return (
        f"CREATE ROLE {schema} NOLOGIN IN ROLE relata_tenant; GRANT {schema} TO relata_app;"
        f"CREATE SCHEMA {schema} AUTHORIZATION relata_ddl; SET LOCAL ROLE relata_ddl;"
        f"GRANT USAGE ON SCHEMA {schema} TO {schema};"
        f"ALTER DEFAULT PRIVILEGES FOR ROLE relata_ddl IN SCHEMA {schema} "
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {schema};"
    )


def _as_owner(schema: str, text: str) -> str:
    return (
        f"{LOCK} SET LOCAL ROLE relata_ddl; SET LOCAL search_path = {schema}, pg_temp; {text};"
        "RESET ROLE; SET LOCAL search_path = '';"
    )


async def tenants(admin: asyncpg.Connection[Any]) -> list[tuple[Tenant, str]]:
    """Every tenant with the revision its schema is at, by slug."""
    rows = await admin.fetch("SELECT * FROM catalog.tenant ORDER BY slug")
    return [(tenant(row), row["revision"]) for row in rows]


async def migrate(admin: asyncpg.Connection[Any], one: Tenant, since: str) -> bool:
    """Bring one tenant's schema to the newest revision, in one transaction; False if it is there."""
    if since == head():
        return False
    async with admin.transaction():
        # Another process may have been quicker; or it is at it, and then we wait for it here.
        since = await admin.fetchval(
            "SELECT revision FROM catalog.tenant WHERE id = $1 FOR UPDATE", one.id
        )
        if since in (None, head()):
            return False
        await admin.execute(_as_owner(one.placement.schema, script(since)))
        await admin.execute("UPDATE catalog.tenant SET revision = $1 WHERE id = $2", head(), one.id)
    return True


def tenant(row: Any) -> Tenant:
    """A row of the catalog as a tenant."""
    placement = Placement(row["id"], row["schema_name"], row["role_name"], row["placement"])
    return Tenant(row["id"], row["slug"], row["name"], row["state"], row["demo"], placement)

"""Creates, migrates, lists, renames and suspends tenants. A tenant has a schema, a role and a row in the catalog."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from db.engine.transaction import Driver, Placement, Row
from tenancy.engine.history import head, script

TAKEN_MESSAGE = "The tenant '{slug}' exists already. Choose another name."
SLUG = re.compile(r"[a-z][a-z0-9-]{1,62}\Z")
TIMEOUTS = "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '60s';"


@dataclass(frozen=True)
class Tenant:
    """A tenant, as stored in the catalog."""

    id: UUID
    slug: str
    name: str
    state: str
    demo: bool
    placement: Placement
    trusted_documents_only: bool = False
    """Whether requests are accepted only by the identifier of a trusted document."""


class TenantError(Exception):
    """An operation on a tenant failed; the message contains the reason and a remedy."""


def schema_name(tenant_of: UUID) -> str:
    """`t_` and the id in base 32: never from user text, and short enough for Postgres."""
    return "t_" + base64.b32encode(tenant_of.bytes).decode().rstrip("=").lower()


def check_slug(slug: str) -> None:
    """Raise TenantError if the slug is malformed."""
    if not SLUG.match(slug):
        raise TenantError(
            f"{slug!r} cannot be a tenant's name: use 2 to 63 lower-case letters, digits and hyphens, "
            "beginning with a letter."
        )


async def create(admin: Driver, slug: str, name: str, *, demo: bool = False) -> Tenant:
    """Create a tenant with its role, schema, tables and catalog row, in one transaction. Raises TenantError."""
    check_slug(slug)
    id = uuid7()
    schema = schema_name(id)
    async with admin.transaction():
        # First, so that of two concurrent calls with the same name the later one waits here.
        free = await admin.fetchval(
            "INSERT INTO catalog.tenant (id, slug, name, demo, schema_name, role_name, revision) "
            "VALUES ($1, $2, $3, $4, $5, $5, $6) ON CONFLICT (slug) DO NOTHING RETURNING true",
            id, slug, name, demo, schema, head(),
        )  # fmt: skip
        if not free:
            raise TenantError(TAKEN_MESSAGE.format(slug=slug))
        await admin.execute(_create_schema_sql(schema) + _as_owner_sql(schema, script()))
    return Tenant(id, slug, name, "active", demo, Placement(id, schema, schema, 1))


async def analyze(admin: Driver, tenant: Tenant) -> None:
    """Update the planner's statistics of all tables of a tenant, after they were filled."""
    tables = await admin.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = $1", tenant.placement.schema
    )
    for row in tables:
        await admin.execute(f'ANALYZE {tenant.placement.schema}."{row["tablename"]}"')


async def create_schema(admin: Driver, tenant: Tenant, revision: str) -> bool:
    """Create the schema of a tenant that is not in the catalog, at a revision. Returns whether its role is new."""
    schema = tenant.placement.schema
    # The role exists if the tenant was removed, or is in another database of this server too.
    exists = await admin.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", schema)
    await admin.execute(
        _create_schema_sql(schema, role=not exists) + _as_owner_sql(schema, script(until=revision))
    )
    return not exists


async def drop_schema(admin: Driver, schema: str, *, role: bool) -> None:
    """Drop a schema that is not in the catalog, and its role if `role`."""
    await admin.execute(f"SET LOCAL client_min_messages = warning; DROP SCHEMA {schema} CASCADE")
    if role:
        await admin.execute(f"DROP ROLE {schema}")


async def register(admin: Driver, tenant: Tenant) -> None:
    """Insert the catalog row of a tenant whose schema is at the newest revision."""
    await admin.execute(
        "INSERT INTO catalog.tenant "
        "(id, slug, name, state, demo, schema_name, role_name, placement, revision, trusted_documents_only) "
        "VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)",
        tenant.id, tenant.slug, tenant.name, tenant.state, tenant.demo, tenant.placement.schema,
        tenant.placement.version, head(), tenant.trusted_documents_only,
    )  # fmt: skip


async def migrate_schema(admin: Driver, schema: str, since: str) -> None:
    """Migrate a schema from a revision to the newest, within the caller's transaction."""
    if since != head():
        await admin.execute(_as_owner_sql(schema, script(since)))


def _create_schema_sql(schema: str, *, role: bool = True) -> str:
    """SQL that creates the role and its schema. The role may read and write rows, but not change tables (D-71)."""
    create_role = (
        f"CREATE ROLE {schema} NOLOGIN IN ROLE relata_tenant; GRANT {schema} TO relata_app;"
    )
    return (
        f"{create_role if role else ''}"
        f"CREATE SCHEMA {schema} AUTHORIZATION relata_ddl; SET LOCAL ROLE relata_ddl;"
        f"GRANT USAGE ON SCHEMA {schema} TO {schema};"
        f"ALTER DEFAULT PRIVILEGES FOR ROLE relata_ddl IN SCHEMA {schema} "
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {schema};"
    )


def _as_owner_sql(schema: str, text: str) -> str:
    return (
        f"{TIMEOUTS} SET LOCAL ROLE relata_ddl; SET LOCAL search_path = {schema}, pg_temp; {text};"
        "RESET ROLE; SET LOCAL search_path = '';"
    )


async def tenants(admin: Driver) -> list[tuple[Tenant, str]]:
    """Every tenant with the revision of its schema, ordered by slug."""
    rows = await admin.fetch("SELECT * FROM catalog.tenant ORDER BY slug")
    return [(tenant_of(row), row["revision"]) for row in rows]


async def migrate(admin: Driver, tenant: Tenant, since: str) -> bool:
    """Migrate a tenant's schema to the newest revision, in one transaction. Returns False if it was up to date."""
    if since == head():
        return False
    async with admin.transaction():
        # Another process may have migrated it; if it is still doing so, this waits for its lock.
        since = await admin.fetchval(
            "SELECT revision FROM catalog.tenant WHERE id = $1 FOR UPDATE", tenant.id
        )
        if since in (None, head()):
            return False
        await migrate_schema(admin, tenant.placement.schema, since)
        await admin.execute(
            "UPDATE catalog.tenant SET revision = $1 WHERE id = $2", head(), tenant.id
        )
    return True


async def find(admin: Driver, slug: str) -> tuple[Tenant, str]:
    """The tenant with this slug, and its revision. Raises TenantError, whose message lists the existing slugs."""
    existing = await tenants(admin)
    for tenant, revision in existing:
        if tenant.slug == slug:
            return tenant, revision
    names = ", ".join(tenant.slug for tenant, _ in existing) or "none yet"
    raise TenantError(f"There is no tenant {slug!r}. The tenants are: {names}.")


async def set_state(admin: Driver, slug: str, state: str) -> bool:
    """Suspend or resume a tenant. Returns False if it has that state. Takes effect in servers within 30 seconds."""
    tenant, _ = await find(admin, slug)
    await admin.execute("UPDATE catalog.tenant SET state = $1 WHERE id = $2", state, tenant.id)
    return tenant.state != state


async def rename(admin: Driver, slug: str, new: str) -> None:
    """Change a tenant's slug, which users enter to sign in. Takes effect in servers within 30 seconds."""
    tenant, _ = await find(admin, slug)
    check_slug(new)
    try:
        await admin.execute("UPDATE catalog.tenant SET slug = $1 WHERE id = $2", new, tenant.id)
    except asyncpg.UniqueViolationError:
        raise TenantError(TAKEN_MESSAGE.format(slug=new)) from None


def tenant_of(row: Row) -> Tenant:
    """The tenant in a row of the catalog."""
    placement = Placement(row["id"], row["schema_name"], row["role_name"], row["placement"])
    return Tenant(
        row["id"],
        row["slug"],
        row["name"],
        row["state"],
        row["demo"],
        placement,
        row["trusted_documents_only"],
    )

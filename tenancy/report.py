"""Reports about a tenant for operators: size, users, and time of the last change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from db.engine.transaction import Driver
from tenancy.engine.provision import Tenant

SIZES = """
SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes
FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' ORDER BY 2 DESC, 1
"""
FIGURES = """
SELECT (SELECT position FROM log_head) AS position,
       (SELECT fenced FROM log_head) AS fenced,
       (SELECT max(at) FROM history) AS changed,
       (SELECT count(*) FROM "user" WHERE deleted_at IS NULL) AS users,
       (SELECT count(*) FROM "user" WHERE deleted_at IS NULL AND active) AS active,
       (SELECT count(*) FROM session WHERE revoked_at IS NULL AND expires_at > now()) AS sessions
"""
USERS = """
SELECT c.email, e.name, u.active, c.password = '' AS unset,
       (SELECT array_agg(r.name ORDER BY r.name) FROM role_assignment a JOIN role r ON r.id = a.role_id
        WHERE a.user_id = u.id AND a.deleted_at IS NULL AND r.deleted_at IS NULL) AS roles,
       (SELECT max(s.created_at) FROM session s WHERE s.user_id = u.id) AS signed_in
FROM "user" u JOIN employee e ON e.id = u.employee_id JOIN credential c ON c.user_id = u.id
WHERE u.deleted_at IS NULL ORDER BY c.email
"""
ROLES = "SELECT name FROM role WHERE deleted_at IS NULL ORDER BY name"
HAS_RECORDS = "SELECT EXISTS (SELECT FROM account) OR EXISTS (SELECT FROM opportunity) AS any"
TYPES = "SELECT name FROM opportunity_type WHERE deleted_at IS NULL ORDER BY name"


@dataclass(frozen=True)
class Figures:
    """Size and activity of a tenant."""

    sizes: Sequence[tuple[str, int]]
    """Tables with their size in bytes including indexes, largest first."""
    users: int
    active: int
    sessions: int
    position: int
    fenced: bool
    changed: datetime | None

    @property
    def bytes(self) -> int:
        """Total size of all tables with their indexes."""
        return sum(size for _, size in self.sizes)


@dataclass(frozen=True)
class UserSummary:
    """A user, as listed for operators."""

    email: str
    name: str
    active: bool
    unset: bool
    """Whether the user has not chosen a password yet."""
    roles: Sequence[str]
    signed_in: datetime | None


async def figures(admin: Driver, tenant: Tenant) -> Figures:
    """The tenant's size and activity."""
    sizes = await admin.fetch(SIZES, tenant.placement.schema)
    [row] = await _fetch_in_tenant(admin, tenant, FIGURES)
    return Figures([(each["name"], each["bytes"]) for each in sizes], **_columns(row))


def _columns(row: asyncpg.Record) -> dict[str, Any]:
    return {name: row[name] for name in row.keys()}  # noqa: SIM118 - a record is no mapping


async def users(admin: Driver, tenant: Tenant) -> list[UserSummary]:
    """The tenant's users, active or not, by e-mail address."""
    rows = await _fetch_in_tenant(admin, tenant, USERS)
    return [UserSummary(**{**_columns(row), "roles": row["roles"] or ()}) for row in rows]


async def roles(admin: Driver, tenant: Tenant) -> list[str]:
    """The names of the tenant's roles."""
    return [row["name"] for row in await _fetch_in_tenant(admin, tenant, ROLES)]


async def is_empty(admin: Driver, tenant: Tenant) -> bool:
    """Whether the tenant has neither accounts nor opportunities."""
    return not (await _fetch_in_tenant(admin, tenant, HAS_RECORDS))[0]["any"]


async def opportunity_types(admin: Driver, tenant: Tenant) -> list[str]:
    """The names of the tenant's opportunity types."""
    return [row["name"] for row in await _fetch_in_tenant(admin, tenant, TYPES)]


async def _fetch_in_tenant(admin: Driver, tenant: Tenant, sql: str) -> list[asyncpg.Record]:
    async with admin.transaction(readonly=True):
        await admin.execute(f"SET LOCAL search_path = {tenant.placement.schema}, pg_temp")
        rows: list[asyncpg.Record] = await admin.fetch(sql)
        return rows

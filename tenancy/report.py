"""What an operator is told of a tenant: how large it is, who uses it, and when something was written last."""

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
HOLDS = "SELECT EXISTS (SELECT FROM account) OR EXISTS (SELECT FROM opportunity) AS any"
TYPES = "SELECT name FROM opportunity_type WHERE deleted_at IS NULL ORDER BY name"


@dataclass(frozen=True)
class Figures:
    """A tenant in numbers."""

    sizes: Sequence[tuple[str, int]]
    """Its tables with their bytes, the largest first."""
    users: int
    active: int
    sessions: int
    position: int
    fenced: bool
    changed: datetime | None

    @property
    def bytes(self) -> int:
        """All of its tables, with their indexes."""
        return sum(size for _, size in self.sizes)


@dataclass(frozen=True)
class UserSummary:
    """A user as an operator sees him."""

    email: str
    name: str
    active: bool
    unset: bool
    """Whether he has chosen no password yet."""
    roles: Sequence[str]
    signed_in: datetime | None


async def figures(admin: Driver, one: Tenant) -> Figures:
    """How large a tenant is, and how lively."""
    sizes = await admin.fetch(SIZES, one.placement.schema)
    [row] = await _in(admin, one, FIGURES)
    return Figures([(each["name"], each["bytes"]) for each in sizes], **_renamed(row))


def _renamed(row: asyncpg.Record) -> dict[str, Any]:
    return {name: row[name] for name in row.keys()}  # noqa: SIM118 - a record is no mapping


async def users(admin: Driver, one: Tenant) -> list[UserSummary]:
    """Who may sign in to a tenant, or might, by address."""
    found = await _in(admin, one, USERS)
    return [UserSummary(**{**_renamed(row), "roles": row["roles"] or ()}) for row in found]


async def roles(admin: Driver, one: Tenant) -> list[str]:
    """What the roles of a tenant are called."""
    return [row["name"] for row in await _in(admin, one, ROLES)]


async def is_empty(admin: Driver, one: Tenant) -> bool:
    """Whether nobody is sold to yet."""
    return not (await _in(admin, one, HOLDS))[0]["any"]


async def opportunity_types(admin: Driver, one: Tenant) -> list[str]:
    """What the types of opportunities of a tenant are called."""
    return [row["name"] for row in await _in(admin, one, TYPES)]


async def _in(admin: Driver, one: Tenant, sql: str) -> list[asyncpg.Record]:
    async with admin.transaction(readonly=True):
        await admin.execute(f"SET LOCAL search_path = {one.placement.schema}, pg_temp")
        rows: list[asyncpg.Record] = await admin.fetch(sql)
        return rows

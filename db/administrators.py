"""Who may do everything, asked past what a caller sees: the tenant must never be without somebody who may."""

from __future__ import annotations

from uuid import UUID

from db.engine.write.connection import TenantConnection

FULL = (
    'SELECT DISTINCT u.id, u.active FROM "user" u '
    "JOIN role_assignment a ON a.user_id = u.id JOIN role r ON r.id = a.role_id "
    "JOIN role_profile rp ON rp.role_id = r.id JOIN profile p ON p.id = rp.profile_id "
    'WHERE p."full" AND u.deleted_at IS NULL AND a.deleted_at IS NULL AND r.deleted_at IS NULL '
    "AND rp.deleted_at IS NULL AND p.deleted_at IS NULL"
)


async def administrators(connection: TenantConnection) -> dict[UUID, bool]:
    """Every user with a full profile, and whether he may sign in."""
    return {row["id"]: row["active"] for row in await connection.fetch(FULL)}

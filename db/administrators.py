"""Trusted read of the users with full access; a tenant must always have an active one."""

from __future__ import annotations

from functools import cache
from uuid import UUID

from sqlalchemy import select

from db.engine.gate import Compiled
from db.engine.hidden import Hidden
from db.engine.write.connection import TenantConnection
from db.engine.write.statements import fetch, trusted
from db.staff import Profile, Role, RoleAssignment, RoleProfile, User


@cache
def _administrators() -> Compiled:
    records = (User, RoleAssignment, Role, RoleProfile, Profile)
    user, assignment, role, link, profile = (each.__table__ for each in records)
    joined = (
        user.join(assignment, assignment.c.user_id == user.c.id)
        .join(role, role.c.id == assignment.c.role_id)
        .join(link, link.c.role_id == role.c.id)
        .join(profile, profile.c.id == link.c.profile_id)
    )
    live = (each.__table__.c.deleted_at.is_(None) for each in records)
    statement = select(user.c.id, user.c.active).distinct().select_from(joined)
    return trusted(statement.where(profile.c.full, *live))


async def administrators(connection: TenantConnection) -> Hidden[dict[UUID, bool]]:
    """All users with full access, and whether each is active."""
    return Hidden({row["id"]: row["active"] for row in await fetch(connection, _administrators())})

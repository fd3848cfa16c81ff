"""Keeps the credentials of users as their records come and go: e-mail addresses, and reset tokens for passwords."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import DateTime, Table, Text, Uuid, insert, null, select, update

from db.engine.gate import Compiled
from db.engine.hidden import Hidden, opened
from db.engine.sql import AsText, Concat, IntLiteral, parameter
from db.engine.write.connection import TenantConnection
from db.engine.write.statements import fetch, trusted
from db.sessions import StoredCredential, revoke_all
from db.staff import Credential, Session, User

CREDENTIAL: Table = Credential.__table__
USER, SESSION = parameter("user", Uuid()), parameter("session", Uuid())
EMAIL, PASSWORD = parameter("email", Text()), parameter("password", Text())
NUMBER = parameter("number", Uuid())
UNTIL, NOW = (parameter(name, DateTime(timezone=True)) for name in ("until", "now"))
"""The parameters of the statements."""
SEPARATOR = " "
"""Separates an address that was put aside from the id of its deleted user. No address that is typed contains it."""


@cache
def _existing() -> Compiled:
    user = User.__table__
    joined = CREDENTIAL.join(user, user.c.id == CREDENTIAL.c.user_id)
    found = select(IntLiteral(1)).select_from(joined).where(user.c.deleted_at.is_(None))
    return trusted(found.where(CREDENTIAL.c.email == EMAIL))


async def is_taken(connection: TenantConnection, email: Hidden[str]) -> bool:
    """Whether a user who is not deleted signs in with this folded address."""
    return bool(await fetch(connection, _existing(), email=opened(email)))


@cache
def _enrol() -> Compiled:
    values = {"user_id": USER, "email": EMAIL, "password": Concat([""])}
    return trusted(insert(CREDENTIAL).values(values))


async def enrol(connection: TenantConnection, *, user: UUID, email: Hidden[str]) -> None:
    """Let a new user sign in with an address, once they have chosen a password.

    The address of a deleted user who had it is put aside.
    """
    text = opened(email)
    await _put_aside(connection, text)
    await fetch(connection, _enrol(), user=user, email=text)


@cache
def _aside() -> Compiled:
    kept = CREDENTIAL.c
    marked = Concat([kept.email, SEPARATOR, AsText(kept.user_id)])
    return trusted(update(CREDENTIAL).values(email=marked).where(kept.email == EMAIL))


async def _put_aside(connection: TenantConnection, email: str) -> None:
    await fetch(connection, _aside(), email=email)


@cache
def _credential() -> Compiled:
    kept = CREDENTIAL.c
    found = select(kept.user_id, kept.email, kept.password)
    return trusted(found.where(kept.user_id == USER))


async def address_of(connection: TenantConnection, user: UUID) -> Hidden[str]:
    """The address that a user signed in with, also when it was put aside; empty for a user without one."""
    rows = await fetch(connection, _credential(), user=user)
    return Hidden(rows[0]["email"].removesuffix(f"{SEPARATOR}{user}") if rows else "")


@cache
def _reclaim() -> Compiled:
    mine = CREDENTIAL.c.user_id == USER
    return trusted(update(CREDENTIAL).values(email=EMAIL).where(mine))


async def reclaim(connection: TenantConnection, *, user: UUID, email: Hidden[str]) -> None:
    """Give a restored user their address back, which no other live user has."""
    text = opened(email)
    await _put_aside(connection, text)
    await fetch(connection, _reclaim(), user=user, email=text)


@cache
def _withdraw_reset() -> Compiled:
    mine = CREDENTIAL.c.user_id == USER
    return trusted(update(CREDENTIAL).values(reset=null()).where(mine))


async def end_all(connection: TenantConnection, *, user: UUID, at: datetime) -> None:
    """End all sessions of a user, and withdraw their reset token."""
    await fetch(connection, _withdraw_reset(), user=user)
    await revoke_all(await connection.direct(), user, at)


async def credential_of(connection: TenantConnection, user: UUID) -> StoredCredential | None:
    """The credential of a user."""
    rows = await fetch(connection, _credential(), user=user)
    return StoredCredential(rows[0]["user_id"], rows[0]["password"]) if rows else None


@cache
def _set_reset() -> Compiled:
    mine = CREDENTIAL.c.user_id == USER
    values = {"reset": NUMBER, "reset_until": UNTIL}
    return trusted(update(CREDENTIAL).values(values).where(mine))


async def set_reset(
    connection: TenantConnection, user: UUID, number: UUID, until: datetime
) -> None:
    """Make this the number of the one reset token that is valid."""
    await fetch(connection, _set_reset(), user=user, number=number, until=until)


@cache
def _use_reset() -> Compiled:
    kept = CREDENTIAL.c
    values = {"password": PASSWORD, "reset": null(), "reset_until": null()}
    valid = (
        kept.user_id == USER,
        kept.reset == NUMBER,
        kept.reset_until > NOW,
    )
    return trusted(update(CREDENTIAL).values(values).where(*valid).returning(kept.user_id))


async def use_reset(
    connection: TenantConnection, user: UUID, number: UUID, hash: str, now: datetime
) -> bool:
    """Store another hash of the user's password if the token's number is valid, once: of several at once, one succeeds."""
    rows = await fetch(connection, _use_reset(), user=user, number=number, password=hash, now=now)
    return bool(rows)


@cache
def _session() -> Compiled:
    session = Session.__table__.c
    return trusted(select(session.user_id).where(session.id == SESSION))


async def user_of(connection: TenantConnection, session: UUID) -> UUID | None:
    """The user of a session."""
    rows = await fetch(connection, _session(), session=session)
    return rows[0]["user_id"] if rows else None

"""Writes credentials with the users' records: sign-in addresses, sessions and password reset tokens."""

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
"""Parameters of the statements."""
SEPARATOR = " "
"""Separates the released address of a deleted user from the user's id. Sign-in addresses do not contain it."""


@cache
def _existing() -> Compiled:
    user = User.__table__
    joined = CREDENTIAL.join(user, user.c.id == CREDENTIAL.c.user_id)
    statement = select(IntLiteral(1)).select_from(joined).where(user.c.deleted_at.is_(None))
    return trusted(statement.where(CREDENTIAL.c.email == EMAIL))


async def is_taken(connection: TenantConnection, email: Hidden[str]) -> bool:
    """Whether a user who is not deleted has this folded address."""
    return bool(await fetch(connection, _existing(), email=opened(email)))


@cache
def _create() -> Compiled:
    values = {"user_id": USER, "email": EMAIL, "password": Concat([""])}
    return trusted(insert(CREDENTIAL).values(values))


async def create_credential(
    connection: TenantConnection, *, user: UUID, email: Hidden[str]
) -> None:
    """Create the credential of a new user, without a password.

    If a deleted user has the address, it is released.
    """
    text = opened(email)
    await _release_address(connection, text)
    await fetch(connection, _create(), user=user, email=text)


@cache
def _release() -> Compiled:
    credential = CREDENTIAL.c
    released = Concat([credential.email, SEPARATOR, AsText(credential.user_id)])
    return trusted(update(CREDENTIAL).values(email=released).where(credential.email == EMAIL))


async def _release_address(connection: TenantConnection, email: str) -> None:
    await fetch(connection, _release(), email=email)


@cache
def _credential() -> Compiled:
    credential = CREDENTIAL.c
    statement = select(credential.user_id, credential.email, credential.password)
    return trusted(statement.where(credential.user_id == USER))


async def address_of(connection: TenantConnection, user: UUID) -> Hidden[str]:
    """A user's sign-in address, also if it was released; empty without a credential."""
    rows = await fetch(connection, _credential(), user=user)
    return Hidden(rows[0]["email"].removesuffix(f"{SEPARATOR}{user}") if rows else "")


@cache
def _restore() -> Compiled:
    is_user = CREDENTIAL.c.user_id == USER
    return trusted(update(CREDENTIAL).values(email=EMAIL).where(is_user))


async def restore_credential(
    connection: TenantConnection, *, user: UUID, email: Hidden[str]
) -> None:
    """Restore the sign-in address of a user, which no other live user may have."""
    text = opened(email)
    await _release_address(connection, text)
    await fetch(connection, _restore(), user=user, email=text)


@cache
def _clear_reset() -> Compiled:
    is_user = CREDENTIAL.c.user_id == USER
    return trusted(update(CREDENTIAL).values(reset=null()).where(is_user))


async def end_all(connection: TenantConnection, *, user: UUID, at: datetime) -> None:
    """End all sessions of a user, and invalidate their reset token."""
    await fetch(connection, _clear_reset(), user=user)
    await revoke_all(await connection.direct(), user, at)


async def credential_of(connection: TenantConnection, user: UUID) -> StoredCredential | None:
    """The credential of a user."""
    rows = await fetch(connection, _credential(), user=user)
    return StoredCredential(rows[0]["user_id"], rows[0]["password"]) if rows else None


@cache
def _set_reset() -> Compiled:
    is_user = CREDENTIAL.c.user_id == USER
    values = {"reset": NUMBER, "reset_until": UNTIL}
    return trusted(update(CREDENTIAL).values(values).where(is_user))


async def set_reset(
    connection: TenantConnection, user: UUID, number: UUID, expires_at: datetime
) -> None:
    """Store the number of the user's only valid reset token."""
    await fetch(connection, _set_reset(), user=user, number=number, until=expires_at)


@cache
def _use_reset() -> Compiled:
    credential = CREDENTIAL.c
    values = {"password": PASSWORD, "reset": null(), "reset_until": null()}
    valid = (
        credential.user_id == USER,
        credential.reset == NUMBER,
        credential.reset_until > NOW,
    )
    return trusted(update(CREDENTIAL).values(values).where(*valid).returning(credential.user_id))


async def use_reset(
    connection: TenantConnection, user: UUID, number: UUID, hash: str, now: datetime
) -> bool:
    """Store a password hash if the token is valid, and invalidate it. Only one of several concurrent calls succeeds."""
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

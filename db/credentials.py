"""Keeps what users sign in with, as their records come and go: addresses, and tokens to choose a password with."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from db.engine.write.connection import TenantConnection
from db.sessions import Known, revoke_all


async def is_taken(connection: TenantConnection, email: str) -> bool:
    """Whether somebody who is not deleted signs in with this folded address."""
    text = (
        'SELECT true FROM credential c JOIN "user" u ON u.id = c.user_id '
        "WHERE c.email = $1 AND u.deleted_at IS NULL"
    )
    return bool(await connection.fetch(text, email))


async def enrol(connection: TenantConnection, *, user: UUID, email: str) -> None:
    """Let a new user sign in with an address, once he has chosen a password.

    A deleted user who had it is put aside: his address is followed by what nobody can type.
    """
    await _put_aside(connection, email)
    await connection.fetch(
        "INSERT INTO credential (user_id, email, password) VALUES ($1, $2, '')", user, email
    )


async def _put_aside(connection: TenantConnection, email: str) -> None:
    text = "UPDATE credential SET email = email || ' ' || user_id WHERE email = $1"
    await connection.fetch(text, email)


async def address_of(connection: TenantConnection, user: UUID) -> str:
    """The address that a user signed in with, also when it was put aside."""
    rows = await connection.fetch("SELECT email FROM credential WHERE user_id = $1", user)
    return rows[0]["email"].removesuffix(f" {user}") if rows else ""


async def reclaim(connection: TenantConnection, *, user: UUID, email: str) -> None:
    """Give a restored user his address back, which nobody else who is there has."""
    await _put_aside(connection, email)
    await connection.fetch("UPDATE credential SET email = $2 WHERE user_id = $1", user, email)


async def end_all(connection: TenantConnection, *, user: UUID, at: datetime) -> None:
    """End all sessions of a user, and what he was to choose a password with."""
    await connection.fetch("UPDATE credential SET reset = NULL WHERE user_id = $1", user)
    await revoke_all(await connection.direct(), user, at)


async def credential_of(connection: TenantConnection, user: UUID) -> Known | None:
    """What a user signs in with."""
    text = "SELECT user_id, password FROM credential WHERE user_id = $1"
    rows = await connection.fetch(text, user)
    return Known(rows[0]["user_id"], rows[0]["password"]) if rows else None


async def set_reset(
    connection: TenantConnection, user: UUID, number: UUID, until: datetime
) -> None:
    """Make this the number of the one reset token that is good."""
    text = "UPDATE credential SET reset = $2, reset_until = $3 WHERE user_id = $1"
    await connection.fetch(text, user, number, until)


async def use_reset(
    connection: TenantConnection, user: UUID, number: UUID, hash: str, now: datetime
) -> bool:
    """Keep another hash of the user's password, if the number is good: once. Of several at once, one is."""
    rows = await connection.fetch(
        "UPDATE credential SET password = $3, reset = NULL, reset_until = NULL "
        "WHERE user_id = $1 AND reset = $2 AND reset_until > $4 RETURNING user_id",
        user, number, hash, now,
    )  # fmt: skip
    return bool(rows)


async def user_of(connection: TenantConnection, session: UUID) -> UUID | None:
    """Whose session it is."""
    rows = await connection.fetch("SELECT user_id FROM session WHERE id = $1", session)
    return rows[0]["user_id"] if rows else None

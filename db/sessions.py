"""Reads and writes credentials and sessions in a tenant's transaction. Passwords are verified elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Table, delete, insert, select, update

from db.engine.internal_tables import run
from db.engine.transaction import Driver, enter_session
from db.staff import Credential, Session

CREDENTIAL: Table = Credential.__table__
SESSION: Table = Session.__table__
FIRST = 1
"""First generation of a session's refresh tokens."""


@dataclass(frozen=True)
class StoredCredential:
    """A user's stored password hash."""

    user: UUID
    hash: str = field(repr=False)


@dataclass(frozen=True)
class StoredSession:
    """An active session: its user, the generation of its valid refresh token, and since when that is valid."""

    user: UUID
    generation: int
    rotated_at: datetime | None
    """None before the first refresh."""


def fold(email: str) -> str:
    """The stored form of an email address, used for comparison.

    Computed in Python when storing and when searching, so that the result does not depend on the
    collation of Postgres, which compares bytes.
    """
    return email.strip().lower()


async def find_credential(connection: Driver, email: str) -> StoredCredential | None:
    """The credential with this folded address, also of inactive users."""
    rows = await run(
        connection,
        select(CREDENTIAL.c.user_id, CREDENTIAL.c.password).where(CREDENTIAL.c.email == email),
    )
    return StoredCredential(rows[0]["user_id"], rows[0]["password"]) if rows else None


async def lock_credential(connection: Driver, credential: StoredCredential) -> bool:
    """Lock the credential until the transaction ends; False if it changed since it was verified.

    A password change writes the new hash before it revokes the sessions. So a concurrent sign-in with
    the old password either is revoked, or gets False here.
    """
    rows = await run(
        connection,
        select(CREDENTIAL.c.user_id)
        .where(CREDENTIAL.c.user_id == credential.user, CREDENTIAL.c.password == credential.hash)
        .with_for_update(),
    )
    return bool(rows)


async def set_hash(connection: Driver, user: UUID, hash: str) -> None:
    """Store a new password hash, and invalidate the reset token."""
    await run(
        connection,
        update(CREDENTIAL)
        .where(CREDENTIAL.c.user_id == user)
        .values(password=hash, reset=None, reset_until=None),
    )


async def begin(
    connection: Driver, session: UUID, user: UUID, at: datetime, expires_at: datetime
) -> None:
    """Create a session at generation FIRST. Raises EntryRejected(REVOKED) if its user may not sign in.

    Only the gate may read the user's record. Instead, the SQL function that starts every transaction
    checks the new session: it rejects inactive and deleted users, and the session is rolled back.
    """
    await run(
        connection,
        insert(SESSION).values(
            id=session, user_id=user, generation=FIRST, created_at=at, expires_at=expires_at
        ),
    )
    await enter_session(connection, session)


async def lock(connection: Driver, session: UUID) -> StoredSession | None:
    """Lock a session until the transaction ends; None if it has ended.

    Concurrent refreshes of a session run one after the other, and each sees what the others did.
    """
    rows = await run(
        connection,
        select(SESSION.c.user_id, SESSION.c.generation, SESSION.c.rotated_at)
        .where(SESSION.c.id == session, SESSION.c.revoked_at.is_(None))
        .with_for_update(),
    )
    return StoredSession(*rows[0].values()) if rows else None


async def rotate(
    connection: Driver, session: UUID, generation: int, at: datetime, expires_at: datetime
) -> None:
    """Make `generation` the current one, since `at`, of a locked session."""
    await run(
        connection,
        update(SESSION)
        .where(SESSION.c.id == session)
        .values(generation=generation, rotated_at=at, expires_at=expires_at),
    )


async def revoke(connection: Driver, session: UUID, at: datetime) -> None:
    """End a session that has not ended yet."""
    await run(
        connection,
        update(SESSION)
        .where(SESSION.c.id == session, SESSION.c.revoked_at.is_(None))
        .values(revoked_at=at),
    )


async def revoke_all(
    connection: Driver, user: UUID, at: datetime, *, but: UUID | None = None
) -> int:
    """End all sessions of a user except `but`, and return their number."""
    others = [SESSION.c.id != but] if but else []
    rows = await run(
        connection,
        update(SESSION)
        .where(SESSION.c.user_id == user, SESSION.c.revoked_at.is_(None), *others)
        .values(revoked_at=at)
        .returning(SESSION.c.id),
    )
    return len(rows)


async def create_temporary(connection: Driver, session: UUID, user: UUID, at: datetime) -> None:
    """Create an expired session for operator transactions; no client can use it."""
    await run(
        connection,
        insert(SESSION).values(
            id=session, user_id=user, generation=FIRST, created_at=at, expires_at=at
        ),
    )


async def delete_temporary(connection: Driver, session: UUID) -> None:
    """Delete a temporary session."""
    await run(connection, delete(SESSION).where(SESSION.c.id == session))

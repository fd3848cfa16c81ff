"""Keeps credentials and sessions, in a tenant's transaction; it judges no password."""

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
"""The generation a session begins with."""


@dataclass(frozen=True)
class StoredCredential:
    """What a user signs in with, as it is kept."""

    user: UUID
    hash: str = field(repr=False)


def fold(email: str) -> str:
    """An address as it is kept and compared.

    Done in Python, for what is kept and for what is sought alike, so that Postgres' collation has
    no say; Postgres compares the result byte by byte.
    """
    return email.strip().lower()


async def find_credential(connection: Driver, email: str) -> StoredCredential | None:
    """The credential with this folded address, of an active user or not."""
    rows = await run(
        connection,
        select(CREDENTIAL.c.user_id, CREDENTIAL.c.password).where(CREDENTIAL.c.email == email),
    )
    return StoredCredential(rows[0]["user_id"], rows[0]["password"]) if rows else None


async def lock_credential(connection: Driver, known: StoredCredential) -> bool:
    """Lock the credential until the transaction ends; False if it is no longer what was verified.

    A new password must be written before the user's sessions are revoked: then a session begun
    with the old password is either seen by the revoking, or finds the password changed here.
    """
    rows = await run(
        connection,
        select(CREDENTIAL.c.user_id)
        .where(CREDENTIAL.c.user_id == known.user, CREDENTIAL.c.password == known.hash)
        .with_for_update(),
    )
    return bool(rows)


async def set_hash(connection: Driver, user: UUID, hash: str) -> None:
    """Keep another hash of the user's password. A token to choose one with is good no more."""
    await run(
        connection,
        update(CREDENTIAL)
        .where(CREDENTIAL.c.user_id == user)
        .values(password=hash, reset=None, reset_until=None),
    )


async def begin(
    connection: Driver, session: UUID, user: UUID, at: datetime, until: datetime
) -> None:
    """Begin a session at generation FIRST. Raises TurnedAway(REVOKED) if its user may not sign in.

    Whether a user is active stands in a record's table, which only the gate may read. But the
    function that begins every transaction knows: entering with the session that was just begun is
    refused for a user who is inactive or deleted, and the session vanishes with its transaction.
    """
    await run(
        connection,
        insert(SESSION).values(
            id=session, user_id=user, generation=FIRST, created_at=at, expires_at=until
        ),
    )
    await enter_session(connection, session)


async def renew(connection: Driver, session: UUID, generation: int, until: datetime) -> UUID | None:
    """Make `generation` the last one and the next one good; the user, or None if it was not good.

    Comparing and counting are one statement: of any number at once, one is answered with the user.
    """
    rows = await run(
        connection,
        update(SESSION)
        .where(
            SESSION.c.id == session,
            SESSION.c.generation == generation,
            SESSION.c.revoked_at.is_(None),
        )
        .values(generation=SESSION.c.generation + 1, expires_at=until)
        .returning(SESSION.c.user_id),
    )
    return rows[0]["user_id"] if rows else None


async def is_reused(connection: Driver, session: UUID, generation: int) -> bool:
    """Whether the session has gone past `generation`: its token was used before."""
    rows = await run(
        connection,
        select(SESSION.c.id).where(SESSION.c.id == session, SESSION.c.generation > generation),
    )
    return bool(rows)


async def revoke(connection: Driver, session: UUID, at: datetime) -> None:
    """End a session, unless it has been ended."""
    await run(
        connection,
        update(SESSION)
        .where(SESSION.c.id == session, SESSION.c.revoked_at.is_(None))
        .values(revoked_at=at),
    )


async def revoke_all(
    connection: Driver, user: UUID, at: datetime, *, but: UUID | None = None
) -> int:
    """End all sessions of a user, but one that goes on; how many there were."""
    others = [SESSION.c.id != but] if but else []
    rows = await run(
        connection,
        update(SESSION)
        .where(SESSION.c.user_id == user, SESSION.c.revoked_at.is_(None), *others)
        .values(revoked_at=at)
        .returning(SESSION.c.id),
    )
    return len(rows)


async def lend(connection: Driver, session: UUID, user: UUID, at: datetime) -> None:
    """A session for the operator's one transaction; it ends as it begins, so nobody can enter with it."""
    await run(
        connection,
        insert(SESSION).values(
            id=session, user_id=user, generation=FIRST, created_at=at, expires_at=at
        ),
    )


async def take_back(connection: Driver, session: UUID) -> None:
    """Remove a session that was lent."""
    await run(connection, delete(SESSION).where(SESSION.c.id == session))

"""The tenant's transaction: one message begins it, and no connection goes back to the pool inside one (D-58)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias, cast
from uuid import UUID

import asyncpg

if TYPE_CHECKING:
    Driver: TypeAlias = asyncpg.Connection[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:  # generic in its stubs only
    Driver = asyncpg.Connection
    """A connection of the driver, which speaks plain SQL."""
    Pool = asyncpg.Pool
    """Pool of driver connections."""

NAME = re.compile(r"t_[a-z2-7]+\Z")
STATEMENT_MS = 5_000
LOCK_MS = 2_000
IDLE_MS = 15_000
ACQUIRE_SECONDS = 5.0
PING_SECONDS = 2.0
CACHED_STATEMENTS = 200
SETTINGS = {
    "application_name": "relata",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "jit": "off",
    "search_path": "",
    "pg_trgm.word_similarity_threshold": "0.6",
}
"""What every connection begins with, and comes back to. The last says from when on words are spelt alike (D-53)."""


LOST: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,  # what a connection that was cut in mid-word raises
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)
"""What is raised when the database is away, restarts, or has no connection free: trying again helps."""


Row: TypeAlias = asyncpg.Record
"""A row as the driver returns it: its values are read by the names of the columns."""


class RejectReason(StrEnum):
    """Why the door of a tenant did not open, by the SQLSTATE that `enter` raises, or `append`."""

    FENCED = "RL001"
    MOVED = "RL002"
    STALE = "RL003"
    REVOKED = "RL004"


class StatementTimeout(Exception):
    """A statement ran into its time limit and was ended. Nothing of its transaction stands."""


class SerializationConflict(Exception):
    """Two writers were in each other's way. Nothing of this one's stands; done again at once, it may pass."""


class LockTimeout(Exception):
    """Somebody else held what was wanted for too long. Nothing of the transaction stands."""


COLLISIONS = (
    asyncpg.UniqueViolationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)


class EntryRejected(Exception):
    """The tenant could not be entered. Nothing was read or written."""

    def __init__(self, reason: RejectReason) -> None:
        super().__init__(reason.name.lower())
        self.reason = reason


@dataclass(frozen=True)
class Placement:
    """Where a tenant lives. `version` grows when it moves, so that a stale router cannot write."""

    tenant: UUID
    schema: str
    role: str
    version: int

    def __post_init__(self) -> None:
        for name in (self.schema, self.role):
            if not NAME.match(name):
                raise ValueError(f"{name!r} is no name of a tenant's schema or role")


@dataclass(frozen=True)
class TransactionStart:
    """Under which version of rights, and in which session, a transaction is begun."""

    access: int = 0
    """The access version the caller's rights were loaded under; 0 asks for none."""
    session: UUID | None = None
    """The caller's session, which must not have ended; None before there is one."""


CLEAN = "RESET ROLE;RESET ALL"
CUSTOM = "SET LOCAL plan_cache_mode = force_custom_plan;"
SOON = "SET LOCAL statement_timeout = 3000;SET LOCAL lock_timeout = 500;"
"""What is read for many must not wait for one."""
WRITES = "SET LOCAL plan_cache_mode = force_generic_plan;"
"""What a write asks is asked by ids, of which Postgres need not know how many there are."""
COMMIT = f"SET LOCAL lock_timeout = {LOCK_MS};COMMIT;{CLEAN}"
"""One message. Where a statement failed, the first refuses; COMMIT alone would roll back without a word."""
APPEND = "SELECT append();"
"""Stands before it in the same message, where something was written (D-58)."""


class CleanConnection(Driver):
    """A connection that brings nothing from one transaction into the next, not even what a session was told."""

    clean = False
    """Whether the last transaction was committed, and everything reset with it."""
    noted = False
    """Whether it wrote, and told Postgres what is to be noted of that."""

    def note(self) -> None:
        """From here on, the transaction ends by noting what was written (D-58)."""
        self.noted = True

    async def mark(self) -> None:
        """Remember how things stand."""
        await self.execute("SAVEPOINT mark")

    async def take_back(self) -> None:
        """Take back what was done since the last mark."""
        await self.execute("ROLLBACK TO SAVEPOINT mark")

    async def commit(self) -> None:
        """Commit the transaction. Raises if a statement in it failed, even if the caller ignored that."""
        noted, self.noted = self.noted, False
        await self.execute(APPEND + COMMIT if noted else COMMIT)
        self.clean = True

    async def reset(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as asyncpg has it
        """Roll back what was left open: by an error, a refused entry, or a cancelled request."""
        clean, self.clean, self.noted = self.clean, False, False
        if not clean or self.is_in_transaction():
            rollback = "ROLLBACK;" if self.is_in_transaction() else ""
            await self.execute(rollback + CLEAN, timeout=timeout)


class Database:
    """The pool of one cell. It hands out transactions of a tenant, and nothing else."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    @classmethod
    async def open(cls, url: str, *, size: int = 20) -> Database:
        """Connect as the application's login, which has no rights of its own on any tenant."""
        pool = await asyncpg.create_pool(
            url,
            min_size=min(2, size),
            max_size=size,
            connection_class=CleanConnection,
            server_settings=SETTINGS,
            statement_cache_size=CACHED_STATEMENTS,
            max_cacheable_statement_size=0,
            max_cached_statement_lifetime=0,
        )
        return cls(pool)

    async def close(self) -> None:
        """Close every connection, waiting for transactions under way."""
        await self.pool.close()

    async def ping(self) -> bool:
        """Whether the database answers, soon enough."""
        try:
            await self.pool.fetchval("SELECT 1", timeout=PING_SECONDS)
        except Exception:  # noqa: BLE001 - whatever it is, no request would be answered
            return False
        return True

    @asynccontextmanager
    async def read(
        self, placement: Placement, entry: TransactionStart, *, custom_plans: bool = False
    ) -> AsyncIterator[Driver]:
        """A read-only transaction in the tenant. Raises TurnedAway."""
        plans = CUSTOM if custom_plans else ""
        async with self._transaction(_begin(placement, entry, "READ ONLY", plans)) as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self, placement: Placement) -> AsyncIterator[CleanConnection]:
        """A read-only transaction in the tenant all of whose statements see one moment. Raises TurnedAway."""
        begin = _begin(
            placement, TransactionStart(), "ISOLATION LEVEL REPEATABLE READ READ ONLY", SOON
        )
        async with self._transaction(begin) as connection:
            yield cast("CleanConnection", connection)

    @asynccontextmanager
    async def write(self, placement: Placement, entry: TransactionStart) -> AsyncIterator[Driver]:
        """A transaction in the tenant, committed when the block ends well. Raises TurnedAway."""
        async with self._transaction(_begin(placement, entry, "READ WRITE", WRITES)) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[Driver]:
        # Only who has to wait needs a timer, which costs a task.
        free = self.pool.get_idle_size() > 0
        acquired = await self.pool.acquire(timeout=None if free else ACQUIRE_SECONDS)
        connection = cast("CleanConnection", acquired)
        try:
            try:
                await connection.execute(begin)
            except asyncpg.PostgresError as error:
                raise turned_away(error) from error
            yield connection
            try:
                await connection.commit()
            except asyncpg.PostgresError as error:
                raise turned_away(error) from error
        except asyncpg.QueryCanceledError as error:
            raise StatementTimeout from error
        except COLLISIONS as error:
            raise SerializationConflict from error
        except asyncpg.LockNotAvailableError as error:
            raise LockTimeout from error
        finally:
            # Whatever happened, reset() rolls back; a connection that cannot be reset is terminated.
            await self.pool.release(acquired)


def _begin(placement: Placement, entry: TransactionStart, mode: str, plans: str) -> str:
    """One message. Only whole numbers, a UUID and checked names are ever written into it."""
    session = f"'{UUID(int=entry.session.int)}'" if entry.session else "NULL"
    return (
        f"BEGIN {mode};SET LOCAL ROLE {placement.role};"
        f"SET LOCAL search_path = {placement.schema}, pg_temp;"
        f"SET LOCAL statement_timeout = {STATEMENT_MS};SET LOCAL lock_timeout = {LOCK_MS};"
        f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_MS};{plans}"
        f"SELECT enter({int(placement.version)}, {int(entry.access)}, {session})"
    )


ENTER_SESSION = "SELECT enter(placement, access, $1) FROM log_head"
"""Placement and access were compared as the transaction began: this asks about the session."""


async def enter_session(connection: Driver, session: UUID) -> None:
    """Enter with a session that was begun in the transaction under way. Raises TurnedAway(REVOKED)."""
    try:
        await connection.execute(ENTER_SESSION, session)
    except asyncpg.PostgresError as error:
        raise turned_away(error) from error


def turned_away(error: asyncpg.PostgresError) -> Exception:
    """What the door of a tenant said, if it was the door."""
    if error.sqlstate in list(RejectReason):
        return EntryRejected(RejectReason(error.sqlstate))
    return error

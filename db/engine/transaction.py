"""Tenant transactions: one message begins one, and connections return to the pool outside of transactions (D-58)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
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
    """A connection of the driver, asyncpg."""
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
"""Settings of every connection, restored by each reset. The last is the threshold of similar words (D-53)."""


LOST: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,  # raised when the connection closes in the middle of a message
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)
"""Errors of a database that is unreachable, restarting or out of connections. Retrying may succeed."""


Row: TypeAlias = asyncpg.Record
"""A row as the driver returns it; values are read by column name."""


class RejectReason(StrEnum):
    """Why a transaction in a tenant was rejected: the SQLSTATEs that the SQL functions `enter` and `append` raise."""

    FENCED = "RL001"
    MOVED = "RL002"
    STALE = "RL003"
    REVOKED = "RL004"


class StatementTimeout(Exception):
    """A statement exceeded its timeout. The transaction was rolled back."""


class SerializationConflict(Exception):
    """Conflict with a concurrent write. The transaction was rolled back; an immediate retry may succeed."""


class LockTimeout(Exception):
    """Waiting for a lock exceeded its timeout. The transaction was rolled back."""


COLLISIONS = (
    asyncpg.UniqueViolationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)


class EntryRejected(Exception):
    """The transaction was rejected when it started or ended in the tenant. Nothing was written."""

    def __init__(self, reason: RejectReason) -> None:
        super().__init__(reason.name.lower())
        self.reason = reason


@dataclass(frozen=True)
class Placement:
    """Schema and role of a tenant. `version` increases with every move, so that a stale router cannot write."""

    tenant: UUID
    schema: str
    role: str
    version: int

    def __post_init__(self) -> None:
        for name in (self.schema, self.role):
            if not NAME.match(name):
                raise ValueError(f"{name!r} is not a valid name of a tenant's schema or role")


@dataclass(frozen=True)
class TransactionStart:
    """The access version and the session that a transaction starts with; `enter` checks both."""

    access: int = 0
    """Access version of the loaded rights; 0 skips the check."""
    session: UUID | None = None
    """The caller's session, which must be active; None skips the check."""


CLEAN = "RESET ROLE;RESET ALL"
CUSTOM = "SET LOCAL plan_cache_mode = force_custom_plan;"
SOON = "SET LOCAL statement_timeout = 3000;SET LOCAL lock_timeout = 500;"
"""Shorter timeouts for reads shared by many subscribers."""
WRITES = "SET LOCAL plan_cache_mode = force_generic_plan;"
"""Write statements select by id, so their plans do not depend on the parameters."""
COMMIT = f"SET LOCAL lock_timeout = {LOCK_MS};COMMIT;{CLEAN}"
"""One message. After a failed statement the SET raises, whereas COMMIT alone would silently roll back."""
APPEND = "SELECT append();"
"""Precedes COMMIT in the same message, if the transaction wrote (D-58)."""
APPEND_AND_REPORT = (
    "DO $$ DECLARE place bigint = append();"
    " BEGIN RAISE NOTICE '% %', (SELECT epoch FROM log_head), place; END $$;"
)
"""Likewise; the notice contains epoch and position. The rows of a message with several statements are not returned."""
PositionReceiver = Callable[[int, int], None]
"""Called with epoch and position of a committed write."""


class CleanConnection(Driver):
    """A connection that carries no state from one transaction to the next, including session settings."""

    clean = False
    """Whether the last transaction was committed and reset."""
    appends = False
    """Whether the commit also appends to the change log."""
    on_position: PositionReceiver | None = None
    """Called with the position of the appended changes."""

    def append_on_commit(self, on_position: PositionReceiver | None = None) -> None:
        """Append the written changes to the change log when the transaction commits (D-58).

        `on_position` is called with epoch and position after the commit.
        """
        self.appends, self.on_position = True, on_position

    async def savepoint(self) -> None:
        """Set a savepoint."""
        await self.execute("SAVEPOINT mark")

    async def roll_back(self) -> None:
        """Roll back to the last savepoint."""
        await self.execute("ROLLBACK TO SAVEPOINT mark")

    async def commit(self) -> None:
        """Commit the transaction. Raises if a statement in it failed, even if the caller ignored that."""
        appends, self.appends = self.appends, False
        on_position, self.on_position = self.on_position, None
        if appends and on_position:
            on_position(*await self._append_and_commit())
        else:
            await self.execute(APPEND + COMMIT if appends else COMMIT)
        self.clean = True

    async def _append_and_commit(self) -> tuple[int, int]:
        """Append and commit with one message; returns epoch and position, which the server sends as a notice."""
        notices: list[str] = []

        def receive(_: object, message: asyncpg.PostgresLogMessage) -> None:
            notices.append(str(message.message))

        self.add_log_listener(receive)
        try:
            await self.execute(APPEND_AND_REPORT + COMMIT)
        finally:
            self.remove_log_listener(receive)
        epoch, position = notices[0].split()
        return int(epoch), int(position)

    async def reset(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as asyncpg has it
        """Roll back a transaction left open by an error, a rejected entry or a cancelled request."""
        clean, self.clean, self.appends, self.on_position = self.clean, False, False, None
        if not clean or self.is_in_transaction():
            rollback = "ROLLBACK;" if self.is_in_transaction() else ""
            await self.execute(rollback + CLEAN, timeout=timeout)


class Database:
    """The connection pool of one cell. It only provides tenant transactions."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    @classmethod
    async def open(cls, url: str, *, size: int = 20) -> Database:
        """Connect as the application's login role, which has no rights on any tenant's schema."""
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
        """Close every connection after its current transaction."""
        await self.pool.close()

    async def ping(self) -> bool:
        """Whether the database answers within `PING_SECONDS`."""
        try:
            await self.pool.fetchval("SELECT 1", timeout=PING_SECONDS)
        except Exception:  # noqa: BLE001 - with any error, requests would fail too
            return False
        return True

    @asynccontextmanager
    async def read(
        self, placement: Placement, entry: TransactionStart, *, custom_plans: bool = False
    ) -> AsyncIterator[Driver]:
        """A read-only transaction in the tenant. Raises EntryRejected."""
        plans = CUSTOM if custom_plans else ""
        async with self._transaction(_begin(placement, entry, "READ ONLY", plans)) as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self, placement: Placement) -> AsyncIterator[CleanConnection]:
        """A read-only transaction in the tenant whose statements share one snapshot. Raises EntryRejected."""
        begin = _begin(
            placement, TransactionStart(), "ISOLATION LEVEL REPEATABLE READ READ ONLY", SOON
        )
        async with self._transaction(begin) as connection:
            yield cast("CleanConnection", connection)

    @asynccontextmanager
    async def write(self, placement: Placement, entry: TransactionStart) -> AsyncIterator[Driver]:
        """A transaction in the tenant, committed when the block ends without an error. Raises EntryRejected."""
        async with self._transaction(_begin(placement, entry, "READ WRITE", WRITES)) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[Driver]:
        # A timeout costs a task, so it is set only if no connection is idle.
        free = self.pool.get_idle_size() > 0
        acquired = await self.pool.acquire(timeout=None if free else ACQUIRE_SECONDS)
        connection = cast("CleanConnection", acquired)
        try:
            try:
                await connection.execute(begin)
            except asyncpg.PostgresError as error:
                raise entry_error(error) from error
            yield connection
            try:
                await connection.commit()
            except asyncpg.PostgresError as error:
                raise entry_error(error) from error
        except asyncpg.QueryCanceledError as error:
            raise StatementTimeout from error
        except COLLISIONS as error:
            raise SerializationConflict from error
        except asyncpg.LockNotAvailableError as error:
            raise LockTimeout from error
        finally:
            # reset() rolls back after any error; a connection that cannot be reset is terminated.
            await self.pool.release(acquired)


def _begin(placement: Placement, entry: TransactionStart, mode: str, plans: str) -> str:
    """The statements that begin a transaction, as one message. It contains integers, a UUID and checked names only."""
    session = f"'{UUID(int=entry.session.int)}'" if entry.session else "NULL"
    return (
        f"BEGIN {mode};SET LOCAL ROLE {placement.role};"
        f"SET LOCAL search_path = {placement.schema}, pg_temp;"
        f"SET LOCAL statement_timeout = {STATEMENT_MS};SET LOCAL lock_timeout = {LOCK_MS};"
        f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_MS};{plans}"
        f"SELECT enter({int(placement.version)}, {int(entry.access)}, {session})"
    )


ENTER_SESSION = "SELECT enter(placement, access, $1) FROM log_head"
"""Checks the session only: placement and access version were checked when the transaction began."""


async def enter_session(connection: Driver, session: UUID) -> None:
    """Check a session created in the current transaction. Raises EntryRejected(REVOKED)."""
    try:
        await connection.execute(ENTER_SESSION, session)
    except asyncpg.PostgresError as error:
        raise entry_error(error) from error


def entry_error(error: asyncpg.PostgresError) -> Exception:
    """EntryRejected for an error raised by `enter` or `append`; any other error unchanged."""
    if error.sqlstate in list(RejectReason):
        return EntryRejected(RejectReason(error.sqlstate))
    return error

"""Random requests of several tenants over a few connections; some fail, are refused or are cancelled at a random point."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest

from db.engine.transaction import Database, EntryRejected, Placement, RejectReason, TransactionStart
from tests.tenancy.cell import EXPIRED, GOOD, INACTIVE, MARK, REVOKED, SLUGS, TABLES, Cell, tag

PHASES = ("queue", "begin", "statement", "commit", "release")
"""Phases in which a request may be cancelled."""
WAITING = 3
"""Number of concurrent requests above the pool size; they wait for a connection."""
FENCED = "dogwood"
"""Tenant that is fenced for a move and rejects every transaction."""

WHO = "SELECT current_user, session_user, current_setting('search_path')"


class RecordingPool:
    """Proxy of the pool that records the phase of each request and checks each acquired connection."""

    def __init__(self, pool: asyncpg.Pool[Any], fuzz: Fuzz) -> None:
        self.pool = pool
        self._fuzz = fuzz

    def __getattr__(self, name: str) -> Any:
        return getattr(self.pool, name)

    async def acquire(self, **how: Any) -> Any:
        connection = await self.pool.acquire(**how)
        self._fuzz.unclean += connection.is_in_transaction()
        self._fuzz.reached("begin")
        return connection

    async def release(self, connection: Any) -> None:
        self._fuzz.reached("release")
        await self.pool.release(connection)


class Fuzz:
    """One run; the seed determines what each request does and when it is cancelled."""

    def __init__(self, cell: Cell, database: Database, seed: int) -> None:
        self.cell = cell
        self.database = database
        self.pool = database.pool
        database.pool = cast("asyncpg.Pool[Any]", RecordingPool(database.pool, self))
        self.rng = random.Random(seed)
        self.cancelled: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.committed: dict[str, set[UUID]] = defaultdict(set)
        """IDs per tenant whose COMMIT succeeded; the rows must exist."""
        self.uncommitted: set[UUID] = set()
        """IDs of transactions that failed or ended before COMMIT was sent; the rows must not exist."""
        self.unclean = 0
        """Number of connections that were acquired inside a transaction."""
        self._phase: dict[asyncio.Task[None], str] = {}
        self._waiting: dict[asyncio.Task[None], tuple[str, asyncio.Event]] = {}
        self._actions: tuple[Callable[[str], Awaitable[None]], ...] = (
            self._read, self._read, self._read_slowly, self._write, self._write,
            self._fail, self._savepoint, self._failed_savepoint, self._refused,
        )  # fmt: skip

    def reached(self, phase: str) -> None:
        """Record that the current request enters `phase`, and wake the task that cancels it there."""
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._phase[task] = phase
        target, event = self._waiting.get(task, ("", None))
        if event is not None and target == phase:
            event.set()

    async def run(self, requests: int) -> None:
        """Run the requests concurrently. Four of five get a cancellation, which about half of all requests end with."""
        for first in range(0, requests, 200):
            waiting = iter(range(first, min(first + 200, requests)))
            async with asyncio.TaskGroup() as group:
                for _ in range(self.pool.get_max_size() + WAITING):
                    group.create_task(self._worker(waiting))
            await self.assert_idle()

    async def _worker(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            await self._one(cancel=number % 5 != 0)

    async def assert_idle(self) -> None:
        """Assert that every connection is outside a transaction, with the login's role and search path."""
        for connection in await self._all_idle():
            assert not connection.is_in_transaction(), "handed out inside a transaction"
            user, login, path = await connection.fetchrow(WHO)
            assert user == login == "relata_app", f"handed out as {user}"
            assert path == "", f"handed out with the path {path}"
            await self.pool.release(connection)
        open_ones = [row for row in await self.cell.others() if row["state"] != "idle"]
        assert not [row for row in open_ones if row["state"].startswith("idle in")], open_ones

    async def _all_idle(self) -> list[Any]:
        """Acquire every connection; this waits until cancelled requests are cleaned up."""
        return [await self.pool.acquire() for _ in range(self.pool.get_max_size())]

    async def _one(self, cancel: bool) -> None:
        slug, action = self.rng.choice(SLUGS), self.rng.choice(self._actions)
        phase, ticks = self.rng.choice(PHASES), self.rng.randrange(4)
        delay = self.rng.choice((0.0, 0.0, 0.0001, 0.0004, 0.001))
        event = asyncio.Event()
        task = asyncio.create_task(self._do(action, slug))
        self._waiting[task] = (phase, event)
        task.add_done_callback(lambda _: event.set())
        if cancel:
            await event.wait()
            for _ in range(ticks):
                await asyncio.sleep(0)
            if delay:
                await asyncio.sleep(delay)
            if task.cancel():
                self.cancelled[self._phase[task]] += 1
        with suppress(asyncio.CancelledError):
            await task
        del self._waiting[task], self._phase[task]

    async def _do(self, action: Callable[[str], Awaitable[None]], slug: str) -> None:
        self.reached("queue")
        try:
            await action(slug)
        except asyncio.CancelledError:
            self.ended["cancelled"] += 1
            raise
        self.ended[action.__name__] += 1

    def _start(self) -> TransactionStart:
        return self.rng.choice(
            (TransactionStart(), TransactionStart(access=1), TransactionStart(1, GOOD))
        )

    async def _assert_tenant(self, connection: asyncpg.Connection[Any], slug: str) -> None:
        """Assert that the tenant's row is read with its role; half of the time by a statement that tenants share."""
        sql = (
            "SELECT name, current_user::text, current_schemas(false) "  # noqa: S608 - constants
            f"FROM {self.rng.choice(TABLES)} WHERE id = $1"
        )
        place = self.cell.place(slug)
        if self.rng.random() < 0.5:
            sql = tag(place, sql)
        self.reached("statement")
        name, role, path = await connection.fetchrow(sql, MARK) or ("no row", "", [])
        assert name == slug, f"{slug} read the row of {name}"
        assert role == place.role, f"{slug} read as {role}"
        assert path == [place.schema], f"{slug} read in {path}"

    async def _read(self, slug: str) -> None:
        plans = self.rng.random() < 0.3
        place = self.cell.place(slug)
        async with self.database.read(place, self._start(), custom_plans=plans) as connection:
            await self._assert_tenant(connection, slug)
            await self._assert_tenant(connection, slug)
            self.reached("commit")

    async def _read_slowly(self, slug: str) -> None:
        async with self.database.read(self.cell.place(slug), self._start()) as connection:
            self.reached("statement")
            await connection.execute(f"SELECT pg_sleep({self.rng.choice((0.0005, 0.001, 0.003))})")
            await self._assert_tenant(connection, slug)
            self.reached("commit")

    async def _insert(self, connection: asyncpg.Connection[Any], slug: str) -> UUID:
        id = UUID(int=self.rng.getrandbits(128))
        self.uncommitted.add(id)
        await connection.execute("INSERT INTO profile (id, name) VALUES ($1, $2)", id, slug)
        return id

    async def _write(self, slug: str) -> None:
        async with self.database.write(self.cell.place(slug), self._start()) as connection:
            await self._assert_tenant(connection, slug)
            id = await self._insert(connection, slug)
            self.reached("commit")
            self.uncommitted.discard(id)  # the outcome is unknown until COMMIT returns
        self.committed[slug].add(id)

    async def _fail(self, slug: str) -> None:
        with suppress(asyncpg.DivisionByZeroError):
            async with self.database.write(self.cell.place(slug), self._start()) as connection:
                await self._insert(connection, slug)
                self.reached("statement")
                await connection.execute("SELECT 1/0")
                raise AssertionError("a division by zero was forgiven")

    async def _savepoint(self, slug: str) -> None:
        """Roll back and release a savepoint; the role and the search path of the transaction remain."""
        async with self.database.write(self.cell.place(slug), self._start()) as connection:
            await connection.execute("SAVEPOINT one")
            await self._insert(connection, slug)
            await connection.execute("ROLLBACK TO one")
            await self._assert_tenant(connection, slug)
            await connection.execute("RELEASE one")
            await self._assert_tenant(connection, slug)
            self.reached("commit")

    async def _failed_savepoint(self, slug: str) -> None:
        async with self.database.write(self.cell.place(slug), self._start()) as connection:
            await connection.execute("SAVEPOINT one")
            await self._insert(connection, slug)
            with suppress(asyncpg.DivisionByZeroError):
                await connection.execute("SELECT 1/0")
            await connection.execute("ROLLBACK TO one; SAVEPOINT two")
            id = await self._insert(connection, slug)
            await connection.execute("RELEASE two")
            await self._assert_tenant(connection, slug)
            self.reached("commit")
            self.uncommitted.discard(id)
        self.committed[slug].add(id)

    async def _refused(self, slug: str) -> None:
        place = self.cell.place(slug)
        moved = Placement(place.tenant, place.schema, place.role, place.version + 1)
        placement, entry, reason = self.rng.choice(
            (
                (self.cell.place(FENCED), TransactionStart(), RejectReason.FENCED),
                (moved, TransactionStart(1, GOOD), RejectReason.MOVED),
                (place, TransactionStart(access=2), RejectReason.STALE),
                (place, TransactionStart(1, REVOKED), RejectReason.REVOKED),
                (place, TransactionStart(1, EXPIRED), RejectReason.REVOKED),
                (place, TransactionStart(1, INACTIVE), RejectReason.REVOKED),
                (place, TransactionStart(1, UUID(int=99)), RejectReason.REVOKED),
            )
        )
        opened = self.database.write if self.rng.random() < 0.5 else self.database.read
        with pytest.raises(EntryRejected) as rejected:
            async with opened(placement, entry):
                raise AssertionError(f"a transaction started in spite of {reason.name}")
        assert rejected.value.reason is reason

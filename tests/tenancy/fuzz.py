"""Thousands of requests of several tenants through few connections: failing, refused, cancelled at every point."""

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
"""Where a request can be when its client goes away."""
WAITING = 3
"""Requests that find no connection free."""
FENCED = "dogwood"
"""A tenant that is closed for a move; nobody gets in."""

WHO = "SELECT current_user, session_user, current_setting('search_path')"


class Watched:
    """The pool as it is. It notes how far each request is, and looks at every connection handed out."""

    def __init__(self, pool: asyncpg.Pool[Any], fuzz: Fuzz) -> None:
        self.pool = pool
        self._fuzz = fuzz

    def __getattr__(self, name: str) -> Any:
        return getattr(self.pool, name)

    async def acquire(self, **how: Any) -> Any:
        held = await self.pool.acquire(**how)
        self._fuzz.unclean += held.is_in_transaction()
        self._fuzz.reached("begin")
        return held

    async def release(self, held: Any) -> None:
        self._fuzz.reached("release")
        await self.pool.release(held)


class Fuzz:
    """One run. What each request does and when it is cancelled is drawn from the seed."""

    def __init__(self, cell: Cell, database: Database, seed: int) -> None:
        self.cell = cell
        self.database = database
        self.pool = database.pool
        database.pool = cast("asyncpg.Pool[Any]", Watched(database.pool, self))
        self.rng = random.Random(seed)
        self.cancelled: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.kept: dict[str, set[UUID]] = defaultdict(set)
        """Rows whose COMMIT was answered; they must be there."""
        self.lost: set[UUID] = set()
        """Rows of transactions that failed or ended before COMMIT was sent; they must not be there."""
        self.unclean = 0
        """How often a connection was handed out inside a transaction."""
        self._phase: dict[asyncio.Task[None], str] = {}
        self._waiting: dict[asyncio.Task[None], tuple[str, asyncio.Event]] = {}
        self._deeds: tuple[Callable[[str], Awaitable[None]], ...] = (
            self._read, self._read, self._read_slowly, self._write, self._write,
            self._fail, self._savepoint, self._failed_savepoint, self._refused,
        )  # fmt: skip

    def reached(self, phase: str) -> None:
        """The request under way is about to enter `phase`; whoever means to cancel it there is told."""
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._phase[task] = phase
        wanted, event = self._waiting.get(task, ("", None))
        if event is not None and wanted == phase:
            event.set()

    async def run(self, requests: int) -> None:
        """Four of five are to be cancelled, and about half end so; a few run at once and have to queue."""
        for first in range(0, requests, 200):
            waiting = iter(range(first, min(first + 200, requests)))
            async with asyncio.TaskGroup() as group:
                for _ in range(self.pool.get_max_size() + WAITING):
                    group.create_task(self._several(waiting))
            await self.look()

    async def _several(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            await self._one(cancel=number % 5 != 0)

    async def look(self) -> None:
        """Nothing is under way: so no connection is in a transaction, or is somebody else than the login."""
        for connection in await self._all_idle():
            assert not connection.is_in_transaction(), "handed out inside a transaction"
            user, login, path = await connection.fetchrow(WHO)
            assert user == login == "relata_app", f"handed out as {user}"
            assert path == "", f"handed out with the path {path}"
            await self.pool.release(connection)
        open_ones = [row for row in await self.cell.others() if row["state"] != "idle"]
        assert not [row for row in open_ones if row["state"].startswith("idle in")], open_ones

    async def _all_idle(self) -> list[Any]:
        """Every connection: got only when what was cancelled has been cleaned up."""
        return [await self.pool.acquire() for _ in range(self.pool.get_max_size())]

    async def _one(self, cancel: bool) -> None:
        slug, deed = self.rng.choice(SLUGS), self.rng.choice(self._deeds)
        phase, ticks = self.rng.choice(PHASES), self.rng.randrange(4)
        delay = self.rng.choice((0.0, 0.0, 0.0001, 0.0004, 0.001))
        event = asyncio.Event()
        task = asyncio.create_task(self._do(deed, slug))
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

    async def _do(self, deed: Callable[[str], Awaitable[None]], slug: str) -> None:
        self.reached("queue")
        try:
            await deed(slug)
        except asyncio.CancelledError:
            self.ended["cancelled"] += 1
            raise
        self.ended[deed.__name__] += 1

    def _entry(self) -> TransactionStart:
        return self.rng.choice(
            (TransactionStart(), TransactionStart(access=1), TransactionStart(1, GOOD))
        )

    async def _right(self, connection: asyncpg.Connection[Any], slug: str) -> None:
        """The tenant's own row, as its own role; half the time by a statement that tenants share."""
        sql = (
            "SELECT name, current_user::text, current_schemas(false) "  # noqa: S608 - names of ours
            f"FROM {self.rng.choice(TABLES)} WHERE id = $1"
        )
        place = self.cell.place(slug)
        if self.rng.random() < 0.5:
            sql = tag(place, sql)
        self.reached("statement")
        name, role, path = await connection.fetchrow(sql, MARK) or ("no row", "", [])
        assert name == slug, f"{slug} was shown {name}"
        assert role == place.role, f"{slug} read as {role}"
        assert path == [place.schema], f"{slug} read in {path}"

    async def _read(self, slug: str) -> None:
        plans = self.rng.random() < 0.3
        place = self.cell.place(slug)
        async with self.database.read(place, self._entry(), custom_plans=plans) as connection:
            await self._right(connection, slug)
            await self._right(connection, slug)
            self.reached("commit")

    async def _read_slowly(self, slug: str) -> None:
        async with self.database.read(self.cell.place(slug), self._entry()) as connection:
            self.reached("statement")
            await connection.execute(f"SELECT pg_sleep({self.rng.choice((0.0005, 0.001, 0.003))})")
            await self._right(connection, slug)
            self.reached("commit")

    async def _insert(self, connection: asyncpg.Connection[Any], slug: str) -> UUID:
        id = UUID(int=self.rng.getrandbits(128))
        self.lost.add(id)
        await connection.execute("INSERT INTO profile (id, name) VALUES ($1, $2)", id, slug)
        return id

    async def _write(self, slug: str) -> None:
        async with self.database.write(self.cell.place(slug), self._entry()) as connection:
            await self._right(connection, slug)
            id = await self._insert(connection, slug)
            self.reached("commit")
            self.lost.discard(id)  # from here on, only the database knows
        self.kept[slug].add(id)

    async def _fail(self, slug: str) -> None:
        with suppress(asyncpg.DivisionByZeroError):
            async with self.database.write(self.cell.place(slug), self._entry()) as connection:
                await self._insert(connection, slug)
                self.reached("statement")
                await connection.execute("SELECT 1/0")
                raise AssertionError("a division by zero was forgiven")

    async def _savepoint(self, slug: str) -> None:
        """Rolled back and released: the role and the path of the transaction outlive both."""
        async with self.database.write(self.cell.place(slug), self._entry()) as connection:
            await connection.execute("SAVEPOINT one")
            await self._insert(connection, slug)
            await connection.execute("ROLLBACK TO one")
            await self._right(connection, slug)
            await connection.execute("RELEASE one")
            await self._right(connection, slug)
            self.reached("commit")

    async def _failed_savepoint(self, slug: str) -> None:
        async with self.database.write(self.cell.place(slug), self._entry()) as connection:
            await connection.execute("SAVEPOINT one")
            await self._insert(connection, slug)
            with suppress(asyncpg.DivisionByZeroError):
                await connection.execute("SELECT 1/0")
            await connection.execute("ROLLBACK TO one; SAVEPOINT two")
            id = await self._insert(connection, slug)
            await connection.execute("RELEASE two")
            await self._right(connection, slug)
            self.reached("commit")
            self.lost.discard(id)
        self.kept[slug].add(id)

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
        with pytest.raises(EntryRejected) as away:
            async with opened(placement, entry):
                raise AssertionError(f"the door opened, though {reason.name}")
        assert away.value.reason is reason

"""A tenant's transaction is that tenant's alone, and leaves nothing behind, however it ends (D-58, D-71)."""

from __future__ import annotations

import ast
import asyncio
import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.engine.transaction import (
    Database,
    EntryRejected,
    Placement,
    RejectReason,
    StatementTimeout,
    TransactionStart,
)
from tests.support.covers import covers
from tests.tenancy.cell import EXPIRED, GOOD, INACTIVE, MARK, NAME, REVOKED, Cell, is_clean
from tests.tenancy.fuzz import FENCED, PHASES, Fuzz

CUT = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg says when its connection is gone; the last, if it was told and has not understood yet."""
ROOT = Path(__file__).resolve().parents[2]


# --- ten thousand requests ----------------------------------------------------------------------


async def _fuzzed(cell: Cell, size: int, requests: int, seed: int) -> None:
    await cell.add(FENCED)
    await cell.run(FENCED, "UPDATE log_head SET fenced = true")
    try:
        async with cell.pool(size) as database:
            fuzz = Fuzz(cell, database, seed)
            await fuzz.run(requests)
            await _rows_are_right(cell, fuzz)
    finally:
        await cell.remove(FENCED)
    assert all(fuzz.cancelled[phase] >= requests / 50 for phase in PHASES), fuzz.cancelled
    assert sum(fuzz.ended.values()) == requests
    assert not fuzz.unclean, "connections were handed out inside a transaction"


async def _rows_are_right(cell: Cell, fuzz: Fuzz) -> None:
    """All that was committed is there, in its tenant; nothing is there that was not."""
    for slug, kept in fuzz.kept.items():
        rows = await cell.run(slug, "SELECT id, name FROM profile")
        assert {row["name"] for row in rows} == {slug}
        found = {row["id"] for row in rows}
        assert found >= kept, "what was committed is gone"
        assert not found & fuzz.lost, "what was never committed is there"
        await cell.run(slug, "DELETE FROM profile WHERE id <> $1", MARK)


@covers("D-58", "D-71", "F9")
async def test_ten_thousand_requests_through_one_connection(cell: Cell) -> None:
    await _fuzzed(cell, size=1, requests=10_000, seed=58)


@pytest.mark.nightly
@covers("D-58", "D-71", "F9")
@pytest.mark.parametrize("size", [1, 2, 5])
async def test_a_hundred_thousand_requests(cell: Cell, size: int) -> None:
    await _fuzzed(cell, size=size, requests=100_000, seed=size)


# --- the door -----------------------------------------------------------------------------------


@covers("D-58")
@pytest.mark.parametrize(
    ("entry", "moved", "fenced", "reason"),
    [
        (TransactionStart(1, GOOD), 0, True, RejectReason.FENCED),
        (TransactionStart(1, GOOD), 1, False, RejectReason.MOVED),
        (TransactionStart(1, GOOD), -1, False, RejectReason.MOVED),
        (TransactionStart(2, GOOD), 0, False, RejectReason.STALE),
        (TransactionStart(1, REVOKED), 0, False, RejectReason.REVOKED),
        (TransactionStart(1, EXPIRED), 0, False, RejectReason.REVOKED),
        (TransactionStart(1, INACTIVE), 0, False, RejectReason.REVOKED),
        (TransactionStart(1, uuid4()), 0, False, RejectReason.REVOKED),
        (TransactionStart(2, REVOKED), 0, False, RejectReason.REVOKED),
    ],
)
async def test_the_door_stays_shut(
    cell: Cell, entry: TransactionStart, moved: int, fenced: bool, reason: RejectReason
) -> None:
    place = cell.place("alder")
    wanted = Placement(place.tenant, place.schema, place.role, place.version + moved)
    await cell.run("alder", "UPDATE log_head SET fenced = $1", fenced)
    try:
        async with cell.pool() as database:
            for opened in (database.read, database.write):
                with pytest.raises(EntryRejected) as away:
                    async with opened(wanted, entry):
                        pytest.fail("the door opened")
                assert away.value.reason is reason
            await is_clean(database)
    finally:
        await cell.run("alder", "UPDATE log_head SET fenced = false")


@covers("D-58")
@pytest.mark.parametrize(
    "name",
    ["public", "t_", "t_A", "t_a b", "t_a;SELECT 1", "t_a\n", 't_"a"', "t_1", "pg_catalog", ""],
)
def test_no_other_name_comes_into_the_message(name: str) -> None:
    for schema, role in ((name, "t_a"), ("t_a", name)):
        with pytest.raises(ValueError, match="is no name of a tenant's"):
            Placement(uuid4(), schema, role, 1)


@covers("D-58")
async def test_limits_are_set_inside_and_nowhere_else(cell: Cell) -> None:
    place = cell.place("alder")
    wanted = {
        "statement_timeout": "5s", "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "15s", "jit": "off", "TimeZone": "UTC",
        "search_path": f"{place.schema}, pg_temp", "role": place.role,
    }  # fmt: skip
    async with cell.pool() as database:
        for opened, mode in ((database.read, "on"), (database.write, "off")):
            async with opened(place, TransactionStart()) as connection:
                for name, value in {**wanted, "transaction_read_only": mode}.items():
                    assert await connection.fetchval(f"SHOW {name}") == value, name
        async with database.read(place, TransactionStart(), custom_plans=True) as connection:
            assert await connection.fetchval("SHOW plan_cache_mode") == "force_custom_plan"
        await is_clean(database)


@covers("D-58")
@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO stage (id, name, kind, position) VALUES (gen_random_uuid(), 'x', 'OPEN', 9)",
        "UPDATE account SET name = 'x'",
        "DELETE FROM profile",
        "SELECT name FROM account FOR UPDATE",
        "WITH gone AS (DELETE FROM profile RETURNING id) SELECT count(*) FROM gone",
    ],
)
async def test_a_read_does_not_write(cell: Cell, sql: str) -> None:
    async with cell.pool() as database:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with database.read(cell.place("alder"), TransactionStart()) as connection:
                await connection.execute(sql)


@covers("D-58")
async def test_a_statement_that_takes_too_long(cell: Cell) -> None:
    async with cell.pool() as database:
        with pytest.raises(StatementTimeout):  # noqa: PT012
            async with database.write(cell.place("alder"), TransactionStart()) as connection:
                await connection.execute("DELETE FROM profile")
                await connection.execute("SET LOCAL statement_timeout = 20; SELECT pg_sleep(60)")
        await is_clean(database)
        async with database.read(cell.place("alder"), TransactionStart()) as connection:
            assert await connection.fetchval("SELECT count(*) FROM profile") == 1


@covers("D-58")
async def test_an_error_that_was_swallowed_is_no_commit(cell: Cell) -> None:
    """Postgres answers COMMIT of a failed transaction with ROLLBACK and no error: we must not believe it."""
    async with cell.pool() as database:
        with pytest.raises(asyncpg.InFailedSQLTransactionError):  # noqa: PT012
            async with database.write(cell.place("alder"), TransactionStart()) as connection:
                await connection.execute("UPDATE account SET name = 'changed'")
                with pytest.raises(asyncpg.DivisionByZeroError):
                    await connection.execute("SELECT 1/0")
        await is_clean(database)
        async with database.read(cell.place("alder"), TransactionStart()) as connection:
            assert await connection.fetchval(NAME, MARK) == "alder"


@covers("D-58")
async def test_a_connection_that_was_cut(cell: Cell) -> None:
    async with cell.pool() as database:
        with pytest.raises(CUT):  # noqa: PT012
            async with database.write(cell.place("alder"), TransactionStart()) as connection:
                pid = connection.get_server_pid()
                await cell.admin.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
                await connection.execute("SELECT 1")
        await is_clean(database)
        async with database.read(cell.place("birch"), TransactionStart()) as connection:
            assert await connection.fetchval(NAME, MARK) == "birch"


# --- what is set in a session -------------------------------------------------------------------


@covers("D-58", "D-71")
@pytest.mark.parametrize(
    "ending", ["commits", "fails", "is cancelled", "commits itself", "commits itself and fails"]
)
@pytest.mark.parametrize(
    "sql",
    [
        "SET ROLE {birch}",
        "SET SESSION ROLE {birch}",
        "SELECT set_config('role', '{birch}', false)",
        "SET search_path = {birch}",
        "SELECT set_config('search_path', '{birch}', false)",
        "SET statement_timeout = 1",
        "SET TimeZone = 'Asia/Tokyo'",
        "SET default_transaction_read_only = on",
        "RESET ROLE",
    ],
)
async def test_nothing_set_for_the_session_outlives_the_transaction(
    cell: Cell, sql: str, ending: str
) -> None:
    """No code of ours says these; if one day it does, the next tenant must not feel it."""

    async def request(database: Database) -> None:
        async with database.write(cell.place("alder"), TransactionStart()) as connection:
            await connection.execute(sql.format(birch=cell.schema("birch")))
            if ending.startswith("commits itself"):
                await connection.execute("COMMIT")
            if ending.endswith("fails"):
                await connection.execute("SELECT 1/0")
            if ending == "is cancelled":
                await connection.execute("SET LOCAL statement_timeout = 0")
                await connection.execute("SELECT pg_sleep(60)")

    async with cell.pool() as database:
        task = asyncio.create_task(request(database))
        if ending == "is cancelled":
            await _asleep(cell)
            task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(ended, BaseException) == ("commits" not in ending or "fails" in ending)
        await is_clean(database)
        async with database.read(cell.place("cedar"), TransactionStart()) as connection:
            assert await connection.fetchval(NAME, MARK) == "cedar"


async def _asleep(cell: Cell) -> None:
    """Returns once a request sleeps in the database. A cancellation that comes before is lost there."""
    while not [row for row in await cell.others() if row["state"] == "active"]:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


@covers("D-71")
async def test_after_a_commit_of_its_own_there_is_no_tenant(cell: Cell) -> None:
    """Case 60: with the transaction the path is gone, and what follows finds nothing, not another's."""
    async with cell.pool() as database:
        with pytest.raises(asyncpg.UndefinedTableError):  # noqa: PT012
            async with database.write(cell.place("alder"), TransactionStart()) as connection:
                await connection.execute("COMMIT")
                await connection.fetchval(NAME, MARK)
        await is_clean(database)


SETS = re.compile(
    r"\b(SET\s+(SESSION|ROLE|search_path)|RESET|DISCARD|LISTEN|COMMIT|ROLLBACK|SAVEPOINT)\b"
    r"|pg_advisory_(lock|unlock)|\bTEMP(ORARY)?\s+TABLE\b"
)


@covers("D-58")
def test_nobody_sets_anything_for_a_session() -> None:
    """Case 61: no switch of tenants inside a session, because no code that runs in one says it."""
    found = []
    for room in ("auth", "db", "resolvers", "schema", "subscriptions"):
        for file in sorted((ROOT / room).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if name == "db/engine/transaction.py" or "migrations" in name:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                    continue
                # Docstrings speak of transactions; they are sentences, or have several lines.
                if SETS.search(node.value) and not node.value.endswith((".", "\n    ")):
                    found.append(f"{name}:{node.lineno}: {node.value}")
    assert not found, f"Leave sessions and transactions to db/engine/transaction.py: {found}"


# --- sessions and the message ---------------------------------------------------------------------


@covers("D-58")
async def test_a_session_is_asked_in_its_own_tenant(cell: Cell) -> None:
    """The same session id may exist in two tenants; ended in one, it stands in the other."""
    await cell.run("alder", "UPDATE session SET revoked_at = now() WHERE id = $1", GOOD)
    try:
        async with cell.pool() as database:
            with pytest.raises(EntryRejected):
                async with database.read(cell.place("alder"), TransactionStart(1, GOOD)):
                    pytest.fail("entered")
            async with database.read(cell.place("birch"), TransactionStart(1, GOOD)) as connection:
                assert await connection.fetchval(NAME, MARK) == "birch"
    finally:
        await cell.run("alder", "UPDATE session SET revoked_at = NULL WHERE id = $1", GOOD)


@covers("D-58")
async def test_only_whole_numbers_and_a_uuid_are_written_into_the_message(cell: Cell) -> None:
    """What would be SQL where a number is expected never reaches Postgres."""
    place = cell.place("alder")
    odd: Any = "1, 0, NULL); DROP TABLE account; SELECT (1"
    async with cell.pool() as database:
        for entry in (TransactionStart(access=odd), TransactionStart(1, odd)):
            with pytest.raises((ValueError, AttributeError)):
                async with database.read(place, entry):
                    pytest.fail("entered")
        with pytest.raises(ValueError, match="invalid literal"):
            async with database.read(
                Placement(UUID(int=1), place.schema, place.role, odd), TransactionStart()
            ):
                pytest.fail("entered")
        await is_clean(database)

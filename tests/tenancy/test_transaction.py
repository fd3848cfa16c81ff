"""A transaction is confined to one tenant and leaves no state on the connection, however it ends (D-58, D-71)."""

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
"""Errors of asyncpg for a lost connection; the last one if asyncpg has not yet processed the loss."""
ROOT = Path(__file__).resolve().parents[2]


# --- ten thousand requests ----------------------------------------------------------------------


async def _run_fuzz(cell: Cell, size: int, requests: int, seed: int) -> None:
    await cell.add(FENCED)
    await cell.run(FENCED, "UPDATE log_head SET fenced = true")
    try:
        async with cell.pool(size) as database:
            fuzz = Fuzz(cell, database, seed)
            await fuzz.run(requests)
            await _assert_rows(cell, fuzz)
    finally:
        await cell.remove(FENCED)
    assert all(fuzz.cancelled[phase] >= requests / 50 for phase in PHASES), fuzz.cancelled
    assert sum(fuzz.ended.values()) == requests
    assert not fuzz.unclean, "connections were handed out inside a transaction"


async def _assert_rows(cell: Cell, fuzz: Fuzz) -> None:
    """Assert that each tenant has exactly its own rows: all committed ones and no uncommitted one."""
    for slug, committed in fuzz.committed.items():
        rows = await cell.run(slug, "SELECT id, name FROM profile")
        assert {row["name"] for row in rows} == {slug}
        ids = {row["id"] for row in rows}
        assert ids >= committed, "a committed row is missing"
        assert not ids & fuzz.uncommitted, "an uncommitted row exists"
        await cell.run(slug, "DELETE FROM profile WHERE id <> $1", MARK)


@covers("D-58", "D-71", "F9")
async def test_ten_thousand_requests_over_one_connection_stay_isolated(cell: Cell) -> None:
    await _run_fuzz(cell, size=1, requests=10_000, seed=58)


@pytest.mark.nightly
@covers("D-58", "D-71", "F9")
@pytest.mark.parametrize("size", [1, 2, 5])
async def test_a_hundred_thousand_requests_stay_isolated(cell: Cell, size: int) -> None:
    await _run_fuzz(cell, size=size, requests=100_000, seed=size)


# --- start of a transaction ---------------------------------------------------------------------


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
async def test_transaction_that_may_not_start_is_rejected_with_its_reason(
    cell: Cell, entry: TransactionStart, moved: int, fenced: bool, reason: RejectReason
) -> None:
    place = cell.place("alder")
    placement = Placement(place.tenant, place.schema, place.role, place.version + moved)
    await cell.run("alder", "UPDATE log_head SET fenced = $1", fenced)
    try:
        async with cell.pool() as database:
            for opened in (database.read, database.write):
                with pytest.raises(EntryRejected) as rejected:
                    async with opened(placement, entry):
                        pytest.fail("entered")
                assert rejected.value.reason is reason
            await is_clean(database)
    finally:
        await cell.run("alder", "UPDATE log_head SET fenced = false")


@covers("D-58")
@pytest.mark.parametrize(
    "name",
    ["public", "t_", "t_A", "t_a b", "t_a;SELECT 1", "t_a\n", 't_"a"', "t_1", "pg_catalog", ""],
)
def test_placement_rejects_an_unusable_schema_or_role_name(name: str) -> None:
    for schema, role in ((name, "t_a"), ("t_a", name)):
        with pytest.raises(ValueError, match="is not a valid name of a tenant's"):
            Placement(uuid4(), schema, role, 1)


@covers("D-58")
async def test_settings_apply_inside_the_transaction_only(cell: Cell) -> None:
    place = cell.place("alder")
    settings = {
        "statement_timeout": "5s", "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "15s", "jit": "off", "TimeZone": "UTC",
        "search_path": f"{place.schema}, pg_temp", "role": place.role,
    }  # fmt: skip
    async with cell.pool() as database:
        for opened, mode in ((database.read, "on"), (database.write, "off")):
            async with opened(place, TransactionStart()) as connection:
                for name, value in {**settings, "transaction_read_only": mode}.items():
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
async def test_write_in_a_read_transaction_is_refused(cell: Cell, sql: str) -> None:
    async with cell.pool() as database:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with database.read(cell.place("alder"), TransactionStart()) as connection:
                await connection.execute(sql)


@covers("D-58")
async def test_statement_timeout_rolls_back(cell: Cell) -> None:
    async with cell.pool() as database:
        with pytest.raises(StatementTimeout):  # noqa: PT012
            async with database.write(cell.place("alder"), TransactionStart()) as connection:
                await connection.execute("DELETE FROM profile")
                await connection.execute("SET LOCAL statement_timeout = 20; SELECT pg_sleep(60)")
        await is_clean(database)
        async with database.read(cell.place("alder"), TransactionStart()) as connection:
            assert await connection.fetchval("SELECT count(*) FROM profile") == 1


@covers("D-58")
async def test_commit_after_a_swallowed_error_fails(cell: Cell) -> None:
    """Postgres answers COMMIT of a failed transaction with ROLLBACK and no error, which must raise here."""
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
async def test_connection_that_was_terminated_is_replaced(cell: Cell) -> None:
    async with cell.pool() as database:
        with pytest.raises(CUT):  # noqa: PT012
            async with database.write(cell.place("alder"), TransactionStart()) as connection:
                pid = connection.get_server_pid()
                await cell.admin.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
                await connection.execute("SELECT 1")
        await is_clean(database)
        async with database.read(cell.place("birch"), TransactionStart()) as connection:
            assert await connection.fetchval(NAME, MARK) == "birch"


# --- session settings ---------------------------------------------------------------------------


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
async def test_session_settings_do_not_outlive_the_transaction(
    cell: Cell, sql: str, ending: str
) -> None:
    """The application runs none of these statements; if it did, the next tenant must not be affected."""

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
            await _wait_for_sleep(cell)
            task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(ended, BaseException) == ("commits" not in ending or "fails" in ending)
        await is_clean(database)
        async with database.read(cell.place("cedar"), TransactionStart()) as connection:
            assert await connection.fetchval(NAME, MARK) == "cedar"


async def _wait_for_sleep(cell: Cell) -> None:
    """Wait until a request sleeps in the database, because an earlier cancellation would have no effect there."""
    while not [row for row in await cell.others() if row["state"] == "active"]:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


@covers("D-71")
async def test_statement_after_an_explicit_commit_finds_no_table(cell: Cell) -> None:
    """The search path ends with the transaction, so a later statement finds no table of any tenant."""
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
def test_no_application_code_changes_session_state() -> None:
    """SQL outside db/engine/transaction.py neither changes session settings nor ends transactions."""
    matches = []
    for area in ("auth", "db", "resolvers", "schema", "subscriptions"):
        for file in sorted((ROOT / area).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if name == "db/engine/transaction.py" or "migrations" in name:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                    continue
                # Skips docstrings, which mention transactions: they end with a period or have several lines.
                if SETS.search(node.value) and not node.value.endswith((".", "\n    ")):
                    matches.append(f"{name}:{node.lineno}: {node.value}")
    assert not matches, f"Leave sessions and transactions to db/engine/transaction.py: {matches}"


# --- sessions and the message ---------------------------------------------------------------------


@covers("D-58")
async def test_session_is_checked_in_the_tenant_of_the_transaction(cell: Cell) -> None:
    """Two tenants may have the same session ID; revoked in one, it is still valid in the other."""
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
async def test_start_message_accepts_only_integers_and_a_uuid(cell: Cell) -> None:
    """SQL in place of a number is rejected before it reaches Postgres."""
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

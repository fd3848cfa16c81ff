"""Creation of a tenant in one transaction, by a script equal to the migrations, and migration of tenants (D-71 to D-73)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from db.engine.transaction import NAME as PLACE
from db.engine.transaction import TransactionStart
from tenancy.engine import provision
from tenancy.engine.drift import CATALOG_FACTS
from tenancy.engine.history import head, script
from tenancy.engine.provision import (
    TIMEOUTS,
    Tenant,
    TenantError,
    create,
    migrate,
    schema_name,
    tenants,
)
from tests.support.covers import covers
from tests.tenancy.cell import MARK, NAME, Cell
from tests.tenancy.histories import longer, revisions, sql, steps

TRACES = """
SELECT 'role ' || rolname FROM pg_roles UNION ALL
SELECT 'schema ' || nspname FROM pg_namespace UNION ALL
SELECT 'default ' || oid FROM pg_default_acl UNION ALL
SELECT 'member ' || oid FROM pg_auth_members UNION ALL
SELECT 'type ' || count(*) FROM pg_type UNION ALL
SELECT 'tenant ' || slug FROM catalog.tenant
"""


async def _traces(cell: Cell) -> set[str]:
    return {row[0] for row in await cell.admin.fetch(TRACES)}


@pytest.fixture
async def second(cell: Cell) -> AsyncIterator[asyncpg.Connection[Any]]:
    """Connection of a second operator."""
    connection = await asyncpg.connect(cell.url)
    yield connection
    await connection.close()


@pytest.fixture
async def old(cell: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Tenant]:
    """A tenant at a revision before the newest ones."""
    tenant = await cell.add("old")
    with longer(tmp_path, monkeypatch):
        yield tenant
    await cell.remove("old")


# --- creation -----------------------------------------------------------------------------------


@covers("D-71")
async def test_created_tenant_is_listed_at_the_newest_revision(cell: Cell) -> None:
    before = {each.slug for each, _ in await tenants(cell.admin)}
    created = await create(cell.admin, "a-new-1", "A New One")
    cell.tenants["a-new-1"] = created
    try:
        listed = {each.slug: (each, revision) for each, revision in await tenants(cell.admin)}
        assert listed["a-new-1"] == (created, head())
        assert list(listed) == sorted(listed)
        assert listed.keys() - before == {"a-new-1"}
        assert (created.name, created.state, created.demo) == ("A New One", "active", False)
        assert created.placement.schema == created.placement.role == schema_name(created.id)
        async with (
            cell.pool() as database,
            database.write(created.placement, TransactionStart()) as connection,
        ):
            assert await connection.fetchval("SELECT count(*) FROM account") == 0
            assert await connection.fetchval("SELECT version_num FROM alembic_version") == head()
    finally:
        await cell.remove("a-new-1")


@pytest.mark.parametrize(
    "slug",
    [
        "", "a", "A", "Acme", "1acme", "-acme", "acme_1", "acme corp", "acme\n", "ac\0me", "acme;",
        "ácme", "acme.de", "../acme", "'; DROP SCHEMA public; --", "a" * 64, "pg", "PG_x",
    ],
)  # fmt: skip
async def test_invalid_name_is_refused_with_the_allowed_characters(cell: Cell, slug: str) -> None:
    before = await _traces(cell)
    if slug == "pg":  # reserved in Postgres, but schemas are not named after it
        await cell.add(slug)
        await cell.remove(slug)
        return
    with pytest.raises(TenantError, match=r"use 2 to 63 lower-case letters, digits and hyphens"):
        await create(cell.admin, slug, "Invalid")
    assert await _traces(cell) == before


async def test_name_in_use_is_refused(cell: Cell) -> None:
    before = await _traces(cell)
    with pytest.raises(TenantError, match="The tenant 'alder' exists already"):
        await create(cell.admin, "alder", "Alder again")
    assert await _traces(cell) == before


async def test_concurrent_creations_with_one_name_create_one_tenant(
    cell: Cell, second: asyncpg.Connection[Any]
) -> None:
    outcomes = await asyncio.gather(
        create(cell.admin, "contested", "One"),
        create(second, "contested", "Two"),
        return_exceptions=True,
    )
    created = [each for each in outcomes if isinstance(each, Tenant)]
    refused = [each for each in outcomes if isinstance(each, TenantError)]
    assert len(created) == len(refused) == 1, outcomes
    assert "Choose another name" in str(refused[0])
    cell.tenants["contested"] = created[0]
    await cell.remove("contested")


def test_schema_name_is_derived_from_the_id() -> None:
    ids = [MARK, *(type(MARK)(int=2**n - 1) for n in range(0, 129, 16))]
    names = [schema_name(id) for id in ids]
    assert len(set(names)) == len(set(ids))
    assert all(PLACE.match(name) and len(name) == 28 for name in names)


@covers("D-71")
@pytest.mark.parametrize("name", ["Broken", None])
async def test_failed_creation_leaves_nothing(
    cell: Cell, monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    """The script fails after its last statement, or the insert into the catalog fails."""
    before = await _traces(cell)
    if name:
        broken = script() + ";SELECT 1/0"
        monkeypatch.setattr(provision, "script", lambda: broken)
    title: Any = name
    with pytest.raises((asyncpg.DivisionByZeroError, asyncpg.NotNullViolationError)):
        await create(cell.admin, "broken", title)
    assert await _traces(cell) == before
    monkeypatch.undo()
    await cell.add("broken")
    await cell.remove("broken")
    assert await _traces(cell) == before


@covers("D-71")
async def test_creation_by_a_killed_process_leaves_nothing(
    cell: Cell, second: asyncpg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await _traces(cell)
    sleepy = script() + ";SELECT pg_sleep(50)"
    monkeypatch.setattr(provision, "script", lambda: sleepy)
    creation = asyncio.create_task(create(second, "dying", "Dying"))
    await _terminate(cell, second)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await creation
    assert await _traces(cell) == before


async def _terminate(cell: Cell, connection: asyncpg.Connection[Any]) -> None:
    """Terminate the connection while the script is in its last statement, like `kill -9` of the operator."""
    asleep = "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $1"
    while not await cell.admin.fetchval(asleep, connection.get_server_pid()):  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    await cell.admin.execute("SELECT pg_terminate_backend($1, 5000)", connection.get_server_pid())


# --- script and migrations ----------------------------------------------------------------------


async def _facts(cell: Cell, name: str) -> set[str]:
    return {
        str(row[0]).replace(f"{name}.", "") for row in await cell.admin.fetch(CATALOG_FACTS, name)
    }


@pytest.mark.parametrize("length", ["current", "longer"])
async def test_script_creates_the_schema_of_the_migrations_at_each_revision(
    cell: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: str
) -> None:
    """At each revision, a migrated schema equals one that is created at that revision."""

    async def compare() -> None:
        attempt = cell.admin.transaction()
        await attempt.start()
        try:
            await cell.admin.execute("CREATE SCHEMA steps")
            for since, until in steps():
                complete = f"complete_{until}"
                await cell.admin.execute(f"CREATE SCHEMA {complete}")
                for place, text in (("steps", sql(since, until)), (complete, sql("base", until))):
                    await cell.admin.execute(f"SET LOCAL search_path = {place}, pg_temp; {text}")
                    assert (
                        await cell.admin.fetchval("SELECT version_num FROM alembic_version")
                        == until
                    )
                facts = await _facts(cell, "steps")
                assert facts == await _facts(cell, complete), f"revision {until}"
                assert len(facts) > 100
        finally:
            await attempt.rollback()

    if length == "current":
        await compare()
        assert sql("base", head()) == script()
    else:
        with longer(tmp_path, monkeypatch):
            assert len(revisions()) > 3
            await compare()


async def test_all_tenants_have_the_same_schema(cell: Cell) -> None:
    alder, *others = [await _facts(cell, cell.schema(slug)) for slug in sorted(cell.tenants)]
    assert len(others) >= 2
    assert all(other == alder for other in others)


async def test_migration_from_an_older_revision_keeps_rows(cell: Cell, old: Tenant) -> None:
    """Only the new revisions run, rows are kept, and the tenant's role may use the new tables."""
    newest = [revision for each, revision in await tenants(cell.admin) if each == old]
    assert await migrate(cell.admin, old, newest[0])
    assert dict(await tenants(cell.admin))[old] == head() == "9003"
    fresh = await create(cell.admin, "fresh", "Fresh")
    cell.tenants["fresh"] = fresh
    try:
        async with cell.pool() as database:
            for tenant in (old, fresh):
                async with database.write(tenant.placement, TransactionStart()) as connection:
                    await connection.execute("INSERT INTO mood (id, name) VALUES ($1, 'x')", MARK)
                    await connection.execute("DELETE FROM mood")
            async with database.read(old.placement, TransactionStart()) as connection:
                assert await connection.fetchval(NAME, MARK) == "old"
                assert await connection.fetchval("SELECT rating FROM account") == 5
                assert (
                    await connection.fetchval("SELECT version_num FROM alembic_version") == "9003"
                )
            async with database.read(cell.place("birch"), TransactionStart()) as connection:
                assert await connection.fetchval(NAME, MARK) == "birch"
        # Independent of the order of columns.
        assert await _facts(cell, old.placement.schema) == await _facts(
            cell, fresh.placement.schema
        )
        assert not await migrate(cell.admin, old, head())
    finally:
        await cell.remove("fresh")


async def test_concurrent_migrations_of_a_tenant_run_once(
    cell: Cell, old: Tenant, second: asyncpg.Connection[Any]
) -> None:
    """Two processes read the old revision; one migrates, the other does nothing."""
    ((_, since),) = [(e, revision) for e, revision in await tenants(cell.admin) if e == old]
    done = await asyncio.gather(migrate(cell.admin, old, since), migrate(second, old, since))
    assert sorted(done) == [False, True]
    assert dict(await tenants(cell.admin))[old] == head()


async def test_failed_or_killed_migration_leaves_the_tenant_unchanged(
    cell: Cell, old: Tenant, second: asyncpg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, since = await _facts(cell, old.placement.schema), dict(await tenants(cell.admin))[old]
    steps_since = script(since)
    with monkeypatch.context() as patch:
        patch.setattr(provision, "script", lambda _: steps_since + ";SELECT 1/0")
        with pytest.raises(asyncpg.DivisionByZeroError):
            await migrate(cell.admin, old, since)
        patch.setattr(provision, "script", lambda _: steps_since + ";SELECT pg_sleep(50)")
        migrating = asyncio.create_task(migrate(second, old, since))
        await _terminate(cell, second)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await migrating
    assert await _facts(cell, old.placement.schema) == before
    assert dict(await tenants(cell.admin))[old] == since
    async with (
        cell.pool() as database,
        database.read(old.placement, TransactionStart()) as connection,
    ):
        assert await connection.fetchval(NAME, MARK) == "old"
    assert await migrate(cell.admin, old, since), "a second attempt succeeds"


async def test_migration_runs_as_ddl_role_with_time_limits(
    cell: Cell, old: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The role owns the tables, the search path has only the tenant's schema, and locks time out after 2 s."""
    probe = (
        "CREATE TABLE probe AS SELECT current_user::text AS role, name, setting FROM pg_settings"
    )
    monkeypatch.setattr(provision, "script", lambda _: probe)
    await migrate(cell.admin, old, "any")
    rows = await cell.run("old", "SELECT * FROM probe")
    settings = {row["name"]: row["setting"] for row in rows}
    assert {row["role"] for row in rows} == {"relata_ddl"}
    assert settings["search_path"] == f"{old.placement.schema}, pg_temp"
    assert 0 < int(settings["lock_timeout"]) <= 2000
    assert 0 < int(settings["statement_timeout"]) <= 60_000
    assert await cell.admin.fetchval("SELECT current_user = session_user")
    assert await cell.admin.fetchval("SHOW lock_timeout") == "0"
    assert "lock_timeout" in TIMEOUTS

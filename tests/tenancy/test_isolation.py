"""Postgres denies access to other tenants, and prepared statements never return another tenant's rows (D-71)."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from db.engine.transaction import Placement, TransactionStart
from tests.support.covers import covers
from tests.support.world import World
from tests.tenancy.cell import MARK, NAME, Cell, is_clean, tag

FORBIDDEN = (
    "SELECT * FROM {birch}.account",
    "SELECT count(*) FROM {birch}.log_head",
    "INSERT INTO {birch}.profile (id, name) VALUES (gen_random_uuid(), 'x')",
    "UPDATE {birch}.account SET name = 'x'",
    "DELETE FROM {birch}.account",
    "TRUNCATE {birch}.account CASCADE",
    "CREATE TABLE {birch}.x (a int)",
    "ALTER TABLE {birch}.account ADD COLUMN x int",
    "DROP TABLE {birch}.account CASCADE",
    "DROP SCHEMA {birch} CASCADE",
    "LOCK TABLE {birch}.account",
    "COPY {birch}.account TO STDOUT",
    "CREATE TABLE {alder}.x (a int)",
    "CREATE FUNCTION {alder}.x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE VIEW {alder}.x AS SELECT 1",
    "ALTER TABLE account ADD COLUMN x int",
    "ALTER TABLE account DISABLE TRIGGER ALL",
    "CREATE INDEX ON account (name)",
    "DROP TABLE account CASCADE",
    "TRUNCATE account CASCADE",
    "COMMENT ON TABLE account IS 'x'",
    "DROP SCHEMA {alder} CASCADE",
    "CREATE SCHEMA x",
    "CREATE TABLE public.x (a int)",
    "CREATE TABLE platform.x (a int)",
    "SELECT * FROM catalog.tenant",
    "SELECT * FROM platform.tenant('birch', NULL)",
    "CREATE OR REPLACE FUNCTION platform.minor(currency text) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE ROLE x",
    "ALTER ROLE {alder} SUPERUSER",
    "GRANT {birch} TO {alder}",
    "SET LOCAL session_replication_role = replica",
    "SELECT * FROM pg_authid",
    "SELECT pg_read_file('PG_VERSION')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
)


@covers("D-71")
@pytest.mark.parametrize("sql", FORBIDDEN)
async def test_postgres_denies_statements_beyond_the_tenants_rows(cell: Cell, sql: str) -> None:
    statement = sql.format(alder=cell.schema("alder"), birch=cell.schema("birch"))
    async with cell.pool() as database:
        with pytest.raises(
            (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidGrantOperationError)
        ):
            async with database.write(cell.place("alder"), TransactionStart()) as connection:
                await connection.execute(statement)
        await is_clean(database)


@covers("D-71")
async def test_schema_with_the_role_of_another_tenant_is_refused(cell: Cell) -> None:
    """Postgres skips a schema on the search path that the role may not use, so the tables are undefined."""
    alder, birch = cell.place("alder"), cell.place("birch")
    async with cell.pool() as database:
        for wrong in (
            Placement(alder.tenant, alder.schema, birch.role, 1),
            Placement(birch.tenant, birch.schema, alder.role, 1),
            Placement(alder.tenant, "t_missing", alder.role, 1),
        ):
            with pytest.raises((asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError)):
                async with database.read(wrong, TransactionStart()):
                    pytest.fail("entered")
        with pytest.raises(asyncpg.InvalidParameterValueError):
            async with database.read(
                Placement(alder.tenant, alder.schema, "t_missing", 1), TransactionStart()
            ):
                pytest.fail("entered")
        await is_clean(database)


@covers("D-71")
async def test_login_without_a_tenant_role_reads_no_table(cell: Cell) -> None:
    connection = await asyncpg.connect(cell.login_url)
    try:
        assert await connection.fetchval("SHOW search_path") in ("", '""')
        with pytest.raises(asyncpg.UndefinedTableError):
            await connection.fetch("SELECT * FROM account")
        for slug in cell.tenants:
            tables = await cell.admin.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = $1", cell.schema(slug)
            )
            assert len(tables) > 15
            for (table,) in tables:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetch(f'SELECT 1 FROM {cell.schema(slug)}."{table}"')  # noqa: S608
            await connection.execute(f"SET search_path = {cell.schema(slug)}")
            with pytest.raises(asyncpg.UndefinedTableError):
                await connection.fetch("SELECT * FROM account")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT * FROM catalog.tenant")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch(f"SELECT {cell.schema(slug)}.enter(1, 0, NULL)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SET ROLE relata_ddl")
        assert len(await connection.fetch("SELECT * FROM platform.tenant('alder', NULL)")) == 1
    finally:
        await connection.close()


@covers("D-71")
async def test_login_has_no_attributes_and_inherits_no_role(cell: Cell) -> None:
    row = await cell.admin.fetchrow("SELECT * FROM pg_roles WHERE rolname = 'relata_app'")
    assert row is not None
    can = {name for name in row.keys() if name.startswith("rol") and row[name] is True}  # noqa: SIM118
    assert can == {"rolcanlogin"}
    owned = await cell.admin.fetchval(
        "SELECT count(*) FROM pg_shdepend WHERE refobjid = 'relata_app'::regrole AND deptype = 'o'"
    )
    assert owned == 0
    memberships = await cell.admin.fetch(
        "SELECT roleid::regrole::text AS role, inherit_option, set_option, admin_option "
        "FROM pg_auth_members WHERE member = 'relata_app'::regrole"
    )
    roles = {row["role"] for row in memberships}
    assert roles >= {tenant.placement.role for tenant in cell.tenants.values()}
    assert all(role.startswith("t_") for role in roles)
    assert {(r["inherit_option"], r["set_option"], r["admin_option"]) for r in memberships} == {
        (False, True, False)
    }


@covers("D-71")
async def test_missing_table_is_an_error_and_never_read_elsewhere(cell: Cell) -> None:
    """Tables of the same name exist in every schema that a wrong search path could include."""
    await cell.add("elm")
    schema, admin = cell.schema("elm"), cell.admin
    try:
        await admin.execute(f"DROP TABLE {schema}.account CASCADE")
        for place in ("public", "platform", "catalog"):
            await cell.run("birch", f"CREATE TABLE {place}.account AS TABLE account")
            await admin.execute(f"GRANT SELECT ON {place}.account TO PUBLIC")
        await admin.execute("GRANT USAGE ON SCHEMA public, catalog TO PUBLIC")
        async with cell.pool() as database:
            for slug in ("birch", "elm", "birch", "elm"):
                opened = database.read(cell.place(slug), TransactionStart())
                if slug == "birch":
                    async with opened as connection:
                        assert await connection.fetchval(NAME, MARK) == "birch"
                else:
                    with pytest.raises(asyncpg.UndefinedTableError):
                        async with opened as connection:
                            await connection.fetchval(NAME, MARK)
    finally:
        for place in ("public", "platform", "catalog"):
            await admin.execute(f"DROP TABLE IF EXISTS {place}.account")
        await admin.execute("REVOKE ALL ON SCHEMA public, catalog FROM PUBLIC")
        await cell.remove("elm")


# --- prepared statements ------------------------------------------------------------------------


@covers("D-58", "D-71")
@pytest.mark.parametrize("tagged", [True, False])
async def test_prepared_statements_return_the_rows_of_the_current_tenant(
    cell: Cell, tagged: bool
) -> None:
    """Postgres plans a shared statement again when the search path changes."""
    async with cell.pool() as database:
        for slug in ("alder", "birch", "alder", "cedar", "birch", "alder") * 10:
            place = cell.place(slug)
            async with database.read(place, TransactionStart()) as connection:
                for table in ("account", "profile", "stage"):
                    sql = f"SELECT name FROM {table} WHERE id = $1"  # noqa: S608
                    statement = tag(place, sql) if tagged else sql
                    assert await connection.fetchval(statement, MARK) == slug


async def test_column_that_only_one_tenant_has_changes_no_result(cell: Cell) -> None:
    """Below the planner: statements list their columns, so new ones change no result."""
    changes = (
        "ALTER TABLE account ADD COLUMN rating integer DEFAULT 5",
        "ALTER TABLE account ADD COLUMN mood text",
        "ALTER TABLE account DROP COLUMN mood",
        "CREATE INDEX ON account (rating)",
    )
    await cell.add("elm")
    sql = "SELECT id, name, owner_id, custom FROM account WHERE id = $1"
    try:
        async with cell.pool() as database:
            for change in ("SELECT 1", *changes):
                await cell.run("elm", change)
                for slug in ("elm", "birch", "elm"):
                    for statement in (sql, tag(cell.place(slug), sql)):
                        async with database.read(
                            cell.place(slug), TransactionStart()
                        ) as connection:
                            row = await connection.fetchrow(statement, MARK)
                            assert row is not None
                            assert row["name"] == slug
    finally:
        await cell.remove("elm")


LISTED = """{ accounts(first: 3, orderBy: [{name: ASC}]) {
  totalCount nodes { id name employeeCount owner { name } attributes { key text } } } }"""


async def test_reads_succeed_while_tenants_are_migrated(world: World) -> None:
    """As a client sees it: also a changed column type is harmless, because each response is one text value."""
    before = {slug: await _listed(world, slug) for slug in ("acme", "globex")}
    assert before["acme"] != before["globex"]
    account = f"{world.schema('acme')}.account"
    steps = (
        (f"ALTER TABLE {account} ADD COLUMN rating text DEFAULT 'x'", f"ALTER TABLE {account} DROP COLUMN rating"),
        (f"ALTER TABLE {account} ALTER employee_count TYPE bigint", f"ALTER TABLE {account} ALTER employee_count TYPE integer"),
    )  # fmt: skip
    for forth, back in steps:
        await world.admin.execute(forth)
        try:
            for slug in ("acme", "globex", "acme", "globex"):
                assert await _listed(world, slug) == before[slug]
        finally:
            await world.admin.execute(back)
        assert await _listed(world, "acme") == before["acme"]


async def _listed(world: World, slug: str) -> Any:
    answer = await world.ask("director", LISTED, tenant=slug)
    assert answer.status == 200
    return answer.data

"""Owners and privileges in Postgres, and the objects of a tenant's schema (D-71, D-72)."""

from __future__ import annotations

from tests.support.covers import covers
from tests.tenancy.cell import Cell

READ_WRITE = {"SELECT", "INSERT", "UPDATE", "DELETE"}
APPEND_ONLY = {"history", "change_log"}
"""Tables to which the application may add rows but not change or delete them."""
ALEMBIC = "alembic_version"
"""Alembic's table, which has no comments."""


@covers("D-71")
async def test_every_object_of_a_tenant_is_owned_by_the_ddl_role(cell: Cell) -> None:
    owners = await cell.admin.fetch(
        """SELECT n.nspname, coalesce(c.relname, '') AS name, pg_get_userbyid(c.relowner) AS owner,
                  pg_get_userbyid(n.nspowner) AS schema_owner
           FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid
           WHERE n.nspname LIKE 't\\_%'"""
    )
    assert len(owners) > 60 * len(cell.tenants)
    assert {(row["owner"], row["schema_owner"]) for row in owners} == {("relata_ddl", "relata_ddl")}


@covers("D-71")
async def test_tenant_role_has_privileges_on_rows_only(cell: Cell) -> None:
    for tenant in cell.tenants.values():
        role, schema = tenant.placement.role, tenant.placement.schema
        tables = await cell.admin.fetch(
            """SELECT c.relname, pg_get_userbyid(a.grantee) AS grantee, a.grantee = 0 AS public,
                      array_agg(a.privilege_type::text) AS rights, bool_or(a.is_grantable) AS grantable
               FROM pg_class c, aclexplode(c.relacl) a
               WHERE c.relnamespace = $1::regnamespace GROUP BY 1, 2, 3""",
            schema,
        )
        granted = {row["relname"]: row for row in tables if row["grantee"] == role}
        tables_of_schema = await cell.admin.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = $1", schema
        )
        assert granted.keys() == {row["tablename"] for row in tables_of_schema}
        for name, row in granted.items():
            expected = {"SELECT", "INSERT"} if name in APPEND_ONLY else READ_WRITE
            assert set(row["rights"]) == expected, f"{name}: {row['rights']}"
            assert not row["grantable"]
        assert {row["grantee"] for row in tables} == {role, "relata_ddl"}
        rights = {
            right: await cell.admin.fetchval(
                "SELECT has_schema_privilege($1, $2, $3)", role, schema, right
            )
            for right in ("USAGE", "CREATE")
        }
        assert rights == {"USAGE": True, "CREATE": False}
        assert not await cell.admin.fetchval(
            "SELECT count(*) FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid IN "
            "(SELECT oid FROM pg_class WHERE relnamespace = $1::regnamespace)",
            schema,
        )


@covers("D-71")
async def test_tenant_role_has_no_access_to_other_schemas(cell: Cell) -> None:
    """Besides its own schema, the role may use the functions in `platform` and the schemas of Postgres."""
    for tenant in cell.tenants.values():
        role = tenant.placement.role
        used = await cell.admin.fetch(
            "SELECT nspname::text FROM pg_namespace WHERE has_schema_privilege($1, oid, 'USAGE')",
            role,
        )
        assert {row[0] for row in used} == {
            tenant.placement.schema, "platform", "pg_catalog", "information_schema",
        }  # fmt: skip
        creatable = await cell.admin.fetch(
            "SELECT nspname::text FROM pg_namespace WHERE has_schema_privilege($1, oid, 'CREATE')",
            role,
        )
        assert not creatable
        of = await cell.admin.fetch(
            "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = $1::regrole", role
        )
        assert [row[0] for row in of] == ["relata_tenant"]
        row = await cell.admin.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", role)
        assert row is not None
        assert {name for name, value in row.items() if value is True} == {"rolinherit"}


@covers("D-58", "D-71")
async def test_functions_in_platform_are_executable_by_their_callers_only(cell: Cell) -> None:
    rows = await cell.admin.fetch(
        """SELECT p.proname, p.prosecdef, p.proconfig, array_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC'
                  ELSE pg_get_userbyid(a.grantee)::text END) AS callers
           FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
           WHERE p.pronamespace = 'platform'::regnamespace GROUP BY p.oid"""
    )
    operator = await cell.admin.fetchval("SELECT current_user")
    callers = {row["proname"]: set(row["callers"]) - {operator} for row in rows}
    assert callers["enter"] == {"relata_tenant"}
    assert callers["tenant"] == {"relata_app"}
    definers = {row["proname"]: row["proconfig"] for row in rows if row["prosecdef"]}
    assert definers == {"tenant": ['search_path=""']}, "only this function is SECURITY DEFINER"


@covers("D-71")
async def test_tenant_role_can_execute_no_security_definer_function(cell: Cell) -> None:
    functions = await cell.admin.fetch(
        """SELECT p.oid::regprocedure::text FROM pg_proc p
           WHERE p.prosecdef AND p.pronamespace <> 'pg_catalog'::regnamespace
             AND has_function_privilege('relata_tenant', p.oid, 'EXECUTE')"""
    )
    assert not functions


@covers("D-71")
async def test_public_schema_is_closed_to_all_roles(cell: Cell) -> None:
    acl = await cell.admin.fetchval(
        "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'"
    )
    assert "=U/" not in acl.replace("pg_database_owner=UC/", "")
    for role in ("relata_app", "relata_tenant", cell.schema("alder")):
        for right in ("USAGE", "CREATE"):
            assert not await cell.admin.fetchval(
                "SELECT has_schema_privilege($1, 'public', $2)", role, right
            )


async def test_tenant_schemas_define_no_types(cell: Cell) -> None:
    """A type per schema has a different OID in each, and the driver would confuse them."""
    types = await cell.admin.fetch(
        """SELECT t.typname FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
           WHERE t.typnamespace::regnamespace::text LIKE 't\\_%'
             AND NOT (t.typtype = 'c' AND c.relkind = 'r')
             AND NOT (t.typcategory = 'A' AND t.typelem IN (SELECT reltype FROM pg_class))"""
    )
    assert not types, f"use text with a CHECK instead: {types}"
    columns = await cell.admin.fetch(
        """SELECT DISTINCT t.typnamespace::regnamespace::text AS schema FROM pg_attribute a
           JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
           WHERE c.relnamespace::regnamespace::text LIKE 't\\_%' AND a.attnum > 0
             AND NOT a.attisdropped AND c.relkind = 'r'"""
    )
    assert [row["schema"] for row in columns] == ["pg_catalog"]


async def test_every_table_and_column_has_a_comment(cell: Cell) -> None:
    uncommented = await cell.run(
        "alder",
        """SELECT c.relname || coalesce('.' || a.attname, '') AS name
           FROM pg_class c LEFT JOIN pg_attribute a
             ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' AND c.relname <> $2
             AND (obj_description(c.oid, 'pg_class') IS NULL OR col_description(c.oid, a.attnum) IS NULL)""",
        cell.schema("alder"),
        ALEMBIC,
    )
    assert not uncommented, f"comment on {[row['name'] for row in uncommented]} in the migration"


async def test_the_catalog_and_platform_functions_have_comments(cell: Cell) -> None:
    uncommented = await cell.admin.fetch(
        """SELECT a.attname FROM pg_attribute a WHERE a.attrelid = 'catalog.tenant'::regclass
           AND a.attnum > 0 AND col_description(a.attrelid, a.attnum) IS NULL"""
    )
    assert not uncommented
    functions = await cell.admin.fetch(
        """SELECT p.proname FROM pg_proc p LEFT JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
           WHERE p.pronamespace = 'platform'::regnamespace AND d.objid IS NULL
             AND obj_description(p.oid, 'pg_proc') IS NULL"""
    )
    assert not functions, f"comment on platform.{functions}"

"""A copy of a tenant's tables as typical for PostGraphile: with row-level security and a masking function."""

from __future__ import annotations

from typing import Any

import asyncpg

from bench.tenant import Filled

SCHEMA = "rival"
LOGIN = "rival_login"
TABLES = ("employee", "stage", "opportunity_type", "account", "opportunity", "opportunity_share")
"""Tables in insertion order: referenced ones first."""

_FOREIGN = (
    ("employee", "manager_id", "employee"),
    ("account", "parent_id", "account"),
    ("account", "owner_id", "employee"),
    ("opportunity", "account_id", "account"),
    ("opportunity", "owner_id", "employee"),
    ("opportunity", "type_id", "opportunity_type"),
    ("opportunity", "stage_id", "stage"),
    ("opportunity_share", "opportunity_id", "opportunity"),
    ("opportunity_share", "employee_id", "employee"),
)

_ROLES = """
CREATE ROLE rival_admin NOLOGIN;
CREATE ROLE rival_seller NOLOGIN;
CREATE ROLE rival_login LOGIN NOINHERIT IN ROLE rival_admin, rival_seller;
"""

_FUNCTIONS = """
CREATE FUNCTION rival.my_team() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rival AS $$
    WITH RECURSIVE team (id) AS (
        SELECT current_setting('rival.employee')::uuid
        UNION SELECT e.id FROM employee e JOIN team t ON e.manager_id = t.id
    ) SELECT array_agg(id) FROM team
$$;
COMMENT ON FUNCTION rival.my_team IS '@behavior -*';
CREATE FUNCTION rival.my_shares() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rival AS $$
    SELECT coalesce(array_agg(opportunity_id), '{}') FROM opportunity_share
    WHERE employee_id = current_setting('rival.employee')::uuid
$$;
COMMENT ON FUNCTION rival.my_shares IS '@behavior -*';
CREATE FUNCTION rival.opportunity_visible_commission(o rival.opportunity) RETURNS numeric
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN o.status = 'WON' OR current_user <> 'rival_seller' THEN o.commission END
$$;
COMMENT ON COLUMN rival.opportunity.commission IS '@behavior -*';
"""

# A function in a subselect is called once per statement, not once per row, as the documentation of
# Postgres services with row-level security recommends.
_POLICIES = """
GRANT USAGE ON SCHEMA rival TO rival_login, rival_admin, rival_seller;
GRANT USAGE ON SCHEMA platform TO rival_admin, rival_seller; -- an index calls a function there
GRANT SELECT ON ALL TABLES IN SCHEMA rival TO rival_login, rival_admin, rival_seller;
ALTER TABLE rival.opportunity ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON rival.opportunity TO rival_admin USING (true);
CREATE POLICY mine ON rival.opportunity TO rival_seller USING (
    owner_id = ANY ((SELECT rival.my_team())::uuid[])
    OR id = ANY ((SELECT rival.my_shares())::uuid[])
);
"""


def _copy(schema: str) -> str:
    """SQL of the copy. It contains no deleted rows, so that the rival needs no condition on them."""
    statements = [f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA};"]
    for table in TABLES:
        alive = "" if table == "opportunity_share" else "WHERE deleted_at IS NULL"
        statements.append(
            f"CREATE TABLE {SCHEMA}.{table} (LIKE {schema}.{table} INCLUDING ALL);"  # noqa: S608
            f"INSERT INTO {SCHEMA}.{table} SELECT * FROM {schema}.{table} {alive};"
        )
    for table, column, target in _FOREIGN:
        # Rows may reference deleted rows, which are not copied, hence NOT VALID.
        statements.append(
            f"ALTER TABLE {SCHEMA}.{table} ADD CONSTRAINT {table}_{column} "
            f"FOREIGN KEY ({column}) REFERENCES {SCHEMA}.{target} (id) NOT VALID;"
        )
    return "".join(statements)


async def copy(admin: asyncpg.Connection[Any], filled: Filled) -> None:
    """Replace the copy by the current rows of the tenant."""
    if not await admin.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", LOGIN):
        await admin.execute(_ROLES)
    async with admin.transaction():
        await admin.execute(_copy(filled.tenant.placement.schema))
        await admin.execute(_FUNCTIONS + _POLICIES)
    for table in TABLES:
        # VACUUM, so that the copy has a visibility map like the original.
        await admin.execute(f"VACUUM (ANALYZE) {SCHEMA}.{table}")

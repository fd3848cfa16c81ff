"""Detects missing migrations: compares the declared tables with the migrated ones in Postgres' catalog."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import (
    AddConstraint,
    CreateIndex,
    CreateTable,
    ExecutableDDLElement,
    SetColumnComment,
    SetTableComment,
)

from db.engine.transaction import Driver
from tenancy.engine.history import script

CATALOG_FACTS = """
SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
       || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
       || coalesce(' -- ' || col_description(c.oid, a.attnum), '')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = $1::regnamespace AND contype <> 'n'
  AND conrelid::regclass::text !~ 'alembic_version'
UNION ALL
SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class i ON i.oid = indexrelid
WHERE i.relnamespace = $1::regnamespace AND i.relname !~ '^alembic_version'
UNION ALL
SELECT 'table ' || relname || coalesce(array_to_string(reloptions, ','), '')
       || coalesce(' -- ' || obj_description(oid, 'pg_class'), '')
FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
"""


def declared_sql(metadata: MetaData) -> str:
    """The SQL that creates the declared tables, with comments."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
    parts: list[ExecutableDDLElement] = []
    for table in metadata.sorted_tables:
        parts += [CreateTable(table), SetTableComment(table)]
        parts += [SetColumnComment(column) for column in table.columns]
        parts += [CreateIndex(index) for index in sorted(table.indexes, key=lambda i: str(i.name))]
    circular_keys = [
        AddConstraint(key)
        for table in metadata.sorted_tables
        for key in table.foreign_key_constraints
        if key.use_alter
    ]
    circular_keys.sort(key=lambda each: str(each.element.name))
    parts += circular_keys
    return ";\n".join(str(part.compile(dialect=dialect)) for part in parts)


async def drift(admin: Driver, metadata: MetaData) -> list[str]:
    """The differences: facts that the migrations lack (`- …`) or have in excess (`+ …`). Empty if they match."""
    facts = []
    for name, text in (("drift_declared", declared_sql(metadata)), ("drift_migrated", script())):
        async with admin.transaction():
            await admin.execute(f"CREATE SCHEMA {name}; SET LOCAL search_path = {name}, pg_temp")
            await admin.execute(text)
            rows = await admin.fetch(CATALOG_FACTS, name)
            facts.append({str(row[0]).replace(f"{name}.", "") for row in rows})
            await admin.execute(
                f"SET LOCAL client_min_messages = warning; DROP SCHEMA {name} CASCADE"
            )
    expected, migrated = facts
    return sorted(
        [f"- {fact}" for fact in expected - migrated]
        + [f"+ {fact}" for fact in migrated - expected]
    )

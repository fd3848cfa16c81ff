"""A tenant with a subset of the demonstration data: written through the API, read from Postgres, and reset to its start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from db.api import METADATA, MODEL
from domain.activities import employers
from tenancy.demo.seed import rows as demonstration
from tenancy.engine.provision import create
from tests.support.rows import as_rows
from tests.support.world import PERSONAS, TODAY, World
from tests.writes.client import TenantClient

Row = Mapping[str, Any]
Rows = dict[UUID, Row]
SUBSET = {"account": 8, "person": 16, "case": 80}
"""Rows of the demonstration data to use per table; of other tables, those whose references exist."""
TABLES = {entity.table.name: name for name, entity in MODEL.entities.items() if not entity.is_trace}
TRACES = ("history", "change_log", "idempotency_key")


@dataclass
class Records:
    """All rows of the tenant by entity and id, including those in the trash."""

    rows: dict[str, Rows] = field(default_factory=dict)

    def all(self, entity: str) -> Collection[Row]:
        """All rows of an entity, including those in the trash."""
        return self.rows.get(entity, {}).values()

    def live(self, entity: str) -> list[Row]:
        """The rows of an entity that are not in the trash, oldest first."""
        return [row for row in self.all(entity) if row["deleted_at"] is None]

    def with_changed(self, entity: str, id: UUID, **changed: Any) -> Records:
        """A copy with one record changed."""
        row = {**self.rows[entity][id], **changed}
        return Records({**self.rows, entity: {**self.rows[entity], id: row}})

    def with_added(self, entity: str, row: Row) -> Records:
        """A copy with one record added."""
        return Records({**self.rows, entity: {**self.rows[entity], row["id"]: row}})


@dataclass
class GraphTenant:
    """The tenant with its rows as of the last read."""

    client: TenantClient
    operator: asyncpg.Connection[Any]
    records: Records = field(default_factory=Records)
    initial: Records = field(default_factory=Records)
    """The rows at the start."""
    position: int = 0
    base_position: int = 0
    """The log position at the last reset."""

    async def read(self, entities: Collection[str] | None = None) -> Records:
        """The current rows, read again for the given entities or for all of them."""
        rows = dict(self.records.rows)
        for table, entity in TABLES.items():
            if entities is None or entity in entities:
                text = f'SELECT * FROM "{table}" ORDER BY created_at, id'  # noqa: S608 - a constant name
                rows[entity] = {row["id"]: dict(row) for row in await self.operator.fetch(text)}
        return Records(rows)

    async def reset(self) -> None:
        """Restore the rows of the start and clear the traces; log positions keep growing."""
        logged = await self.operator.fetch("SELECT DISTINCT entity FROM change_log")
        changed = {MODEL.entities[row["entity"]].table.name for row in logged} | {"session"}
        ordered = [each.name for each in METADATA.sorted_tables if each.name in changed]
        script = ["SET LOCAL session_replication_role = replica"]
        script += [f'DELETE FROM "{name}"' for name in ordered]  # noqa: S608 - constant names
        script += [f'INSERT INTO "{name}" SELECT * FROM "initial_{name}"' for name in ordered]  # noqa: S608
        script += [f'TRUNCATE "{name}"' for name in TRACES]
        script += ["UPDATE log_head SET access = access + 1"]
        async with self.operator.transaction():
            await self.operator.execute("; ".join(script))
        self.records = self.initial
        self.base_position = self.position = await self.operator.fetchval(
            "SELECT position FROM log_head"
        )


def demonstration_subset(slug: str, password: str) -> dict[str, list[dict[str, Any]]]:
    """The demonstration data of the first accounts, without rows that refer to missing ones."""
    tables = {
        name: [dict(row) for row in rows]
        for name, rows in demonstration(slug, TODAY, password).items()
    }
    for name, count in SUBSET.items():
        tables[name] = tables[name][:count]
    for row in tables["account"]:
        row["postal_is_invoicing"] = False  # the addresses of the demonstration data differ
    for row in (*tables["employee"], *tables["user"], *tables["account"]):
        row["deleted_at"] = None  # restored, because other rows refer to them
    primary = {
        row["case_id"]: row["account_id"] for row in tables["case_account"] if row["primary"]
    }
    for row in tables["case"]:
        row["primary_account_id"] = primary.get(row["id"])
    changed = True
    while changed:
        changed = False
        ids = {name: {row["id"] for row in rows if "id" in row} for name, rows in tables.items()}
        for table in METADATA.sorted_tables:
            relations = [(key.parent.name, key.column.table.name) for key in table.foreign_keys
                    if key.column.name == "id"]  # fmt: skip
            rows = tables.get(table.name, [])
            kept = [
                r for r in rows if all(r.get(c) is None or r[c] in ids[t] for c, t in relations)
            ]
            changed |= len(kept) < len(rows)
            tables[table.name] = kept
    for row in tables["contract"]:
        lines = [each for each in tables["contract_line"] if each["contract_id"] == row["id"]]
        lines = [each for each in lines if each["ended_on"] is None and each["deleted_at"] is None]
        row["net"], row["total"] = (sum(each[name] for each in lines) for name in ("net", "total"))
    employer_of = employers(as_rows(tables["affiliation"]))
    for row in tables["activity"]:
        if row["person_id"] is not None:
            row["customer_id"] = employer_of.get(row["person_id"])
    return tables


@asynccontextmanager
async def open_graph_tenant(world: World, slug: str) -> AsyncIterator[GraphTenant]:
    """Create and sign in to a tenant; it is dropped when the block ends."""
    admin = world.admin
    password = await admin.fetchval(f"SELECT password FROM {world.schema()}.credential LIMIT 1")  # noqa: S608
    registered = await create(admin, slug, "A tenant whose records belong together", demo=True)
    schema = registered.placement.schema
    await _fill(admin, schema, demonstration_subset(slug, password))
    world.tenants[slug] = registered
    client = TenantClient(world, slug)
    try:
        for persona in PERSONAS:
            await world.token(persona, slug)
        async with client.operator() as operator:
            for table in (*TABLES, "session"):
                await operator.execute(f'CREATE TEMP TABLE "initial_{table}" AS TABLE "{table}"')
            tenant = GraphTenant(client, operator)
            tenant.initial = tenant.records = await tenant.read()
            yield tenant
    finally:
        del world.tenants[slug]
        world.endpoint.app_context.directory.forget(registered.id)
        world.tokens = {key: token for key, token in world.tokens.items() if key[1] != slug}
        await admin.execute(f"DROP SCHEMA {schema} CASCADE; DROP ROLE {schema}")
        await admin.execute("DELETE FROM catalog.tenant WHERE slug = $1", slug)


async def _fill(
    admin: asyncpg.Connection[Any], schema: str, tables: dict[str, list[dict[str, Any]]]
) -> None:
    async with admin.transaction():
        await admin.execute("SET LOCAL session_replication_role = replica")
        for table in METADATA.sorted_tables:
            if table_rows := tables.get(table.name):
                await admin.execute(f'DELETE FROM {schema}."{table.name}"')  # noqa: S608 - a constant name
                columns = list(table_rows[0])
                await admin.copy_records_to_table(
                    table.name,
                    schema_name=schema,
                    columns=columns,
                    records=[tuple(record[name] for name in columns) for record in table_rows],
                )

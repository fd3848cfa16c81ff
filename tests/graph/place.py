"""A handful of the demonstration in a tenant of its own: asked through the house, read past it, and put back as it was."""

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
FIRST = {"account": 8, "person": 16, "case": 80}
"""So many of the demonstration; of everything else there is what hangs together with these."""
TABLES = {entity.table.name: name for name, entity in MODEL.entities.items() if not entity.is_trace}
NOTED = ("history", "change_log", "idempotency_key")


@dataclass
class Facts:
    """Every record of the tenant, in the bin or not, as its operator reads them."""

    rows: dict[str, Rows] = field(default_factory=dict)

    def all(self, entity: str) -> Collection[Row]:
        """All records of a kind, with those in the bin."""
        return self.rows.get(entity, {}).values()

    def live(self, entity: str) -> list[Row]:
        """Those that are not in the bin, in the order they were made."""
        return [row for row in self.all(entity) if row["deleted_at"] is None]

    def with_(self, entity: str, id: UUID, **changed: Any) -> Facts:
        """The same but for one record."""
        row = {**self.rows[entity][id], **changed}
        return Facts({**self.rows, entity: {**self.rows[entity], id: row}})

    def plus(self, entity: str, row: Row) -> Facts:
        """The same and one record more."""
        return Facts({**self.rows, entity: {**self.rows[entity], row["id"]: row}})


@dataclass
class Place:
    """The tenant, and what is known of it."""

    own: TenantClient
    operator: asyncpg.Connection[Any]
    facts: Facts = field(default_factory=Facts)
    begun: Facts = field(default_factory=Facts)
    """What there was in the beginning."""
    position: int = 0
    base: int = 0
    """How far the log had come when all was put back."""

    async def look(self, entities: Collection[str] | None = None) -> Facts:
        """Read the records of these kinds anew; all of them if none are named."""
        found = dict(self.facts.rows)
        for table, entity in TABLES.items():
            if entities is None or entity in entities:
                text = f'SELECT * FROM "{table}" ORDER BY created_at, id'  # noqa: S608 - of ours
                found[entity] = {row["id"]: dict(row) for row in await self.operator.fetch(text)}
        return Facts(found)

    async def put_back(self) -> None:
        """Every record as it was, and nothing noted; positions only ever grow."""
        logged = await self.operator.fetch("SELECT DISTINCT entity FROM change_log")
        changed = {MODEL.entities[row["entity"]].table.name for row in logged} | {"session"}
        ordered = [each.name for each in METADATA.sorted_tables if each.name in changed]
        script = ["SET LOCAL session_replication_role = replica"]
        script += [f'DELETE FROM "{name}"' for name in ordered]  # noqa: S608 - our own names
        script += [f'INSERT INTO "{name}" SELECT * FROM "kept_{name}"' for name in ordered]  # noqa: S608
        script += [f'TRUNCATE "{name}"' for name in NOTED]
        script += ["UPDATE log_head SET access = access + 1"]
        async with self.operator.transaction():
            await self.operator.execute("; ".join(script))
        self.facts = self.begun
        self.base = self.position = await self.operator.fetchval("SELECT position FROM log_head")


def handful(slug: str, password: str) -> dict[str, list[dict[str, Any]]]:
    """The first accounts, and no record that would point to one that is not there."""
    made = {
        name: [dict(row) for row in rows]
        for name, rows in demonstration(slug, TODAY, password).items()
    }
    for name, count in FIRST.items():
        made[name] = made[name][:count]
    for row in made["account"]:
        row["postal_is_invoicing"] = False  # the demonstration's addresses are drawn one by one
    for row in (*made["employee"], *made["user"], *made["account"]):
        row["deleted_at"] = None  # as are those that something still points to
    primary = {row["case_id"]: row["account_id"] for row in made["case_account"] if row["primary"]}
    for row in made["case"]:
        row["primary_account_id"] = primary.get(row["id"])
    dropped = True
    while dropped:
        dropped = False
        ids = {name: {row["id"] for row in rows if "id" in row} for name, rows in made.items()}
        for table in METADATA.sorted_tables:
            ways = [(key.parent.name, key.column.table.name) for key in table.foreign_keys
                    if key.column.name == "id"]  # fmt: skip
            rows = made.get(table.name, [])
            kept = [r for r in rows if all(r.get(c) is None or r[c] in ids[t] for c, t in ways)]
            dropped |= len(kept) < len(rows)
            made[table.name] = kept
    for row in made["contract"]:
        lines = [each for each in made["contract_line"] if each["contract_id"] == row["id"]]
        lines = [each for each in lines if each["ended_on"] is None and each["deleted_at"] is None]
        row["net"], row["total"] = (sum(each[name] for each in lines) for name in ("net", "total"))
    working = employers(as_rows(made["affiliation"]))
    for row in made["activity"]:
        if row["person_id"] is not None:
            row["customer_id"] = working.get(row["person_id"])
    return made


@asynccontextmanager
async def place_of(world: World, slug: str) -> AsyncIterator[Place]:
    """Made from nothing, and dropped afterwards."""
    admin = world.admin
    password = await admin.fetchval(f"SELECT password FROM {world.schema()}.credential LIMIT 1")  # noqa: S608
    tenant = await create(admin, slug, "A tenant whose records belong together", demo=True)
    space = tenant.placement.schema
    await _fill(admin, space, handful(slug, password))
    world.tenants[slug] = tenant
    own = TenantClient(world, slug)
    try:
        for persona in PERSONAS:
            await world.token(persona, slug)
        async with own.operator() as operator:
            for table in (*TABLES, "session"):
                await operator.execute(f'CREATE TEMP TABLE "kept_{table}" AS TABLE "{table}"')
            place = Place(own, operator)
            place.begun = place.facts = await place.look()
            yield place
    finally:
        del world.tenants[slug]
        world.endpoint.app_context.directory.forget(tenant.id)
        world.tokens = {who: token for who, token in world.tokens.items() if who[1] != slug}
        await admin.execute(f"DROP SCHEMA {space} CASCADE; DROP ROLE {space}")
        await admin.execute("DELETE FROM catalog.tenant WHERE slug = $1", slug)


async def _fill(
    admin: asyncpg.Connection[Any], space: str, made: dict[str, list[dict[str, Any]]]
) -> None:
    async with admin.transaction():
        await admin.execute("SET LOCAL session_replication_role = replica")
        for table in METADATA.sorted_tables:
            if records := made.get(table.name):
                await admin.execute(f'DELETE FROM {space}."{table.name}"')  # noqa: S608 - of ours
                columns = list(records[0])
                await admin.copy_records_to_table(
                    table.name,
                    schema_name=space,
                    columns=columns,
                    records=[tuple(record[name] for name in columns) for record in records],
                )

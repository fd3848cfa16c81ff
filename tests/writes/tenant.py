"""A small test tenant: filled with demo rows, read as the database operator, and reset between sequences."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from db.api import METADATA
from tenancy.demo.people import NUMBERS
from tenancy.demo.rows import made_id
from tenancy.demo.seed import rows as demonstration
from tenancy.engine.provision import create
from tests.support.world import TODAY, World
from tests.writes.entity_types import ENTITY_TYPES, Row
from tests.writes.json_rows import JsonRows, parse_row

SLUG = "atelier"
PERSONAS = ("admin", "manager", "rep1", "rep2", "limited", "support")
OWNERS = (
    "rep1",
    "rep2",
    "rep1",
    "manager",
    "limited",
    "rep1",
    "support",
    "director",
    "admin",
    "on-leave",
)
ACCOUNTS, OPPORTUNITIES = 14, 20
SHARED = (0, 10)
"""Indexes of rep1's opportunities that are shared with rep2."""
CHANGED_TABLES = (
    *("account", "address", "opportunity", "opportunity_share", "stage_history"),
    *("share_rule", "employee"),
)
"""Tables that the generated mutations change; a reset restores them."""
LOG_TABLES = ("history", "change_log", "idempotency_key")


CONFIGURATION_TABLES = frozenset(
    """
    stage opportunity_type pipeline_stage lost_reason attribute industry account_type employee_type employee user
    role role_assignment profile role_profile object_permission field_permission status_rule share_rule credential
    """.split()  # noqa: SIM905 - easier to read than a list of strings
)
"""Configuration tables to fill; preferences stay empty, since the model does not know their defaults."""


def _rows(slug: str, password: str) -> dict[str, list[Row]]:
    """Rows by table: the demo configuration and staff with a few of its accounts and opportunities."""
    demo_rows: dict[str, list[Row]] = {
        name: [dict(row) for row in rows]
        for name, rows in demonstration(slug, TODAY, password).items()
    }
    accounts = demo_rows["account"][:ACCOUNTS]
    ids = {row["id"] for row in accounts}
    opportunities = [row for row in demo_rows["opportunity"] if row["account_id"] in ids][
        :OPPORTUNITIES
    ]
    for listed in (accounts, opportunities):
        for index, row in enumerate(listed):
            row["owner_id"] = made_id("employee", NUMBERS[OWNERS[index % len(OWNERS)]])
    shares = [
        {
            **demo_rows["opportunity_share"][0],
            "id": made_id("opportunity_share", number),
            "opportunity_id": opportunities[index]["id"],
            "employee_id": made_id("employee", NUMBERS["rep2"]),
            "deleted_at": opportunities[index]["deleted_at"],
        }
        for number, index in enumerate(SHARED, 1)
    ]
    for row in opportunities:
        row["source_contract_id"] = None
    won = [row for row in opportunities if row["status"] == "WON" and row["deleted_at"] is None]
    for row in won[:1]:  # lock one won opportunity; the demo data of some slugs has none
        row["locked"] = True
    opportunity_ids = {row["id"] for row in opportunities}
    stage_history = [
        row for row in demo_rows["stage_history"] if row["opportunity_id"] in opportunity_ids
    ]
    addresses = [row for row in demo_rows["address"] if row["account_id"] in ids]
    configuration = {name: rows for name, rows in demo_rows.items() if name in CONFIGURATION_TABLES}
    return configuration | {
        "account": accounts,
        "address": addresses,
        "opportunity": opportunities,
        "opportunity_share": shares,
        "stage_history": stage_history,
    }


@dataclass
class Tenant:
    """The tenant: queried through the application, read directly from its schema."""

    world: World
    slug: str
    schema: str
    bump_access_version: bool = False
    """Whether rights differ from the initial ones."""

    async def fetch(self, query: str, *values: object) -> list[Row]:
        """Rows of a statement in which `@` stands for the schema."""
        return [
            dict(row)
            for row in await self.world.admin.fetch(query.replace("@", self.schema), *values)
        ]

    async def rows(self, table: str) -> dict[UUID, Row]:
        """Rows of a table by id; JSON numbers are decimals."""
        rows = await self.fetch(f'SELECT * FROM @."{table}"')  # noqa: S608 - constant names
        for row in rows:
            if "custom" in row:
                row["custom"] = json.loads(row["custom"], parse_float=Decimal, parse_int=Decimal)
        return {row["id"]: row for row in rows}

    async def json_rows(self) -> JsonRows:
        """Rows of the model's entities as Postgres converts them to JSON."""
        rows: JsonRows = {}
        for entity, kind in ENTITY_TYPES.items():
            query = f"SELECT id, to_jsonb(t)::text AS image FROM @.{kind.table} t"  # noqa: S608
            listed = await self.fetch(query)
            rows[entity] = {row["id"]: parse_row(row["image"]) for row in listed}
        return rows

    async def dump(self) -> tuple[object, ...]:
        """Digests of every table that a mutation may change, including the log head."""
        digest = (
            "SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM @.\"{}\" t"
        )
        tables = (*CHANGED_TABLES, *LOG_TABLES, "log_head", "user", "role_assignment")
        each = ", ".join(f"({digest.format(table)}) AS {table}_" for table in tables)
        return tuple((await self.fetch(f"SELECT {each}"))[0].items())

    async def head(self) -> tuple[int, int]:
        """The last log position and the access version."""
        row = (await self.fetch("SELECT position, access FROM @.log_head"))[0]
        return row["position"], row["access"]

    async def changed_at(self, since: int) -> datetime | None:
        """Timestamp of the log entries after a position; None if there are none."""
        query = "SELECT DISTINCT at FROM @.change_log WHERE position > $1"
        timestamps = [row["at"] for row in await self.fetch(query, since)]
        assert len(timestamps) <= 1, "all entries of a mutation have one timestamp"
        return timestamps[0] if timestamps else None

    async def reset(self) -> None:
        """Restore the initial rows and clear the log tables; log positions keep growing."""
        restored = [f"DELETE FROM @.{table}" for table in CHANGED_TABLES]  # noqa: S608 - constant names
        restored += [
            f"INSERT INTO @.{table} SELECT * FROM initial_{table}"  # noqa: S608 - constant names
            for table in CHANGED_TABLES
        ]
        cleared = [f"TRUNCATE @.{table}" for table in LOG_TABLES]
        script = "; ".join(["SET LOCAL session_replication_role = replica", *restored, *cleared])
        if self.bump_access_version:
            script += "; UPDATE @.log_head SET access = access + 1"
        self.bump_access_version = False
        async with self.world.admin.transaction():
            await self.world.admin.execute(script.replace("@", self.schema))


@asynccontextmanager
async def small_tenant(world: World, slug: str = SLUG) -> AsyncIterator[Tenant]:
    """Create and fill a small tenant; it is dropped when the block ends."""
    admin = world.admin
    password = await admin.fetchval(f"SELECT password FROM {world.schema()}.credential LIMIT 1")  # noqa: S608
    tenant = await create(admin, slug, "Write tests", demo=True)
    schema = tenant.placement.schema
    await _fill(world, schema, _rows(slug, password))
    world.tenants[slug] = tenant
    try:
        yield Tenant(world, slug, schema)
    finally:
        del world.tenants[slug]
        world.endpoint.app_context.directory.forget(tenant.id)
        world.tokens = {who: token for who, token in world.tokens.items() if who[1] != slug}
        drops = "; ".join(f"DROP TABLE initial_{table}" for table in CHANGED_TABLES)
        await admin.execute(f"{drops}; DROP SCHEMA {schema} CASCADE; DROP ROLE {schema}")
        await admin.execute("DELETE FROM catalog.tenant WHERE slug = $1", slug)


async def _fill(world: World, schema: str, rows_by_table: dict[str, list[Row]]) -> None:
    admin = world.admin
    async with admin.transaction():
        for table in METADATA.sorted_tables:
            if records := rows_by_table.get(table.name):
                columns = list(records[0])
                values = [tuple(record[name] for name in columns) for record in records]
                await admin.copy_records_to_table(
                    table.name, schema_name=schema, columns=columns, records=values
                )
    for name in CHANGED_TABLES:
        await admin.execute(f"CREATE TEMP TABLE initial_{name} AS TABLE {schema}.{name}")

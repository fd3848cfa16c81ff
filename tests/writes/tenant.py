"""A small tenant of the tests' own: filled from the demonstration, read past every right, and put back as it was."""

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
from tests.writes.images import Images, plain
from tests.writes.kinds import KINDS, Row

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
"""Opportunities of rep1's that rep2 sees, by their place."""
CHANGED = (
    *("account", "address", "opportunity", "opportunity_share", "stage_history"),
    *("share_rule", "employee"),
)
"""Tables that the deeds of these tests change, and that are put back."""
NOTED = ("history", "change_log", "idempotency_key")


FILLED = frozenset(
    """
    stage opportunity_type pipeline_stage lost_reason attribute industry account_type employee_type employee user
    role role_assignment profile role_profile object_permission field_permission status_rule share_rule credential
    """.split()  # noqa: SIM905 - a list of words reads better so
)
"""What is filled in besides: without preferences, so that nothing is preset that the model does not know."""


def _rows(slug: str, password: str) -> dict[str, list[Row]]:
    """The demonstration's set-up and staff, with a handful of its accounts and opportunities."""
    made: dict[str, list[Row]] = {
        name: [dict(row) for row in rows]
        for name, rows in demonstration(slug, TODAY, password).items()
    }
    accounts = made["account"][:ACCOUNTS]
    ids = {row["id"] for row in accounts}
    opportunities = [row for row in made["opportunity"] if row["account_id"] in ids][:OPPORTUNITIES]
    for listed in (accounts, opportunities):
        for place, row in enumerate(listed):
            row["owner_id"] = made_id("employee", NUMBERS[OWNERS[place % len(OWNERS)]])
    shares = [
        {
            **made["opportunity_share"][0],
            "id": made_id("opportunity_share", number),
            "opportunity_id": opportunities[place]["id"],
            "employee_id": made_id("employee", NUMBERS["rep2"]),
            "deleted_at": opportunities[place]["deleted_at"],
        }
        for number, place in enumerate(SHARED, 1)
    ]
    for row in opportunities:
        row["source_contract_id"] = None
    won = [row for row in opportunities if row["status"] == "WON" and row["deleted_at"] is None]
    for row in won[:1]:  # of those that are won, one was sold; not every slug draws one
        row["locked"] = True
    sold = {row["id"] for row in opportunities}
    visits = [row for row in made["stage_history"] if row["opportunity_id"] in sold]
    addresses = [row for row in made["address"] if row["account_id"] in ids]
    kept = {name: rows for name, rows in made.items() if name in FILLED}
    return kept | {
        "account": accounts,
        "address": addresses,
        "opportunity": opportunities,
        "opportunity_share": shares,
        "stage_history": visits,
    }


@dataclass
class Tenant:
    """The tenant, asked through the house and read by its operator."""

    world: World
    slug: str
    space: str
    rights_moved: bool = False
    """Whether somebody's rights are other than in the beginning."""

    async def fetch(self, query: str, *values: object) -> list[Row]:
        """Rows of a statement in which `@` stands for the schema."""
        return [
            dict(row)
            for row in await self.world.admin.fetch(query.replace("@", self.space), *values)
        ]

    async def rows(self, table: str) -> dict[UUID, Row]:
        """The rows of a table by their ids, with exact numbers in JSON."""
        found = await self.fetch(f'SELECT * FROM @."{table}"')  # noqa: S608 - our own names
        for row in found:
            if "custom" in row:
                row["custom"] = json.loads(row["custom"], parse_float=Decimal, parse_int=Decimal)
        return {row["id"]: row for row in found}

    async def images(self) -> Images:
        """The rows of the records that deeds change, as Postgres spells them in JSON."""
        found: Images = {}
        for entity, kind in KINDS.items():
            query = f"SELECT id, to_jsonb(t)::text AS image FROM @.{kind.table} t"  # noqa: S608
            listed = await self.fetch(query)
            found[entity] = {row["id"]: plain(row["image"]) for row in listed}
        return found

    async def dump(self) -> tuple[object, ...]:
        """A digest of every table that a deed may touch, and the head of the log."""
        digest = (
            "SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM @.\"{}\" t"
        )
        tables = (*CHANGED, *NOTED, "log_head", "user", "role_assignment")
        each = ", ".join(f"({digest.format(table)}) AS {table}_" for table in tables)
        return tuple((await self.fetch(f"SELECT {each}"))[0].items())

    async def head(self) -> tuple[int, int]:
        """The position of the log, and the version of everybody's rights."""
        row = (await self.fetch("SELECT position, access FROM @.log_head"))[0]
        return row["position"], row["access"]

    async def moment(self, since: int) -> datetime | None:
        """When what came into the log after a position was done, if anything did."""
        query = "SELECT DISTINCT at FROM @.change_log WHERE position > $1"
        moments = [row["at"] for row in await self.fetch(query, since)]
        assert len(moments) <= 1, "what is done at once has one moment"
        return moments[0] if moments else None

    async def put_back(self) -> None:
        """Every row as it was in the beginning, and nothing noted; positions only ever grow."""
        moved = [f"DELETE FROM @.{table}" for table in CHANGED]  # noqa: S608 - our own names
        moved += [f"INSERT INTO @.{table} SELECT * FROM kept_{table}" for table in CHANGED]  # noqa: S608
        noted = [f"TRUNCATE @.{table}" for table in NOTED]
        script = "; ".join(["SET LOCAL session_replication_role = replica", *moved, *noted])
        if self.rights_moved:
            script += "; UPDATE @.log_head SET access = access + 1"
        self.rights_moved = False
        async with self.world.admin.transaction():
            await self.world.admin.execute(script.replace("@", self.space))


@asynccontextmanager
async def small_tenant(world: World, slug: str = SLUG) -> AsyncIterator[Tenant]:
    """Made from nothing, and dropped afterwards."""
    admin = world.admin
    password = await admin.fetchval(f"SELECT password FROM {world.schema()}.credential LIMIT 1")  # noqa: S608
    tenant = await create(admin, slug, "A tenant to write in", demo=True)
    space, made = tenant.placement.schema, _rows(slug, password)
    await _fill(world, space, made)
    world.tenants[slug] = tenant
    try:
        yield Tenant(world, slug, space)
    finally:
        del world.tenants[slug]
        world.endpoint.app_context.directory.forget(tenant.id)
        world.tokens = {who: token for who, token in world.tokens.items() if who[1] != slug}
        drops = "; ".join(f"DROP TABLE kept_{table}" for table in CHANGED)
        await admin.execute(f"{drops}; DROP SCHEMA {space} CASCADE; DROP ROLE {space}")
        await admin.execute("DELETE FROM catalog.tenant WHERE slug = $1", slug)


async def _fill(world: World, space: str, made: dict[str, list[Row]]) -> None:
    admin = world.admin
    async with admin.transaction():
        for table in METADATA.sorted_tables:
            if records := made.get(table.name):
                columns = list(records[0])
                values = [tuple(record[name] for name in columns) for record in records]
                await admin.copy_records_to_table(
                    table.name, schema_name=space, columns=columns, records=values
                )
    for name in CHANGED:
        await admin.execute(f"CREATE TEMP TABLE kept_{name} AS TABLE {space}.{name}")

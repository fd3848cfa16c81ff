"""A writable tenant and a second one beside it, whose rows can be compared, saved and restored."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from asyncpg.prepared_stmt import PreparedStatement

from tests.leaks.truth import own_tenant
from tests.leaks_writes.expectations import LINKS, REPLACED, WRITTEN
from tests.proof.contract import spelled_id
from tests.proof.lock import ENTITIES
from tests.proof.oracle import Viewer, kept, viewer, written
from tests.proof.rights import PERSONAS
from tests.proof.rows import Row, Rows, Tables, load
from tests.support.world import Answer, World

NOWHERE = 7 << 76 | 2 << 62
REMAINING = re.compile(rb'"remaining":\d+')


def seen(answer: Answer) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """What a client sees, but for the date and for what the tenant may still ask for in this minute."""
    body = REMAINING.sub(b"", answer.body)
    headers = dict(answer.headers) | {"content-length": str(len(body))}
    headers.pop("date", None)
    return answer.status, tuple(sorted(headers.items())), body


@dataclass
class Facts:
    """The rows of a tenant, read by the operator, and their visibility for each persona."""

    tenant: str
    ground: Rows
    narrow: bool
    """Whether accounts and employees are visible only to their owners and the owners' managers."""
    _viewers: dict[str, Viewer] = field(default_factory=dict)

    @property
    def rows(self) -> Tables:
        """All rows, by entity and id."""
        return self.ground.tables

    def viewer(self, persona: str) -> Viewer:
        """The persona: judged by what people wrote of rights, or where those are narrowed, by the tenant's rows."""
        if persona not in self._viewers:
            rule = kept if self.narrow else written
            self._viewers[persona] = viewer(self.ground, persona, self.tenant, rule)
        return self._viewers[persona]

    def live(self, entity: str) -> Mapping[UUID, Row]:
        """Rows that are not deleted."""
        return self.ground.live(entity)

    def me(self, handle: str) -> UUID:
        """The employee with an address that begins so."""
        address = f"{handle}@{self.tenant}.example"
        return next(id for id, row in self.rows["Employee"].items() if row["email"] == address)

    def user(self, handle: str) -> UUID:
        """The user who that employee is."""
        [row] = self.ground.pointing("User", "employee_id", self.me(handle))
        id: UUID = row["id"]
        return id

    def parents(self, entity: str, row: Row) -> list[tuple[str, Row]]:
        """The parents of a record."""
        ways = [way for way in ENTITIES[entity].parents if row[way.column] is not None]
        return [(way.to, self.rows[way.to][row[way.column]]) for way in ways]

    def whole(self, entity: str, row: Row) -> tuple[str, Row]:
        """What a record is a part of first of all, or itself."""
        return next(iter(self.parents(entity, row)), (entity, row))

    def owner(self, entity: str, row: Row) -> UUID | None:
        """The owner of a record."""
        return self.viewer(PERSONAS[0]).responsible(entity, row)[1]

    def sees(self, persona: str, entity: str, row: Row) -> bool:
        """Whether the persona would see a row if it were not deleted."""
        return self.viewer(persona).sees(entity, row, deleted=True)

    def within(self, persona: str, entity: str, row: Row, scope: str | None) -> bool:
        """Whether a record that they see is in a scope."""
        return self.viewer(persona).within(entity, row, scope)


def spelled(entity: str, id: UUID) -> str:
    """An id as the API has it."""
    return spelled_id(entity, id)


@dataclass
class Place:
    """The tenant that is written in."""

    world: World
    tenant: str
    neighbor: str
    narrow: bool
    facts: Facts
    foreign: dict[str, UUID]
    """For each entity, an id that exists only in the second tenant."""
    tables: list[str] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    """Rows of both tenants at the last read."""
    kept: dict[str, str] = field(default_factory=dict)
    """Rows of both tenants in the state that is restored."""
    moment: str = ""
    """The snapshot in which it was last looked at: which transactions with writes had ended, and which had not."""
    dumping: PreparedStatement[Any] | None = None

    @property
    def schema(self) -> str:
        return self.world.schema(self.tenant)

    async def ask(self, persona: str, query: str, input: Any = None, **headers: str) -> Answer:
        """What the persona is answered; `input` becomes the variable of that name."""
        tenant = headers.pop("tenant", self.tenant)
        return await self.world.ask(persona, query, {"input": input}, tenant=tenant, **headers)

    async def dump(self) -> dict[str, str]:
        """What every table of both tenants is made of: how many rows, and which transactions wrote them.

        A row that is written again as it was counts as changed, too.
        """
        if self.dumping is None:
            self.dumping = await self.world.admin.prepare(self._dump())
        found = {row[0]: row[1] for row in await self.dumping.fetch()}
        self.moment = found.pop("moment")
        return found

    def _dump(self) -> str:
        parts = [
            f"SELECT '{schema}.{table}', concat(count(*), '/', sum(xmin::text::bigint)) "  # noqa: S608
            f'FROM {schema}."{table}" AS t'
            for schema in (self.schema, self.world.schema(self.neighbor))
            for table in self.tables
        ]
        return " UNION ALL ".join(["SELECT 'moment', pg_current_snapshot()::text", *parts])

    async def changed(self) -> set[str]:
        """The tables that are not as they were when it was asked last.

        None is, where no transaction has written anything anywhere since then.
        """
        if await self.world.admin.fetchval("SELECT pg_current_snapshot()::text") == self.moment:
            return set()
        now = await self.dump()
        found = {
            name.replace(self.schema, "mine").replace(self.world.schema(self.neighbor), "theirs")
            for name, digest in now.items()
            if digest != self.held[name]
        }
        self.held = now
        return found

    async def keep(self) -> None:
        """Save all rows for `restore`."""
        for table in self.tables:
            kept = f"kept_{self.tenant.replace('-', '_')}_{table}"
            await self.world.admin.execute(
                f'DROP TABLE IF EXISTS "{kept}"; '
                f'CREATE TEMP TABLE "{kept}" AS TABLE {self.schema}."{table}"'
            )
        self.held = self.kept = await self.dump()

    async def restore(self) -> None:
        """Restore all saved rows; sessions continue, and rights are loaded again."""
        statements, now = ["SET LOCAL session_replication_role = replica"], await self.dump()
        for table in self.tables:
            name = f"{self.schema}.{table}"
            if table not in {"session", "log_head"} and now[name] != self.kept[name]:
                kept = f"kept_{self.tenant.replace('-', '_')}_{table}"
                target = f'{self.schema}."{table}"'
                statements.append(f'DELETE FROM {target}; INSERT INTO {target} TABLE "{kept}"')  # noqa: S608
        async with self.world.admin.transaction():
            await self.world.admin.execute("; ".join(statements))
        await self.world.rights_changed(self.tenant)
        self.held = self.kept = await self.dump()

    async def fetch(self, query: str, *values: object) -> list[Row]:
        """What the operator reads; `{s}` stands for the tenant's schema."""
        found = await self.world.admin.fetch(query.replace("{s}", self.schema), *values)
        return [dict(row) for row in found]

    async def run(self, statement: str, *values: object) -> None:
        """What the operator does, rights included."""
        await self.world.admin.execute(statement.replace("{s}", self.schema), *values)
        await self.world.rights_changed(self.tenant)

    async def look(self) -> Facts:
        """Read everything again."""
        self.facts = await facts(self.world, self.tenant, narrow=self.narrow)
        return self.facts

    def nobody(self, persona: str, entity: str) -> dict[str, str]:
        """An id for every reason why there is nothing, as far as the persona may know."""
        known = self.facts
        found = {"never": spelled(entity, UUID(int=NOWHERE | 5))}
        for id, row in sorted(known.rows[entity].items()):
            if not known.sees(persona, entity, row):
                found.setdefault("deleted, unseen" if row["deleted_at"] else "unseen", spelled(entity, id))  # fmt: skip
            elif row["deleted_at"]:
                found.setdefault("deleted", spelled(entity, id))
        another = "Stage" if entity != "Stage" else "OpportunityType"
        strange = sorted(known.live(another))[0]
        return found | {
            "next door": spelled(entity, self.foreign[entity]),
            "other type": spelled(another, strange),
            "other type, our prefix": spelled(entity, strange),
            "garbage": "' OR true --",
            "nothing": "",
            "no prefix": sorted(known.rows[entity])[0].hex,
            "upper case": spelled(entity, sorted(known.rows[entity])[0]).upper(),
        }


async def facts(world: World, tenant: str, *, narrow: bool = False) -> Facts:
    """Read a tenant."""
    return Facts(tenant, await load(world.admin, world.schema(tenant)), narrow)


async def _exists_only_there(world: World, tenant: str, entity: str) -> UUID:
    """Put a copy of a live record in the place of it, under an id that nobody else has."""
    schema, table = world.schema(tenant), ENTITIES[entity].table
    old = await world.admin.fetchval(
        f'SELECT id FROM {schema}."{table}" WHERE deleted_at IS NULL ORDER BY id DESC LIMIT 1'  # noqa: S608
    )
    new = UUID(int=old.int + 3)
    if entity not in {
        "Profile",
        "Role",
        "Employee",
        "Stage",
        "OpportunityType",
    }:  # or rights would break
        await world.admin.execute(
            f'UPDATE {schema}."{table}" SET deleted_at = now() WHERE id = $1', old  # noqa: S608
        )  # fmt: skip
    await world.admin.execute(
        f'INSERT INTO {schema}."{table}" SELECT (a.r).* FROM (SELECT jsonb_populate_record(t, '  # noqa: S608
        "jsonb_build_object('id', $2::text, 'deleted_at', NULL)) AS r "
        f'FROM {schema}."{table}" AS t WHERE id = $1) AS a',
        old, str(new),
    )  # fmt: skip
    return new


BIN = """
UPDATE {s}.address SET deleted_at = now() WHERE id IN (
  SELECT DISTINCT ON (c.owner_id) a.id FROM {s}.address a JOIN {s}.account c ON c.id = a.account_id
  WHERE NOT a.head_office AND c.deleted_at IS NULL ORDER BY c.owner_id, a.id);
UPDATE {s}.opportunity SET deleted_at = now() WHERE id IN (
  SELECT DISTINCT ON (o.owner_id) o.id FROM {s}.opportunity o JOIN {s}.account c ON c.id = o.account_id
  WHERE c.deleted_at IS NULL AND o.external_id IS NULL ORDER BY o.owner_id, o.id);
UPDATE {s}.account SET deleted_at = now() WHERE id IN (
  SELECT DISTINCT ON (owner_id) id FROM {s}.account c WHERE NOT EXISTS (SELECT FROM {s}.account p WHERE p.parent_id = c.id)
  AND NOT EXISTS (SELECT FROM {s}.address a WHERE a.account_id = c.id) ORDER BY owner_id, id);
"""
"""Gives every persona a record of their own in the trash."""
SPARE, SPARE_KEY = "Zz spare", "zz_spare"
"""Entities without references to them."""
IN_BIN = ("Product", "Attribute", *sorted(REPLACED))
"""Entities without a record in the trash of the demo data."""
NARROW = "UPDATE {s}.object_permission SET rows = 'OWN' WHERE entity IN ('Account', 'Employee')"


async def _more(world: World, tenant: str) -> None:
    """Add a restorable record of each entity, and an unreferenced record of entities that are always in use."""
    for kind in IN_BIN:
        key = {"key": SPARE_KEY} if kind == "Attribute" else {"name": SPARE, "code": None}
        await _copy(world, tenant, kind, 11, key | {"deleted_at": "2026-11-01T00:00:00Z"})
    await _copy(world, tenant, "Product", 13, {"name": SPARE, "code": None})
    spare = await _copy(world, tenant, "OpportunityType", 13, {"name": SPARE})
    stage = f"{world.schema(tenant)}.stage"
    stages = await world.admin.fetch(f"SELECT id FROM {stage} ORDER BY id LIMIT 2")  # noqa: S608
    for more, row in enumerate(stages, 13):
        step = {"type_id": str(spare), "stage_id": str(row["id"])}
        await _copy(world, tenant, "PipelineStage", more, step)


async def _copy(world: World, tenant: str, kind: str, more: int, other: dict[str, Any]) -> UUID:
    """Another row like the last one of a kind that is live, which comes after it."""
    table = f'{world.schema(tenant)}."{ENTITIES[kind].table}"'
    live = f"SELECT id FROM {table} WHERE deleted_at IS NULL ORDER BY id DESC LIMIT 1"  # noqa: S608
    old: UUID = await world.admin.fetchval(live)
    new = UUID(int=old.int + more)
    await world.admin.execute(
        f"INSERT INTO {table} SELECT (a.r).* FROM (SELECT jsonb_populate_record(t, $1::jsonb) AS r "  # noqa: S608
        f"FROM {table} AS t WHERE id = $2) AS a",
        json.dumps({"id": str(new), "external_id": None} | other),
        old,
    )
    return new


@asynccontextmanager
async def place(world: World, name: str, *, narrow: bool = False) -> AsyncIterator[Place]:
    """Two tenants with demo data and all personas signed in."""
    async with own_tenant(world, name) as tenant, own_tenant(world, f"{name}-neighbor") as other:
        await world.admin.execute(BIN.replace("{s}", world.schema(tenant)))
        await _more(world, tenant)
        if narrow:
            await world.admin.execute(NARROW.replace("{s}", world.schema(tenant)))
        kinds = [entity for entity in WRITTEN if entity not in {"User", "Employee"}]
        foreign = {entity: await _exists_only_there(world, other, entity) for entity in kinds}
        foreign |= {
            entity: await _exists_only_there(world, other, entity)
            for entity in ("User", "Employee")
        }
        for persona in PERSONAS:
            await world.token(persona, tenant)
        for persona in ("admin", "rep1"):
            await world.token(persona, other)
        made = Place(
            world, tenant, other, narrow, await facts(world, tenant, narrow=narrow), foreign
        )
        found = await world.admin.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = $1 "
            "AND table_type = 'BASE TABLE' ORDER BY 1",
            made.schema,
        )
        made.tables = [row[0] for row in found if row[0] != "alembic_version"]
        await made.keep()
        yield made


def links_of(entity: str) -> dict[str, str]:
    """The inputs of a kind that name records."""
    start = f"{entity}."
    return {name.removeprefix(start): target for name, target in LINKS.items() if name.startswith(start)}  # fmt: skip

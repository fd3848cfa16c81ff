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

from tests.leaks.truth import scratch_tenant
from tests.leaks_writes.expectations import LINKS, REPLACED, WRITABLE
from tests.proof.contract import spelled_id
from tests.proof.lock import ENTITIES
from tests.proof.oracle import Viewer, rights_from_file, rights_from_rows, viewer
from tests.proof.rights import PERSONAS
from tests.proof.rows import Row, Rows, Tables, load
from tests.support.world import Answer, World

UNUSED_ID = 7 << 76 | 2 << 62
"""Version and variant bits of a UUIDv7 with time 0, which no record has."""
REMAINING = re.compile(rb'"remaining":\d+')


def observed(answer: Answer) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """Status, headers and body of a response without the date and the remaining cost budget, which always differ."""
    body = REMAINING.sub(b"", answer.body)
    headers = dict(answer.headers) | {"content-length": str(len(body))}
    headers.pop("date", None)
    return answer.status, tuple(sorted(headers.items())), body


@dataclass
class TenantRows:
    """The rows of a tenant, read by the operator, and their visibility for each persona."""

    tenant: str
    loaded: Rows
    narrow: bool
    """Whether accounts and employees are visible only to their owners and the owners' managers."""
    _viewers: dict[str, Viewer] = field(default_factory=dict)

    @property
    def rows(self) -> Tables:
        """All rows, by entity and id."""
        return self.loaded.tables

    def viewer(self, persona: str) -> Viewer:
        """The persona's rights: from rights.txt, or in a narrowed tenant from the rows of its permission tables."""
        if persona not in self._viewers:
            source = rights_from_rows if self.narrow else rights_from_file
            self._viewers[persona] = viewer(self.loaded, persona, self.tenant, source)
        return self._viewers[persona]

    def live(self, entity: str) -> Mapping[UUID, Row]:
        """Rows that are not deleted."""
        return self.loaded.live(entity)

    def employee_id(self, handle: str) -> UUID:
        """The employee whose email address has this local part."""
        address = f"{handle}@{self.tenant}.example"
        return next(id for id, row in self.rows["Employee"].items() if row["email"] == address)

    def user_id(self, handle: str) -> UUID:
        """The user of that employee."""
        [row] = self.loaded.pointing("User", "employee_id", self.employee_id(handle))
        id: UUID = row["id"]
        return id

    def parents(self, entity: str, row: Row) -> list[tuple[str, Row]]:
        """The parents of a record."""
        relations = [
            relation for relation in ENTITIES[entity].parents if row[relation.column] is not None
        ]
        return [
            (relation.to, self.rows[relation.to][row[relation.column]]) for relation in relations
        ]

    def parent(self, entity: str, row: Row) -> tuple[str, Row]:
        """The first parent of a record, or the record itself if it has none."""
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


def public_id(entity: str, id: UUID) -> str:
    """The public ID of a record."""
    return spelled_id(entity, id)


@dataclass
class Sandbox:
    """A tenant that tests write to, beside a second tenant that must stay unchanged."""

    world: World
    tenant: str
    neighbor: str
    narrow: bool
    facts: TenantRows
    foreign: dict[str, UUID]
    """For each entity, an id that exists only in the second tenant."""
    tables: list[str] = field(default_factory=list)
    last_dump: dict[str, str] = field(default_factory=dict)
    """Rows of both tenants at the last read."""
    saved_dump: dict[str, str] = field(default_factory=dict)
    """Rows of both tenants in the state that is restored."""
    snapshot: str = ""
    """Postgres snapshot (`pg_current_snapshot`) of the last dump; it changes with every writing transaction."""
    dump_statement: PreparedStatement[Any] | None = None

    @property
    def schema(self) -> str:
        return self.world.schema(self.tenant)

    async def ask(self, persona: str, query: str, input: Any = None, **headers: str) -> Answer:
        """Send a request as the persona; `input` becomes the variable of that name."""
        tenant = headers.pop("tenant", self.tenant)
        return await self.world.ask(persona, query, {"input": input}, tenant=tenant, **headers)

    async def dump(self) -> dict[str, str]:
        """Row count and sum of the writing transactions' ids, for each table of both tenants.

        A row rewritten with equal values counts as changed.
        """
        if self.dump_statement is None:
            self.dump_statement = await self.world.admin.prepare(self._dump())
        found = {row[0]: row[1] for row in await self.dump_statement.fetch()}
        self.snapshot = found.pop("moment")
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
        """The tables written since the last call, as `mine.table` or `theirs.table`.

        If no transaction wrote anything since then, the tables are not read.
        """
        if await self.world.admin.fetchval("SELECT pg_current_snapshot()::text") == self.snapshot:
            return set()
        now = await self.dump()
        found = {
            name.replace(self.schema, "mine").replace(self.world.schema(self.neighbor), "theirs")
            for name, digest in now.items()
            if digest != self.last_dump[name]
        }
        self.last_dump = now
        return found

    async def save(self) -> None:
        """Save all rows for `restore`."""
        for table in self.tables:
            saved = f"saved_{self.tenant.replace('-', '_')}_{table}"
            await self.world.admin.execute(
                f'DROP TABLE IF EXISTS "{saved}"; '
                f'CREATE TEMP TABLE "{saved}" AS TABLE {self.schema}."{table}"'
            )
        self.last_dump = self.saved_dump = await self.dump()

    async def restore(self) -> None:
        """Restore all saved rows; sessions continue, and rights are loaded again."""
        statements, now = ["SET LOCAL session_replication_role = replica"], await self.dump()
        for table in self.tables:
            name = f"{self.schema}.{table}"
            if table not in {"session", "log_head"} and now[name] != self.saved_dump[name]:
                saved = f"saved_{self.tenant.replace('-', '_')}_{table}"
                target = f'{self.schema}."{table}"'
                statements.append(f'DELETE FROM {target}; INSERT INTO {target} TABLE "{saved}"')  # noqa: S608
        async with self.world.admin.transaction():
            await self.world.admin.execute("; ".join(statements))
        await self.world.bump_access_version(self.tenant)
        self.last_dump = self.saved_dump = await self.dump()

    async def fetch(self, query: str, *values: object) -> list[Row]:
        """Run a query as the operator; `{s}` stands for the tenant's schema."""
        found = await self.world.admin.fetch(query.replace("{s}", self.schema), *values)
        return [dict(row) for row in found]

    async def run(self, statement: str, *values: object) -> None:
        """Run a statement as the operator, then load the rights again; `{s}` stands for the tenant's schema."""
        await self.world.admin.execute(statement.replace("{s}", self.schema), *values)
        await self.world.bump_access_version(self.tenant)

    async def reload(self) -> TenantRows:
        """Load the rows of the tenant again."""
        self.facts = await facts(self.world, self.tenant, narrow=self.narrow)
        return self.facts

    def missing_ids(self, persona: str, entity: str) -> dict[str, str]:
        """An ID for each reason why a record does not exist for the persona, by reason."""
        facts = self.facts
        found = {"never": public_id(entity, UUID(int=UNUSED_ID | 5))}
        for id, row in sorted(facts.rows[entity].items()):
            if not facts.sees(persona, entity, row):
                found.setdefault("deleted, unseen" if row["deleted_at"] else "unseen", public_id(entity, id))  # fmt: skip
            elif row["deleted_at"]:
                found.setdefault("deleted", public_id(entity, id))
        another = "Stage" if entity != "Stage" else "OpportunityType"
        strange = sorted(facts.live(another))[0]
        return found | {
            "other tenant": public_id(entity, self.foreign[entity]),
            "other type": public_id(another, strange),
            "other type, expected prefix": public_id(entity, strange),
            "no type": f"xyz_{UUID(int=UNUSED_ID).hex}",
        }


async def facts(world: World, tenant: str, *, narrow: bool = False) -> TenantRows:
    """Read a tenant."""
    return TenantRows(tenant, await load(world.admin, world.schema(tenant)), narrow)


async def _exists_only_there(world: World, tenant: str, entity: str) -> UUID:
    """Replace a live record by a copy with an ID that exists in no other tenant."""
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
    }:  # deleting these would change rights
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


TRASH = """
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
"""Name and key of inserted records that no other record references."""
WITHOUT_TRASH = ("Product", "Attribute", *sorted(REPLACED))
"""Entities without a record in the trash of the demo data."""
NARROW = "UPDATE {s}.object_permission SET rows = 'OWN' WHERE entity IN ('Account', 'Employee')"


async def _add_spares(world: World, tenant: str) -> None:
    """Add a restorable record of each entity, and an unreferenced record of entities that are always in use."""
    for kind in WITHOUT_TRASH:
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
    """Copy the last live row of an entity; the ID of the copy sorts `more` after the original's."""
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
async def open_sandbox(world: World, name: str, *, narrow: bool = False) -> AsyncIterator[Sandbox]:
    """Two tenants with demo data and all personas signed in."""
    async with (
        scratch_tenant(world, name) as tenant,
        scratch_tenant(world, f"{name}-neighbor") as other,
    ):
        await world.admin.execute(TRASH.replace("{s}", world.schema(tenant)))
        await _add_spares(world, tenant)
        if narrow:
            await world.admin.execute(NARROW.replace("{s}", world.schema(tenant)))
        kinds = [entity for entity in WRITABLE if entity not in {"User", "Employee"}]
        foreign = {entity: await _exists_only_there(world, other, entity) for entity in kinds}
        foreign |= {
            entity: await _exists_only_there(world, other, entity)
            for entity in ("User", "Employee")
        }
        for persona in PERSONAS:
            await world.token(persona, tenant)
        for persona in ("admin", "rep1"):
            await world.token(persona, other)
        made = Sandbox(
            world, tenant, other, narrow, await facts(world, tenant, narrow=narrow), foreign
        )
        found = await world.admin.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = $1 "
            "AND table_type = 'BASE TABLE' ORDER BY 1",
            made.schema,
        )
        made.tables = [row[0] for row in found if row[0] != "alembic_version"]
        await made.save()
        yield made


def link_targets(entity: str) -> dict[str, str]:
    """The input fields of an entity that name records, with the entity they name."""
    start = f"{entity}."
    return {name.removeprefix(start): target for name, target in LINKS.items() if name.startswith(start)}  # fmt: skip

"""Temporary replacement of the rights in a tenant's profiles."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tests.proof.contract import grantable
from tests.proof.lock import ENTITIES
from tests.proof.rights import LINES
from tests.proof.rows import Rows, load
from tests.support.world import World

CHANGED = ("ObjectPermission", "FieldPermission", "RoleProfile", "StatusRule", "ShareRule")
STATUSES = ("OPEN", "WON", "LOST")
RULED = (
    "amount",
    "probability",
    "name",
    "note",
    "expectedCloseOn",
    "margin",
    "createdAt",
    "currency",
    "account",
    "owner",
    "type",
    "stage",
    "status",
    "version",
)

ALLOWED_QUERY = "{ stages { totalCount } }"
"""Query that is allowed for every user; it reaches the database, which reports changed rights."""

MADE = datetime(2026, 1, 1, tzinfo=UTC)

Table = list[dict[str, Any]]


@asynccontextmanager
async def other_rights(
    world: World, tenant: str, change: Callable[[Rows], dict[str, Table]]
) -> AsyncIterator[None]:
    """Replace rows of the rights tables by those that `change` returns, and restore them at the end."""
    all_rows = await load(world.admin, world.schema(tenant))
    before = {name: [dict(row) for row in all_rows.all(name)] for name in CHANGED}
    try:
        await _put(world, tenant, {**before, **change(all_rows)})
        yield
    finally:
        await _put(world, tenant, before)
        for persona, of in list(world.tokens):
            if of == tenant:  # so that later tests read the restored rights
                await world.ask(persona, ALLOWED_QUERY, tenant=tenant)


async def _put(world: World, tenant: str, tables: dict[str, Table]) -> None:
    space = world.schema(tenant)
    async with world.admin.transaction():
        for name, rows in tables.items():
            table = ENTITIES[name].table
            await world.admin.execute(f"DELETE FROM {space}.{table}")  # noqa: S608
            if rows:
                full = [{**_stamped(name, number), **row} for number, row in enumerate(rows)]
                columns = list(full[0])
                await world.admin.copy_records_to_table(
                    table,
                    schema_name=space,
                    columns=columns,
                    records=[tuple(row.get(column) for column in columns) for row in full],
                )
        await world.bump_access_version(tenant)


def _stamped(name: str, number: int) -> dict[str, Any]:
    """Columns that every new row needs: id, version, timestamps and defaults."""
    place = list(ENTITIES).index(name) << 32
    stamps = {"created_at": MADE, "updated_at": MADE, "deleted_at": None}
    rights = {"ObjectPermission": {"creates": False}, "FieldPermission": {"writes": False}}
    key = {"id": UUID(int=(7 << 76) + (2 << 62) + place + number), "version": 1}
    return {**key, **stamps, **rights.get(name, {})}


def random_rights(all_rows: Rows, rng: random.Random) -> dict[str, Table]:
    """Random rights: open and closed entities, missing fields, several profiles per role, status rules."""
    profiles = [row["id"] for row in all_rows.live("Profile").values() if not row["full"]]
    entities, granted = [], []
    for profile in profiles:
        for entity in ENTITIES:
            if rng.random() < 0.2:
                continue
            own = LINES.own.get(entity)
            scopes = ("OWN", "ALL") if own and not own.always else ("ALL",)
            entities.append({"profile_id": profile, "entity": entity, "rows": rng.choice(scopes)})
            attributes = [
                str(row["id"])
                for row in all_rows.live("Attribute").values()
                if row["entity"] == entity
            ]
            share = rng.choice((0.4, 0.8, 0.97))
            granted += [
                {"profile_id": profile, "entity": entity, "field": name}
                for name in [*sorted(grantable(entity)), *attributes]
                if rng.random() < share
            ]
    assigned = {(row["role_id"], row["profile_id"]) for row in all_rows.all("RoleProfile")}
    roles = sorted(row["id"] for row in all_rows.live("Role").values())
    assigned |= {(role, rng.choice(profiles)) for role in roles if rng.random() < 0.3}
    types = sorted(row["id"] for row in all_rows.live("OpportunityType").values())
    return {
        "ObjectPermission": entities,
        "FieldPermission": granted,
        "RoleProfile": [{"role_id": r, "profile_id": p} for r, p in sorted(assigned)],
        "StatusRule": [
            rule for name in ("commission", *rng.sample(RULED, 4)) for rule in _rules(name, rng)
        ],
        "ShareRule": [
            {"role_id": role, "type_id": rng.choice(types)} for role in roles if rng.random() < 0.4
        ],
    }


def _rules(name: str, rng: random.Random) -> list[dict[str, Any]]:
    statuses = sorted(rng.sample(STATUSES, rng.choice((1, 1, 1, 2))))
    return [{"entity": "Opportunity", "field": name, "status": one} for one in statuses]

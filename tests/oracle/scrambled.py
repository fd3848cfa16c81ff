"""Gives a tenant's profiles other rights for a while, and puts the old ones back."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.oracle.contract import OWNED, TABLES, grantable
from tests.oracle.rows import Ground, load
from tests.support.world import World

CHANGED = ("profile_entity", "profile_field", "role_profile", "status_rule", "share_rule")
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

ANYTHING = "{ stages { totalCount } }"
"""A read that nobody is refused: it reaches the database, which tells that rights have changed."""

Table = list[dict[str, Any]]


@asynccontextmanager
async def other_rights(
    world: World, tenant: str, change: Callable[[Ground], dict[str, Table]]
) -> AsyncIterator[None]:
    """What `change` makes of some of the tables, while this lasts."""
    ground = await load(world.admin, world.schema(tenant))
    before = {name: [dict(row) for row in ground.tables[name]] for name in CHANGED}
    try:
        await _put(world, tenant, {**before, **change(ground)})
        yield
    finally:
        await _put(world, tenant, before)
        for persona, of in list(world.tokens):
            if of == tenant:  # so that no later test meets rights of ours
                await world.ask(persona, ANYTHING, tenant=tenant)


async def _put(world: World, tenant: str, tables: dict[str, Table]) -> None:
    space = world.schema(tenant)
    async with world.admin.transaction():
        for name, rows in tables.items():
            await world.admin.execute(f"DELETE FROM {space}.{name}")  # noqa: S608
            if rows:
                columns = list(rows[0])
                await world.admin.copy_records_to_table(
                    name,
                    schema_name=space,
                    columns=columns,
                    records=[tuple(row[column] for column in columns) for row in rows],
                )
        await world.rights_changed(tenant)


def drawn_rights(ground: Ground, rng: random.Random) -> dict[str, Table]:
    """Entities opened and closed, fields left out, several profiles to a role, more rules per status."""
    profiles = [row["id"] for row in ground.live("Profile") if not row["full"]]
    entities, granted = [], []
    for profile in profiles:
        for entity in TABLES:
            if rng.random() < 0.2:
                continue
            scopes = ("OWN", "ALL") if entity in OWNED else ("ALL",)
            entities.append({"profile_id": profile, "entity": entity, "rows": rng.choice(scopes)})
            attributes = [
                str(row["id"]) for row in ground.live("Attribute") if row["entity"] == entity
            ]
            share = rng.choice((0.4, 0.8, 0.97))
            granted += [
                {"profile_id": profile, "entity": entity, "field": name}
                for name in [*sorted(grantable(entity)), *attributes]
                if rng.random() < share
            ]
    held = {(row["role_id"], row["profile_id"]) for row in ground.tables["role_profile"]}
    roles = sorted(row["id"] for row in ground.live("Role"))
    held |= {(role, rng.choice(profiles)) for role in roles if rng.random() < 0.3}
    types = sorted(row["id"] for row in ground.live("OpportunityType"))
    return {
        "profile_entity": entities,
        "profile_field": granted,
        "role_profile": [{"role_id": r, "profile_id": p} for r, p in sorted(held)],
        "status_rule": [_rule(name, rng) for name in ("commission", *rng.sample(RULED, 4))],
        "share_rule": [
            {"role_id": role, "type_id": rng.choice(types)} for role in roles if rng.random() < 0.4
        ],
    }


def _rule(name: str, rng: random.Random) -> dict[str, Any]:
    statuses = rng.sample(STATUSES, rng.choice((0, 1, 1, 2)))
    return {"entity": "Opportunity", "field": name, "statuses": statuses}

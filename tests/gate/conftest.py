"""Fixture of a tenant with edge values in its rows, for tests that no query fails on any row."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tenancy.demo.seed import seed
from tenancy.engine.provision import create
from tests.gate.edge_values import DATES, EDGE_TENANT, MOMENTS, STORED_JSON, TEXTS
from tests.support.world import TODAY, World


@pytest.fixture(scope="module")
async def edge_tenant(world: World) -> AsyncIterator[World]:
    """A tenant with demo data in which columns contain the edge values that they permit."""
    tenant = await create(world.admin, EDGE_TENANT, "Edge values", demo=True)
    name = tenant.placement.schema
    hashed = await world.admin.fetchval(f"SELECT password FROM {world.schema()}.credential LIMIT 1")  # noqa: S608
    await seed(world.admin, tenant, password_hash=hashed, now=TODAY)
    world.tenants[EDGE_TENANT] = tenant
    async with world.admin.transaction():
        await world.admin.execute(f"SET LOCAL search_path = {name}, pg_temp")
        await _fill(world)
    yield world
    del world.tenants[EDGE_TENANT]
    world.endpoint.app_context.directory.forget(tenant.id)  # another tenant may get this slug
    world.tokens = {key: token for key, token in world.tokens.items() if key[1] != EDGE_TENANT}
    await world.admin.execute(f"DROP SCHEMA {name} CASCADE; DROP ROLE {name}")
    await world.admin.execute("DELETE FROM catalog.tenant WHERE slug = $1", EDGE_TENANT)


async def _fill(world: World) -> None:
    """Store every edge value under every attribute, and edge texts, numbers and dates in columns."""
    admin = world.admin
    for entity, table in (("Opportunity", "opportunity"), ("Account", "account")):
        keys = await admin.fetch("SELECT id FROM attribute WHERE entity = $1 ORDER BY id", entity)
        custom = [f'{{"{key["id"]}": {each}}}' for each in STORED_JSON for key in keys]
        custom.append("[1]")
        live = f"SELECT id FROM {table} WHERE deleted_at IS NULL ORDER BY id"  # noqa: S608
        ids = [row["id"] for row in await admin.fetch(live)]
        assert len(ids) >= len(custom), "too few rows for all values"
        store = f"UPDATE {table} SET custom = $2::text::jsonb WHERE id = $1"  # noqa: S608
        await admin.executemany(store, list(zip(ids, custom, strict=False)))
        name = f"UPDATE {table} SET name = left($2, 2000) WHERE id = $1"  # noqa: S608
        await admin.executemany(name, list(zip(ids, TEXTS, strict=False)))
    last = await admin.fetch(
        "SELECT id FROM opportunity WHERE deleted_at IS NULL ORDER BY id DESC LIMIT 4"
    )
    for row, values in zip(last, EXTREMES, strict=True):
        await admin.execute(EXTREME, row["id"], *values)


EXTREME = """UPDATE opportunity SET amount = $2::text::numeric, margin = $3::text::numeric,
    expected_close_on = $4::text::date, created_at = $5::text::timestamptz,
    updated_at = $6::text::timestamptz, note = $7 WHERE id = $1"""
EXTREMES = (
    (str(10**14 - 1), "-" + "9" * 14 + ".9999", DATES[0], MOMENTS[0], MOMENTS[2], "\\"),
    ("-" + "9" * 14, "0", DATES[-1], MOMENTS[2], MOMENTS[0], "%"),
    ("0.0001", "-0.0001", DATES[1], MOMENTS[1], MOMENTS[1], "x" * 100_000),
    (None, None, None, MOMENTS[3], MOMENTS[4], None),
)

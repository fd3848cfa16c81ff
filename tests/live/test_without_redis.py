"""Live lists need only Postgres: without Redis they keep receiving changes, including those of other processes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from app import application, open_endpoint
from subscriptions.engine.feed import POLL_SECONDS
from tests.live.live_tenant import OPPORTUNITIES_SUBSCRIPTION, LiveTenant
from tests.live.wire import Rows, wire
from tests.support.covers import covers
from tests.support.world import SECRET, UNMETERED, World
from tests.writes.client import TenantClient, serve

NOWHERE = "redis://127.0.0.1:1/0"
"""A URL at which no server listens."""
ROOT = Path(__file__).resolve().parents[2]
NOTIFIES = re.compile(r"\bNOTIFY\b|pg_notify")


@asynccontextmanager
async def without_redis(tenant: LiveTenant) -> AsyncIterator[tuple[TenantClient, int]]:
    """A second application that cannot reach Redis: its client and its port."""
    world = tenant.world
    async with open_endpoint(
        world.servers.database_url, NOWHERE, SECRET, per_minute=UNMETERED
    ) as endpoint:
        app = application(endpoint)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://relata.example") as to:
            shared = (world.admin, world.tenants, to, world.servers, world.tokens)
            client = TenantClient(
                World(app, endpoint, *shared), tenant.client.slug, tenant.client.names
            )
            async with serve(client) as port:
                yield client, port


@covers("D-65")
async def test_changes_arrive_without_redis(tenant: LiveTenant) -> None:
    """Both processes write; the only connection between them is the change log in Postgres."""
    assert POLL_SECONDS < 1
    id, token = await tenant.any_opportunity(), await tenant.token("rep1")
    async with without_redis(tenant) as (client, port), wire(port) as ws:
        await ws.init(token)
        await ws.subscribe("live", OPPORTUNITIES_SUBSCRIPTION)
        rows = Rows(ws, "live")
        assert (await rows.event())["kind"] == "SNAPSHOT"
        await rows.until(id, await tenant.rename(id))
        name = tenant.new_name()
        await client.mutate("admin", "opportunityUpdate", id=id, name=name)
        await rows.until(id, name)
        async with tenant.wire("rep1") as other:
            others = await tenant.open_list(other)
            last = tenant.new_name()
            await client.mutate("admin", "opportunityUpdate", id=id, name=last)
            await others.until(id, last)
            await rows.until(id, last)
    assert set(rows.kinds[1:]) == {"DELTA"}


@covers("D-65")
async def test_no_write_notifies_through_postgres(tenant: LiveTenant) -> None:
    text = (
        "SELECT count(*) FROM pg_proc WHERE prosrc ~* 'notify' AND NOT starts_with(proname, 'pg_')"
    )
    assert await tenant.client.value(text) == 0
    files = [file for file in (ROOT / "db").rglob("*.py") if NOTIFIES.search(file.read_text())]
    assert not files

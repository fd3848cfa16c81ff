"""Postgres holds the truth: with Redis away, live lists go on, also with what other processes write."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from app import application, built
from subscriptions.engine.feed import POLL_SECONDS
from tests.live.live_tenant import PIPELINE, LiveTenant
from tests.live.wire import Rows, wire
from tests.support.covers import covers
from tests.support.world import SECRET, UNMETERED, World
from tests.writes.parallel import TenantClient, served

NOWHERE = "redis://127.0.0.1:1/0"
"""An address at which nothing listens."""
ROOT = Path(__file__).resolve().parents[2]
NOTIFIES = re.compile(r"\bNOTIFY\b|pg_notify")


@asynccontextmanager
async def without_redis(here: LiveTenant) -> AsyncIterator[tuple[TenantClient, int]]:
    """Another process that finds no Redis, asked within, and the port it is asked at."""
    world = here.world
    async with built(world.servers.database_url, NOWHERE, SECRET, per_minute=UNMETERED) as endpoint:
        app = application(endpoint)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://relata.example") as to:
            shared = (world.admin, world.tenants, to, world.servers, world.tokens)
            own = TenantClient(World(app, endpoint, *shared), here.own.slug, here.own.names)
            async with served(own) as port:
                yield own, port


@covers("D-65")
async def test_changes_arrive_while_redis_is_away(here: LiveTenant) -> None:
    """Each process writes once, and neither tells the other but through the log in Postgres."""
    assert POLL_SECONDS < 1
    id, token = await here.some(), await here.token("rep1")
    async with without_redis(here) as (own, port), wire(port) as opened:
        await opened.init(token)
        await opened.begin("live", PIPELINE)
        rows = Rows(opened, "live")
        assert (await rows.event())["kind"] == "SNAPSHOT"
        await rows.until(id, await here.rename(id))
        name = here.name()
        await own.done("admin", "opportunityUpdate", id=id, name=name)
        await rows.until(id, name)
        async with here.wire("rep1") as other:
            others = await here.live(other)
            last = here.name()
            await own.done("admin", "opportunityUpdate", id=id, name=last)
            await others.until(id, last)
            await rows.until(id, last)
    assert set(rows.kinds[1:]) == {"DELTA"}


@covers("D-65")
async def test_no_write_notifies_through_postgres(here: LiveTenant) -> None:
    text = (
        "SELECT count(*) FROM pg_proc WHERE prosrc ~* 'notify' AND NOT starts_with(proname, 'pg_')"
    )
    assert await here.own.value(text) == 0
    files = [file for file in (ROOT / "db").rglob("*.py") if NOTIFIES.search(file.read_text())]
    assert not files

"""Snapshots of the messages and the SQL of live lists, stored beside their documents in `lists/`."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from schema.engine.compiled_subscription import CompiledSubscription
from schema.engine.reads import Request
from schema.explain import pretty
from tests.live.live_tenant import LiveTenant, live_tenant
from tests.live.wire import Wire
from tests.reads.test_snapshots import assert_snapshot, read
from tests.support.covers import covers
from tests.support.world import World

LISTS = sorted((Path(__file__).parent / "lists").glob("*.graphql"))
ID = re.compile(r"opp_[0-9a-f]{32}")
CURSOR = re.compile(r'("cursor": )"[^"]*"')


async def compiled(
    tenant: LiveTenant, persona: str, text: str, variables: dict[str, Any]
) -> CompiledSubscription:
    """The subscription, compiled for a persona."""
    endpoint, registered = tenant.world.endpoint, tenant.world.tenants[tenant.client.slug]
    caller = (await endpoint.authenticate(f"Bearer {await tenant.token(persona)}", None, "")).caller
    request = Request(text, endpoint.documents.get(text), None, variables)
    subscription = endpoint.lives.parse(caller, request)
    async with endpoint.app_context.database.snapshot(registered.placement) as connection:
        access = await connection.fetchval("SELECT access FROM log_head")
        moment = endpoint.viewers.in_snapshot(connection, registered.placement, access)
        viewer = await moment.viewer(caller.user)
    assert viewer is not None
    return subscription.compile(viewer)


def sql_of(watch: CompiledSubscription) -> str:
    """Both SQL statements with their parameters, the denied fields and the entities it depends on."""
    lines = []
    for title, plan in (
        ("all records", watch.plan.full),
        ("those that changed", watch.plan.by_ids),
    ):
        assert plan.compiled is not None
        lines += [f"-- {title}", pretty(plan.compiled.sql)]
        lines += [f"-- ${i}: {name}" for i, name in enumerate(plan.compiled.parameters, 1)]
    lines += [f"-- denied: {d.entity}.{d.field} ({d.reason})" for d in watch.plan.full.denied]
    lines += [f"-- looks at: {', '.join(sorted(watch.related)) or 'nothing else'}"]
    return "\n".join(lines) + "\n"


async def messages(tenant: LiveTenant, ws: Wire) -> list[Any]:
    """The messages sent while the first record changes, leaves, and enters again."""
    received = [await ws.next("list")]
    id = min(ID.findall(json.dumps(received)))
    response = await tenant.client.ask(
        "admin", "query($i:ID!){opportunity(id:$i){name}}", {"i": id}
    )
    name = response.data["opportunity"]["name"]
    for new_name in (f"{name}, more of them", "Something else", name):
        await tenant.client.mutate("admin", "opportunityUpdate", id=id, name=new_name)
        received.append(await ws.next("list"))
    return received


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[LiveTenant]:
    """A tenant with a fixed name, from which its demonstration data follow."""
    async with live_tenant(world, "live-lists") as served:
        yield served


@covers("D-60", "D-61", "D-62")
@pytest.mark.parametrize("file", LISTS, ids=lambda file: file.stem)
async def test_live_list_matches_its_snapshot(
    tenant: LiveTenant, file: Path, request: pytest.FixtureRequest
) -> None:
    write = request.config.getoption("--write-snapshots")
    persona, variables, text = read(file)
    subscription = await compiled(tenant, persona, text, variables)
    assert_snapshot(file.with_suffix(".sql"), sql_of(subscription), write)
    async with tenant.wire(persona) as ws:
        await ws.subscribe("list", text, variables)
        received = await messages(tenant, ws)
    shown = CURSOR.sub(r'\1"…"', json.dumps(received, indent=2, ensure_ascii=False))
    assert_snapshot(file.with_suffix(".json"), shown + "\n", write)

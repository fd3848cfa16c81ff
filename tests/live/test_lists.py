"""Live lists with their messages and their SQL beside them, for reviewers to read."""

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
from tests.live.live_tenant import LiveTenant, here_as
from tests.live.wire import Wire
from tests.reads.test_snapshots import read, same
from tests.support.covers import covers
from tests.support.world import World

LISTS = sorted((Path(__file__).parent / "lists").glob("*.graphql"))
ID = re.compile(r"opp_[0-9a-f]{32}")
CURSOR = re.compile(r'("cursor": )"[^"]*"')


async def watched(
    here: LiveTenant, persona: str, text: str, variables: dict[str, Any]
) -> CompiledSubscription:
    """The list as it is read for the persona."""
    endpoint, tenant = here.world.endpoint, here.world.tenants[here.own.slug]
    caller = (await endpoint.authenticate(f"Bearer {await here.token(persona)}", None, "")).caller
    request = Request(text, endpoint.documents.get(text), None, variables)
    wanted = endpoint.lives.parse(caller, request)
    async with endpoint.app_context.database.snapshot(tenant.placement) as connection:
        access = await connection.fetchval("SELECT access FROM log_head")
        moment = endpoint.viewers.moment(connection, tenant.placement, access)
        viewer = await moment.viewer(caller.user)
    assert viewer is not None
    return wanted.compile(viewer)


def sql_of(watch: CompiledSubscription) -> str:
    """Both statements, with what is bound to them and what is denied."""
    said = []
    for title, plan in (
        ("all records", watch.plan.full),
        ("those that changed", watch.plan.by_ids),
    ):
        assert plan.compiled is not None
        said += [f"-- {title}", pretty(plan.compiled.sql)]
        said += [f"-- ${i}: {name}" for i, name in enumerate(plan.compiled.parameters, 1)]
    said += [f"-- denied: {d.entity}.{d.field} ({d.reason})" for d in watch.plan.full.denied]
    said += [f"-- looks at: {', '.join(sorted(watch.related)) or 'nothing else'}"]
    return "\n".join(said) + "\n"


async def messages(here: LiveTenant, opened: Wire) -> list[Any]:
    """What is told as the first record changes, leaves, and comes back."""
    found = [await opened.next("list")]
    id = min(ID.findall(json.dumps(found)))
    asked = await here.own.ask("admin", "query($i:ID!){opportunity(id:$i){name}}", {"i": id})
    name = asked.data["opportunity"]["name"]
    for given in (f"{name}, more of them", "Something else", name):
        await here.own.done("admin", "opportunityUpdate", id=id, name=given)
        found.append(await opened.next("list"))
    return found


@pytest.fixture(scope="module")
async def here(world: World) -> AsyncIterator[LiveTenant]:
    """A tenant with a fixed name, from which its demonstration data follow."""
    async with here_as(world, "live-lists") as made:
        yield made


@covers("D-60", "D-61", "D-62")
@pytest.mark.parametrize("file", LISTS, ids=lambda file: file.stem)
async def test_list(here: LiveTenant, file: Path, request: pytest.FixtureRequest) -> None:
    write = request.config.getoption("--write-snapshots")
    persona, variables, text = read(file)
    watch = await watched(here, persona, text, variables)
    same(file.with_suffix(".sql"), sql_of(watch), write)
    async with here.wire(persona) as opened:
        await opened.begin("list", text, variables)
        told = await messages(here, opened)
    shown = CURSOR.sub(r'\1"…"', json.dumps(told, indent=2, ensure_ascii=False))
    same(file.with_suffix(".json"), shown + "\n", write)

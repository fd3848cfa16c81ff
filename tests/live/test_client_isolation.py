"""The load, cursors, subscriptions and failures of one client do not affect other clients or the server."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from contextlib import suppress

import pytest

import subscriptions.engine.feed as feeding
import subscriptions.engine.wire as wiring
from schema.engine.compiled_subscription import CompiledSubscription
from schema.engine.lru import Lru
from schema.engine.reads import Request
from tests.live.live_tenant import LiveTenant, another_server
from tests.live.test_slow_subscribers import lists, sockets
from tests.live.wire import TIMEOUT, Rows, wire
from tests.support.covers import covers
from tests.writes.client import in_second_instance, serve

SMALL = """
subscription Small($after: String) {
  opportunities(first: 1000, after: $after) { kind cursor changes { kind id node { id name } } }
}
"""
NOTES = SMALL.replace("id name", "id name note")
MIB = 1024 * 1024


def frame(code: int, data: bytes = b"", *, last: bool = True) -> bytes:
    """A masked client frame with a mask of zeros."""
    return bytes(((0x80 if last else 0) | code, 0x80 | len(data))) + b"\0\0\0\0" + data


@covers("D-61")
async def test_resume_from_a_cursor_within_a_batch(tenant: LiveTenant) -> None:
    async with (
        in_second_instance(tenant.client) as second,
        serve(second) as port,
        wire(port) as second_ws,
    ):
        await second_ws.init(await tenant.token("admin"))
        await second_ws.subscribe("l", SMALL)
        current = Rows(second_ws, "l")
        await current.event()
        id = min(current.rows)
        original = current.rows[id]["name"]
        async with tenant.wire("admin") as ws:
            await tenant.open_list(ws, "keeps")
            await ws.subscribe("l", SMALL)
            await Rows(ws, "l").event()
            for attempt in range(4):
                other = tenant.new_name()
                await second.mutate("admin", "opportunityUpdate", id=id, name=other)
                await current.until(id, other)
                cursor = current.cursor
                await second.mutate("admin", "opportunityUpdate", id=id, name=original)
                await current.until(id, original)
                await asyncio.sleep(2 * feeding.POLL_SECONDS)
                await ws.subscribe(f"r{attempt}", SMALL, {"after": cursor})
                rows = Rows(ws, f"r{attempt}", {id: {"id": id, "name": other}})
                async with asyncio.timeout(TIMEOUT):
                    await rows.until(id, original)


@covers("D-63")
async def test_rights_change_without_effect_sends_nothing(tenant: LiveTenant) -> None:
    async with tenant.wire("admin") as ws:
        await ws.subscribe("l", SMALL)
        rows = Rows(ws, "l")
        await rows.event()
        query = "{ accounts(first: 1) { nodes { id } } }"
        account = (await tenant.client.ask("admin", query)).data["accounts"]["nodes"][0]["id"]
        for _ in range(2):
            await tenant.client.mutate("admin", "accountUpdate", id=account, name=tenant.new_name())
            await asyncio.sleep(2 * feeding.POLL_SECONDS)
            await tenant.client.mutate("admin", "roleCreate", name=tenant.new_name())
            await asyncio.sleep(2 * feeding.POLL_SECONDS)
        id = min(rows.rows)
        await rows.until(id, await tenant.rename(id))
        assert rows.kinds == ["SNAPSHOT", "DELTA"]


@covers("D-64")
async def test_message_shape_follows_each_selection(tenant: LiveTenant) -> None:
    text = SMALL.replace("($after: String)", "($selected: Boolean!)").replace(", after: $after", "")
    text = text.replace("kind cursor", "kind cursor @include(if: $selected)")
    async with tenant.wire("admin") as ws, tenant.wire("admin") as other:
        for each, selected in ((ws, True), (other, False)):
            await each.subscribe("l", text, {"selected": selected})
            event = (await each.next("l"))["data"]["opportunities"]
            assert ("cursor" in event) is selected
        await tenant.rename(event["changes"][0]["id"])
        assert "cursor" in (await ws.next("l"))["data"]["opportunities"]
        assert "cursor" not in (await other.next("l"))["data"]["opportunities"]


@covers("D-64")
async def test_denial_reason_follows_each_viewer(tenant: LiveTenant) -> None:
    endpoint, registered = tenant.world.endpoint, tenant.world.tenants[tenant.client.slug]
    text = SMALL.replace("id name", "id account { name }")
    caller = (
        await endpoint.authenticate(f"Bearer {await tenant.token('director')}", None, "")
    ).caller
    subscription = endpoint.lives.parse(
        caller, Request(text, endpoint.documents.get(text), None, {})
    )
    viewer = await endpoint.viewers.of(registered.placement, caller.user, caller.session)
    granted = viewer.rights["Opportunity"]
    without = dataclasses.replace(granted, fields=granted.fields - {"account"})
    closed = {name: each for name, each in viewer.rights.items() if name != "Account"}
    compiled: list[CompiledSubscription] = [
        subscription.compile(dataclasses.replace(viewer, rights=rights))
        for rights in (closed, {**viewer.rights, "Opportunity": without})
    ]
    assert compiled[0].plan.by_ids.compiled == compiled[1].plan.by_ids.compiled
    assert compiled[0].key != compiled[1].key


async def test_eviction_keeps_subscribed_lists(
    tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tenant.wire("admin") as ws:
        await ws.subscribe("l", SMALL)
        await ws.next("l")
        (group,) = lists(tenant)
        size = group.size
        assert size > 250 * len(group.reader.key)
        await ws.complete("l")
        await ws.check_alive()
        tenant.world.endpoint.feeds.of(
            tenant.world.tenants[tenant.client.slug].id
        ).shared_subscriptions.clear()
        monkeypatch.setattr(feeding, "MAX_BYTES", int(size * 1.2))
        await asyncio.gather(ws.subscribe("a", SMALL), ws.subscribe("b", NOTES))
        async with asyncio.timeout(TIMEOUT):
            types = [(await ws.receive(id))["type"] for id in ("a", "b")]
        assert sorted(types) == ["error", "next"]
        assert [group for group in lists(tenant) if group.subscribers] == lists(tenant)
        assert len(lists(tenant)) == 1


@covers("D-61")
@pytest.mark.parametrize("column", ["name", "status"])
async def test_log_entries_from_before_a_migration_lead_to_a_resync(
    tenant: LiveTenant, column: str
) -> None:
    text = SMALL.replace("id name", "id name closeQuarter")
    async with tenant.wire("admin") as ws:
        await ws.subscribe("l", text)
        rows = Rows(ws, "l")
        await rows.event()
    id = min(rows.rows)
    await tenant.rename(id)
    log = f"{tenant.client.schema}.change_log"
    await tenant.client.fetch(f"UPDATE {log} SET before = before - '{column}'")  # noqa: S608 - constant names
    await tenant.client.mutate("admin", "opportunityDelete", id=id)
    async with (
        in_second_instance(tenant.client) as second,
        serve(second) as port,
        wire(port) as other,
    ):
        await other.init(await tenant.token("admin"))
        await other.subscribe("other", text)
        await other.next("other")
        await other.subscribe("l", text, {"after": rows.cursor})
        resumed = Rows(other, "l", rows.rows)
        assert (await resumed.event())["kind"] == "RESYNC"
        assert id not in resumed.rows
        await other.check_alive()
        assert not other._waiting["other"]


@covers("F25")
async def test_answers_for_a_client_that_does_not_read_are_bounded(tenant: LiveTenant) -> None:
    selection = " ".join(
        f"a{n}: opportunities(first: 100) {{ nodes {{ id name note createdAt }} }}"
        for n in range(8)
    )
    async with tenant.wire("admin", small_buffer=True) as stalled:
        (socket,) = sockets(tenant)
        stalled.socket.transport.pause_reading()
        for number in range(150):
            await stalled.subscribe(str(number), f"{{ {selection} }}")
            await asyncio.sleep(0.015)
        assert socket.wire.transport.get_write_buffer_size() < 4 * MIB
        stalled.socket.transport.abort()


@covers("F25")
async def test_closed_client_is_released(
    tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "CLOSE_TIMEOUT_SECONDS", 0.5)
    async with tenant.wire("admin", small_buffer=True) as stalled:
        (socket,) = sockets(tenant)
        stalled.socket.transport.pause_reading()
        while socket.wire.transport.get_write_buffer_size() < 5_000 and socket.wire.is_ready():
            stalled.socket.transport.write(frame(9, b"x" * 125))
            await asyncio.sleep(0.001)
        await stalled.send("not JSON")
        async with asyncio.timeout(TIMEOUT):
            while not socket.wire.disconnected:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)
        stalled.socket.transport.abort()


async def test_server_stops_with_a_client_that_does_not_read(tenant: LiveTenant) -> None:
    async with another_server(tenant) as (service, port), wire(port, small_buffer=True) as stalled:
        await stalled.init(await tenant.token("admin"))
        (socket,) = sockets(tenant)
        stalled.socket.transport.pause_reading()
        while socket.wire.is_ready():
            await stalled.subscribe("q", "{ opportunities(first: 100) { nodes { id name note } } }")
            await asyncio.sleep(0.02)
        service.should_exit = True
        async with asyncio.timeout(TIMEOUT):
            while service.server_state.connections:  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0.05)
        stalled.socket.transport.abort()


@covers("F25")
async def test_unfinished_fragments_are_not_kept(tenant: LiveTenant) -> None:
    async with tenant.wire("admin") as ws:
        (socket,) = sockets(tenant)
        ws.socket.transport.write(frame(1, last=False))
        parts = frame(0, last=False) * 1_000
        for _ in range(50):
            with suppress(RuntimeError):  # once it is closed, nothing more can be written
                ws.socket.transport.write(parts)
            await asyncio.sleep(0.005)
        assert await ws.wait_closed() in (1013, 1006)
        assert len(socket.wire.frames) < 2_000


@covers("F25")
async def test_replanning_is_not_charged_to_a_subscriber(
    tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = tenant.world.endpoint.lives
    async with tenant.wire("admin") as ws:
        rows = await tenant.open_list(ws)
        monkeypatch.setattr(lives, "plans", Lru(10, 10**9, lambda _: 1))
        monkeypatch.setattr(lives.budget, "spend", _fail_on_spending)
        await tenant.client.fetch(f"UPDATE {tenant.client.schema}.log_head SET access = access + 1")  # noqa: S608 - a constant name
        await asyncio.sleep(2 * feeding.POLL_SECONDS)
        monkeypatch.undo()
        id = min(rows.rows)
        await rows.until(id, await tenant.rename(id))


def _fail_on_spending(*_: object) -> int:
    raise AssertionError("the cost of planning was charged to a subscriber")


async def test_omitted_tenant_does_not_bypass_the_token_tenant(tenant: LiveTenant) -> None:
    async with wire(tenant.port, headers={"x-tenant": "acme"}) as ws:
        payload = {"authorization": f"Bearer {await tenant.token('admin')}", "x-tenant": None}
        await ws.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert await ws.wait_closed() == 4403

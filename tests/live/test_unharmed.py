"""What must harm nobody: somebody's memory, slowness, odd cursor, odd list, or end."""

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
from tests.live.test_slow import lists, sockets
from tests.live.wire import PATIENCE, Rows, wire
from tests.support.covers import covers
from tests.writes.parallel import in_second_process, served

SMALL = """
subscription Small($after: String) {
  opportunities(atMost: 1000, after: $after) { kind cursor changes { kind id node { id name } } }
}
"""
NOTES = SMALL.replace("id name", "id name note")
MIB = 1024 * 1024


def frame(code: int, data: bytes = b"", *, last: bool = True) -> bytes:
    """A frame of a client."""
    return bytes(((0x80 if last else 0) | code, 0x80 | len(data))) + b"\0\0\0\0" + data


@covers("D-61")
async def test_resume_from_a_cursor_within_a_batch(here: LiveTenant) -> None:
    async with in_second_process(here.own) as second, served(second) as port, wire(port) as there:
        await there.init(await here.token("admin"))
        await there.begin("l", SMALL)
        told = Rows(there, "l")
        await told.event()
        id = min(told.rows)
        was = told.rows[id]["name"]
        async with here.wire("admin") as opened:
            await here.live(opened, "keeps")
            await opened.begin("l", SMALL)
            await Rows(opened, "l").event()
            for attempt in range(4):
                other = here.name()
                await second.done("admin", "opportunityUpdate", id=id, name=other)
                await told.until(id, other)
                cursor = told.cursor
                await second.done("admin", "opportunityUpdate", id=id, name=was)
                await told.until(id, was)
                await asyncio.sleep(2 * feeding.POLL_SECONDS)
                await opened.begin(f"r{attempt}", SMALL, {"after": cursor})
                rows = Rows(opened, f"r{attempt}", {id: {"id": id, "name": other}})
                async with asyncio.timeout(PATIENCE):
                    await rows.until(id, was)


@covers("D-63")
async def test_rights_change_without_effect_sends_nothing(here: LiveTenant) -> None:
    async with here.wire("admin") as opened:
        await opened.begin("l", SMALL)
        rows = Rows(opened, "l")
        await rows.event()
        query = "{ accounts(first: 1) { nodes { id } } }"
        account = (await here.own.ask("admin", query)).data["accounts"]["nodes"][0]["id"]
        for _ in range(2):
            await here.own.done("admin", "accountUpdate", id=account, name=here.name())
            await asyncio.sleep(2 * feeding.POLL_SECONDS)
            await here.own.done("admin", "roleCreate", name=here.name())
            await asyncio.sleep(2 * feeding.POLL_SECONDS)
        id = min(rows.rows)
        await rows.until(id, await here.rename(id))
        assert rows.kinds == ["SNAPSHOT", "DELTA"]


@covers("D-64")
async def test_message_shape_follows_each_selection(here: LiveTenant) -> None:
    text = SMALL.replace("($after: String)", "($words: Boolean!)").replace(", after: $after", "")
    text = text.replace("kind cursor", "kind cursor @include(if: $words)")
    async with here.wire("admin") as opened, here.wire("admin") as other:
        for each, words in ((opened, True), (other, False)):
            await each.begin("l", text, {"words": words})
            told = (await each.next("l"))["data"]["opportunities"]
            assert ("cursor" in told) is words
        await here.rename(told["changes"][0]["id"])
        assert "cursor" in (await opened.next("l"))["data"]["opportunities"]
        assert "cursor" not in (await other.next("l"))["data"]["opportunities"]


@covers("D-64")
async def test_denial_reason_follows_each_viewer(here: LiveTenant) -> None:
    endpoint, tenant = here.world.endpoint, here.world.tenants[here.own.slug]
    text = SMALL.replace("id name", "id account { name }")
    caller = (
        await endpoint.authenticate(f"Bearer {await here.token('director')}", None, "")
    ).caller
    wanted = endpoint.lives.parse(caller, Request(text, endpoint.documents.get(text), None, {}))
    viewer = await endpoint.viewers.of(tenant.placement, caller.user, caller.session)
    granted = viewer.rights["Opportunity"]
    without = dataclasses.replace(granted, fields=granted.fields - {"account"})
    closed = {name: each for name, each in viewer.rights.items() if name != "Account"}
    watches: list[CompiledSubscription] = [
        wanted.compile(dataclasses.replace(viewer, rights=rights))
        for rights in (closed, {**viewer.rights, "Opportunity": without})
    ]
    assert watches[0].plan.by_ids.compiled == watches[1].plan.by_ids.compiled
    assert watches[0].key != watches[1].key


async def test_eviction_keeps_subscribed_lists(
    here: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with here.wire("admin") as opened:
        await opened.begin("l", SMALL)
        await opened.next("l")
        (group,) = lists(here)
        size = group.size
        assert size > 250 * len(group.watch.key)
        await opened.done("l")
        await opened.alive()
        here.world.endpoint.feeds.of(here.world.tenants[here.own.slug].id).groups.clear()
        monkeypatch.setattr(feeding, "MAX_BYTES", int(size * 1.2))
        await asyncio.gather(opened.begin("a", SMALL), opened.begin("b", NOTES))
        async with asyncio.timeout(PATIENCE):
            told = [(await opened.hear(id))["type"] for id in ("a", "b")]
        assert sorted(told) == ["error", "next"]
        assert [group for group in lists(here) if group.subscribers] == lists(here)
        assert len(lists(here)) == 1


@covers("D-61")
@pytest.mark.parametrize("column", ["name", "status"])
async def test_row_images_from_before_a_migration_reveal_nothing(
    here: LiveTenant, column: str
) -> None:
    text = SMALL.replace("id name", "id name closeQuarter")
    async with here.wire("admin") as opened:
        await opened.begin("l", text)
        rows = Rows(opened, "l")
        await rows.event()
    id = min(rows.rows)
    await here.rename(id)
    log = f"{here.own.schema}.change_log"
    await here.own.fetch(f"UPDATE {log} SET before = before - '{column}'")  # noqa: S608 - names of ours
    await here.own.done("admin", "opportunityDelete", id=id)
    async with in_second_process(here.own) as second, served(second) as port, wire(port) as other:
        await other.init(await here.token("admin"))
        await other.begin("innocent", text)
        await other.next("innocent")
        await other.begin("l", text, {"after": rows.cursor})
        resumed = Rows(other, "l", rows.rows)
        assert (await resumed.event())["kind"] == "RESYNC"
        assert id not in resumed.rows
        await other.alive()
        assert not other._waiting["innocent"]


@covers("F25")
async def test_answers_for_a_client_that_does_not_read_are_bounded(here: LiveTenant) -> None:
    asked = " ".join(
        f"a{n}: opportunities(first: 100) {{ nodes {{ id name note createdAt }} }}"
        for n in range(8)
    )
    async with here.wire("admin", narrow=True) as deaf:
        (socket,) = sockets(here)
        deaf.socket.transport.pause_reading()
        for number in range(150):
            await deaf.begin(str(number), f"{{ {asked} }}")
            await asyncio.sleep(0.015)
        assert socket.wire.transport.get_write_buffer_size() < 4 * MIB
        deaf.socket.transport.abort()


@covers("F25")
async def test_closed_client_is_released(here: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "CLOSE_SECONDS", 0.5)
    async with here.wire("admin", narrow=True) as deaf:
        (socket,) = sockets(here)
        deaf.socket.transport.pause_reading()
        while socket.wire.transport.get_write_buffer_size() < 5_000 and socket.wire.is_ready():
            deaf.socket.transport.write(frame(9, b"x" * 125))
            await asyncio.sleep(0.001)
        await deaf.say("not JSON")
        async with asyncio.timeout(PATIENCE):
            while not socket.wire.disconnected:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)
        deaf.socket.transport.abort()


async def test_server_stops_with_a_client_that_does_not_read(here: LiveTenant) -> None:
    async with another_server(here) as (service, port), wire(port, narrow=True) as deaf:
        await deaf.init(await here.token("admin"))
        (socket,) = sockets(here)
        deaf.socket.transport.pause_reading()
        while socket.wire.is_ready():
            await deaf.begin("q", "{ opportunities(first: 100) { nodes { id name note } } }")
            await asyncio.sleep(0.02)
        service.should_exit = True
        async with asyncio.timeout(PATIENCE):
            while service.server_state.connections:  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0.05)
        deaf.socket.transport.abort()


@covers("F25")
async def test_unfinished_fragments_are_not_kept(here: LiveTenant) -> None:
    async with here.wire("admin") as opened:
        (socket,) = sockets(here)
        opened.socket.transport.write(frame(1, last=False))
        parts = frame(0, last=False) * 1_000
        for _ in range(50):
            with suppress(RuntimeError):  # once it is closed, nothing more can be written
                opened.socket.transport.write(parts)
            await asyncio.sleep(0.005)
        assert await opened.closed() in (1013, 1006)
        assert len(socket.wire.frames) < 2_000


@covers("F25")
async def test_only_the_requesting_client_pays_for_planning(
    here: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = here.world.endpoint.lives
    async with here.wire("admin") as opened:
        rows = await here.live(opened)
        monkeypatch.setattr(lives, "plans", Lru(10, 10**9, lambda _: 1))
        monkeypatch.setattr(lives.budget, "spend", _nothing_is_left)
        await here.own.fetch(f"UPDATE {here.own.schema}.log_head SET access = access + 1")  # noqa: S608 - a name of ours
        await asyncio.sleep(2 * feeding.POLL_SECONDS)
        monkeypatch.undo()
        id = min(rows.rows)
        await rows.until(id, await here.rename(id))


def _nothing_is_left(*_: object) -> int:
    raise AssertionError("somebody else is made to pay")


async def test_omitted_tenant_does_not_bypass_the_token_tenant(here: LiveTenant) -> None:
    async with wire(here.port, headers={"x-tenant": "acme"}) as opened:
        payload = {"authorization": f"Bearer {await here.token('admin')}", "x-tenant": None}
        await opened.say(json.dumps({"type": "connection_init", "payload": payload}))
        assert await opened.closed() == 4403

"""Limits per socket and per user, and the error or close code after each is exceeded."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from tests.live.live_tenant import MAX_SOCKETS, LiveTenant
from tests.live.wire import TIMEOUT, Closed, Wire
from tests.support.covers import covers

OPERATIONS = 50
MESSAGES = 100
BYTES = 64 * 1024
PING = '{"type": "ping"}'
NONE = {"name": {"eq": "there is no such opportunity"}}
FEW = "subscription ($f: OpportunityFilter) { opportunities(filter: $f) { kind cursor } }"
HELLO = "{ viewer { id } }"


async def _open_lists(ws: Wire, ids: list[str]) -> None:
    """Start live lists, slowly enough for the limit of messages per second."""
    for start in range(0, len(ids), 20):
        for id in ids[start : start + 20]:
            await ws.subscribe(id, FEW, {"f": NONE})
        for id in ids[start : start + 20]:
            assert (await ws.next(id))["data"]["opportunities"]["kind"] == "SNAPSHOT"
        await asyncio.sleep(0.3)


@covers("F25")
async def test_operations_of_a_socket_are_limited(tenant: LiveTenant) -> None:
    ids = [str(number) for number in range(OPERATIONS)]
    async with tenant.wire() as ws, tenant.wire() as another:
        await _open_lists(ws, ids)
        assert await ws.refusal_codes("more", FEW, {"f": NONE}) == ["RATE_LIMITED"]
        assert await ws.refusal_codes("query", HELLO) == ["RATE_LIMITED"]
        await another.execute("1", HELLO)
        await ws.complete("7")
        await ws.subscribe("more", FEW, {"f": NONE})
        assert (await ws.next("more"))["data"]["opportunities"]["kind"] == "SNAPSHOT"


@covers("F25")
async def test_sockets_of_a_user_are_limited(tenant: LiveTenant) -> None:
    init = {"authorization": f"Bearer {await tenant.token('rep2')}"}
    async with AsyncExitStack() as stack:
        ws = [await stack.enter_async_context(tenant.wire("rep2")) for _ in range(MAX_SOCKETS)]
        more = await stack.enter_async_context(tenant.wire(None))
        await more.send({"type": "connection_init", "payload": init})
        assert await more.wait_closed() == 1013
        assert not more.received
        await stack.enter_async_context(tenant.wire("rep1"))  # the limit applies per user
        await ws[0].socket.close()
        async with asyncio.timeout(TIMEOUT):
            while not await _acknowledged(tenant, stack, init):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)  # the server notices the closed socket asynchronously
        for each in ws[1:]:
            await each.check_alive()


async def _acknowledged(tenant: LiveTenant, stack: AsyncExitStack, init: dict[str, str]) -> bool:
    ws = await stack.enter_async_context(tenant.wire(None))
    await ws.send({"type": "connection_init", "payload": init})
    try:
        await ws.receive("connection_ack")
    except Closed:
        assert ws.socket.close_code == 1013
        return False
    return True


@covers("F25")
@pytest.mark.parametrize("text", [PING, '{"type": "pong"}', '{"type": "complete", "id": "1"}'])
async def test_messages_per_second_are_limited(tenant: LiveTenant, text: str) -> None:
    async with tenant.wire("rep2") as unaffected, tenant.wire() as ws:
        for _ in range(10 * MESSAGES):
            await ws.send(text)
        assert await ws.wait_closed() == 1013
        assert len(ws.received) <= 4 * MESSAGES
        await unaffected.check_alive()


async def test_subscribe_and_complete_churn_is_limited(tenant: LiveTenant) -> None:
    async with tenant.wire("rep2") as unaffected, tenant.wire() as ws:
        for number in range(5 * MESSAGES):
            await ws.subscribe(str(number), FEW, {"f": NONE})
            await ws.complete(str(number))
        assert await ws.wait_closed() == 1013
        await unaffected.execute("1", HELLO)


async def test_messages_at_the_limit_are_accepted(tenant: LiveTenant) -> None:
    async with tenant.wire() as ws:
        for _ in range(3):
            await asyncio.sleep(1.5)
            for _ in range(MESSAGES - 5):
                await ws.send(PING)
            for _ in range(MESSAGES - 5):
                await ws.receive("pong")


@covers("F25")
async def test_message_size_is_limited(tenant: LiveTenant) -> None:
    async with tenant.wire("rep2") as unaffected:
        async with tenant.wire() as ws:
            await ws.send(PING.ljust(BYTES))
            await ws.receive("pong")
            await ws.send(PING.ljust(BYTES + 1))
            assert await ws.wait_closed() == 1009
        async with tenant.wire() as ws:  # the fragments of a message count together
            await ws.socket.send([PING, *[" " * 1000] * 70])
            assert await ws.wait_closed() == 1009
        async with tenant.wire() as ws:  # the length in the header suffices
            await ws.send_raw(b"\x81\xff" + (2**40).to_bytes(8, "big") + bytes(4))
            assert await ws.wait_closed() == 1009
        await unaffected.check_alive()


async def test_query_near_the_size_limit_is_answered(tenant: LiveTenant) -> None:
    padded = HELLO.ljust(BYTES - 100)
    async with tenant.wire() as ws:
        await ws.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": padded}}))
        message = await ws.receive("1")
        # Another limit may refuse a document of this length, but the socket must stay open.
        assert message["type"] in ("next", "error")
        await ws.check_alive()


@covers("F25")
async def test_lists_of_a_user_are_limited(
    tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscriptions.engine.limits.MAX_LIVE_LISTS", 10)
    async with tenant.wire() as one, tenant.wire() as another:
        await _open_lists(one, [str(number) for number in range(6)])
        await _open_lists(another, [str(number) for number in range(4)])
        assert await another.refusal_codes("more", FEW, {"f": NONE}) == ["RATE_LIMITED"]
        await another.execute("query", HELLO)
        await one.complete("3")
        await one.check_alive()
        await _open_lists(another, ["more"])
        assert await another.refusal_codes("too", FEW, {"f": NONE}) == ["RATE_LIMITED"]
    async with tenant.wire() as again:
        await _open_lists(again, [str(number) for number in range(10)])

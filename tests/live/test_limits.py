"""How much one socket and one user may take, and what each is told that takes more."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from tests.live.live_tenant import MOST, LiveTenant
from tests.live.wire import PATIENCE, Closed, Wire
from tests.support.covers import covers

OPERATIONS = 50
MESSAGES = 100
BYTES = 64 * 1024
PING = '{"type": "ping"}'
NONE = {"name": {"eq": "there is no such opportunity"}}
FEW = "subscription ($f: OpportunityFilter) { opportunities(filter: $f) { kind cursor } }"
HELLO = "{ viewer { id } }"


async def _in_turn(opened: Wire, ids: list[str]) -> None:
    """Begin live lists, slowly enough for the messages that one may send in a second."""
    for start in range(0, len(ids), 20):
        for id in ids[start : start + 20]:
            await opened.begin(id, FEW, {"f": NONE})
        for id in ids[start : start + 20]:
            assert (await opened.next(id))["data"]["opportunities"]["kind"] == "SNAPSHOT"
        await asyncio.sleep(0.3)


@covers("F25")
async def test_operations_of_a_socket_are_limited(here: LiveTenant) -> None:
    ids = [str(number) for number in range(OPERATIONS)]
    async with here.wire() as opened, here.wire() as another:
        await _in_turn(opened, ids)
        assert await opened.refused("more", FEW, {"f": NONE}) == ["RATE_LIMITED"]
        assert await opened.refused("query", HELLO) == ["RATE_LIMITED"]
        await another.ask("1", HELLO)
        await opened.done("7")
        await opened.begin("more", FEW, {"f": NONE})
        assert (await opened.next("more"))["data"]["opportunities"]["kind"] == "SNAPSHOT"


@covers("F25")
async def test_sockets_of_a_user_are_limited(here: LiveTenant) -> None:
    init = {"authorization": f"Bearer {await here.token('rep2')}"}
    async with AsyncExitStack() as crowd:
        opened = [await crowd.enter_async_context(here.wire("rep2")) for _ in range(MOST)]
        more = await crowd.enter_async_context(here.wire(None))
        await more.say({"type": "connection_init", "payload": init})
        assert await more.closed() == 1013
        assert not more.received
        await crowd.enter_async_context(here.wire("rep1"))  # the limit is each user's own
        await opened[0].socket.close()
        async with asyncio.timeout(PATIENCE):
            while not await _acknowledged(here, crowd, init):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)  # who has gone is noticed in a moment
        for each in opened[1:]:
            await each.alive()


async def _acknowledged(here: LiveTenant, crowd: AsyncExitStack, init: dict[str, str]) -> bool:
    opened = await crowd.enter_async_context(here.wire(None))
    await opened.say({"type": "connection_init", "payload": init})
    try:
        await opened.hear("connection_ack")
    except Closed:
        assert opened.socket.close_code == 1013
        return False
    return True


@covers("F25")
@pytest.mark.parametrize("said", [PING, '{"type": "pong"}', '{"type": "complete", "id": "1"}'])
async def test_messages_in_a_second_are_limited(here: LiveTenant, said: str) -> None:
    async with here.wire("rep2") as beside, here.wire() as opened:
        for _ in range(10 * MESSAGES):
            await opened.say(said)
        assert await opened.closed() == 1013
        assert len(opened.received) <= 4 * MESSAGES
        await beside.alive()


async def test_subscribe_and_complete_churn_is_limited(here: LiveTenant) -> None:
    async with here.wire("rep2") as beside, here.wire() as opened:
        for number in range(5 * MESSAGES):
            await opened.begin(str(number), FEW, {"f": NONE})
            await opened.done(str(number))
        assert await opened.closed() == 1013
        await beside.ask("1", HELLO)


async def test_messages_at_the_limit_are_accepted(here: LiveTenant) -> None:
    async with here.wire() as opened:
        for _ in range(3):
            await asyncio.sleep(1.5)
            for _ in range(MESSAGES - 5):
                await opened.say(PING)
            for _ in range(MESSAGES - 5):
                await opened.hear("pong")


@covers("F25")
async def test_a_message_is_limited(here: LiveTenant) -> None:
    async with here.wire("rep2") as beside:
        async with here.wire() as opened:
            await opened.say(PING.ljust(BYTES))
            await opened.hear("pong")
            await opened.say(PING.ljust(BYTES + 1))
            assert await opened.closed() == 1009
        async with here.wire() as opened:  # a message in parts is one message
            await opened.socket.send([PING, *[" " * 1000] * 70])
            assert await opened.closed() == 1009
        async with here.wire() as opened:  # what is announced need not come
            await opened.raw(b"\x81\xff" + (2**40).to_bytes(8, "big") + bytes(4))
            assert await opened.closed() == 1009
        await beside.alive()


async def test_a_query_near_the_limit_is_answered(here: LiveTenant) -> None:
    padded = HELLO.ljust(BYTES - 100)
    async with here.wire() as opened:
        await opened.say(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": padded}}))
        message = await opened.hear("1")
        # HTTP may refuse a document of this length too, but the socket stays.
        assert message["type"] in ("next", "error")
        await opened.alive()


@covers("F25")
async def test_lists_of_a_user_are_limited(
    here: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscriptions.engine.limits.LISTS", 10)
    async with here.wire() as one, here.wire() as another:
        await _in_turn(one, [str(number) for number in range(6)])
        await _in_turn(another, [str(number) for number in range(4)])
        assert await another.refused("more", FEW, {"f": NONE}) == ["RATE_LIMITED"]
        await another.ask("query", HELLO)
        await one.done("3")
        await one.alive()
        await _in_turn(another, ["more"])
        assert await another.refused("too", FEW, {"f": NONE}) == ["RATE_LIMITED"]
    async with here.wire() as again:
        await _in_turn(again, [str(number) for number in range(10)])

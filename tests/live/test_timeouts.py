"""Clients that do not authenticate, answer pings or read within the timeouts are closed, without delay for others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from schema import sockets
from subscriptions.engine import limits, socket
from tests.live.live_tenant import OPPORTUNITIES_SUBSCRIPTION, LiveTenant, another_server
from tests.live.wire import TIMEOUT, Wire, wire
from tests.support.covers import covers

PING = '{"type": "ping"}'
LISTS = 48
SHORT = {
    "INIT_TIMEOUT_SECONDS": 0.5,
    "PING_INTERVAL_SECONDS": 0.2,
    "SILENCE_TIMEOUT_SECONDS": 1.0,
    "UNREAD_TIMEOUT_SECONDS": 1.5,
}
"""Timeouts in seconds, shortened so that a test can wait for them."""
LONG = 4.0
"""Seconds after which all of these timeouts have passed."""


@pytest.fixture
async def port(tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port of a server with the shortened timeouts."""
    monkeypatch.setattr(sockets, "POLL_SECONDS", 0.1)
    for name, seconds in SHORT.items():
        for module in (sockets, socket):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, seconds)
    async with another_server(tenant) as (_, port):
        yield port


@covers("F25")
def test_default_timeouts() -> None:
    seconds = [
        limits.INIT_TIMEOUT_SECONDS,
        limits.PING_INTERVAL_SECONDS,
        limits.UNREAD_TIMEOUT_SECONDS,
    ]
    assert seconds == [10, 15, 30]
    assert limits.SILENCE_TIMEOUT_SECONDS > 2 * limits.PING_INTERVAL_SECONDS, (
        "one late pong must not close the socket"
    )


async def _close_code(ws: Wire) -> int:
    """Wait for the close code without reading messages."""
    async with asyncio.timeout(TIMEOUT):
        await ws.socket.wait_closed()
    return ws.socket.close_code or 0


async def _never_authenticates(tenant: LiveTenant, port: int) -> int:
    async with wire(port) as ws:
        while ws.socket.close_code is None:
            await ws.send(PING)  # messages do not replace authentication
            await asyncio.sleep(0.1)
        return await ws.wait_closed()


async def _never_answers(tenant: LiveTenant, port: int) -> int:
    """Answers the ping frames of WebSocket, as every library does, but not the pings of the protocol."""
    async with wire(port) as ws:
        await ws.init(await tenant.token())
        return await _close_code(ws)


async def _never_reads(tenant: LiveTenant, port: int) -> int:
    """Reads nothing until the timeouts have passed."""
    async with wire(port) as ws:
        await ws.init(await tenant.token())
        ws.socket.transport.pause_reading()
        await asyncio.sleep(LONG)
        ws.socket.transport.resume_reading()
        return await _close_code(ws)


async def _answers(tenant: LiveTenant, port: int, stop: asyncio.Event) -> int:
    """Answers every ping and sends nothing else; returns the number of messages received."""
    async with wire(port) as ws:
        await ws.init(await tenant.token())
        while not stop.is_set():
            await ws.receive("ping")
        await ws.check_alive()
        return len(ws.received)


@covers("F25")
async def test_silent_client_is_closed(tenant: LiveTenant, port: int) -> None:
    stop = asyncio.Event()
    answering = asyncio.create_task(_answers(tenant, port, stop))
    silent = [each(tenant, port) for each in (_never_authenticates, _never_answers, _never_reads)]
    assert set(await asyncio.gather(*silent)) == {4408}
    stop.set()
    assert await answering > LONG / SHORT["SILENCE_TIMEOUT_SECONDS"]


async def _keep_changing(tenant: LiveTenant, id: str, stop: asyncio.Event) -> str:
    """Rename a record until `stop` is set and return the last name."""
    last = await tenant.rename(id)
    while not stop.is_set():
        last = await tenant.rename(id)
    return last


@covers("D-64")
async def test_client_that_does_not_read_is_closed_without_delaying_others(
    tenant: LiveTenant, port: int
) -> None:
    id, stop = await tenant.any_opportunity(), asyncio.Event()
    async with wire(port, small_buffer=True) as stalled, wire(port) as reader:
        await stalled.init(await tenant.token("admin"))
        await reader.init(await tenant.token("rep1"))
        stalled.socket.transport.pause_reading()
        for number in range(LISTS):
            await stalled.subscribe(str(number), OPPORTUNITIES_SUBSCRIPTION)
        rows = await tenant.open_list(reader)
        changing = asyncio.create_task(_keep_changing(tenant, id, stop))
        asyncio.get_running_loop().call_later(LONG, stop.set)
        while not changing.done():
            await rows.event()
        await rows.until(id, await changing)
        assert set(rows.kinds[1:]) == {"DELTA"}, "the reader must not miss a delta"
        stalled.socket.transport.resume_reading()
        # The close frame may be lost with the unread data.
        assert await _close_code(stalled) in (1013, 1006)

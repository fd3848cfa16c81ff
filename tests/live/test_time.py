"""Who says nothing, hears nothing or reads nothing for too long is closed, and slows nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from schema import sockets
from subscriptions.engine import limits, socket
from tests.live.live_tenant import PIPELINE, LiveTenant, another_server
from tests.live.wire import PATIENCE, Wire, wire
from tests.support.covers import covers

PING = '{"type": "ping"}'
LISTS = 48
SHORT = {"INIT_SECONDS": 0.5, "PING_SECONDS": 0.2, "SILENT_SECONDS": 1.0, "STUCK_SECONDS": 1.5}
"""The times that are allowed, so much shorter that a test can wait for them."""
LONG = 4.0
"""Seconds after which all of them are over."""


@pytest.fixture
async def port(here: LiveTenant, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server with less patience, so that the test needs none."""
    monkeypatch.setattr(sockets, "POLL_SECONDS", 0.1)
    for name, seconds in SHORT.items():
        for module in (sockets, socket):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, seconds)
    async with another_server(here) as (_, port):
        yield port


@covers("F25")
def test_default_timeouts() -> None:
    told = [limits.INIT_SECONDS, limits.PING_SECONDS, limits.STUCK_SECONDS]
    assert told == [10, 15, 30]
    assert limits.SILENT_SECONDS > 2 * limits.PING_SECONDS, "one answer may be late"


async def _in_the_end(opened: Wire) -> int:
    """The code that a socket is closed with whose messages nobody reads any more."""
    async with asyncio.timeout(PATIENCE):
        await opened.socket.wait_closed()
    return opened.socket.close_code or 0


async def _never_introduced(here: LiveTenant, port: int) -> int:
    async with wire(port) as opened:
        while opened.socket.close_code is None:
            await opened.say(PING)  # who talks is no less a stranger
            await asyncio.sleep(0.1)
        return await opened.closed()


async def _never_answers(here: LiveTenant, port: int) -> int:
    """The pings of WebSocket are answered, as every library does by itself; those of the protocol are not."""
    async with wire(port) as opened:
        await opened.init(await here.token())
        return await _in_the_end(opened)


async def _absent(here: LiveTenant, port: int) -> int:
    """Reads nothing; what it was sent meanwhile is read in the end."""
    async with wire(port) as opened:
        await opened.init(await here.token())
        opened.socket.transport.pause_reading()
        await asyncio.sleep(LONG)
        opened.socket.transport.resume_reading()
        return await _in_the_end(opened)


async def _answers(here: LiveTenant, port: int, over: asyncio.Event) -> int:
    """Every ping is answered, and nothing else said."""
    async with wire(port) as opened:
        await opened.init(await here.token())
        while not over.is_set():
            await opened.hear("ping")
        await opened.alive()
        return len(opened.received)


@covers("F25")
async def test_silent_client_is_closed(here: LiveTenant, port: int) -> None:
    over = asyncio.Event()
    answering = asyncio.create_task(_answers(here, port, over))
    silent = [each(here, port) for each in (_never_introduced, _never_answers, _absent)]
    assert set(await asyncio.gather(*silent)) == {4408}
    over.set()
    assert await answering > LONG / SHORT["SILENT_SECONDS"]


async def _changes(here: LiveTenant, id: str, over: asyncio.Event) -> str:
    """Change a record until it is over; the last name."""
    last = await here.rename(id)
    while not over.is_set():
        last = await here.rename(id)
    return last


@covers("D-64")
async def test_client_that_does_not_read_is_closed_without_delaying_others(
    here: LiveTenant, port: int
) -> None:
    id, over = await here.some(), asyncio.Event()
    async with wire(port, narrow=True) as deaf, wire(port) as reader:
        await deaf.init(await here.token("admin"))
        await reader.init(await here.token("rep1"))
        deaf.socket.transport.pause_reading()
        for number in range(LISTS):
            await deaf.begin(str(number), PIPELINE)
        rows = await here.live(reader)
        changing = asyncio.create_task(_changes(here, id, over))
        asyncio.get_running_loop().call_later(LONG, over.set)
        while not changing.done():
            await rows.event()
        await rows.until(id, await changing)
        assert set(rows.kinds[1:]) == {"DELTA"}, "who reads has missed nothing"
        deaf.socket.transport.resume_reading()
        # What cannot be read cannot be told: the code may be lost with the rest.
        assert await _in_the_end(deaf) in (1013, 1006)

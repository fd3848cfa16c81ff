"""Who gets a socket at all: origins, subprotocols, compression, and how many may stand at the door."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from websockets.exceptions import InvalidStatus

from tests.live.live_tenant import MOST, LiveTenant, another_server
from tests.live.wire import PATIENCE, PROTOCOL, Closed, Wire, status, wire
from tests.support.covers import covers

VIEWER = "{ viewer { id } }"
FOREIGN = {
    "another host": "https://evil.example",
    "null": "null",
    "another port": "http://127.0.0.1:1",
    "no port": "http://127.0.0.1",
    "a subdomain": "http://crm.127.0.0.1:{port}",
    "a host that begins so": "http://127.0.0.1:{port}.evil.example",
    "a host that ends so": "http://evil-127.0.0.1:{port}",
    "credentials": "http://127.0.0.1:{port}@evil.example",
    "a file": "file://",
    "two": "http://127.0.0.1:{port}, https://evil.example",
    "half an address": "http://[127.0.0.1",
    "no origin at all": "127.0.0.1:{port}",
}


@pytest.mark.parametrize("origin", FOREIGN.values(), ids=FOREIGN)
async def test_foreign_origin_is_refused(here: LiveTenant, origin: str) -> None:
    spelled = origin.format(port=here.port)
    assert await status(here.port, origin=spelled) == 403
    spoofed = {"Sec-Fetch-Site": "same-origin"}
    assert await status(here.port, origin=spelled, headers=spoofed) == 403


@pytest.mark.parametrize("origin", [None, "http://127.0.0.1:{port}"], ids=["none", "the same"])
async def test_missing_or_own_origin_is_accepted(here: LiveTenant, origin: str | None) -> None:
    spelled = origin and origin.format(port=here.port)
    async with here.wire("rep1", origin=spelled) as opened:
        assert opened.socket.subprotocol == PROTOCOL
        payload = await opened.ask("1", VIEWER)
        assert payload["data"]["viewer"]


async def test_only_allowed_origins_are_accepted(here: LiveTenant) -> None:
    async with another_server(here, ["https://app.example"]) as (_, port):
        for origin in ("https://app.example", f"http://127.0.0.1:{port}", None):
            async with wire(port, origin=origin) as opened:
                await opened.init(await here.token())
        for origin in ("http://app.example", "https://app.example.evil.example", "null"):
            assert await status(port, origin=origin) == 403


SPOKEN: dict[str, tuple[str, ...]] = {
    "none": (),
    "the legacy one": ("graphql-ws",),
    "another": ("soap",),
    "ours in capitals": ("GRAPHQL-TRANSPORT-WS",),
}


@pytest.mark.parametrize("protocols", SPOKEN.values(), ids=SPOKEN)
async def test_another_subprotocol_is_closed(here: LiveTenant, protocols: tuple[str, ...]) -> None:
    async with wire(here.port, protocols=protocols) as opened:
        assert await opened.closed() == 4406
        assert not opened.received


async def test_supported_subprotocol_is_selected(here: LiveTenant) -> None:
    async with here.wire("rep1", protocols=("graphql-ws", PROTOCOL)) as opened:
        assert opened.socket.subprotocol == PROTOCOL


async def test_nothing_is_compressed(here: LiveTenant) -> None:
    async with here.wire("rep1", compression="deflate") as opened:
        response = opened.socket.response
        assert response is not None
        assert "sec-websocket-extensions" not in response.headers
        await opened.alive()


@pytest.mark.parametrize("path", ["/", "/graphql/", "/health/live", "/graphql%00"])
async def test_other_paths_have_no_socket(here: LiveTenant, path: str) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with wire(here.port, path=path):
            pass
    assert 400 <= refusal.value.response.status_code < 500


ODD = {
    "bytes in the path": b"GET /graphql?\xff\xfe HTTP/1.1\r\n",
    "bytes in a header": b"GET /graphql HTTP/1.1\r\nX-Odd: \xff\xfe\r\n",
    "bytes in the origin": b"GET /graphql HTTP/1.1\r\nOrigin: http://\xff\r\n",
    "another method": b"POST /graphql HTTP/1.1\r\n",
    "HTTP/1.0": b"GET /graphql HTTP/1.0\r\n",
    "a bad version": b"GET /graphql HTTP/1.1\r\nSec-WebSocket-Version: 12\r\n",
    "a bad key": b"GET /graphql HTTP/1.1\r\nSec-WebSocket-Key: short\r\n",
    "a bad protocol": b"GET /graphql HTTP/1.1\r\nSec-WebSocket-Protocol: \x7f, ,\r\n",
}
"""How a handshake may begin that no library sends. The log stays empty."""


@pytest.mark.parametrize("begun", ODD.values(), ids=ODD)
async def test_an_odd_handshake_is_answered(here: LiveTenant, begun: bytes) -> None:
    usual = {
        b"Host": b"127.0.0.1:%d" % here.port,
        b"Connection": b"Upgrade",
        b"Upgrade": b"websocket",
        b"Sec-WebSocket-Version": b"13",
        b"Sec-WebSocket-Key": b"dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Protocol": PROTOCOL.encode(),
    }
    lines = [b"%b: %b\r\n" % each for each in usual.items() if each[0] + b":" not in begun]
    answered = await _status(here.port, begun + b"".join(lines) + b"\r\n")
    assert answered == 101 or 400 <= answered < 500
    async with here.wire() as opened:
        await opened.alive()


async def _status(port: int, raw: bytes) -> int:
    """The status that a handshake is answered with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        async with asyncio.timeout(PATIENCE):
            return int((await reader.readline()).split()[1])
    finally:
        writer.close()


async def _stand(here: LiveTenant, crowd: AsyncExitStack, most: int) -> list[Wire]:
    """Open sockets that say nothing, until one is sent away or there are so many."""
    stood: list[Wire] = []
    while len(stood) < most:
        opened = await crowd.enter_async_context(wire(here.port))
        try:
            await opened.alive()
        except Closed:
            assert (
                opened.socket.close_code == 1013
            )  # which a client takes for a reason to come back
            break
        stood.append(opened)
    return stood


@covers("F25")
async def test_unauthenticated_connections_are_limited(here: LiveTenant) -> None:
    async with here.wire("rep2") as inside, AsyncExitStack() as crowd:
        stood = await _stand(here, crowd, MOST + 5)
        assert len(stood) == MOST
        async with wire(here.port) as refused:
            assert await refused.closed() == 1013
        await stood[0].init(await here.token())  # who has introduced himself stands there no more
        stood += await _stand(here, crowd, 5)
        assert len(stood) == MOST + 1
        await stood[1].socket.close()
        stood += await _room(here, crowd)
        await asyncio.gather(*(each.alive() for each in (inside, stood[0], stood[2], stood[-1])))


async def _room(here: LiveTenant, crowd: AsyncExitStack) -> list[Wire]:
    """Wait until there is room for one more: who has gone is noticed in a moment."""
    async with asyncio.timeout(PATIENCE):
        while not (stood := await _stand(here, crowd, 1)):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
    return stood

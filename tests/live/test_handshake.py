"""The WebSocket handshake: origins, subprotocols, compression, and the limit of unauthenticated connections."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from websockets.exceptions import InvalidStatus

from tests.live.live_tenant import MAX_SOCKETS, LiveTenant, another_server
from tests.live.wire import PROTOCOL, TIMEOUT, Closed, Wire, status, wire
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
async def test_foreign_origin_is_refused(tenant: LiveTenant, origin: str) -> None:
    value = origin.format(port=tenant.port)
    assert await status(tenant.port, origin=value) == 403
    spoofed = {"Sec-Fetch-Site": "same-origin"}
    assert await status(tenant.port, origin=value, headers=spoofed) == 403


@pytest.mark.parametrize("origin", [None, "http://127.0.0.1:{port}"], ids=["none", "the same"])
async def test_missing_or_own_origin_is_accepted(tenant: LiveTenant, origin: str | None) -> None:
    value = origin and origin.format(port=tenant.port)
    async with tenant.wire("rep1", origin=value) as ws:
        assert ws.socket.subprotocol == PROTOCOL
        payload = await ws.execute("1", VIEWER)
        assert payload["data"]["viewer"]


async def test_only_allowed_origins_are_accepted(tenant: LiveTenant) -> None:
    async with another_server(tenant, ["https://app.example"]) as (_, port):
        for origin in ("https://app.example", f"http://127.0.0.1:{port}", None):
            async with wire(port, origin=origin) as ws:
                await ws.init(await tenant.token())
        for origin in ("http://app.example", "https://app.example.evil.example", "null"):
            assert await status(port, origin=origin) == 403


SUBPROTOCOLS: dict[str, tuple[str, ...]] = {
    "none": (),
    "the legacy one": ("graphql-ws",),
    "another": ("soap",),
    "the supported one in capitals": ("GRAPHQL-TRANSPORT-WS",),
}


@pytest.mark.parametrize("protocols", SUBPROTOCOLS.values(), ids=SUBPROTOCOLS)
async def test_unsupported_subprotocol_is_closed(
    tenant: LiveTenant, protocols: tuple[str, ...]
) -> None:
    async with wire(tenant.port, protocols=protocols) as ws:
        assert await ws.wait_closed() == 4406
        assert not ws.received


async def test_supported_subprotocol_is_selected(tenant: LiveTenant) -> None:
    async with tenant.wire("rep1", protocols=("graphql-ws", PROTOCOL)) as ws:
        assert ws.socket.subprotocol == PROTOCOL


async def test_nothing_is_compressed(tenant: LiveTenant) -> None:
    async with tenant.wire("rep1", compression="deflate") as ws:
        response = ws.socket.response
        assert response is not None
        assert "sec-websocket-extensions" not in response.headers
        await ws.check_alive()


@pytest.mark.parametrize("path", ["/", "/graphql/", "/health/live", "/graphql%00"])
async def test_other_paths_have_no_socket(tenant: LiveTenant, path: str) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with wire(tenant.port, path=path):
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
"""Starts of handshakes that no library sends. None of them may log an error."""


@pytest.mark.parametrize("begun", ODD.values(), ids=ODD)
async def test_malformed_handshake_gets_a_response(tenant: LiveTenant, begun: bytes) -> None:
    usual = {
        b"Host": b"127.0.0.1:%d" % tenant.port,
        b"Connection": b"Upgrade",
        b"Upgrade": b"websocket",
        b"Sec-WebSocket-Version": b"13",
        b"Sec-WebSocket-Key": b"dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Protocol": PROTOCOL.encode(),
    }
    lines = [b"%b: %b\r\n" % each for each in usual.items() if each[0] + b":" not in begun]
    code = await _status(tenant.port, begun + b"".join(lines) + b"\r\n")
    assert code == 101 or 400 <= code < 500
    async with tenant.wire() as ws:
        await ws.check_alive()


async def _status(port: int, raw: bytes) -> int:
    """The HTTP status of the response to a raw request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        async with asyncio.timeout(TIMEOUT):
            return int((await reader.readline()).split()[1])
    finally:
        writer.close()


async def _open_many(tenant: LiveTenant, stack: AsyncExitStack, most: int) -> list[Wire]:
    """Open unauthenticated sockets, until the server refuses one or `most` are open."""
    waiting: list[Wire] = []
    while len(waiting) < most:
        ws = await stack.enter_async_context(wire(tenant.port))
        try:
            await ws.check_alive()
        except Closed:
            assert ws.socket.close_code == 1013  # clients retry after this code
            break
        waiting.append(ws)
    return waiting


@covers("F25")
async def test_unauthenticated_connections_are_limited(tenant: LiveTenant) -> None:
    async with tenant.wire("rep2") as authenticated, AsyncExitStack() as stack:
        waiting = await _open_many(tenant, stack, MAX_SOCKETS + 5)
        assert len(waiting) == MAX_SOCKETS
        async with wire(tenant.port) as refused:
            assert await refused.wait_closed() == 1013
        await waiting[0].init(await tenant.token())  # an authenticated socket no longer counts
        waiting += await _open_many(tenant, stack, 5)
        assert len(waiting) == MAX_SOCKETS + 1
        await waiting[1].socket.close()
        waiting += await _open_when_free(tenant, stack)
        await asyncio.gather(
            *(each.check_alive() for each in (authenticated, waiting[0], waiting[2], waiting[-1]))
        )


async def _open_when_free(tenant: LiveTenant, stack: AsyncExitStack) -> list[Wire]:
    """Open one more socket as soon as the server has noticed that another one was closed."""
    async with asyncio.timeout(TIMEOUT):
        while not (waiting := await _open_many(tenant, stack, 1)):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
    return waiting

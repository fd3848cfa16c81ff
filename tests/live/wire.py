"""A test client of graphql-transport-ws that sends arbitrary messages and records every message it receives."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

PROTOCOL = "graphql-transport-ws"
TIMEOUT = 25.0
"""Seconds after which an expected message counts as missing. No test measures time by it."""
Message = dict[str, Any]


class Closed(Exception):
    """The server closed the socket while the test waited for a message."""


@dataclass
class Wire:
    """One WebSocket connection."""

    socket: ClientConnection
    received: list[Message] = field(default_factory=list)
    """All messages received, in order."""
    _waiting: dict[object, deque[Message]] = field(default_factory=lambda: defaultdict(deque))
    """Messages received but not yet requested, by operation id, or by type if they belong to no operation."""

    async def send(self, message: Mapping[str, Any] | str | bytes) -> None:
        """Send a message; bytes are sent as a binary message. Does nothing if the socket is closed."""
        with suppress(ConnectionClosed):
            text = json.dumps(message) if isinstance(message, Mapping) else message
            await self.socket.send(text)

    async def send_raw(self, octets: bytes) -> None:
        """Write octets to the transport; they need not form a frame."""
        self.socket.transport.write(octets)
        await asyncio.sleep(0)

    async def read(self) -> Message:
        """Return the next message and record it; answer it if it is a ping. Raises Closed."""
        try:
            text = await asyncio.wait_for(self.socket.recv(), TIMEOUT)
        except ConnectionClosed as error:
            raise Closed(f"{self.socket.close_code} {self.socket.close_reason}") from error
        assert isinstance(text, str), "a binary message, which browsers cannot read"
        message: Message = json.loads(text)
        self.received.append(message)
        if message["type"] == "ping":
            await self.send({"type": "pong"})
        return message

    async def receive(self, about: object) -> Message:
        """The next message of an operation id, or of a type without an operation. Raises TimeoutError."""
        async with asyncio.timeout(2 * TIMEOUT):  # pings come for as long as the socket stays open
            while not self._waiting[about]:
                message = await self.read()
                self._waiting[message.get("id", message["type"])].append(message)
        return self._waiting[about].popleft()

    async def init(self, token: str, **more: Any) -> Message:
        """Send `connection_init` with an access token and return the acknowledgement."""
        payload = {"authorization": f"Bearer {token}", **more}
        await self.send({"type": "connection_init", "payload": payload})
        return await self.receive("connection_ack")

    async def subscribe(
        self, id: str, query: str, variables: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        """Start an operation of any kind with a `subscribe` message."""
        payload = {"query": query, "variables": dict(variables or {}), **more}
        await self.send({"type": "subscribe", "id": id, "payload": payload})

    async def next(self, id: str) -> Any:
        """The payload of the operation's next result."""
        message = await self.receive(id)
        assert message["type"] == "next", message
        return message["payload"]

    async def error_codes(self, id: str) -> list[str]:
        """The error codes with which the server ends an operation."""
        message = await self.receive(id)
        assert message["type"] == "error", message
        assert set(message) == {"id", "type", "payload"}
        assert message["payload"]
        assert all(isinstance(error["message"], str) for error in message["payload"])
        return [error["extensions"]["code"] for error in message["payload"]]

    async def execute(self, id: str, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """Run a query or a mutation to its end and return the payload of its only result."""
        await self.subscribe(id, query, variables)
        payload = await self.next(id)
        assert (await self.receive(id)) == {"id": id, "type": "complete"}
        return payload

    async def refusal_codes(
        self, id: str, query: str, variables: Mapping[str, Any] | None = None, **more: Any
    ) -> list[str]:
        """Start an operation that the server must refuse and return the error codes."""
        await self.subscribe(id, query, variables, **more)
        return await self.error_codes(id)

    async def complete(self, id: str) -> None:
        """End an operation from the client's side."""
        await self.send({"type": "complete", "id": id})

    async def check_alive(self) -> None:
        """Ping the server and wait for the pong, by which it has read all earlier messages. Raises Closed."""
        await self.send({"type": "ping"})
        await self.receive("pong")

    async def wait_closed(self) -> int:
        """Read until the server closes the socket and return the close code. Raises TimeoutError."""
        with suppress(Closed):
            async with asyncio.timeout(2 * TIMEOUT):  # pings come for as long as it stays open
                while True:
                    await self.read()
        return self.socket.close_code or 0


@dataclass
class Rows:
    """The records of a live list, maintained by applying its events as the contract prescribes."""

    wire: Wire
    id: str
    rows: dict[str, Any] = field(default_factory=dict)
    cursor: str | None = None
    kinds: list[str] = field(default_factory=list)

    async def event(self, field_name: str = "opportunities") -> Any:
        """Receive, apply and return the next event."""
        payload = await self.wire.next(self.id)
        assert "errors" not in payload, payload
        return self.apply(payload["data"][field_name])

    def apply(self, event: Any) -> Any:
        """Apply an event to the rows and return it."""
        if event["kind"] in ("SNAPSHOT", "RESYNC"):
            self.rows.clear()
        for change in event["changes"]:
            if change["kind"] == "LEFT":
                assert change["node"] is None
                del self.rows[change["id"]]
            else:
                self.rows[change["id"]] = change["node"]
        self.cursor = event["cursor"]
        self.kinds.append(event["kind"])
        return event

    async def until(self, id: str, name: str) -> None:
        """Apply events until the record has this name."""
        while self.rows.get(id, {}).get("name") != name:
            await self.event()


def _small_buffer(port: int) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))  # does not block on the loopback
    connection.setblocking(False)
    return connection


@asynccontextmanager
async def wire(
    port: int,
    *,
    protocols: Sequence[str] = (PROTOCOL,),
    origin: str | None = None,
    headers: Mapping[str, str] | None = None,
    compression: str | None = None,
    path: str = "/graphql",
    small_buffer: bool = False,
) -> AsyncIterator[Wire]:
    """A WebSocket to the application, optionally with a receive buffer of 4 KiB. Raises InvalidStatus if refused."""
    async with connect(
        f"ws://127.0.0.1:{port}{path}",
        subprotocols=[Subprotocol(each) for each in protocols] or None,
        origin=Origin(origin) if origin is not None else None,
        additional_headers=headers,
        compression=compression,
        user_agent_header=None,
        proxy=None,
        ping_interval=None,
        max_size=None,
        max_queue=None,
        open_timeout=TIMEOUT,
        close_timeout=TIMEOUT,
        sock=_small_buffer(port) if small_buffer else None,
    ) as socket:
        yield Wire(socket)


async def status(port: int, **options: Any) -> int:
    """The HTTP status of a handshake: 101 if it succeeds."""
    try:
        async with wire(port, **options):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code

"""A client of graphql-transport-ws for tests: it says anything at all, and keeps everything it is told."""

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
PATIENCE = 25.0
"""Seconds after which what is awaited does not come any more. No test is about how long it takes."""
Message = dict[str, Any]


class Closed(Exception):
    """The server closed the socket where something else was awaited."""


@dataclass
class Wire:
    """One socket."""

    socket: ClientConnection
    received: list[Message] = field(default_factory=list)
    """Every message, in order."""
    _waiting: dict[object, deque[Message]] = field(default_factory=lambda: defaultdict(deque))
    """By operation, or by type where it is of none, what came and was not asked for yet."""

    async def say(self, message: Mapping[str, Any] | str | bytes) -> None:
        """Any message; bytes go as a binary one. What is said to a closed socket is lost."""
        with suppress(ConnectionClosed):
            said = json.dumps(message) if isinstance(message, Mapping) else message
            await self.socket.send(said)

    async def raw(self, octets: bytes) -> None:
        """Octets that need not be a frame."""
        self.socket.transport.write(octets)
        await asyncio.sleep(0)

    async def read(self) -> Message:
        """The next message, which is kept. Pings are answered. Raises Closed."""
        try:
            text = await asyncio.wait_for(self.socket.recv(), PATIENCE)
        except ConnectionClosed as error:
            raise Closed(f"{self.socket.close_code} {self.socket.close_reason}") from error
        assert isinstance(text, str), "a binary message, which browsers cannot read"
        message: Message = json.loads(text)
        self.received.append(message)
        if message["type"] == "ping":
            await self.say({"type": "pong"})
        return message

    async def hear(self, about: object) -> Message:
        """The next message of an operation, or of a type that belongs to none. Raises TimeoutError."""
        async with asyncio.timeout(2 * PATIENCE):  # pings come for as long as the socket stays open
            while not self._waiting[about]:
                message = await self.read()
                self._waiting[message.get("id", message["type"])].append(message)
        return self._waiting[about].popleft()

    async def init(self, token: str, **more: Any) -> Message:
        """Introduce oneself, and be acknowledged."""
        payload = {"authorization": f"Bearer {token}", **more}
        await self.say({"type": "connection_init", "payload": payload})
        return await self.hear("connection_ack")

    async def begin(
        self, id: str, query: str, variables: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        """Begin an operation."""
        payload = {"query": query, "variables": dict(variables or {}), **more}
        await self.say({"type": "subscribe", "id": id, "payload": payload})

    async def next(self, id: str) -> Any:
        """The payload of the operation's next result."""
        message = await self.hear(id)
        assert message["type"] == "next", message
        return message["payload"]

    async def error(self, id: str) -> list[str]:
        """The codes the operation is refused with."""
        message = await self.hear(id)
        assert message["type"] == "error", message
        assert set(message) == {"id", "type", "payload"}
        assert message["payload"]
        assert all(isinstance(error["message"], str) for error in message["payload"])
        return [error["extensions"]["code"] for error in message["payload"]]

    async def ask(self, id: str, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The whole answer to a query or a mutation."""
        await self.begin(id, query, variables)
        payload = await self.next(id)
        assert (await self.hear(id)) == {"id": id, "type": "complete"}
        return payload

    async def refused(
        self, id: str, query: str, variables: Mapping[str, Any] | None = None, **more: Any
    ) -> list[str]:
        """The codes an operation is refused with."""
        await self.begin(id, query, variables, **more)
        return await self.error(id)

    async def done(self, id: str) -> None:
        """End an operation from this side."""
        await self.say({"type": "complete", "id": id})

    async def alive(self) -> None:
        """See that the socket answers, and that what was said before was read. Raises Closed."""
        await self.say({"type": "ping"})
        await self.hear("pong")

    async def closed(self) -> int:
        """The code it is closed with; what comes before that is kept. Raises TimeoutError."""
        with suppress(Closed):
            async with asyncio.timeout(2 * PATIENCE):  # pings come for as long as it stays open
                while True:
                    await self.read()
        return self.socket.close_code or 0


@dataclass
class Rows:
    """What a subscriber makes of the events of a list, as the contract has it."""

    wire: Wire
    id: str
    rows: dict[str, Any] = field(default_factory=dict)
    cursor: str | None = None
    kinds: list[str] = field(default_factory=list)

    async def event(self, field_name: str = "opportunities") -> Any:
        """The next event, which is applied."""
        payload = await self.wire.next(self.id)
        assert "errors" not in payload, payload
        return self.apply(payload["data"][field_name])

    def apply(self, event: Any) -> Any:
        """Apply an event."""
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
        """Take events until a record is called so."""
        while self.rows.get(id, {}).get("name") != name:
            await self.event()


def _narrow(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", port))  # on the loopback, nothing is waited for
    made.setblocking(False)
    return made


@asynccontextmanager
async def wire(
    port: int,
    *,
    protocols: Sequence[str] = (PROTOCOL,),
    origin: str | None = None,
    headers: Mapping[str, str] | None = None,
    compression: str | None = None,
    path: str = "/graphql",
    narrow: bool = False,
) -> AsyncIterator[Wire]:
    """A socket to the house, which holds little if it is narrow; raises InvalidStatus if it is refused."""
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
        open_timeout=PATIENCE,
        close_timeout=PATIENCE,
        sock=_narrow(port) if narrow else None,
    ) as socket:
        yield Wire(socket)


async def status(port: int, **how: Any) -> int:
    """The status that a handshake is refused with; 101 if it is not."""
    try:
        async with wire(port, **how):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code

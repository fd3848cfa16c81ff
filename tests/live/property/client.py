"""A client of `graphql-transport-ws` that records the frames of each operation byte for byte."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

PROTOCOL = Subprotocol("graphql-transport-ws")
TIMEOUT = 20.0
"""Seconds after which an expected message counts as missing. No test measures time by it."""


async def until(condition: Callable[[], bool], failure: Callable[[], str]) -> None:
    """Wait until a condition holds; fail with the given message after the timeout."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + TIMEOUT
    while not condition():
        assert loop.time() < deadline, failure()
        await asyncio.sleep(0.002)


@dataclass
class Operation:
    """One operation: the frames received for it, and how it ended."""

    id: str
    frames: list[str] = field(default_factory=list)
    """The texts of its `next` messages, in order."""
    errors: list[dict[str, Any]] | None = None
    completed: bool = False
    ended: bool = False
    """Whether the client sent `complete`; results already sent may still arrive."""
    late: list[str] = field(default_factory=list)
    """Messages received after its end, which the protocol forbids."""

    @property
    def code(self) -> str | None:
        """The code of the error that ended it."""
        return str(self.errors[0]["extensions"]["code"]) if self.errors else None

    @property
    def is_over(self) -> bool:
        """Whether the server ended it."""
        return self.errors is not None or self.completed


class Socket:
    """One connection with its operations."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self.operations: dict[str, Operation] = {}
        self.acknowledged = False
        self.closed: int | None = None
        """The close code; None while the socket is open."""
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, port: int, token: str) -> Socket:
        """Connect, authenticate and wait for the acknowledgement."""
        url = f"ws://127.0.0.1:{port}/graphql"
        ws = cls(
            await connect(url, subprotocols=[PROTOCOL], compression=None, max_size=None, proxy=None)
        )
        await ws._send({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
        await until(lambda: ws.acknowledged or ws.closed is not None, lambda: "no acknowledgement")
        return ws

    async def subscribe(
        self, query: str, variables: Mapping[str, Any] | None = None, id: str | None = None
    ) -> Operation:
        """Start an operation; the returned object collects its messages."""
        id = id or f"o{next(self._numbers)}"
        operation = self.operations[id] = Operation(id)
        payload = {"query": query, "variables": dict(variables or {})}
        await self._send({"id": id, "type": "subscribe", "payload": payload})
        return operation

    async def wait_first(self, operation: Operation) -> None:
        """Wait for the first event or for the end of an operation or its socket."""
        await until(
            lambda: bool(operation.frames) or operation.is_over or self.closed is not None,
            lambda: f"no first event of {operation.id}",
        )

    async def complete(self, operation: Operation) -> None:
        """Send `complete`, unless the server has ended the operation."""
        operation.ended = True
        if not operation.is_over:
            await self._send({"id": operation.id, "type": "complete"})

    async def close(self) -> None:
        """Close the connection with the closing handshake."""
        await self._connection.close()
        await self._reading

    async def abort(self) -> None:
        """Drop the connection without a closing handshake, as when the network is lost."""
        self._connection.transport.abort()
        await self._reading

    async def _send(self, message: Mapping[str, Any]) -> None:
        with suppress(ConnectionClosed):  # `closed` has the close code
            await self._connection.send(json.dumps(message))

    async def _read(self) -> None:
        try:
            async for text in self._connection:
                assert isinstance(text, str), "a binary frame"
                await self._process(text)
        except ConnectionClosed:
            pass
        finally:
            self.closed = self._connection.close_code or 1006

    async def _process(self, text: str) -> None:
        message = json.loads(text)
        if message["type"] == "connection_ack":
            self.acknowledged = True
        elif message["type"] == "ping":
            await self._send({"type": "pong"})
        elif message["type"] in ("next", "error", "complete"):
            operation = self.operations[message["id"]]
            if operation.is_over:
                operation.late.append(text)
            elif message["type"] == "next":
                operation.frames.append(text)
            elif message["type"] == "error":
                operation.errors = message["payload"]
            else:
                operation.completed = True

"""A client of `graphql-transport-ws` that keeps every frame as it came, and knows nothing of the server."""

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
PATIENCE = 20.0
"""Seconds after which what is awaited is taken to never come; nothing is measured by it."""


async def until(
    holds: Callable[[], bool], what: Callable[[], str], patience: float = PATIENCE
) -> None:
    """Wait for what sockets will bring about."""
    loop = asyncio.get_running_loop()
    late = loop.time() + patience
    while not holds():
        assert loop.time() < late, what()
        await asyncio.sleep(0.002)


@dataclass
class Operation:
    """One subscription: what came for it, and how it ended."""

    id: str
    frames: list[str] = field(default_factory=list)
    """The texts of its `next`, as they came."""
    errors: list[dict[str, Any]] | None = None
    completed: bool = False
    ended: bool = False
    """Whether we ended it ourselves; what was under way by then may still come."""
    late: list[str] = field(default_factory=list)
    """What came after its end, which the protocol forbids."""

    @property
    def code(self) -> str | None:
        """The code it was refused with."""
        return str(self.errors[0]["extensions"]["code"]) if self.errors else None

    @property
    def is_over(self) -> bool:
        """Whether nothing more may come."""
        return self.errors is not None or self.completed


class Socket:
    """One connection with its operations."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self.operations: dict[str, Operation] = {}
        self.acknowledged = False
        self.closed: int | None = None
        """The code it was closed with."""
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, port: int, token: str) -> Socket:
        """Connect, and be acknowledged."""
        url = f"ws://127.0.0.1:{port}/graphql"
        made = cls(
            await connect(url, subprotocols=[PROTOCOL], compression=None, max_size=None, proxy=None)
        )
        await made._send(
            {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
        )
        await until(
            lambda: made.acknowledged or made.closed is not None, lambda: "no acknowledgement"
        )
        return made

    async def subscribe(
        self, query: str, variables: Mapping[str, Any] | None = None, id: str | None = None
    ) -> Operation:
        """Begin an operation; what comes of it is in what is returned."""
        id = id or f"o{next(self._numbers)}"
        made = self.operations[id] = Operation(id)
        payload = {"query": query, "variables": dict(variables or {})}
        await self._send({"id": id, "type": "subscribe", "payload": payload})
        return made

    async def first(self, operation: Operation) -> None:
        """Wait for its first event, or for its refusal."""
        await until(
            lambda: bool(operation.frames) or operation.is_over or self.closed is not None,
            lambda: f"no first event of {operation.id}",
        )

    async def complete(self, operation: Operation) -> None:
        """End an operation."""
        operation.ended = True
        if not operation.is_over:
            await self._send({"id": operation.id, "type": "complete"})

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()
        await self._reading

    async def vanish(self) -> None:
        """End it as a lost network does: without a word."""
        self._connection.transport.abort()
        await self._reading

    async def _send(self, message: Mapping[str, Any]) -> None:
        with suppress(ConnectionClosed):  # what became of it is told by `closed`
            await self._connection.send(json.dumps(message))

    async def _read(self) -> None:
        try:
            async for text in self._connection:
                assert isinstance(text, str), "a binary frame"
                await self._take(text)
        except ConnectionClosed:
            pass
        finally:
            self.closed = self._connection.close_code or 1006

    async def _take(self, text: str) -> None:
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

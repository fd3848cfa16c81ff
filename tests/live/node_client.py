"""Third-party clients that run in Node, and a TCP proxy whose connections a test can cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.live.wire import TIMEOUT
from tests.support.node import install
from web.node import environment, find_node


@dataclass
class Proxy:
    """Forwards TCP connections to a port. After `cut` it refuses connections until `restore`."""

    to: int
    port: int = 0
    connected: bool = True
    ends: set[asyncio.StreamWriter] = field(default_factory=set)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection, or abort it if the proxy is cut."""
        if not self.connected:
            writer.transport.abort()
            return
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.to)
        self.ends |= {writer, upstream_writer}
        await asyncio.gather(
            self._forward(reader, upstream_writer), self._forward(upstream_reader, writer)
        )
        self.ends -= {writer, upstream_writer}

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while octets := await reader.read(2**16):
                writer.write(octets)
                await writer.drain()
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    def cut(self) -> None:
        """Abort all connections without a closing handshake and refuse new ones."""
        self.connected = False
        for end in self.ends:
            end.transport.abort()

    def restore(self) -> None:
        """Accept connections again."""
        self.connected = True


@asynccontextmanager
async def proxy(to: int) -> AsyncIterator[Proxy]:
    """A proxy to a port of the loopback interface, stopped when the block ends."""
    started = Proxy(to)
    server = await asyncio.start_server(started.accept, "127.0.0.1", 0)
    started.port = server.sockets[0].getsockname()[1]
    try:
        yield started
    finally:
        server.close()
        started.cut()
        await server.wait_closed()


@dataclass
class NodeClient:
    """A running script of tests/clients. It reads commands from stdin and writes events to stdout, as lines of JSON."""

    process: asyncio.subprocess.Process
    events: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, command: str, **params: Any) -> None:
        """Send a command to the script."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"command": command, **params}).encode() + b"\n")
        await self.process.stdin.drain()

    async def receive(self, kind: str) -> dict[str, Any]:
        """The next event of a kind; events of other kinds are recorded in `events`."""
        assert self.process.stdout
        while True:
            line = await asyncio.wait_for(self.process.stdout.readline(), TIMEOUT)
            assert line, f"it ended after {self.events[-3:]}"
            event: dict[str, Any] = json.loads(line)
            self.events.append(event)
            assert event["type"] not in ("error", "errors") or kind == event["type"], event
            if event["type"] == kind:
                return event

    async def live_event(self, *names: str) -> dict[str, Any]:
        """The next live event; with names, the first after which the list contains records with all of them."""
        while True:
            event = await self.receive("event")
            if set(names) <= {row["name"] for row in event["rows"]}:
                return event


@asynccontextmanager
async def node_client(script: str, *arguments: str) -> AsyncIterator[NodeClient]:
    """A running script. At the end of the block its input is closed and it must exit without an error."""
    clients = await asyncio.to_thread(install)
    process = await asyncio.create_subprocess_exec(
        find_node(),
        clients / script,
        *arguments,
        cwd=clients,
        env=environment(find_node()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    try:
        yield NodeClient(process)
    finally:
        # It is not killed, because `node` may be a wrapper that only starts the real process.
        _, errors = await asyncio.wait_for(process.communicate(b""), TIMEOUT)
    assert (process.returncode, errors.decode()) == (0, "")

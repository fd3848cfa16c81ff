"""Clients of other people's making in Node, and the line to the house that a test may cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.live.wire import PATIENCE
from tests.support.node import install
from web.node import environment, node


@dataclass
class Line:
    """Passes on what both ends send, until it is cut; then nobody gets through until it is mended."""

    to: int
    port: int = 0
    whole: bool = True
    ends: set[asyncio.StreamWriter] = field(default_factory=set)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection to pass on."""
        if not self.whole:
            writer.transport.abort()
            return
        there = await asyncio.open_connection("127.0.0.1", self.to)
        self.ends |= {writer, there[1]}
        await asyncio.gather(self._pass(reader, there[1]), self._pass(there[0], writer))
        self.ends -= {writer, there[1]}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while octets := await reader.read(2**16):
                writer.write(octets)
                await writer.drain()
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    def cut(self) -> None:
        """Both ends lose each other without a word."""
        self.whole = False
        for end in self.ends:
            end.transport.abort()

    def mend(self) -> None:
        """Whoever comes now gets through."""
        self.whole = True


@asynccontextmanager
async def line(to: int) -> AsyncIterator[Line]:
    """A line to a port of the loopback."""
    made = Line(to)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.cut()
        await server.wait_closed()


@dataclass
class Client:
    """A script of tests/clients that tells in lines what happens, and is told in lines what to do."""

    process: asyncio.subprocess.Process
    told: list[dict[str, Any]] = field(default_factory=list)

    async def tell(self, deed: str, **given: Any) -> None:
        """What to do."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"deed": deed, **given}).encode() + b"\n")
        await self.process.stdin.drain()

    async def hear(self, what: str) -> dict[str, Any]:
        """The next of such news; others are kept in `told`."""
        assert self.process.stdout
        while True:
            said = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)
            assert said, f"it ended after {self.told[-3:]}"
            news: dict[str, Any] = json.loads(said)
            self.told.append(news)
            assert news["what"] not in ("error", "errors") or what == news["what"], news
            if news["what"] == what:
                return news

    async def event(self, *changed: str) -> dict[str, Any]:
        """The next event; if names are given, the first after which there are records called so."""
        while True:
            event = await self.hear("event")
            if set(changed) <= {row["name"] for row in event["rows"]}:
                return event


@asynccontextmanager
async def client(script: str, *arguments: str) -> AsyncIterator[Client]:
    """The script, running; it must end well when it is told to."""
    clients = await asyncio.to_thread(install)
    process = await asyncio.create_subprocess_exec(
        node(),
        clients / script,
        *arguments,
        cwd=clients,
        env=environment(node()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    try:
        yield Client(process)
    finally:
        # The script ends with its input. It is not killed: `node` may be one who only starts another.
        _, complained = await asyncio.wait_for(process.communicate(b""), PATIENCE)
    assert (process.returncode, complained.decode()) == (0, "")

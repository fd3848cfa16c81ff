"""Sends requests to an application as a server does, with every byte chosen by the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp

TIMEOUT_SECONDS = 60.0
"""Timeout after which a test without a response fails. No test measures response times."""


@dataclass(frozen=True)
class Sent:
    """A request as bytes."""

    body: bytes = b""
    method: str = "POST"
    path: str = "/graphql"
    query: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = ((b"content-type", b"application/json"),)
    chunks: int = 1
    """Number of parts in which the body arrives."""
    address: str = "203.0.113.7"
    """Client address; a separate one, so that rate limits of these tests do not affect others."""

    def with_header(self, name: bytes, value: bytes) -> Sent:
        others = tuple(each for each in self.headers if each[0] != name)
        return Sent(
            self.body,
            self.method,
            self.path,
            self.query,
            (*others, (name, value)),
            self.chunks,
            self.address,
        )

    def raw(self) -> bytes:
        """The request as sent over a socket that closes after one response."""
        target = self.path.encode("utf-8", "surrogateescape")
        target += b"?" + self.query if self.query else b""
        lines = [b"%b %b HTTP/1.1" % (self.method.encode(), target)]
        lines += [b"%b: %b" % each for each in (*self.headers, (b"host", b"relata.example"))]
        lines += [b"content-length: %d" % len(self.body), b"connection: close"]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


@dataclass
class Got:
    """A response."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.json.get("errors", [])]


async def send(app: ASGIApp, sent: Sent) -> Got:
    """The response of the application. Raises its exceptions, which a server would log."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": sent.method,
        "scheme": "http",
        "path": unquote_to_bytes(sent.path).decode("utf-8", "replace"),
        "raw_path": sent.path.encode("utf-8", "surrogateescape"),
        "query_string": sent.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in sent.headers],
        "client": (sent.address, 1),
        "server": ("relata.example", 80),
    }
    size = max(1, -(-len(sent.body) // sent.chunks))
    parts = [sent.body[at : at + size] for at in range(0, len(sent.body), size)] or [b""]
    got = Got()

    async def receive() -> dict[str, Any]:
        if not parts:
            return {"type": "http.disconnect"}
        chunk = parts.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(parts)}

    async def reply(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            got.status = message["status"]
            got.headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in message["headers"]}
        else:
            got.body += message.get("body", b"")

    async with asyncio.timeout(TIMEOUT_SECONDS):
        await app(scope, receive, reply)
    return got


async def over_socket(port: int, raw: bytes, *, finished: bool = True) -> Got:
    """The response of the server at a loopback port to these bytes; no status if there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await _exchange(reader, writer, raw, finished)
    except ConnectionError:  # refused before all of it was sent
        return Got()
    finally:
        writer.close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes, finished: bool
) -> Got:
    writer.write(raw)
    if finished:
        await writer.drain()
    head, separator, body = (await reader.read()).partition(b"\r\n\r\n")
    if not separator:
        return Got()
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Got(int(first.split()[1]), headers, body)

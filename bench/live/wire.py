"""The client's side of a WebSocket, as little of it as counting frames takes."""

from __future__ import annotations

import base64
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

PROTOCOL = "graphql-transport-ws"
PATIENCE = 30.0
"""How long one answer may take while a connection is opened."""
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
Frame = tuple[int, int, int]
"""The first byte, which tells the kind, and where the content begins and ends."""


class Bad(Exception):
    """What came is not what was to come; the message says what."""


def upgrade(host: str, port: int, path: str) -> bytes:
    """The request that makes a WebSocket of a connection. No compression is offered."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"host: {host}:{port}",
        "connection: Upgrade",
        "upgrade: websocket",
        "sec-websocket-version: 13",
        f"sec-websocket-key: {base64.b64encode(os.urandom(16)).decode()}",
        f"sec-websocket-protocol: {PROTOCOL}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def packed(content: bytes, kind: int = TEXT) -> bytes:
    """A frame as a client sends it. The mask is zero, which is one of those that are allowed."""
    length = len(content)
    if length < 126:
        head = bytes((kind, 0x80 | length))
    elif length < 1 << 16:
        head = bytes((kind, 0x80 | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((kind, 0x80 | 127)) + length.to_bytes(8, "big")
    return head + b"\0\0\0\0" + content


def message(**said: Any) -> bytes:
    """A message of the protocol, in a frame."""
    return packed(json.dumps(said).encode())


def frames(data: bytes) -> Iterator[Frame]:
    """The whole frames at the beginning of what was read."""
    at, there = 0, len(data)
    while there - at >= 2:
        length, begins = data[at + 1], at + 2
        if length >= 126:
            begins = at + (4 if length == 126 else 10)
            if begins > there:
                return
            length = int.from_bytes(data[at + 2 : begins], "big")
        ends = begins + length
        if ends > there:
            return
        yield data[at], begins, ends
        at = ends


class Opening:
    """A connection while it is opened: it waits for each answer. Several take turns."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.read = b""
        """What came and was not yet asked for."""

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.socket.sendall(data)

    def _more(self) -> None:
        came = self.socket.recv(1 << 16)
        if not came:
            raise Bad(f"the server closed the connection; the last it said: {self.read[-500:]!r}")
        self.read += came

    def upgraded(self) -> None:
        """Wait for the answer to the upgrade."""
        while b"\r\n\r\n" not in self.read:
            self._more()
        head, _, self.read = self.read.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101") or PROTOCOL.encode() not in head:
            raise Bad(f"no WebSocket: {head[:500]!r}")

    def received(self, kind: str) -> Mapping[str, Any]:
        """Wait for a message of the protocol. Raises Bad if it is another."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for first, begins, ends in frames(self.read):
                content, self.read = self.read[begins:ends], self.read[ends:]
                if first == PING:
                    self.send(packed(content, PONG))
                    break
                said = json.loads(content) if first == TEXT else {}
                if said.get("type") == "ping":
                    self.send(message(type="pong"))
                    break
                if said.get("type") != kind:
                    raise Bad(f"not {kind}, but {first:#x} {content[:500]!r}")
                return dict(said)
            else:
                self._more()
        raise Bad(f"no {kind} came within {PATIENCE:.0f} s")

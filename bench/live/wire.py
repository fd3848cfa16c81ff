"""A minimal WebSocket client that costs little per frame."""

from __future__ import annotations

import base64
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

PROTOCOL = "graphql-transport-ws"
TIMEOUT = 30.0
"""Seconds to wait for each response while a connection is opened."""
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
Frame = tuple[int, int, int]
"""First byte of the frame (FIN bit and opcode), and start and end of its payload."""


class Unexpected(Exception):
    """The server sent something unexpected or nothing in time."""


def upgrade(host: str, port: int, path: str) -> bytes:
    """The HTTP request that upgrades a connection to a WebSocket, without compression."""
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


def client_frame(content: bytes, kind: int = TEXT) -> bytes:
    """A client frame with a mask of zeros, which leaves the content readable."""
    length = len(content)
    if length < 126:
        head = bytes((kind, 0x80 | length))
    elif length < 1 << 16:
        head = bytes((kind, 0x80 | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((kind, 0x80 | 127)) + length.to_bytes(8, "big")
    return head + b"\0\0\0\0" + content


def message(**fields: Any) -> bytes:
    """A message of the protocol as a frame."""
    return client_frame(json.dumps(fields).encode())


def frames(data: bytes) -> Iterator[Frame]:
    """The complete frames at the beginning of received data."""
    at, size = 0, len(data)
    while size - at >= 2:
        length, begins = data[at + 1], at + 2
        if length >= 126:
            begins = at + (4 if length == 126 else 10)
            if begins > size:
                return
            length = int.from_bytes(data[at + 2 : begins], "big")
        ends = begins + length
        if ends > size:
            return
        yield data[at], begins, ends
        at = ends


class Handshake:
    """A connection while it is opened, with blocking reads."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.read = b""
        """Received data that has not been consumed."""

    def send(self, data: bytes) -> None:
        """Send data completely."""
        self.socket.sendall(data)

    def _more(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            raise Unexpected(
                f"the server closed the connection; the last data: {self.read[-500:]!r}"
            )
        self.read += data

    def wait_upgraded(self) -> None:
        """Wait for the response to the upgrade request."""
        while b"\r\n\r\n" not in self.read:
            self._more()
        head, _, self.read = self.read.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101") or PROTOCOL.encode() not in head:
            raise Unexpected(f"the upgrade failed: {head[:500]!r}")

    def receive(self, kind: str) -> Mapping[str, Any]:
        """Wait for a message of a type and return it. Raises Unexpected for any other message."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            for first, begins, ends in frames(self.read):
                content, self.read = self.read[begins:ends], self.read[ends:]
                if first == PING:
                    self.send(client_frame(content, PONG))
                    break
                received = json.loads(content) if first == TEXT else {}
                if received.get("type") == "ping":
                    self.send(message(type="pong"))
                    break
                if received.get("type") != kind:
                    raise Unexpected(f"expected {kind}, received {first:#x} {content[:500]!r}")
                return dict(received)
            else:
                self._more()
        raise Unexpected(f"no {kind} within {TIMEOUT:.0f} s")

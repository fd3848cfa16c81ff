"""The load generator: a process with all subscribers and writers, which costs little per frame.

It reads commands from stdin and writes results to stdout, one JSON object per line, and ends with
its input. Frames are counted without parsing, except for the last one of each subscriber.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from array import array
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.live.wire import (
    PING,
    PONG,
    TEXT,
    Handshake,
    Unexpected,
    client_frame,
    frames,
    message,
    upgrade,
)
from bench.load import head, http_request, percentile

AT_ONCE = 10
"""Connections opened concurrently."""
SILENCE = 20.0
"""Seconds to wait for an event; less than the server's timeout for an idle connection."""
IDLE = 600.0
"""Seconds to wait for a command."""
PIECE = 1 << 14
OPERATION = "1"
CHANGED = b'"UPDATED"'


class Subscriber:
    """One connection with one subscription."""

    __slots__ = ("_load", "_rest", "_socket", "changes", "last")

    def __init__(self, load: Load, opened: Handshake) -> None:
        self._load, self._socket, self._rest = load, opened.socket, opened.read
        self._socket.setblocking(False)
        self.changes = 0
        self.last = b""

    def readable(self) -> None:
        """Read the available data and count its changes."""
        load, data = self._load, self._socket.recv(PIECE)
        if not data:
            raise Unexpected(
                f"the server ended a subscription; the last frame: {self.last[:500]!r}"
            )
        if self._rest:
            data = self._rest + data
        end = 0
        for kind, begins, end in frames(data):
            changes = data.count(CHANGED, begins, end)
            if changes and kind == TEXT:
                self.changes += changes
                self.last = data[begins:end]
                load.times.append(load.now)
                load.bytes += end - begins
                load.changes += changes
            else:
                self._other(kind, data[begins:end])
        self._rest = data[end:]

    def _other(self, kind: int, content: bytes) -> None:
        if kind == PING:
            self._socket.send(client_frame(content, PONG))
        elif kind == TEXT and json.loads(content)["type"] in ("ping", "pong"):
            self._socket.send(message(type="pong"))
        else:
            raise Unexpected(f"a subscriber received something else: {kind:#x} {content[:500]!r}")

    def close(self) -> None:
        """Close the connection without a closing handshake."""
        self._load.forget(self._socket)


class Writer:
    """An HTTP connection that sends mutations, one request after the other."""

    def __init__(
        self,
        load: Load,
        request: Mapping[str, Any],
        on_response: Callable[[Writer], None] | None = None,
    ) -> None:
        """`on_response` is called after every response."""
        self._load, self._on_response = load, on_response
        self._head = head(dict(request), load.host, load.port)
        self._socket = self._connect()
        self._read = b""
        self.sent, self.answered = 0.0, 0.0

    def _connect(self) -> socket.socket:
        connection = socket.create_connection((self._load.host, self._load.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        self._load.listen(connection.fileno(), self.readable)
        return connection

    def send(self, body: bytes) -> None:
        """Send a request; `answered` becomes the time of its response."""
        if self._socket.fileno() < 0:
            self._socket = self._connect()
        self._read, self.answered = b"", 0.0
        self.sent = time.perf_counter()
        self._socket.sendall(http_request(self._head, body))

    def readable(self) -> None:
        """Read the response."""
        data = self._socket.recv(PIECE)
        if not data:
            if not self.answered:
                raise Unexpected("the server closed the connection of a writer")
            self.close()  # servers close connections that are idle for some seconds
            return
        self._read += data
        top, _, body = self._read.partition(b"\r\n\r\n")
        at = top.lower().find(b"content-length:")
        if at < 0 or len(body) < int(top[at + 15 :].partition(b"\r\n")[0]):
            return
        self.answered = self._load.now
        if not top.startswith(b"HTTP/1.1 200") or b'"errors":' in body or b":null" in body[:40]:
            raise Unexpected(f"the mutation failed: {self._read[:1000]!r}")
        if self._on_response is not None:
            self._on_response(self)

    def close(self) -> None:
        """Close the connection; `send` opens it again."""
        if self._socket.fileno() >= 0:
            self._load.forget(self._socket)


class Load:
    """All subscribers and writers, and the counts of what they received."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.host, self.port = settings["host"], settings["port"]
        self._document, self._variables = settings["document"], settings["variables"]
        self._tokens: Sequence[str] = settings["tokens"]
        self._poll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}
        self._subscribers: list[Subscriber] = []
        self._write: Mapping[str, Any] = settings["write"]
        self.now = 0.0
        """When the data that is being read was reported as available."""
        self.times = array("d")
        """When each frame was received."""
        self.changes = self.bytes = 0

    def listen(self, number: int, read: Callable[[], None]) -> None:
        """Call `read` whenever a file descriptor has data."""
        self._readers[number] = read
        self._poll.register(number, select.EPOLLIN)

    def forget(self, of: socket.socket) -> None:
        """Close a socket."""
        del self._readers[of.fileno()]
        self._poll.unregister(of)
        of.close()

    def serve(self, done: Callable[[], bool], seconds: float) -> None:
        """Read until `done` returns true. Raises Unexpected if no frame arrives for `seconds`."""
        begun = time.perf_counter()
        while not done():
            self._poll_once(min(seconds, 1.0))
            last = max(begun, self.times[-1] if self.times else 0.0)
            if time.perf_counter() - last > seconds:
                raise Unexpected(f"no frame for {seconds:.0f} s after {self.changes} changes")

    def _poll_once(self, seconds: float) -> None:
        """Read the data that is available or arrives within `seconds`."""
        readers, clock = self._readers, time.perf_counter
        for number, _ in self._poll.poll(seconds):
            self.now = clock()
            readers[number]()

    def rest(self, seconds: float) -> None:
        """Wait, and answer pings meanwhile."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self._poll_once(left)

    def open(self, count: int) -> dict[str, Any]:
        """Open connections, ten at a time, and subscribe. Returns the time and the last snapshot."""
        began, snapshot = time.perf_counter(), {}
        for at in range(0, count, AT_ONCE):
            some = [Handshake(self.host, self.port) for _ in range(min(AT_ONCE, count - at))]
            for opened in some:
                opened.send(upgrade(self.host, self.port, "/graphql"))
            for number, opened in enumerate(some, at):
                opened.wait_upgraded()
                token = self._tokens[number % len(self._tokens)]
                opened.send(message(type="connection_init", payload={"authorization": token}))
            request = {"query": self._document, "variables": self._variables}
            for opened in some:
                opened.receive("connection_ack")
                opened.send(message(id=OPERATION, type="subscribe", payload=request))
            for opened in some:
                snapshot = dict(opened.receive("next"))
            for opened in some:
                subscriber = Subscriber(self, opened)
                self._subscribers.append(subscriber)
                self.listen(opened.socket.fileno(), subscriber.readable)
            self._poll_once(0)
        return {"seconds": time.perf_counter() - began, "first": snapshot}

    def close(self) -> dict[str, Any]:
        """Close the connections of all subscribers."""
        for subscriber in self._subscribers:
            subscriber.close()
        self._subscribers.clear()
        return {}

    def _all_received(self, each: int) -> bool:
        return self.changes >= each * len(self._subscribers)

    def _reset(self) -> None:
        self.times, self.changes, self.bytes = array("d"), 0, 0
        for subscriber in self._subscribers:
            subscriber.changes = 0

    def _check(self, each: int, *marks: str) -> str:
        """The last frame. Raises Unexpected unless all received `each` changes, one of `marks` last."""
        ends = [mark.encode() for mark in marks]
        for subscriber in self._subscribers:
            if subscriber.changes != each or not any(end in subscriber.last for end in ends):
                raise Unexpected(
                    f"a subscriber received {subscriber.changes} of {each}: {subscriber.last[:500]!r}"
                )
        return self._subscribers[-1].last.decode()

    def one_by_one(self, writes: Sequence[Sequence[str]], pause: float) -> dict[str, Any]:
        """Send each mutation after all subscribers received the last one; latencies start with the request."""
        took, responses, spreads, times = array("d"), array("d"), array("d"), array("d")
        size, used, last, writer = 0, time.process_time(), "", Writer(self, self._write)
        for body, mark in writes:
            self._reset()
            writer.send(body.encode())
            self.serve(lambda: bool(writer.answered) and self._all_received(1), SILENCE)
            took.extend(at - writer.sent for at in self.times)
            responses.append(writer.answered - writer.sent)
            spreads.append(self.times[-1] - self.times[0])
            times.extend((self.times[0], self.times[-1]))
            size += self.bytes
            last = self._check(1, mark)
            self.rest(pause)
        writer.close()
        ordered = sorted(took)
        return {
            "changes": len(took),
            "frames": len(took),
            "bytes": size / len(took),
            "seconds": times[-1] - times[0],
            "p50": percentile(ordered, 50),
            "p99": percentile(ordered, 99),
            "response": percentile(sorted(responses), 50),
            "spread": percentile(sorted(spreads), 50),
            "load": time.process_time() - used,
            "last": last,
        }

    def burst(self, writes: Sequence[Sequence[str]], writers: int) -> dict[str, Any]:
        """Send all mutations by concurrent writers that do not wait for the subscribers."""
        self._reset()
        left = deque(body.encode() for body, _ in writes)
        answered = 0

        def send_next(writer: Writer) -> None:
            nonlocal answered
            answered += 1
            if left:
                writer.send(left.popleft())

        several = [Writer(self, self._write, send_next) for _ in range(min(writers, len(left)))]
        used, began = time.process_time(), time.perf_counter()
        for writer in several:
            writer.send(left.popleft())
        self.serve(lambda: answered == len(writes), SILENCE)
        written = time.perf_counter() - began
        self.serve(lambda: self._all_received(len(writes)), SILENCE)
        for writer in several:
            writer.close()
        last = self._check(len(writes), *(mark for _, mark in writes))
        return {
            "changes": self.changes,
            "frames": len(self.times),
            "bytes": self.bytes / len(self.times),
            "seconds": self.times[-1] - self.times[0],
            "written": written,
            "load": time.process_time() - used,
            "last": last,
        }


class Commands:
    """Lines of stdin, read without blocking the subscribers."""

    def __init__(self) -> None:
        self._read = b""
        self._over = False

    def readable(self) -> None:
        """Read the available data."""
        data = os.read(sys.stdin.fileno(), PIECE)
        self._read += data
        self._over = not data

    def available(self) -> bool:
        """Whether a complete line has been read, or the input has ended."""
        return b"\n" in self._read or self._over

    def next(self) -> dict[str, Any] | None:
        """The next line; None at the end of the input."""
        line, _, self._read = self._read.partition(b"\n")
        return dict(json.loads(line)) if line else None


def main() -> None:
    """Read the settings from the first line, then run the command of each further line."""
    commands = Commands()
    while not commands.available():
        commands.readable()
    load = Load(commands.next() or {})
    load.listen(sys.stdin.fileno(), commands.readable)
    methods: Mapping[str, Callable[..., dict[str, Any]]] = {
        "open": load.open,
        "close": load.close,
        "one_by_one": load.one_by_one,
        "burst": load.burst,
    }
    while True:
        load.serve(commands.available, IDLE)
        command = commands.next()
        if command is None:
            return
        try:
            result = methods[command.pop("command")](**command)
        except (Unexpected, OSError) as error:
            result = {"error": str(error) or repr(error)}
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

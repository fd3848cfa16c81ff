"""The watchers: one process that costs little for a frame, and writes what they are told of.

Started as a program of its own: a command is a line of JSON on stdin, its answer one on stdout. It
ends when stdin does. Frames are counted, not read, but for the last one of each watcher.
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

from bench.live.wire import PING, PONG, TEXT, Bad, Opening, frames, message, packed, upgrade
from bench.load import head, percentile, whole

AT_ONCE = 10
"""How many connections are opened at the same time."""
SILENCE = 20.0
"""So long nothing may come that is waited for: less than the server keeps an idle connection."""
IDLE = 600.0
"""So long no command may come."""
PIECE = 1 << 14
OPERATION = "1"
CHANGED = b'"UPDATED"'


class Watcher:
    """One connection with one subscription."""

    __slots__ = ("_crowd", "_rest", "_socket", "changes", "last")

    def __init__(self, crowd: Crowd, opened: Opening) -> None:
        self._crowd, self._socket, self._rest = crowd, opened.socket, opened.read
        self._socket.setblocking(False)
        self.changes = 0
        self.last = b""

    def readable(self) -> None:
        """Read what is there and count it."""
        crowd, data = self._crowd, self._socket.recv(PIECE)
        if not data:
            raise Bad(f"the server ended a subscription; the last it said: {self.last[:500]!r}")
        if self._rest:
            data = self._rest + data
        end = 0
        for kind, begins, end in frames(data):
            told = data.count(CHANGED, begins, end)
            if told and kind == TEXT:
                self.changes += told
                self.last = data[begins:end]
                crowd.came.append(crowd.now)
                crowd.bytes += end - begins
                crowd.changes += told
            else:
                self._other(kind, data[begins:end])
        self._rest = data[end:]

    def _other(self, kind: int, content: bytes) -> None:
        if kind == PING:
            self._socket.send(packed(content, PONG))
        elif kind == TEXT and json.loads(content)["type"] in ("ping", "pong"):
            self._socket.send(message(type="pong"))
        else:
            raise Bad(f"a watcher was told something else: {kind:#x} {content[:500]!r}")

    def close(self) -> None:
        """Leave without a word, as most who watch do."""
        self._crowd.forget(self._socket)


class Writer:
    """The connection over which records are changed, one request after the other."""

    def __init__(
        self, crowd: Crowd, asked: Mapping[str, Any], then: Callable[[Writer], None] | None = None
    ) -> None:
        """`then` is called when it was answered."""
        self._crowd, self._then = crowd, then
        self._head = head(dict(asked), crowd.host, crowd.port)
        self._socket = self._connected()
        self._read = b""
        self.sent, self.answered = 0.0, 0.0

    def _connected(self) -> socket.socket:
        made = socket.create_connection((self._crowd.host, self._crowd.port))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setblocking(False)
        self._crowd.listen(made.fileno(), self.readable)
        return made

    def send(self, body: bytes) -> None:
        """Ask for a change; `answered` tells when it was answered."""
        if self._socket.fileno() < 0:
            self._socket = self._connected()
        self._read, self.answered = b"", 0.0
        self.sent = time.perf_counter()
        self._socket.sendall(whole(self._head, body))

    def readable(self) -> None:
        """Read the answer."""
        came = self._socket.recv(PIECE)
        if not came:
            if not self.answered:
                raise Bad("the server closed the connection of who writes")
            self.close()  # as servers do with one over which nothing was asked for some seconds
            return
        self._read += came
        top, _, body = self._read.partition(b"\r\n\r\n")
        at = top.lower().find(b"content-length:")
        if at < 0 or len(body) < int(top[at + 15 :].partition(b"\r\n")[0]):
            return
        self.answered = self._crowd.now
        if not top.startswith(b"HTTP/1.1 200") or b'"errors":' in body or b":null" in body[:40]:
            raise Bad(f"it was not written: {self._read[:1000]!r}")
        if self._then is not None:
            self._then(self)

    def close(self) -> None:
        """Nothing is written for a while."""
        if self._socket.fileno() >= 0:
            self._crowd.forget(self._socket)


class Crowd:
    """All watchers, and what they have seen."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.host, self.port = given["host"], given["port"]
        self._document, self._variables = given["document"], given["variables"]
        self._tokens: Sequence[str] = given["tokens"]
        self._poll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}
        self._watchers: list[Watcher] = []
        self._write: Mapping[str, Any] = given["write"]
        self.now = 0.0
        """When what is read now was seen to be there."""
        self.came = array("d")
        self.changes = self.bytes = 0

    def listen(self, number: int, read: Callable[[], None]) -> None:
        """Read when something is there."""
        self._readers[number] = read
        self._poll.register(number, select.EPOLLIN)

    def forget(self, of: socket.socket) -> None:
        """Close a socket."""
        del self._readers[of.fileno()]
        self._poll.unregister(of)
        of.close()

    def serve(self, done: Callable[[], bool], seconds: float) -> None:
        """Read whatever comes until it is done. Raises Bad if so long nobody was told anything."""
        begun = time.perf_counter()
        while not done():
            self._look(min(seconds, 1.0))
            last = max(begun, self.came[-1] if self.came else 0.0)
            if time.perf_counter() - last > seconds:
                raise Bad(f"nothing came for {seconds:.0f} s; {self.changes} changes were told")

    def _look(self, seconds: float) -> None:
        """Read what is there, or comes within so many seconds."""
        readers, clock = self._readers, time.perf_counter
        for number, _ in self._poll.poll(seconds):
            self.now = clock()
            readers[number]()

    def rest(self, seconds: float) -> None:
        """Let time pass; pings are answered."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self._look(left)

    def open(self, count: int) -> dict[str, Any]:
        """Open so many connections, ten at a time, and subscribe; what the last was told first."""
        began, snapshot = time.perf_counter(), {}
        for at in range(0, count, AT_ONCE):
            some = [Opening(self.host, self.port) for _ in range(min(AT_ONCE, count - at))]
            for opened in some:
                opened.send(upgrade(self.host, self.port, "/graphql"))
            for number, opened in enumerate(some, at):
                opened.upgraded()
                token = self._tokens[number % len(self._tokens)]
                opened.send(message(type="connection_init", payload={"authorization": token}))
            asked = {"query": self._document, "variables": self._variables}
            for opened in some:
                opened.received("connection_ack")
                opened.send(message(id=OPERATION, type="subscribe", payload=asked))
            for opened in some:
                snapshot = dict(opened.received("next"))
            for opened in some:
                watcher = Watcher(self, opened)
                self._watchers.append(watcher)
                self.listen(opened.socket.fileno(), watcher.readable)
            self._look(0)
        return {"seconds": time.perf_counter() - began, "first": snapshot}

    def leave(self) -> dict[str, Any]:
        """Close all watchers' connections."""
        for watcher in self._watchers:
            watcher.close()
        self._watchers.clear()
        return {}

    def _all_told(self, each: int) -> bool:
        return self.changes >= each * len(self._watchers)

    def _begin(self) -> None:
        self.came, self.changes, self.bytes = array("d"), 0, 0
        for watcher in self._watchers:
            watcher.changes = 0

    def _checked(self, each: int, *marks: str) -> str:
        """The last a watcher was told. Raises Bad unless all were told so many changes, one of these last."""
        ends = [mark.encode() for mark in marks]
        for watcher in self._watchers:
            if watcher.changes != each or not any(end in watcher.last for end in ends):
                raise Bad(f"a watcher was told {watcher.changes} of {each}: {watcher.last[:500]!r}")
        return self._watchers[-1].last.decode()

    def one_by_one(self, writes: Sequence[Sequence[str]], pause: float) -> dict[str, Any]:
        """Write again when all have been told of the last; latencies are from the request on."""
        took, answers, spreads, times = array("d"), array("d"), array("d"), array("d")
        size, used, last, writer = 0, time.process_time(), "", Writer(self, self._write)
        for body, mark in writes:
            self._begin()
            writer.send(body.encode())
            self.serve(lambda: bool(writer.answered) and self._all_told(1), SILENCE)
            took.extend(came - writer.sent for came in self.came)
            answers.append(writer.answered - writer.sent)
            spreads.append(self.came[-1] - self.came[0])
            times.extend((self.came[0], self.came[-1]))
            size += self.bytes
            last = self._checked(1, mark)
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
            "answered": percentile(sorted(answers), 50),
            "spread": percentile(sorted(spreads), 50),
            "load": time.process_time() - used,
            "last": last,
        }

    def burst(self, writes: Sequence[Sequence[str]], writers: int) -> dict[str, Any]:
        """Several write at once, each again as soon as his last is answered, whoever has been told."""
        self._begin()
        left = deque(body.encode() for body, _ in writes)
        answered = 0

        def then(writer: Writer) -> None:
            nonlocal answered
            answered += 1
            if left:
                writer.send(left.popleft())

        several = [Writer(self, self._write, then) for _ in range(min(writers, len(left)))]
        used, began = time.process_time(), time.perf_counter()
        for writer in several:
            writer.send(left.popleft())
        self.serve(lambda: answered == len(writes), SILENCE)
        written = time.perf_counter() - began
        self.serve(lambda: self._all_told(len(writes)), SILENCE)
        for writer in several:
            writer.close()
        last = self._checked(len(writes), *(mark for _, mark in writes))
        return {
            "changes": self.changes,
            "frames": len(self.came),
            "bytes": self.bytes / len(self.came),
            "seconds": self.came[-1] - self.came[0],
            "written": written,
            "load": time.process_time() - used,
            "last": last,
        }


class Commands:
    """The lines that come on stdin; while none is there, the crowd goes on reading."""

    def __init__(self) -> None:
        self._read = b""
        self._over = False

    def readable(self) -> None:
        """Read what is there."""
        came = os.read(sys.stdin.fileno(), PIECE)
        self._read += came
        self._over = not came

    def there(self) -> bool:
        """Whether a whole line is there, or none will come."""
        return b"\n" in self._read or self._over

    def next(self) -> dict[str, Any] | None:
        """The next line, which is there."""
        line, _, self._read = self._read.partition(b"\n")
        return dict(json.loads(line)) if line else None


def main() -> None:
    """The first line tells of the server, each further one is a command."""
    commands = Commands()
    while not commands.there():
        commands.readable()
    crowd = Crowd(commands.next() or {})
    crowd.listen(sys.stdin.fileno(), commands.readable)
    deeds: Mapping[str, Callable[..., dict[str, Any]]] = {
        "open": crowd.open,
        "leave": crowd.leave,
        "one_by_one": crowd.one_by_one,
        "burst": crowd.burst,
    }
    while True:
        crowd.serve(commands.there, IDLE)
        command = commands.next()
        if command is None:
            return
        try:
            answer = deeds[command.pop("do")](**command)
        except (Bad, OSError) as error:
            answer = {"bad": str(error) or repr(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""A load generator that costs little: one process, connections that are kept, requests encoded beforehand.

Started as a program of its own; what to send comes as JSON on stdin, what was measured goes to
stdout. It ends by itself.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from array import array
from typing import Any

import uvloop

PATIENCE = 60.0
"""How long one answer may take before the measurement is given up."""
GOOD = (b"HTTP/1.1 200", b'{"data":', b'"errors":')
ENOUGH = 3
"""So many answers that are none, and it is over."""


class Run:
    """What all connections share: which request is next, and what was measured."""

    def __init__(self, requests: list[bytes], first: int, seconds: float) -> None:
        self._requests = requests
        self._next = first
        self.started = time.perf_counter()
        self.until = self.started + seconds
        self.took = array("d")
        self.bytes = 0
        self.bad: list[str] = []
        self.over = asyncio.get_running_loop().create_future()
        self._busy = 0

    def request(self) -> bytes | None:
        """The next request; None when time is up."""
        if time.perf_counter() >= self.until or len(self.bad) >= ENOUGH:
            return None
        self._next += 1
        return self._requests[self._next % len(self._requests)]

    def begins(self) -> None:
        """A connection has something to do."""
        self._busy += 1

    def ends(self) -> None:
        """A connection has nothing more to do."""
        self._busy -= 1
        if not self._busy and not self.over.done():
            self.over.set_result(None)


class Client(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends the next."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._read = bytearray()
        self._body = -1
        """Where the body begins; -1 while the head is read."""
        self._end = -1
        """Where the answer ends, if its head says so."""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._run.begins()
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if self._sent:
            self._run.bad.append(f"the connection was closed: {error}")
        self._run.ends()

    def _send(self) -> None:
        request = self._run.request()
        if request is None:
            self._sent = 0.0
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        read = self._read
        read += data
        if self._body < 0:
            if (end := read.find(b"\r\n\r\n")) < 0:
                return
            self._body = end + 4
            head = bytes(read[:end]).lower()
            at = head.find(b"content-length:")
            if at >= 0:
                self._end = self._body + int(head[at + 15 :].partition(b"\r\n")[0])
        if self._end >= 0:
            if len(read) < self._end:
                return
        elif not read.endswith(b"0\r\n\r\n"):  # chunked
            return
        self._answered()

    def _answered(self) -> None:
        run, read = self._run, self._read
        run.took.append(time.perf_counter() - self._sent)
        run.bytes += len(read) - self._body
        status, opening, errors = GOOD
        good = read.startswith(status) and read.find(opening, self._body, self._body + 24) >= 0
        if not good or read.find(errors, self._body) >= 0:
            run.bad.append(bytes(read[:2000]).decode(errors="replace"))
        self._read, self._body, self._end = bytearray(), -1, -1
        self._send()


def encoded(asked: dict[str, Any], host: str, port: int) -> bytes:
    """A request as it goes over the wire."""
    body: bytes = asked["body"].encode()
    lines = [f"POST {asked['path']} HTTP/1.1", f"host: {host}:{port}"]
    lines += [f"{name}: {value}" for name, value in asked["headers"].items()]
    lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def percentile(ordered: list[float], percent: int) -> float:
    """The value that so many percent do not exceed, in milliseconds."""
    return 1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


async def measured(given: dict[str, Any]) -> dict[str, Any]:
    """Send for as long as is asked, and tell what was seen."""
    host, port = given["host"], given["port"]
    requests = [encoded(asked, host, port) for asked in given["requests"]]
    run = Run(requests, given["first"], given["seconds"])
    loop = asyncio.get_running_loop()
    for _ in range(given["connections"]):
        await loop.create_connection(lambda: Client(run), host, port)
    try:
        await asyncio.wait_for(run.over, given["seconds"] + PATIENCE)
    except TimeoutError:
        run.bad.append(f"an answer took longer than {PATIENCE:.0f} s")
    elapsed = time.perf_counter() - run.started
    ordered = sorted(run.took)
    if run.bad or not ordered:
        return {"bad": run.bad or ["nothing was answered"]}
    return {
        "requests": len(ordered),
        "seconds": elapsed,
        "bytes": run.bytes / len(ordered),
        "p50": percentile(ordered, 50),
        "p99": percentile(ordered, 99),
    }


def main() -> None:
    """What is asked comes from stdin; the answer is one line."""
    given = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        told = runner.run(measured(given))
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()

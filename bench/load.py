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
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import uvloop

PATIENCE = 60.0
"""How long one answer may take before the measurement is given up."""
GOOD = (b"HTTP/1.1 200", b'{"data":')
ENOUGH = 3
"""So many answers that are none, and it is over."""


class Run:
    """What all connections share: which request is next, and what was measured."""

    faults: tuple[bytes, ...] = (b'"errors":',)
    """What no good answer holds."""

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

    def over_now(self) -> bool:
        """Whether nothing more is to be sent."""
        return time.perf_counter() >= self.until or len(self.bad) >= ENOUGH

    def request(self, connection: int) -> bytes | None:
        """The next request of a connection, by its number; None when time is up."""
        if self.over_now():
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

    def __init__(self, run: Run, number: int) -> None:
        self._run = run
        self._number = number
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
        request = self._run.request(self._number)
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
        status, opening = GOOD
        good = read.startswith(status) and read.find(opening, self._body, self._body + 24) >= 0
        if not good or any(read.find(fault, self._body) >= 0 for fault in run.faults):
            run.bad.append(bytes(read[:2000]).decode(errors="replace"))
        self._read, self._body, self._end = bytearray(), -1, -1
        self._send()


def head(asked: dict[str, Any], host: str, port: int) -> bytes:
    """How a request begins, up to the length of its body."""
    lines = [f"POST {asked['path']} HTTP/1.1", f"host: {host}:{port}"]
    lines += [f"{name}: {value}" for name, value in asked["headers"].items()]
    return "\r\n".join([*lines, "content-length: "]).encode()


def whole(head: bytes, body: bytes) -> bytes:
    """A request as it goes over the wire."""
    return b"%b%d\r\n\r\n%b" % (head, len(body), body)


def percentile(ordered: list[float], percent: int) -> float:
    """The value that so many percent do not exceed, in milliseconds."""
    return 1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


async def measured(run: Run, given: dict[str, Any]) -> dict[str, Any]:
    """Send for as long as is asked, and tell what was seen."""
    loop = asyncio.get_running_loop()
    for number in range(given["connections"]):
        await loop.create_connection(partial(Client, run, number), given["host"], given["port"])
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


async def again_and_again(given: dict[str, Any]) -> dict[str, Any]:
    """Requests that all connections send by turns, as often as there is time."""
    host, port = given["host"], given["port"]
    requests = [whole(head(each, host, port), each["body"].encode()) for each in given["requests"]]
    return await measured(Run(requests, given["first"], given["seconds"]), given)


def told(load: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]) -> None:
    """What is asked comes from stdin; the answer is one line."""
    given = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answer = runner.run(_awaited(load(given)))
    sys.stdout.write(json.dumps(answer) + "\n")


async def _awaited(load: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return await load


if __name__ == "__main__":
    told(again_and_again)

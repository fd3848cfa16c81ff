"""A load generator with low overhead: one process, keep-alive connections, requests encoded in advance.

A separate program: it reads the requests as JSON from stdin, writes the results as JSON to stdout, and exits.
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

RESPONSE_SECONDS = 60.0
"""Seconds to wait for a response before the measurement fails."""
GOOD = (b"HTTP/1.1 200", b'{"data":')
MAX_FAILURES = 3
"""Number of failed responses that ends the run."""


class Run:
    """State shared by all connections: the next request, and the measurements."""

    faults: tuple[bytes, ...] = (b'"errors":',)
    """Texts whose presence marks a failed response."""

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
        """Whether the run has ended: time is up, or too many responses failed."""
        return time.perf_counter() >= self.until or len(self.bad) >= MAX_FAILURES

    def request(self, connection: int) -> bytes | None:
        """The next request of a connection, by its number; None when time is up."""
        if self.over_now():
            return None
        self._next += 1
        return self._requests[self._next % len(self._requests)]

    def begins(self) -> None:
        """Count a connection as active."""
        self._busy += 1

    def ends(self) -> None:
        """Count a connection as finished; the last one ends the run."""
        self._busy -= 1
        if not self._busy and not self.over.done():
            self.over.set_result(None)


class Client(asyncio.Protocol):
    """A connection that sends a request, reads the complete response, and sends the next."""

    def __init__(self, run: Run, number: int) -> None:
        self._run = run
        self._number = number
        self._read = bytearray()
        self._body = -1
        """Offset of the body; -1 while the head is read."""
        self._end = -1
        """Offset of the end of the response, if it has a content-length; else -1."""
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


def head(request: dict[str, Any], host: str, port: int) -> bytes:
    """The head of an HTTP request up to the value of content-length."""
    lines = [f"POST {request['path']} HTTP/1.1", f"host: {host}:{port}"]
    lines += [f"{name}: {value}" for name, value in request["headers"].items()]
    return "\r\n".join([*lines, "content-length: "]).encode()


def http_request(head: bytes, body: bytes) -> bytes:
    """The bytes of an HTTP request."""
    return b"%b%d\r\n\r\n%b" % (head, len(body), body)


def percentile(ordered: list[float], percent: int) -> float:
    """A percentile of ascending seconds, in milliseconds."""
    return 1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


async def run_load(run: Run, params: dict[str, Any]) -> dict[str, Any]:
    """Run all connections, and return the measurements, or the failures as `bad`."""
    loop = asyncio.get_running_loop()
    for number in range(params["connections"]):
        await loop.create_connection(partial(Client, run, number), params["host"], params["port"])
    try:
        await asyncio.wait_for(run.over, params["seconds"] + RESPONSE_SECONDS)
    except TimeoutError:
        run.bad.append(f"a response took longer than {RESPONSE_SECONDS:.0f} s")
    elapsed = time.perf_counter() - run.started
    ordered = sorted(run.took)
    if run.bad or not ordered:
        return {"bad": run.bad or ["there was no response"]}
    return {
        "requests": len(ordered),
        "seconds": elapsed,
        "bytes": run.bytes / len(ordered),
        "p50": percentile(ordered, 50),
        "p99": percentile(ordered, 99),
    }


async def repeat(params: dict[str, Any]) -> dict[str, Any]:
    """Repeat the given requests, distributed over all connections, until time is up."""
    host, port = params["host"], params["port"]
    requests = [
        http_request(head(each, host, port), each["body"].encode()) for each in params["requests"]
    ]
    return await run_load(Run(requests, params["first"], params["seconds"]), params)


def run_program(load: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]) -> None:
    """Run a load with the parameters from stdin, and write the results to stdout as a line of JSON."""
    params = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        results = runner.run(_awaited(load(params)))
    sys.stdout.write(json.dumps(results) + "\n")


async def _awaited(load: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return await load


if __name__ == "__main__":
    run_program(repeat)

"""A load generator for writes: each connection has its own requests, and increments the versions of records.

A separate program, like bench/load.py.
"""

from __future__ import annotations

from itertools import cycle
from typing import Any

from bench.load import Run, head, http_request, run_load, run_program

NUMBER, VERSION = "$N", "$V"
"""Placeholders in requests: a number that grows with every request, and the current version of the record."""
_NUMBER = NUMBER.encode()
_VERSION = f'"{VERSION}"'.encode()


class Sent:
    """A request with placeholders."""

    def __init__(self, request: dict[str, Any], host: str, port: int) -> None:
        self._head = head(request, host, port)
        self._body: bytes = request["body"].encode()
        self._version: int | None = request["version"]

    def next(self, number: int) -> bytes:
        """The bytes of the next request; the version grows by one each time."""
        body = self._body.replace(_NUMBER, b"%d" % number)
        if self._version is not None:
            body = body.replace(_VERSION, b"%d" % self._version)
            self._version += 1
        return http_request(self._head, body)


class Lanes(Run):
    """A run in which each connection has its own requests."""

    faults = (b'"errors":', b'"opportunity":null')

    def __init__(self, lanes: list[list[Sent]], first: int, seconds: float) -> None:
        super().__init__([], first, seconds)
        self._lanes = [cycle(lane) for lane in lanes]

    def request(self, connection: int) -> bytes | None:
        if self.over_now():
            return None
        self._next += 1
        return next(self._lanes[connection]).next(self._next)


async def run_lanes(params: dict[str, Any]) -> dict[str, Any]:
    """Run the requests of each connection."""
    host, port = params["host"], params["port"]
    lanes = [[Sent(request, host, port) for request in lane] for lane in params["lanes"]]
    return await run_load(Lanes(lanes, params["first"], params["seconds"]), params)


if __name__ == "__main__":
    run_program(run_lanes)

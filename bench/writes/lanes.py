"""A load generator for writes: each connection has requests of its own, and counts versions as they grow.

Started as a program of its own, like bench/load.py.
"""

from __future__ import annotations

from itertools import cycle
from typing import Any

from bench.load import Run, head, measured, told, whole

NUMBER, VERSION = "$N", "$V"
"""In what is sent: a number that grows with every request, and the version of the record by then."""
_NUMBER = NUMBER.encode()
_VERSION = f'"{VERSION}"'.encode()


class Sent:
    """A request that is never the same twice."""

    def __init__(self, asked: dict[str, Any], host: str, port: int) -> None:
        self._head = head(asked, host, port)
        self._body: bytes = asked["body"].encode()
        self._version: int | None = asked["version"]

    def next(self, number: int) -> bytes:
        """The request with a number; what it changes has one version more each time."""
        body = self._body.replace(_NUMBER, b"%d" % number)
        if self._version is not None:
            body = body.replace(_VERSION, b"%d" % self._version)
            self._version += 1
        return whole(self._head, body)


class Lanes(Run):
    """What connections send that take no turns."""

    faults = (b'"errors":', b'"opportunity":null')

    def __init__(self, lanes: list[list[Sent]], first: int, seconds: float) -> None:
        super().__init__([], first, seconds)
        self._lanes = [cycle(lane) for lane in lanes]

    def request(self, connection: int) -> bytes | None:
        if self.over_now():
            return None
        self._next += 1
        return next(self._lanes[connection]).next(self._next)


async def written(given: dict[str, Any]) -> dict[str, Any]:
    """Requests of each connection's own."""
    host, port = given["host"], given["port"]
    lanes = [[Sent(asked, host, port) for asked in lane] for lane in given["lanes"]]
    return await measured(Lanes(lanes, given["first"], given["seconds"]), given)


if __name__ == "__main__":
    told(written)

"""A line of the log for each request that was answered: who asked, how long it took; never what was asked or said."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass

import structlog
from starlette.requests import Request
from starlette.responses import Response

from resolvers.engine.context import Caller
from schema.endpoint import Endpoint
from schema.engine.failures import REQUEST
from schema.engine.transport import Asked

log = structlog.get_logger()

LONGEST_NAME = 100
"""Characters of an operation's name, which a client chooses."""


@dataclass
class Line:
    """What is known of a request so far. A text of the client's is in none of it but the operation's name."""

    method: str
    """`GET`, `POST` and so on; `SOCKET` for an operation on a socket that is open."""
    kind: str | None = None
    operation: str | None = None
    tenant: str | None = None
    user: str | None = None
    """None of both where nobody was known, as with those who sign in."""
    status: int | None = None
    """None if nobody was left to be answered, and on sockets, which have none."""


LINE: ContextVar[Line | None] = ContextVar("line", default=None)


class LoggedEndpoint(Endpoint):
    """The endpoint, which tells of every request when it is answered."""

    async def __call__(self, request: Request) -> Response:
        """Any request at all; never raises."""
        with self._line(request.method) as line:
            response = await super().__call__(request)
            line.status = response.status_code
            return response

    async def answer(
        self, caller: Caller, asked: Asked, strict: bool = False, key: str | None = None
    ) -> bytes | None:
        """As the endpoint answers, by HTTP or on a socket."""
        line = LINE.get()
        if line is None:
            with self._line("SOCKET"):
                return await self.answer(caller, asked, strict, key)
        line.tenant, line.user = caller.tenant.slug, str(caller.user)
        # What is refused here would be refused there, and nothing of it is repeated: it may be anything.
        operation = self.documents.get(asked.query).operation(asked.operation)
        line.kind = operation.operation.value
        line.operation = operation.name.value[:LONGEST_NAME] if operation.name else None
        return await super().answer(caller, asked, strict, key)

    @contextmanager
    def _line(self, method: str) -> Iterator[Line]:
        line, id, begun = Line(method), uuid.uuid4().hex, self.house.monotonic()
        known, numbered = LINE.set(line), REQUEST.set(id)
        try:
            yield line
        finally:
            LINE.reset(known)
            REQUEST.reset(numbered)
            took = round((self.house.monotonic() - begun) * 1000, 1)
            log.info("request", request_id=id, ms=took, **asdict(line))

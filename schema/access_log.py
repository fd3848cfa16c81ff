"""The access log: a line for each request to the API with its caller and duration, never its content."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

log = structlog.get_logger()


@dataclass
class RequestOutcome:
    """Outcome of a request."""

    status: int | None = None
    """The HTTP status; None if the client disconnected before the response, and for operations on a socket."""


@contextmanager
def logged(method: str, now: Callable[[], float]) -> Iterator[RequestOutcome]:
    """Write a line when the block ends, with the values bound in it to structlog's context.

    The endpoint binds `tenant` and `user` once the token is verified, and `kind` and `operation` (its
    name, the only text from a client) once the document is admitted. Other lines that are written in
    the block have the same `request_id`.
    """
    outcome, begun = RequestOutcome(), now()
    unknown = dict.fromkeys(("kind", "operation", "tenant", "user"))
    with bound_contextvars(request_id=uuid.uuid4().hex, method=method, **unknown):
        try:
            yield outcome
        finally:
            took = round((now() - begun) * 1000, 1)
            log.info("request", ms=took, status=outcome.status)


class AccessLog:
    """ASGI middleware that logs each HTTP request of an application."""

    def __init__(self, app: ASGIApp, now: Callable[[], float]) -> None:
        """`now` is a monotonic clock, in seconds."""
        self._app = app
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; log it when its response was sent or could not be sent."""
        with logged(scope["method"], self._now) as outcome:

            async def observed(message: Message) -> None:
                if message["type"] == "http.response.start":
                    outcome.status = message["status"]
                await send(message)

            await self._app(scope, receive, observed)

"""The composition root: puts the parts together and serves them until it is asked to stop."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from settings import Settings


class Service(uvicorn.Server):
    """Leaves signals to the command line, which stops us by cancelling, so that they come once."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def health(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ok\n")


async def serve(settings: Settings, database_url: str, redis_url: str) -> None:
    """Serve until cancelled, and finish what is under way before going."""
    routes = [Route("/health/live", health), Route("/health/ready", health)]
    config = uvicorn.Config(
        Starlette(routes=routes), host=settings.host, port=settings.port, log_level="warning"
    )
    service = Service(config)
    serving = asyncio.create_task(service.serve())
    try:
        while not service.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.01)
        if service.started:
            print(f"ready: http://{settings.host}:{settings.port}", file=sys.stderr)  # noqa: T201
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        service.should_exit = True
        await serving
        raise

"""The composition root: puts the parts together and serves them until it is asked to stop."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uuid_utils.compat import uuid7

import auth.api  # noqa: F401 - policies are remembered when they are imported
from auth.engine.passwords import Passwords
from auth.engine.throttle import Throttle
from auth.engine.tokens import TokenIssuer
from auth.viewers import Viewers
from db.api import MODEL
from db.engine.transaction import Database
from resolvers.engine.context import House
from schema.endpoint import Endpoint
from settings import Settings, secret
from tenancy.demo import ensure_demo
from tenancy.directory import Directory
from tenancy.engine.migrate import administrator, bring_up_to_date, login_url

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


def tell(news: str) -> None:
    """Progress is for people, so it goes to stderr."""
    print(news, file=sys.stderr, flush=True)  # noqa: T201


def configure_logs() -> None:
    """One line of JSON per event on stderr. Local variables are never logged: they hold secrets."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@asynccontextmanager
async def built(database_url: str, redis_url: str, key: bytes) -> AsyncIterator[Endpoint]:
    """The house with its pools open, around the endpoint that answers for it."""
    database = await Database.open(login_url(database_url, key))
    passwords, throttle = Passwords(), Throttle(redis_url, key, time.monotonic)
    house = House(
        database=database,
        directory=Directory(database.pool, time.monotonic),
        tokens=TokenIssuer(key),
        passwords=passwords,
        throttle=throttle,
        now=lambda: datetime.now(UTC),
        new_id=uuid7,
    )
    try:
        yield Endpoint(house, Viewers(database, MODEL, time.monotonic), key)
    finally:
        await throttle.close()
        passwords.close()
        await database.close()


async def live(_: Request) -> Response:
    """The process runs."""
    return PlainTextResponse("ok\n")


def application(endpoint: Endpoint) -> Starlette:
    """The routes of the house."""

    async def ready(_: Request) -> Response:
        """Requests can be answered: the database is there."""
        return PlainTextResponse("ok\n")

    async def graphql(request: Request) -> Response:
        return await endpoint(request)

    return Starlette(
        routes=[
            Route("/graphql", graphql, methods=METHODS),
            Route("/health/live", live),
            Route("/health/ready", ready),
        ]
    )


class Service(uvicorn.Server):
    """Leaves signals to the command line, which stops us by cancelling, so that they come once."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def prepare(settings: Settings, database_url: str, key: bytes) -> None:
    """Bring the database up to date, and fill in the demonstration if it is wanted."""
    async with administrator(database_url) as admin:
        await bring_up_to_date(admin, key, tell)
        if settings.seeds_demo:
            passwords = Passwords()
            try:
                await ensure_demo(
                    admin, password_hash=await passwords.hash("relata-demo", demo=True), tell=tell
                )
            finally:
                passwords.close()


async def serve(settings: Settings, database_url: str, redis_url: str) -> None:
    """Serve until cancelled, and finish what is under way before going."""
    configure_logs()
    key = secret(settings)
    await prepare(settings, database_url, key)
    async with built(database_url, redis_url, key) as endpoint:
        gc.freeze()  # what is here now stays, so it need not be looked at again
        await _listen(settings, application(endpoint))


async def _listen(settings: Settings, served: Starlette) -> None:
    config = uvicorn.Config(
        served,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=30,
    )
    service = Service(config)
    serving = asyncio.create_task(service.serve())
    try:
        while not service.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.01)
        if service.started:
            tell(f"ready: http://{settings.host}:{settings.port}/graphql")
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        service.should_exit = True
        await serving
        raise

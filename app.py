"""The composition root: builds the application and serves it until it is stopped."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.typing import EventDict, Processor
from uuid_utils.compat import uuid7
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from auth.api import POLICIES
from auth.engine.passwords import DEMO_PASSWORD, Passwords
from auth.engine.throttle import Throttle
from auth.engine.tokens import TokenIssuer
from auth.viewers import Viewers
from db.api import MODEL
from db.engine.transaction import Database
from domain.codes import Code, Refused
from domain.message import Message
from resolvers.engine.context import AppContext
from schema.access_log import AccessLog, logged
from schema.endpoint import Endpoint
from schema.engine.budget import PER_MINUTE
from schema.engine.cookies import NO_COOKIES, SESSION_PATH, CookieSettings
from schema.engine.languages import language_of
from schema.engine.manifests import read_manifest_file
from schema.engine.transport import HEADERS, JSON, refusal
from schema.engine.trusted import NOTHING_TRUSTED, TrustedSettings
from schema.sockets import Sockets
from settings import CHECKOUT, Settings, secret
from subscriptions.engine.wire import MAX_MESSAGE_BYTES, Wire
from subscriptions.feeds import Feeds
from tenancy.demo import ensure_demo
from tenancy.demo.seed import TENANTS
from tenancy.demo.staff import personas
from tenancy.directory import Directory
from tenancy.engine.migrate import administrator, bring_up_to_date, login_url
from web.served import WebPage, examples

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
MAX_REQUEST_HEAD_BYTES = 64 * 1024
REQUEST_HEAD_SECONDS = 10.0
URL_CREDENTIALS = re.compile(r"://[^\s/@]+@")


def report(message: str) -> None:
    """Print a progress message to stderr."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201


def _mask_credentials(_: object, __: str, event: EventDict) -> EventDict:
    """Mask user names and passwords in URLs, which error messages of libraries may contain."""
    texts = {k: URL_CREDENTIALS.sub("://***@", v) for k, v in event.items() if isinstance(v, str)}
    return {**event, **texts}


def configure_logs() -> None:
    """Log one line of JSON per event to stderr. Local variables are never logged: they contain secrets."""
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        _mask_credentials,
    ]
    renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        [*processors, renderer], logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    # Logs of libraries, uvicorn and asyncio among them, use the same format.
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter
    remove_meta = formatter.remove_processors_meta
    handler.setFormatter(
        formatter(processors=[remove_meta, renderer], foreign_pre_chain=processors)
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


@asynccontextmanager
async def open_endpoint(
    database_url: str,
    redis_url: str,
    key: bytes,
    per_minute: int = PER_MINUTE,
    passwords: Passwords | None = None,
    trusted: TrustedSettings = NOTHING_TRUSTED,
    cookies: CookieSettings = NO_COOKIES,
) -> AsyncIterator[Endpoint]:
    """The endpoint, with its pools open.

    `per_minute` is the budget of objects per tenant in this process; `passwords` replaces the default
    hasher and is closed with the endpoint.
    """
    database = await Database.open(login_url(database_url, key))
    passwords = passwords or Passwords()
    throttle = Throttle(redis_url, key, time.monotonic)
    directory = Directory(database.pool, time.monotonic)
    viewers = Viewers(database, MODEL, POLICIES, time.monotonic)
    feeds = Feeds(database, directory, viewers, time.monotonic)
    app_context = AppContext(
        database=database,
        directory=directory,
        tokens=TokenIssuer(key),
        passwords=passwords,
        throttle=throttle,
        now=lambda: datetime.now(UTC),
        new_id=uuid7,
        on_commit=feeds.wake,
    )
    try:
        yield Endpoint(app_context, viewers, feeds, key, per_minute, trusted, cookies)
    finally:
        await feeds.close()
        await throttle.close()
        passwords.close()
        await database.close()


async def liveness(_: Request) -> Response:
    """Liveness: the process runs."""
    return PlainTextResponse("ok\n", headers=HEADERS)


async def unknown_route(request: Request, error: Exception) -> Response:
    """The response to an unknown path, or to an unsupported method of a known one."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    code = Code.NOT_FOUND if status == 404 else Code.BAD_REQUEST
    refused = Refused(code, Message("Not found. The API is at /graphql."))
    response = refusal(refused, JSON, language_of(request.headers.get("accept-language")))
    response.status_code = status
    response.headers.update(getattr(error, "headers", None) or {})
    return response


def _cors(origins: Sequence[str], *, cookies: bool) -> Middleware:
    """CORS for these origins, with credentials only if sessions may be in cookies."""
    return Middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET", "POST"],
        allow_headers=[
            "authorization",
            "content-type",
            "x-access",
            "x-session",
            "x-tenant",
            "idempotency-key",
            "if-none-match",
        ],
        allow_credentials=cookies,
        expose_headers=["retry-after", "etag"],
        max_age=600,
    )


class GraphQLApp:
    """The endpoint as an ASGI application: it handles every error itself, so it needs no middleware."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


class RelataApp(Starlette):
    """The routes, with a shortcut to /graphql."""

    shortcut: ASGIApp | None = None
    """The endpoint; None if a middleware must process its requests."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_graphql = self.shortcut and scope["type"] == "http" and scope["path"] == "/graphql"
        if self.shortcut and is_graphql and scope["method"] in METHODS:
            await self.shortcut(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def application(
    endpoint: Endpoint,
    origins: Sequence[str] = (),
    page: WebPage | None = None,
    *,
    logs_requests: bool = False,
) -> Starlette:
    """The routes. `origins` may call the API from web pages; `page` is GraphiQL, if it is served."""

    async def ready(_: Request) -> Response:
        """Readiness: the database is available."""
        if await endpoint.app_context.database.ping():
            return PlainTextResponse("ok\n", headers=HEADERS)
        return PlainTextResponse("the database is not available\n", 503, headers=HEADERS)

    now, graphql = endpoint.app_context.monotonic, GraphQLApp(endpoint)
    cookies = endpoint.cookies.enabled
    api: ASGIApp = AccessLog(graphql, now) if logs_requests else graphql
    log_socket = partial(logged, "SOCKET", now) if logs_requests else nullcontext
    app = RelataApp(
        routes=[
            Route("/graphql", api, methods=METHODS),
            *([Route(SESSION_PATH, api, methods=METHODS)] if cookies else []),
            WebSocketRoute("/graphql", Sockets(endpoint, origins, log_socket)),
            Route("/health/live", liveness),
            Route("/health/ready", ready),
            *(page.routes() if page else ()),
        ],
        exception_handlers={HTTPException: unknown_route},
        middleware=[_cors(origins, cookies=cookies)] if origins else [],
    )
    app.shortcut = None if origins else api
    app.router.redirect_slashes = False  # the redirect would use the host in the header Host
    return app


class HttpProtocol(HttpToolsProtocol):
    """Bounds the size and time of the request head, which uvicorn does not limit."""

    _head_bytes = 0
    _timeout: asyncio.TimerHandle | None = None
    """The timeout of the request head that is being received; None between requests."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timeout()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timeout()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_receiving = self._timeout
        super().data_received(data)
        if was_receiving and self._timeout and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_REQUEST_HEAD_BYTES:
                self.send_400_response("The request head is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._start_timeout()

    def on_headers_complete(self) -> None:
        self._cancel_timeout()
        super().on_headers_complete()

    def _start_timeout(self) -> None:
        self._cancel_timeout()
        self._head_bytes, self._timeout = (
            0,
            self.loop.call_later(REQUEST_HEAD_SECONDS, self.transport.close),
        )

    def _cancel_timeout(self) -> None:
        if self._timeout:
            self._timeout.cancel()
        self._timeout = None


class SignalFreeServer(uvicorn.Server):
    """Does not handle signals: the command line handles them, and stops the server by cancelling it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def prepare_database(settings: Settings, database_url: str, key: bytes) -> None:
    """Migrate the database, and create the demonstration tenants if enabled."""
    async with administrator(database_url) as admin:
        await bring_up_to_date(admin, key, report)
        if settings.seeds_demo:
            passwords = Passwords()
            try:
                await ensure_demo(
                    admin,
                    password_hash=await passwords.hash(DEMO_PASSWORD, demo=True),
                    report=report,
                )
            finally:
                passwords.close()


async def serve(settings: Settings, database_url: str, redis_url: str) -> None:
    """Serve until cancelled, and finish running requests before returning."""
    configure_logs()
    key = secret(settings)
    trusted = trusted_settings(settings)
    await prepare_database(settings, database_url, key)
    page = graphiql_page(settings) if settings.serves_page else None
    logs = settings.log == "requests"
    cookies = cookie_settings(settings)
    async with open_endpoint(
        database_url, redis_url, key, trusted=trusted, cookies=cookies
    ) as endpoint:
        gc.freeze()  # objects created so far are permanent, so the garbage collector skips them
        app = application(endpoint, settings.allowed_origins, page, logs_requests=logs)
        await _run_server(settings, app, page)


def cookie_settings(settings: Settings) -> CookieSettings:
    """Whether browsers may hold sessions in cookies, and which origins may use them."""
    return CookieSettings(settings.cookies, frozenset(settings.allowed_origins))


def trusted_settings(settings: Settings) -> TrustedSettings:
    """The trusted documents of all tenants. Raises ManifestError if the manifest cannot be used."""
    documents = read_manifest_file(settings.documents) if settings.documents else {}
    return TrustedSettings(documents, settings.persisted_queries)


def graphiql_page(settings: Settings) -> WebPage:
    """GraphiQL, with the demo's users and the example documents."""
    tenants = [
        {"slug": slug, "name": name, "personas": personas(slug)} for slug, name in TENANTS.items()
    ]
    documents = examples(CHECKOUT / "docs" / "examples")
    demo = {"tenants": tenants, "password": DEMO_PASSWORD} if settings.seeds_demo else None
    return WebPage(demo=demo, examples=documents)


def uvicorn_config(app: Starlette, host: str, port: int) -> uvicorn.Config:
    """The configuration of uvicorn, with this application's limits and logs."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=HttpProtocol,
        ws=Wire,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # 250 KiB per connection, and contexts across messages (ADR 37)
        ws_ping_interval=None,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=15,
    )


async def _run_server(settings: Settings, app: Starlette, page: WebPage | None) -> None:
    server = SignalFreeServer(uvicorn_config(app, settings.host, settings.port))
    server_task = asyncio.create_task(server.serve())
    page_task: asyncio.Task[None] | None = None
    try:
        while not server.started and not server_task.done():  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.01)
        if server.started:
            url = f"http://{settings.host}:{settings.port}/"
            report(f"ready: {url}graphql")
            if page is not None:
                page_task = asyncio.create_task(page.prepare(url, report))
        await asyncio.shield(server_task)
    except asyncio.CancelledError:
        server.should_exit = True
        await server_task
        raise
    finally:
        if page_task is not None:
            page_task.cancel()
            await asyncio.gather(page_task, return_exceptions=True)

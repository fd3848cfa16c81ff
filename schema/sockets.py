"""GraphQL over WebSockets: origin check, authentication and operations of connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from uuid import UUID

from graphql import OperationType
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from domain.codes import CloseCode, Code, Refused
from domain.message import Language, Message
from domain.values import JsonObject
from resolvers.engine.context import Caller
from resolvers.engine.results import ErrorEntry
from schema.endpoint import Endpoint
from schema.engine.cookies import HEADER, VALUE
from schema.engine.errors import errors_of
from schema.engine.failures import failure
from schema.engine.languages import dumps, language_of
from schema.engine.live_service import SubscriptionRequest
from schema.engine.origins import may_connect
from schema.engine.reads import Request
from schema.engine.transport import GraphQLRequest, HttpRefused, request_of
from subscriptions.engine.contracts import Handshake
from subscriptions.engine.feed import Feed
from subscriptions.engine.limits import (
    PING_INTERVAL_SECONDS,
    SILENCE_TIMEOUT_SECONDS,
    UNREAD_TIMEOUT_SECONDS,
    ConnectionLimiter,
)
from subscriptions.engine.socket import (
    SUBPROTOCOL,
    Authentication,
    Socket,
)
from subscriptions.engine.wire import WIRE_EXTENSION, Wire

POLL_SECONDS = 5.0


class Sockets:
    """Accepts WebSocket connections at /graphql and closes those that no longer respond."""

    def __init__(
        self,
        endpoint: Endpoint,
        origins: Sequence[str] = (),
        logged: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """`origins` are other origins whose pages may connect; `logged` is entered for each operation."""
        self._endpoint = endpoint
        self._origins = frozenset(origins)
        self._logged = logged
        self._now = endpoint.app_context.monotonic
        self._limiter = ConnectionLimiter()
        self._open: set[Socket] = set()
        self._watching: asyncio.Task[None] | None = None

    # --- connecting ------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, from its handshake to its end."""
        headers = Headers(scope=scope)
        wire = scope.get("extensions", {}).get(WIRE_EXTENSION)
        address = scope["client"][0] if scope.get("client") else ""
        if not isinstance(wire, Wire):
            await _refuse(
                scope,
                receive,
                send,
                501,
                "WebSockets are not available on this server. Send queries and mutations by POST to /graphql.",
            )
        elif not may_connect(headers, self._origins):
            await _refuse(
                scope,
                receive,
                send,
                403,
                "This origin may not connect. Add it to RELATA_ORIGINS, or connect from an allowed origin.",
            )
        elif SUBPROTOCOL not in scope["subprotocols"]:
            await _close(
                send, CloseCode.NO_SUBPROTOCOL, f"Subprotocol not acceptable: use {SUBPROTOCOL}"
            )
        elif not self._limiter.acquire(address):
            # A close code rather than an HTTP response: clients reconnect only after the former.
            reason = "Too many unauthenticated connections. Send connection_init sooner, or connect again later."
            await _close(send, CloseCode.OVERLOAD, reason, SUBPROTOCOL)
        else:
            await self._serve(wire, address, headers, receive, send)

    async def _serve(
        self, wire: Wire, address: str, headers: Headers, receive: Receive, send: Send
    ) -> None:
        cookie = self._endpoint.cookies.access_token(headers)
        handshake = Handshake(
            address,
            headers.get("x-tenant"),
            cookie,
            language_of(headers.get("accept-language")),
        )
        socket = Socket(wire, self, self._limiter, handshake, self._now)
        self._open.add(socket)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        try:
            await receive()
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            await socket.serve(receive)
        finally:
            socket.leave()
            self._open.discard(socket)

    async def _watch(self) -> None:
        """Ping the clients, and close the sockets of those that do not respond or do not read."""
        pinged_at = self._now()
        while self._open:
            await asyncio.sleep(POLL_SECONDS)
            now = self._now()
            pings = now - pinged_at >= PING_INTERVAL_SECONDS
            pinged_at = now if pings else pinged_at
            for socket in list(self._open):
                if socket.is_stuck(now, UNREAD_TIMEOUT_SECONDS):
                    socket.end(
                        CloseCode.OVERLOAD, "The client does not read its messages. Connect again."
                    )
                elif now - socket.last_frame_at > SILENCE_TIMEOUT_SECONDS:
                    socket.end(
                        CloseCode.TIMED_OUT,
                        "The client does not respond to pings. Answer them with pong.",
                    )
                elif pings and socket.is_ready():
                    socket.push(b'{"type":"ping"}')

    # --- what a socket asks of us ----------------------------------------------------------------

    async def authenticate(self, payload: JsonObject, handshake: Handshake) -> Authentication:
        """Authenticate the connection; the tenant is that of the payload or the handshake.

        Raises like transactions, or Refused.
        """
        headers = {name.lower(): value for name, value in payload.items()}
        tenant = str(headers.get("x-tenant") or "") or handshake.tenant
        cookie = handshake.cookie if headers.get(HEADER) == VALUE else None
        return await self._endpoint.authenticate(
            headers.get("authorization"), tenant, handshake.address, handshake.language, cookie
        )

    async def dispatch(
        self, caller: Caller, payload: object
    ) -> SubscriptionRequest | Awaitable[bytes]:
        """The subscription request of an operation, or the awaitable response of a query or mutation. Raises Refused."""
        try:
            sent = request_of(payload, safe=False)
        except HttpRefused as rejected:
            raise rejected.refused from None
        graphql_request = await self._endpoint.resolve(caller, sent)
        admitted = self._endpoint.documents.get(graphql_request.query)
        operation = admitted.operation(graphql_request.operation)
        if operation.operation is OperationType.SUBSCRIPTION:
            request = Request(
                graphql_request.query,
                admitted,
                graphql_request.operation,
                graphql_request.variables,
            )
            return self._endpoint.lives.parse(caller, request)
        return self._answer(caller, graphql_request)

    async def _answer(self, caller: Caller, graphql_request: GraphQLRequest) -> bytes:
        with self._logged():
            text = await self._endpoint.answer(caller, graphql_request)
        if text is None:
            message = Message(
                "Session and password mutations are not available on WebSockets. Send them by POST."
            )
            raise Refused(Code.BAD_USER_INPUT, message)
        return text

    def error_entries(self, error: Exception) -> list[ErrorEntry]:
        """The error entries to send for an exception."""
        return errors_of(failure(error))

    def error_text(self, error: Exception, language: Language) -> bytes:
        """The error entries as JSON."""
        return dumps(self.error_entries(error), language)

    def seconds_until(self, moment: datetime) -> float:
        """Seconds until a moment."""
        return (moment - self._endpoint.app_context.now()).total_seconds()

    def feed_of(self, tenant: UUID) -> Feed:
        """The feed of a tenant."""
        return self._endpoint.feeds.of(tenant)


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, message: str) -> None:
    """Refuse the handshake with an HTTP response."""
    await PlainTextResponse(message + "\n", status)(scope, receive, send)


async def _close(send: Send, code: int, reason: str, protocol: str | None = None) -> None:
    """Accept a socket and close it: browsers show a page only the close code, not an HTTP response."""
    await send({"type": "websocket.accept", "subprotocol": protocol})
    await send({"type": "websocket.close", "code": code, "reason": reason})

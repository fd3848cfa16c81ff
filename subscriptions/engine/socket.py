"""The protocol graphql-transport-ws for one socket: authentication and operations."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import orjson
import structlog
from starlette.types import Receive

from domain.codes import CloseCode, Code, Refused
from domain.message import Language, Message
from domain.values import JsonObject
from resolvers.engine.context import Caller
from resolvers.engine.results import ErrorEntry
from subscriptions.engine.contracts import Handshake, ListRequest
from subscriptions.engine.feed import Feed
from subscriptions.engine.limits import (
    INIT_TIMEOUT_SECONDS,
    MAX_LIVE_LISTS,
    MAX_OPERATIONS,
    MESSAGES_PER_SECOND,
    ConnectionLimiter,
    RateLimiter,
)
from subscriptions.engine.subscriber import Subscriber
from subscriptions.engine.wire import Wire

SUBPROTOCOL = "graphql-transport-ws"
MAX_ID_LENGTH = 100
NO_ID = UUID(int=0)
MAX_FRAMES_AFTER_CLOSE = 10 * MESSAGES_PER_SECOND
"""Frames accepted after the server has sent a Close frame, before it aborts the connection."""
log = structlog.get_logger()
MAX_REASON_BYTES = 120
"""Maximum bytes of a close reason (RFC 6455, 5.5.1)."""


@dataclass(frozen=True)
class Authentication:
    """The authenticated caller, and the expiry of the access token."""

    caller: Caller
    until: datetime


class SocketHandler(Protocol):
    """What a socket needs from `schema/`: documents, authentication and error entries."""

    async def authenticate(self, payload: JsonObject, handshake: Handshake) -> Authentication:
        """Authenticate; the tenant is that of the payload or the handshake.

        Raises Refused, or the error of a transaction.
        """

    async def dispatch(self, caller: Caller, payload: object) -> ListRequest | Awaitable[bytes]:
        """The subscription request of an operation, or the awaitable response of a query or mutation. Raises Refused."""

    def error_entries(self, error: Exception) -> Sequence[ErrorEntry]:
        """The error entries to send for an exception."""

    def error_text(self, error: Exception, language: Language) -> bytes:
        """The error entries as JSON, with messages in this language."""

    def seconds_until(self, moment: datetime) -> float:
        """Seconds until a moment."""

    def feed_of(self, tenant: UUID) -> Feed:
        """The feed of a tenant."""


class Closed(Exception):
    """Closes the socket with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Socket:
    """One connection, from its handshake to its end."""

    def __init__(
        self, wire: Wire, handler: SocketHandler, limiter: ConnectionLimiter, handshake: Handshake,
        now: Callable[[], float],
    ) -> None:  # fmt: skip
        """`now` is a monotonic clock, in seconds."""
        self.wire = wire
        self._handler = handler
        self._limiter = limiter
        self._handshake = handshake
        self._now = now
        self._rate = RateLimiter(now)
        self._authentication: Authentication | None = None
        self.user = self.session = NO_ID
        """The authenticated caller and their session."""
        self._feed: Feed | None = None
        self._init_received = False
        self._ignored = 0
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._subscribers: dict[str, Subscriber] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        """Running queries and mutations whose results the client awaits, by operation id."""
        self._running: set[asyncio.Task[None]] = set()
        """All running queries and mutations, also those whose results the client no longer awaits."""
        self.last_frame_at = now()
        """Time of the last frame from the client."""
        self._stuck_at: float | None = None
        """Time at which the client was first found not to read."""

    # --- as a member of a feed -------------------------------------------------------------------

    @property
    def subscribers(self) -> list[Subscriber]:
        """The operations that follow a list."""
        return list(self._subscribers.values())

    @property
    def _caller(self) -> Caller:
        if self._authentication is None:
            raise Closed(CloseCode.UNAUTHORIZED, "Unauthorized")
        return self._authentication.caller

    def is_ready(self) -> bool:
        """Whether the client reads what is sent."""
        return not self._closed and self.wire.is_ready()

    def is_stuck(self, now: float, seconds: float) -> bool:
        """Whether the client has not been reading for this time; it starts with the first call that finds it."""
        if self.wire.writable.is_set():
            return False
        self._stuck_at = now if self._stuck_at is None else self._stuck_at
        return now - self._stuck_at > seconds

    def push(self, *parts: bytes) -> None:
        """Send a text message."""
        if not self._closed:
            self.wire.push(*parts)

    def fail(self, id: str, error: Exception) -> None:
        """End one operation with an error."""
        self._unfollow(id)
        self._error(id, error)

    def end(self, code: int, reason: str) -> None:
        """Close the socket; nothing more is sent on it."""
        if not self._closed:
            self.leave()
            self.wire.end(code, reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))

    # --- its life --------------------------------------------------------------------------------

    async def serve(self, receive: Receive) -> None:
        """Handle messages until the connection ends."""
        loop = asyncio.get_running_loop()
        self.wire.drained = self._drained
        self.wire.on_read = self._count
        self._timer = loop.call_later(INIT_TIMEOUT_SECONDS, self._init_timed_out)
        try:
            while (event := await receive())["type"] != "websocket.disconnect":
                # Messages are not read while the client does not read the responses, so nothing
                # accumulates.
                await self.wire.writable.wait()
                if not self._closed:
                    await self._handle_text(event.get("text"))
        finally:
            self.leave()

    async def _handle_text(self, text: str | None) -> None:
        self.last_frame_at = self._now()
        try:
            await self._handle(_parse_message(text))
        except Closed as closed:
            self.end(closed.code, closed.reason)
        except Exception:
            log.exception("socket failed")
            self.end(CloseCode.OVERLOAD, "Internal error. Connect again.")

    def _count(self) -> None:
        """Count a frame. Exceeding the rate closes the socket, and further frames cut the connection."""
        if self._rate.allow():
            return
        self.end(
            CloseCode.OVERLOAD, f"More than {MESSAGES_PER_SECOND} messages per second. Send fewer."
        )
        self._ignored += 1
        if self._ignored > MAX_FRAMES_AFTER_CLOSE:
            self.wire.transport.abort()

    async def _handle(self, message: JsonObject) -> None:
        match message["type"]:
            case "connection_init":
                await self._authenticate(message.get("payload"))
            case "ping":
                self.push(b'{"type":"pong"}')
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(_operation_id(message), message.get("payload"))
            case "complete":
                self._complete(_operation_id(message))
            case _:
                raise Closed(
                    CloseCode.BAD_MESSAGE,
                    "The message type is unknown. Use those of graphql-transport-ws.",
                )

    async def _authenticate(self, payload: object) -> None:
        """Authenticate the client with the payload of connection_init."""
        if self._init_received:
            raise Closed(CloseCode.TOO_MANY_INITS, "Too many initialisation requests")
        if not isinstance(payload, dict | None):
            raise Closed(
                CloseCode.BAD_MESSAGE,
                "The payload of connection_init must be an object. Correct or omit it.",
            )
        self._init_received = True
        try:
            authentication = await self._handler.authenticate(payload or {}, self._handshake)
        except Refused as refused:
            raise Closed(CloseCode.FORBIDDEN, refused.message) from None
        except Exception as error:  # noqa: BLE001 - the client receives a close code for every error
            entry = self._handler.error_entries(error)[0]
            ended = entry["extensions"]["code"] == Code.UNAUTHENTICATED
            raise Closed(
                CloseCode.FORBIDDEN if ended else CloseCode.OVERLOAD, entry["message"]
            ) from None
        if self._closed:
            return
        if self._handler.seconds_until(authentication.until) <= 0:
            raise Closed(
                CloseCode.FORBIDDEN, "The access token has expired. Call refresh and connect again."
            )
        caller = authentication.caller
        if not self._limiter.enter(caller.tenant.id, caller.user):
            raise Closed(
                CloseCode.OVERLOAD, "The user has too many connections. Close another one first."
            )
        self._limiter.release(self._handshake.address)
        self._authentication, self.user, self.session = authentication, caller.user, caller.session
        self._feed = self._handler.feed_of(caller.tenant.id)
        self._feed.enter(self)
        self._close_at(authentication.until)
        self.push(b'{"type":"connection_ack"}')

    def _close_at(self, moment: datetime) -> None:
        """Close the socket when the token expires."""
        if self._timer is not None:
            self._timer.cancel()
        seconds = max(0.0, self._handler.seconds_until(moment))
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(
            seconds,
            self.end,
            CloseCode.FORBIDDEN,
            "The access token has expired. Call refresh and connect again.",
        )

    def _init_timed_out(self) -> None:
        self.end(CloseCode.TIMED_OUT, "Connection initialisation timeout")

    # --- operations ------------------------------------------------------------------------------

    async def _subscribe(self, id: str, payload: object) -> None:
        caller = self._caller
        if id in self._subscribers or id in self._tasks:
            raise Closed(
                CloseCode.DUPLICATE_ID, "An operation with this ID is still open. Use a new ID."
            )
        try:
            if len(self._subscribers) + len(self._running) >= MAX_OPERATIONS:
                message = Message(
                    "{limit} operations are open on this socket. End one of them first.",
                    limit=MAX_OPERATIONS,
                )
                raise Refused(Code.RATE_LIMITED, message)
            operation = await self._handler.dispatch(caller, payload)
            subscribes = not isinstance(operation, Awaitable)
            if subscribes and self._closed:  # while the document was looked up
                return
            if subscribes and not self._limiter.follow(caller.tenant.id, caller.user):
                message = Message(
                    "The user has {limit} live lists open. End some of them first.",
                    limit=MAX_LIVE_LISTS,
                )
                raise Refused(Code.RATE_LIMITED, message)
        except Exception as error:  # noqa: BLE001 - it ends only this operation
            self._error(id, error)
            return
        if isinstance(operation, Awaitable):
            task = self._tasks[id] = asyncio.create_task(self._answer(id, operation))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            return
        assert self._feed is not None  # noqa: S101 - set for authenticated sockets
        subscriber = self._subscribers[id] = Subscriber(self, id, operation)
        self._feed.join(subscriber)

    async def _answer(self, id: str, answer: Awaitable[bytes]) -> None:
        """Send the result of a query or mutation, unless the client has completed the operation."""
        text, failed = b"", None
        try:
            text = await answer
        except Exception as error:  # noqa: BLE001 - it ends only this operation
            failed = error
        if self._tasks.get(id) is not asyncio.current_task():
            return
        del self._tasks[id]
        if failed is not None:
            self._error(id, failed)
            return
        quoted = orjson.dumps(id)
        self.push(b'{"id":%b,"type":"next","payload":' % quoted, text, b"}")
        self.push(b'{"id":%b,"type":"complete"}' % quoted)

    def _complete(self, id: str) -> None:
        """The client completes the operation. A mutation that has begun is finished nevertheless."""
        subscriber = self._unfollow(id)
        if subscriber is not None and self._feed is not None:
            subscriber.ended = True
            self._feed.leave(subscriber)
        self._tasks.pop(id, None)

    def _unfollow(self, id: str) -> Subscriber | None:
        """Remove and return the subscriber with this id."""
        subscriber = self._subscribers.pop(id, None)
        if subscriber is not None:
            caller = self._caller
            self._limiter.unfollow(caller.tenant.id, caller.user)
        return subscriber

    def _error(self, id: str, error: Exception) -> None:
        text = self._handler.error_text(error, self._handshake.language)
        self.push(b'{"id":%b,"type":"error","payload":%b}' % (orjson.dumps(id), text))

    def _drained(self) -> None:
        """The client reads again: send what it missed."""
        self._stuck_at = None
        for subscriber in self.subscribers:
            if subscriber.shared is not None:
                subscriber.shared.send(subscriber)

    def leave(self) -> None:
        """Release everything that the socket uses."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._authentication is None:
            self._limiter.release(self._handshake.address)
            return
        self._limiter.leave(self._authentication.caller.tenant.id, self.user)
        self._limiter.unfollow(
            self._authentication.caller.tenant.id, self.user, len(self._subscribers)
        )
        assert self._feed is not None  # noqa: S101 - set for authenticated sockets
        for subscriber in self._subscribers.values():
            subscriber.ended = True
            self._feed.leave(subscriber)
        self._subscribers.clear()
        self._feed.exit(self)


def _parse_message(text: str | None) -> JsonObject:
    """A message, which is an object with a type. Raises Closed."""
    if text is None:
        raise Closed(
            CloseCode.BAD_MESSAGE, "Binary messages are not supported. Send text messages."
        )
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Closed(
            CloseCode.BAD_MESSAGE, "The message is not valid JSON. Send a JSON object."
        ) from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise Closed(
            CloseCode.BAD_MESSAGE, "The message must be a JSON object with a string `type`."
        )
    return message


def _operation_id(message: JsonObject) -> str:
    id = message.get("id")
    if not isinstance(id, str) or not 1 <= len(id) <= MAX_ID_LENGTH:
        raise Closed(
            CloseCode.BAD_MESSAGE,
            f"The operation ID must be a string of 1 to {MAX_ID_LENGTH} characters.",
        )
    return id

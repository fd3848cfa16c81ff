"""The protocol graphql-transport-ws, as a client sees it: a socket, who is at its other end, and what he asks."""

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
from domain.values import JsonObject
from resolvers.engine.context import Caller
from resolvers.engine.results import ErrorEntry
from subscriptions.engine.contracts import ListRequest
from subscriptions.engine.feed import Feed
from subscriptions.engine.limits import (
    INIT_SECONDS,
    LISTS,
    MESSAGES,
    OPERATIONS,
    ConnectionLimiter,
    Rate,
)
from subscriptions.engine.subscriber import Subscriber
from subscriptions.engine.wire import Wire

SUBPROTOCOL = "graphql-transport-ws"
LONGEST_ID = 100
NOBODY = UUID(int=0)
IGNORED = 10 * MESSAGES
"""Frames after the closing one that are passed over before the connection is cut."""
log = structlog.get_logger()
LONGEST_REASON = 120
"""Bytes: a close frame holds no more (RFC 6455, 5.5.1)."""


@dataclass(frozen=True)
class Authentication:
    """Who is at the other end, and until when his token is good."""

    caller: Caller
    until: datetime


class SocketHandler(Protocol):
    """What a socket cannot do itself: schema/ knows documents, tokens and how errors are told."""

    async def know(self, payload: JsonObject, tenant: str | None, address: str) -> Authentication:
        """Who says hello, to whichever tenant the handshake or he says. Raises Refused, or what a transaction raises."""

    def ask(self, caller: Caller, payload: object) -> ListRequest | Awaitable[bytes]:
        """What an operation wants to follow, or its one answer. Raises Refused."""

    def said(self, error: Exception) -> Sequence[ErrorEntry]:
        """The errors that somebody is told."""

    def seconds_until(self, moment: datetime) -> float:
        """How long until then."""

    def feed_of(self, tenant: UUID) -> Feed:
        """The news of a tenant."""


class Closed(Exception):
    """The socket is to be closed, with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Socket:
    """One connection, from its handshake to its end."""

    def __init__(
        self, wire: Wire, desk: SocketHandler, limiter: ConnectionLimiter, address: str, tenant: str | None,
        now: Callable[[], float],
    ) -> None:  # fmt: skip
        """`tenant` is what the handshake says of it; `now` tells seconds on a clock that never goes back."""
        self.wire = wire
        self._desk = desk
        self._limiter = limiter
        self._address = address
        self._tenant = tenant
        self._now = now
        self._rate = Rate(now)
        self._known: Authentication | None = None
        self.user = self.session = NOBODY
        """Who is at the other end, and in which session."""
        self._feed: Feed | None = None
        self._begun = False
        self._ignored = 0
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._listeners: dict[str, Subscriber] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        """Queries and mutations whose answers are awaited, by their ids."""
        self._running: set[asyncio.Task[None]] = set()
        """Those, and those that nobody waits for any more."""
        self.heard_at = now()
        """When the client said something last."""
        self._stuck_at: float | None = None
        """When it was found first that the client does not read."""

    # --- as a member of a feed -------------------------------------------------------------------

    @property
    def subscribers(self) -> list[Subscriber]:
        """The operations that follow a list."""
        return list(self._listeners.values())

    @property
    def _caller(self) -> Caller:
        if self._known is None:
            raise Closed(CloseCode.UNAUTHORIZED, "Unauthorized")
        return self._known.caller

    def is_ready(self) -> bool:
        """Whether the peer reads what it is sent."""
        return not self._closed and self.wire.is_ready()

    def is_stuck(self, now: float, seconds: float) -> bool:
        """Whether the peer has not read for so long, as far as this was asked before."""
        if self.wire.writable.is_set():
            return False
        self._stuck_at = now if self._stuck_at is None else self._stuck_at
        return now - self._stuck_at > seconds

    def push(self, *parts: bytes) -> None:
        """Send a text."""
        if not self._closed:
            self.wire.push(*parts)

    def fail(self, id: str, error: Exception) -> None:
        """End one operation, saying why."""
        self._unfollow(id)
        self._error(id, error)

    def end(self, code: int, reason: str) -> None:
        """Close the socket; nothing is sent on it any more."""
        if not self._closed:
            self.leave()
            self.wire.end(code, reason.encode()[:LONGEST_REASON].decode(errors="ignore"))

    # --- its life --------------------------------------------------------------------------------

    async def serve(self, receive: Receive) -> None:
        """Hear whatever is said, until the connection is gone."""
        loop = asyncio.get_running_loop()
        self.wire.drained = self._drained
        self.wire.heard = self._count
        self._timer = loop.call_later(INIT_SECONDS, self._late)
        try:
            while (event := await receive())["type"] != "websocket.disconnect":
                # Who does not read what he is answered is not listened to: so nothing piles up.
                await self.wire.writable.wait()
                if not self._closed:
                    await self._hear(event.get("text"))
        finally:
            self.leave()

    async def _hear(self, text: str | None) -> None:
        self.heard_at = self._now()
        try:
            await self._obey(_read(text))
        except Closed as closed:
            self.end(closed.code, closed.reason)
        except Exception:
            log.exception("socket failed")
            self.end(CloseCode.OVERLOAD, "Internal error")

    def _count(self) -> None:
        """A frame came. Too many of them at a time end the socket, and too many after that the connection."""
        if self._rate.passes():
            return
        self.end(CloseCode.OVERLOAD, "Too many messages a second")
        self._ignored += 1
        if self._ignored > IGNORED:
            self.wire.transport.abort()

    async def _obey(self, message: JsonObject) -> None:
        match message["type"]:
            case "connection_init":
                await self._hello(message.get("payload"))
            case "ping":
                self.push(b'{"type":"pong"}')
            case "pong":
                pass
            case "subscribe":
                self._subscribe(_id(message), message.get("payload"))
            case "complete":
                self._complete(_id(message))
            case _:
                raise Closed(CloseCode.BAD_MESSAGE, "This type of message is unknown")

    async def _hello(self, payload: object) -> None:
        """Let somebody in who says who he is."""
        if self._begun:
            raise Closed(CloseCode.TOO_MANY_INITS, "Too many initialisation requests")
        if not isinstance(payload, dict | None):
            raise Closed(CloseCode.BAD_MESSAGE, "The payload of connection_init is an object")
        self._begun = True
        try:
            known = await self._desk.know(payload or {}, self._tenant, self._address)
        except Refused as refused:
            raise Closed(CloseCode.FORBIDDEN, refused.message) from None
        except Exception as error:  # noqa: BLE001 - the client receives a code, whatever it is
            said = self._desk.said(error)[0]
            ended = said["extensions"]["code"] == Code.UNAUTHENTICATED
            raise Closed(
                CloseCode.FORBIDDEN if ended else CloseCode.OVERLOAD, said["message"]
            ) from None
        if self._closed:
            return
        if self._desk.seconds_until(known.until) <= 0:
            raise Closed(CloseCode.FORBIDDEN, "The token has expired")
        caller = known.caller
        if not self._limiter.enter(caller.tenant.id, caller.user):
            raise Closed(CloseCode.OVERLOAD, "Too many connections: close another one")
        self._limiter.known(self._address)
        self._known, self.user, self.session = known, caller.user, caller.session
        self._feed = self._desk.feed_of(caller.tenant.id)
        self._feed.enter(self)
        self._wait_until(known.until)
        self.push(b'{"type":"connection_ack"}')

    def _wait_until(self, moment: datetime) -> None:
        """End when the token does."""
        if self._timer is not None:
            self._timer.cancel()
        seconds = max(0.0, self._desk.seconds_until(moment))
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(
            seconds, self.end, CloseCode.FORBIDDEN, "The token has expired"
        )

    def _late(self) -> None:
        self.end(CloseCode.TIMED_OUT, "Connection initialisation timeout")

    # --- operations ------------------------------------------------------------------------------

    def _subscribe(self, id: str, payload: object) -> None:
        caller = self._caller
        if id in self._listeners or id in self._tasks:
            raise Closed(CloseCode.DUPLICATE_ID, "This id belongs to an operation already")
        try:
            if len(self._listeners) + len(self._running) >= OPERATIONS:
                message = f"{OPERATIONS} operations are open on this socket: end one of them first."
                raise Refused(Code.RATE_LIMITED, message)
            asked = self._desk.ask(caller, payload)
            follows = not isinstance(asked, Awaitable)
            if follows and not self._limiter.follow(caller.tenant.id, caller.user):
                message = f"You follow {LISTS} lists already: end some of them first."
                raise Refused(Code.RATE_LIMITED, message)
        except Exception as error:  # noqa: BLE001 - it ends this operation alone
            self._error(id, error)
            return
        if isinstance(asked, Awaitable):
            task = self._tasks[id] = asyncio.create_task(self._answer(id, asked))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            return
        assert self._feed is not None  # noqa: S101 - who is known has one
        subscriber = self._listeners[id] = Subscriber(self, id, asked)
        self._feed.join(subscriber)

    async def _answer(self, id: str, answer: Awaitable[bytes]) -> None:
        """The one answer of a query or a mutation, unless the client wants to hear no more of it."""
        text, failed = b"", None
        try:
            text = await answer
        except Exception as error:  # noqa: BLE001 - it ends this operation alone
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
        """The client wants to hear no more of it. What a mutation has begun is done all the same."""
        subscriber = self._unfollow(id)
        if subscriber is not None and self._feed is not None:
            subscriber.ended = True
            self._feed.leave(subscriber)
        self._tasks.pop(id, None)

    def _unfollow(self, id: str) -> Subscriber | None:
        """The listener with this id, which is one no more."""
        subscriber = self._listeners.pop(id, None)
        if subscriber is not None:
            caller = self._caller
            self._limiter.unfollow(caller.tenant.id, caller.user)
        return subscriber

    def _error(self, id: str, error: Exception) -> None:
        told = {"id": id, "type": "error", "payload": self._desk.said(error)}
        self.push(orjson.dumps(told))

    def _drained(self) -> None:
        """The client reads again: he is told what he missed."""
        self._stuck_at = None
        for subscriber in self.subscribers:
            if subscriber.group is not None:
                subscriber.group.tell(subscriber)

    def leave(self) -> None:
        """Nobody is there any more."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._known is None:
            self._limiter.known(self._address)
            return
        self._limiter.leave(self._known.caller.tenant.id, self.user)
        self._limiter.unfollow(self._known.caller.tenant.id, self.user, len(self._listeners))
        assert self._feed is not None  # noqa: S101 - likewise
        for subscriber in self._listeners.values():
            subscriber.ended = True
            self._feed.leave(subscriber)
        self._listeners.clear()
        self._feed.exit(self)


def _read(text: str | None) -> JsonObject:
    """A message, which is an object with a type. Raises Closed."""
    if text is None:
        raise Closed(CloseCode.BAD_MESSAGE, "Messages are texts")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Closed(CloseCode.BAD_MESSAGE, "The message is not JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise Closed(CloseCode.BAD_MESSAGE, "A message is an object with a type")
    return message


def _id(message: JsonObject) -> str:
    id = message.get("id")
    if not isinstance(id, str) or not 1 <= len(id) <= LONGEST_ID:
        raise Closed(
            CloseCode.BAD_MESSAGE,
            f"The id of an operation is a text of 1 to {LONGEST_ID} characters",
        )
    return id

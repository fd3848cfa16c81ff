"""Follows the change log of one tenant, and sends its changes in order to all subscribers in this process (D-61, D-63)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from uuid import UUID

import structlog

from auth.viewers import Viewers
from db.engine.log import LogPosition
from db.engine.transaction import Database, EntryRejected, RejectReason, StatementTimeout
from domain.codes import CloseCode, Code, Refused
from domain.message import Message
from subscriptions.engine.contracts import Member
from subscriptions.engine.poller import (
    TRANSIENT_ERRORS,
    LogPoller,
    PolledRead,
    PollFailed,
    PollResult,
)
from subscriptions.engine.shared_subscription import SharedSubscription
from subscriptions.engine.subscriber import Subscriber
from tenancy.directory import Directory

POLL_SECONDS = 0.5
"""Seconds after which writes and ended sessions in other processes are noticed at the latest."""
UNUSED_LIST_SECONDS = 60.0
"""Seconds for which a list without subscribers is kept, for those that reconnect."""
SUBSCRIBERS_PER_TURN = 500
"""Subscribers served before other tasks run."""
LEASE_SECONDS = 30.0
"""Seconds without access to the tenant's data after which its sockets are closed, so that clients reconnect."""
RETRIED_ERRORS: tuple[type[Exception], ...] = (*TRANSIENT_ERRORS, StatementTimeout)
MAX_BYTES = 128 * 1024 * 1024
"""Maximum bytes of all lists of a tenant in this process."""
log = structlog.get_logger()


class Feed:
    """The live lists of one tenant."""

    def __init__(
        self,
        tenant: UUID,
        database: Database,
        directory: Directory,
        viewers: Viewers,
        now: Callable[[], float],
    ) -> None:
        """`now` is a monotonic clock, in seconds."""
        self._tenant = tenant
        self._database = database
        self._directory = directory
        self._viewers = viewers
        self._now = now
        self._woken = asyncio.Event()
        self._joining: list[Subscriber] = []
        self.members: set[Member] = set()
        self.shared_subscriptions: dict[bytes, SharedSubscription] = {}
        self._last: LogPosition | None = None
        """The log position of the last poll."""
        self._polled_at = now()
        self.left_at = now()
        """Time at which the last socket was closed."""

    def wake(self) -> None:
        """Poll at once, after a write or for a new subscriber."""
        self._woken.set()

    def enter(self, member: Member) -> None:
        """Add the socket of an authenticated user, until it is closed or its session ends."""
        self.members.add(member)

    def exit(self, member: Member) -> None:
        """Remove a closed socket."""
        self.members.discard(member)
        self.left_at = self._now()

    def join(self, subscriber: Subscriber) -> None:
        """Add a subscriber with the next poll."""
        self._joining.append(subscriber)
        self.wake()

    def leave(self, subscriber: Subscriber) -> None:
        """Remove a subscriber."""
        if subscriber in self._joining:
            self._joining.remove(subscriber)
        shared = subscriber.shared
        subscriber.leave()
        if shared is not None and not shared.subscribers:
            shared.left_at = self._now()

    async def run(self) -> None:
        """Poll when woken and at intervals, until there has been no socket for a while."""
        while self.members or self._now() - self.left_at < UNUSED_LIST_SECONDS:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            if self.members:
                await self._turn()
        self.shared_subscriptions.clear()

    async def _turn(self) -> None:
        """Poll once and send the changes; an error affects as few subscribers as possible."""
        joining, self._joining = self._joining, []
        try:
            result = await self._poll_in_time(joining)
            if result is None:
                self._end(
                    self.members,
                    CloseCode.FORBIDDEN,
                    "The tenant is closed. Contact the operator of the server.",
                )
            else:
                await self._apply(result)
            self._polled_at = self._now()
        except PollFailed as failed:
            self._fail(failed.subscribers, failed.error)
            others = [each for each in joining if each not in failed.subscribers]
            self._joining = others + self._joining
            self.wake()
        except RETRIED_ERRORS as error:
            self._wait(joining, error)
        except Exception:
            log.exception("feed failed")
            self._end(self.members, CloseCode.OVERLOAD, "Internal error. Connect again.")
            self.shared_subscriptions.clear()
            self._last = None

    def _wait(self, joining: list[Subscriber], error: Exception) -> None:
        """Retry later. Sockets are closed once there has been no result for LEASE_SECONDS."""
        log.warning("feed waits", error=type(error).__name__)
        if isinstance(error, EntryRejected) and error.reason is RejectReason.MOVED:
            self._directory.forget(self._tenant)
        self._joining = joining + self._joining
        if self._now() - self._polled_at > LEASE_SECONDS:
            self._end(
                self.members,
                CloseCode.OVERLOAD,
                "The database is not available. Connect again later.",
            )

    async def _poll(self, joining: list[Subscriber]) -> PollResult | None:
        """Poll the tenant once; None if the tenant is closed."""
        tenant = await self._directory.by_id(self._tenant)
        if tenant is None or tenant.state == "closed":
            return None
        sessions = {member.session for member in self.members}
        subscribers = [
            each for shared in self.shared_subscriptions.values() for each in shared.subscribers
        ]
        async with self._database.snapshot(tenant.placement) as connection:
            poller = LogPoller(
                connection, tenant.placement, self._viewers, self.shared_subscriptions
            )
            return await poller.poll(sessions, self._last, subscribers, joining, self._end_sessions)

    async def _poll_in_time(self, joining: list[Subscriber]) -> PollResult | None:
        """Poll the tenant once; raises TimeoutError if the database does not respond at all."""
        poll = asyncio.create_task(self._poll(joining))
        try:
            await asyncio.wait({poll}, timeout=LEASE_SECONDS)
            if not poll.done():
                raise TimeoutError
            return poll.result()
        finally:
            poll.cancel()  # not awaited: a connection that hangs is not returned in time either

    def _end_sessions(self, ended: frozenset[UUID]) -> None:
        """Close the sockets of ended sessions first, since all else may take time."""
        closed = [each for each in self.members if each.session in ended]
        self._end(closed, CloseCode.FORBIDDEN, "The session has ended. Sign in again.")

    def abandon(self) -> None:
        """Close all sockets when the feed ends, so that clients reconnect."""
        self._end(self.members, CloseCode.OVERLOAD, "The server ends live updates. Connect again.")

    async def _apply(self, result: PollResult) -> None:
        """Apply changed rights before sending changes: no message is sent under earlier rights (D-63)."""
        for subscriber, error in result.refused:
            self._fail([subscriber], error)
        self._last = result.head
        for read in result.reads:
            self._store(result, read)
            await asyncio.sleep(0)  # comparing a large window takes about a millisecond
        for subscriber, shared in result.compiled:
            if self._is_connected(subscriber) and subscriber.shared is not shared:
                self._begin(result, subscriber, shared)
        for shared in self.shared_subscriptions.values():
            if shared.subscribers:
                shared.position = max(shared.position or 0, result.head.position)
                shared.expect_position(result.writers)
        await self._send_all()
        self._sweep(self._now() - UNUSED_LIST_SECONDS)

    def _store(self, result: PollResult, read: PolledRead) -> None:
        """Store a list as read; a list that is too large ends with an error for its subscribers."""
        shared, head = read.shared, result.head
        try:
            shared.replace_all(read.rows, head.epoch, head.access, head.position)
            if shared.reader.key not in self.shared_subscriptions:
                self._free_memory(shared.size, {other for _, other in result.compiled})
        except Refused as refused:
            compiled = [subscriber for subscriber, other in result.compiled if other is shared]
            self._fail({*shared.subscribers, *compiled}, refused)
            self.shared_subscriptions.pop(shared.reader.key, None)
            return
        self.shared_subscriptions[shared.reader.key] = shared

    def _free_memory(self, size: int, needed: set[SharedSubscription]) -> None:
        """Remove lists without subscribers if memory is short. Raises Refused if that is not enough."""
        if size + sum(shared.size for shared in self.shared_subscriptions.values()) > MAX_BYTES:
            self._sweep(self._now(), needed)
        if size + sum(shared.size for shared in self.shared_subscriptions.values()) > MAX_BYTES:
            message = Message(
                "The live lists of this tenant use too much memory. End other subscriptions first."
            )
            raise Refused(Code.RATE_LIMITED, message, retryAfter=60)

    def _begin(
        self, result: PollResult, subscriber: Subscriber, shared: SharedSubscription
    ) -> None:
        """Start a list: from a cursor, from its beginning, or as a resync after another list."""
        after = subscriber.request.after if subscriber.is_new else None
        try:
            cursor = None if after is None else shared.reader.position_of(after)
        except Refused as refused:
            self._fail([subscriber], refused)
            return
        self.shared_subscriptions[shared.reader.key] = shared
        subscriber.move(shared)
        if after is not None:
            missed = result.past.get((shared, cursor[1])) if cursor else None
            shared.resume(subscriber, cursor, missed)

    async def _send_all(self) -> None:
        """Send all pending changes to all subscribers."""
        sent = 0
        for shared in list(self.shared_subscriptions.values()):
            for subscriber in list(shared.subscribers):
                if subscriber.shared is shared:
                    shared.send(subscriber)
                    sent += 1
                if sent % SUBSCRIBERS_PER_TURN == SUBSCRIBERS_PER_TURN - 1:
                    await asyncio.sleep(0)

    def _sweep(self, before: float, needed: set[SharedSubscription] | None = None) -> None:
        """Remove lists that have had no subscriber since a moment and are not needed."""
        for key, shared in list(self.shared_subscriptions.items()):
            if not shared.subscribers and shared.left_at <= before and shared not in (needed or ()):
                del self.shared_subscriptions[key]

    def _is_connected(self, subscriber: Subscriber) -> bool:
        return subscriber.member in self.members and not subscriber.ended

    def _fail(self, subscribers: Iterable[Subscriber], error: Exception) -> None:
        for subscriber in subscribers:
            subscriber.fail(error)

    def _end(self, members: Iterable[Member], code: int, reason: str) -> None:
        for member in list(members):
            member.end(code, reason)
            self.exit(member)

"""Follows the change log of one tenant, and tells everybody in this process who listens to it, in its order (D-61, D-63)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from uuid import UUID

import structlog

from auth.viewers import Viewers
from db.engine.log import LogPosition
from db.engine.transaction import Database, EntryRejected, RejectReason, StatementTimeout
from domain.codes import CloseCode, Code, Refused
from subscriptions.engine.contracts import Member
from subscriptions.engine.poller import PASSES, LogPoller, PolledRead, PollFailed, PollResult
from subscriptions.engine.shared_subscription import SharedSubscription
from subscriptions.engine.subscriber import Subscriber
from tenancy.directory import Directory

LOOK_SECONDS = 0.5
"""How long a change made elsewhere may stay unnoticed, and a session that was ended elsewhere alive."""
KEPT_SECONDS = 60.0
"""How long a list that nobody follows is kept, for those who come back."""
TURN = 500
"""Listeners told before others have a turn."""
LEASE_SECONDS = 30.0
"""How long nothing may be known of the tenant before its listeners are sent away, to come back."""
WAITS: tuple[type[Exception], ...] = (*PASSES, StatementTimeout)
HELD_BYTES = 128 * 1024 * 1024
"""What all lists of a tenant may take here together."""
log = structlog.get_logger()


class Feed:
    """The news of one tenant."""

    def __init__(
        self,
        tenant: UUID,
        database: Database,
        directory: Directory,
        viewers: Viewers,
        now: Callable[[], float],
    ) -> None:
        """`now` tells seconds on a clock that never goes back."""
        self._tenant = tenant
        self._database = database
        self._directory = directory
        self._viewers = viewers
        self._now = now
        self._woken = asyncio.Event()
        self._joining: list[Subscriber] = []
        self.members: set[Member] = set()
        self.groups: dict[bytes, SharedSubscription] = {}
        self._last: LogPosition | None = None
        """How things stood when it looked last."""
        self._looked_at = now()
        self.left_at = now()
        """When nobody was there any more."""

    def wake(self) -> None:
        """Something was written, or somebody wants to be told."""
        self._woken.set()

    def enter(self, member: Member) -> None:
        """Somebody signed in opened a socket: he stays until he leaves, or his session ends."""
        self.members.add(member)

    def exit(self, member: Member) -> None:
        """His socket is closed."""
        self.members.discard(member)
        self.left_at = self._now()

    def join(self, subscriber: Subscriber) -> None:
        """Tell a listener of what he wants, soon."""
        self._joining.append(subscriber)
        self.wake()

    def leave(self, subscriber: Subscriber) -> None:
        """Tell him nothing any more."""
        if subscriber in self._joining:
            self._joining.remove(subscriber)
        group = subscriber.group
        subscriber.leave()
        if group is not None and not group.subscribers:
            group.left_at = self._now()

    async def run(self) -> None:
        """Look whenever woken, and from time to time, until nobody has been there for a while."""
        while self.members or self._now() - self.left_at < KEPT_SECONDS:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            if self.members:
                await self._turn()
        self.groups.clear()

    async def _turn(self) -> None:
        """Look and tell; what goes wrong goes wrong for as few as possible."""
        joining, self._joining = self._joining, []
        try:
            look = await self._in_time(joining)
            if look is None:
                self._end(self.members, CloseCode.FORBIDDEN, "The tenant is closed")
            else:
                await self._tell(look)
            self._looked_at = self._now()
        except PollFailed as broken:
            self._fail(broken.subscribers, broken.error)
            others = [each for each in joining if each not in broken.subscribers]
            self._joining = others + self._joining
            self.wake()
        except WAITS as error:
            self._wait(joining, error)
        except Exception:
            log.exception("feed failed")
            self._end(self.members, CloseCode.OVERLOAD, "Internal error")
            self.groups.clear()
            self._last = None

    def _wait(self, joining: list[Subscriber], error: Exception) -> None:
        """Try again later. Who could not be told anything for too long is not left in the dark about it."""
        log.warning("feed waits", error=type(error).__name__)
        if isinstance(error, EntryRejected) and error.reason is RejectReason.MOVED:
            self._directory.forget(self._tenant)
        self._joining = joining + self._joining
        if self._now() - self._looked_at > LEASE_SECONDS:
            self._end(self.members, CloseCode.OVERLOAD, "The database is not available")

    async def _look(self, joining: list[Subscriber]) -> PollResult | None:
        """What is new; None if the tenant is closed."""
        tenant = await self._directory.by_id(self._tenant)
        if tenant is None or tenant.state == "closed":
            return None
        sessions = {member.session for member in self.members}
        subscribers = [each for group in self.groups.values() for each in group.subscribers]
        async with self._database.snapshot(tenant.placement) as connection:
            poller = LogPoller(connection, tenant.placement, self._viewers, self.groups)
            return await poller.look(sessions, self._last, subscribers, joining, self._end_sessions)

    async def _in_time(self, joining: list[Subscriber]) -> PollResult | None:
        """The same; raises TimeoutError if the database does not even say that it cannot."""
        poller = asyncio.create_task(self._look(joining))
        try:
            await asyncio.wait({poller}, timeout=LEASE_SECONDS)
            if not poller.done():
                raise TimeoutError
            return poller.result()
        finally:
            poller.cancel()  # not awaited: a connection that hangs is not given back in time either

    def _end_sessions(self, ended: frozenset[UUID]) -> None:
        """Close the sockets of sessions that ended: before anything else, which may take its time."""
        gone = [each for each in self.members if each.session in ended]
        self._end(gone, CloseCode.FORBIDDEN, "The session has ended")

    def abandon(self) -> None:
        """Nothing is told any more: whoever listens is sent away, to come back."""
        self._end(self.members, CloseCode.OVERLOAD, "Nothing is told here any more")

    async def _tell(self, look: PollResult) -> None:
        """Judgements before news: nobody is told anything under rights that he had before (D-63)."""
        for subscriber, error in look.refused:
            self._fail([subscriber], error)
        self._last = look.head
        for read in look.reads:
            self._keep(look, read)
        for subscriber, group in look.judged:
            if self._is_there(subscriber) and subscriber.group is not group:
                self._begin(look, subscriber, group)
        for group in self.groups.values():
            if group.subscribers:
                group.position = max(group.position or 0, look.head.position)
        await self._tell_all()
        self._sweep(self._now() - KEPT_SECONDS)

    def _keep(self, look: PollResult, read: PolledRead) -> None:
        """A list as it was read; one that is too large ends for those who follow it."""
        group, head = read.group, look.head
        try:
            if read.ids is None:
                group.reread(read.found, head.epoch, head.access, head.position)
            else:
                group.read_some(read.ids, read.found, head.position)
            if group.watch.key not in self.groups:
                self._make_room(group.size, {theirs for _, theirs in look.judged})
        except Refused as refused:
            judged = [subscriber for subscriber, theirs in look.judged if theirs is group]
            self._fail({*group.subscribers, *judged}, refused)
            self.groups.pop(group.watch.key, None)
            return
        self.groups[group.watch.key] = group

    def _make_room(self, size: int, needed: set[SharedSubscription]) -> None:
        """Forget lists that nobody follows, if there is need. Raises Refused if that is not enough."""
        if size + sum(group.size for group in self.groups.values()) > HELD_BYTES:
            self._sweep(self._now(), needed)
        if size + sum(group.size for group in self.groups.values()) > HELD_BYTES:
            message = "Your organization follows too much at once. End other subscriptions first."
            raise Refused(Code.RATE_LIMITED, message, retryAfter=60)

    def _begin(self, look: PollResult, subscriber: Subscriber, group: SharedSubscription) -> None:
        """Follow a list: from a cursor, from its beginning, or anew after another one."""
        after = subscriber.wanted.after if subscriber.is_new else None
        try:
            place = None if after is None else group.watch.place(after)
        except Refused as refused:
            self._fail([subscriber], refused)
            return
        self.groups[group.watch.key] = group
        subscriber.move(group)
        if after is not None:
            group.resume(subscriber, place, look.past.get((group, place[1])) if place else None)

    async def _tell_all(self) -> None:
        """Everything that is new to everybody."""
        told = 0
        for group in list(self.groups.values()):
            for subscriber in list(group.subscribers):
                if subscriber.group is group:
                    group.tell(subscriber)
                    told += 1
                if told % TURN == TURN - 1:
                    await asyncio.sleep(0)

    def _sweep(self, before: float, needed: set[SharedSubscription] | None = None) -> None:
        """Forget lists that nobody has followed since then, or is about to follow."""
        for key, group in list(self.groups.items()):
            if not group.subscribers and group.left_at <= before and group not in (needed or ()):
                del self.groups[key]

    def _is_there(self, subscriber: Subscriber) -> bool:
        return subscriber.member in self.members and not subscriber.ended

    def _fail(self, subscribers: Iterable[Subscriber], error: Exception) -> None:
        for subscriber in subscribers:
            subscriber.fail(error)

    def _end(self, members: Iterable[Member], code: int, reason: str) -> None:
        for member in list(members):
            member.end(code, reason)
            self.exit(member)

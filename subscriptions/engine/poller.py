"""One look at a tenant: rights, log and lists as of a single moment, so that what is told of them fits together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from db.engine import log
from db.engine.log import LogEntry, LogPosition
from db.engine.transaction import LOST, CleanConnection, EntryRejected, LockTimeout
from domain.codes import Code, Refused
from subscriptions.engine.contracts import Texts
from subscriptions.engine.shared_subscription import MissedChanges, SharedSubscription
from subscriptions.engine.subscriber import Subscriber

if TYPE_CHECKING:
    from auth.viewers import Viewers, ViewersInSnapshot
    from db.engine.transaction import Placement

ENTRIES = 5_000
"""Changes in one look beyond which lists are read anew."""
PASSES: tuple[type[Exception], ...] = (*LOST, LockTimeout, EntryRejected)
"""What is over after a while: nothing is told meanwhile, and nothing is lost."""
RECORDS = 500
"""Likewise, of one list."""
log_ = structlog.get_logger()


class PollFailed(Exception):
    """A list could not be read; those who wanted it are to be told why, and others are not concerned."""

    def __init__(self, subscribers: Iterable[Subscriber], error: Exception) -> None:
        super().__init__()
        self.subscribers = list(subscribers)
        self.error = error


@dataclass(frozen=True)
class PolledRead:
    """What was read of a list: all of it, or what became of some records."""

    group: SharedSubscription
    found: Texts
    ids: Sequence[UUID] | None = None
    """The records that were asked about; None if all were."""


@dataclass
class PollResult:
    """What was found. Nothing of it is told before all of it is known."""

    head: LogPosition
    judged: list[tuple[Subscriber, SharedSubscription]] = field(default_factory=list)
    refused: list[tuple[Subscriber, Exception]] = field(default_factory=list)
    reads: list[PolledRead] = field(default_factory=list)
    past: dict[tuple[SharedSubscription, int], MissedChanges] = field(default_factory=dict)
    """Of lists that somebody wants to go on with from a position: what has become of them since."""


class LogPoller:
    """Looks at a tenant in one transaction."""

    def __init__(
        self,
        connection: CleanConnection,
        placement: Placement,
        viewers: Viewers,
        groups: dict[bytes, SharedSubscription],
    ) -> None:
        """`groups` are the lists there are, by their keys; new ones are put among them by the caller."""
        self._connection = connection
        self._placement = placement
        self._viewers = viewers
        self._groups = dict(groups)

    async def look(
        self,
        sessions: Iterable[UUID],
        last: LogPosition | None,
        subscribers: Sequence[Subscriber],
        joining: Sequence[Subscriber],
        ended: Callable[[frozenset[UUID]], None],
    ) -> PollResult:
        """Judge those who join, and if rights changed since `last` everybody; then read what changed.

        `ended` is told at once which of the sessions are good no more.
        """
        found = PollResult(await log.head(self._connection, self._placement, sessions))
        ended(found.head.ended)
        rights = (found.head.epoch, found.head.access)
        everybody = last is None or (last.epoch, last.access) != rights
        moment = self._viewers.moment(self._connection, self._placement, found.head.access)
        for subscriber in [*subscribers, *joining] if everybody else joining:
            await self._judge(found, moment, subscriber)
            # A new plan takes a while to compile, and others have work to do.
            await asyncio.sleep(0)
        concerned = {group: None for _, group in found.judged}
        if not everybody:
            concerned |= {group: None for group in self._groups.values() if group.subscribers}
        await self._read(found, list(concerned))
        return found

    async def _judge(
        self, found: PollResult, moment: ViewersInSnapshot, subscriber: Subscriber
    ) -> None:
        """Which list a listener is told of, under his rights of this moment."""
        viewer = await moment.viewer(subscriber.member.user)
        try:
            if viewer is None:
                raise Refused(Code.UNAUTHENTICATED, "The user no longer exists. Sign in again.")
            watch = subscriber.wanted.judge(viewer, pays=subscriber.is_new)
        except Exception as error:  # noqa: BLE001 - it is the error of one subscription
            found.refused.append((subscriber, error))
            return
        group = self._groups.setdefault(watch.key, SharedSubscription(watch))
        group.watch = watch  # with the rights of now
        found.judged.append((subscriber, group))

    async def _read(self, found: PollResult, groups: list[SharedSubscription]) -> None:
        behind = [group.position for group in groups if group.position is not None]
        entries = await self._entries(found.head, behind)
        for group in groups:
            try:
                read = await self._read_one(found.head, group, entries)
            except PASSES:
                raise
            except Exception as error:
                judged = [subscriber for subscriber, theirs in found.judged if theirs is group]
                raise PollFailed({*group.subscribers, *judged}, error) from error
            if read is not None:
                found.reads.append(read)
        await self._read_past(found)

    async def _read_past(self, found: PollResult) -> None:
        """What those missed who come back. Who cannot be told that is told everything anew."""
        resuming = {each for each in (self._resuming(found.head, *j) for j in found.judged) if each}
        entries = await self._entries(found.head, [position for _, position in resuming])
        for group, position in resuming:
            await self._connection.mark()
            try:
                past = await self._past(group, position, entries)
            except LOST:
                raise
            except Exception as error:  # noqa: BLE001 - the subscriber receives a snapshot instead
                log_.warning("the past is not told", error=type(error).__name__)
                await self._connection.take_back()
            else:
                if past is not None:
                    found.past[group, position] = past

    def _resuming(
        self, head: LogPosition, subscriber: Subscriber, group: SharedSubscription
    ) -> tuple[SharedSubscription, int] | None:
        """Where somebody wants to go on with a list that does not reach back so far by itself."""
        if subscriber.wanted.after is None or not subscriber.is_new:
            return None
        try:
            place = group.watch.place(subscriber.wanted.after)
        except Refused:
            return None  # he is told so when he is to be told the list
        if place is None or group.reaches(place):
            return None
        epoch, position = place
        return (group, position) if epoch == head.epoch and position <= head.position else None

    async def _entries(self, head: LogPosition, behind: list[int]) -> Sequence[LogEntry] | None:
        """What was written since the first of these positions; None if that cannot be told."""
        after = min(behind, default=head.position)
        if after >= head.position:
            return []
        entries = await log.since(self._connection, self._placement, after, ENTRIES)
        return entries or None

    async def _past(
        self, group: SharedSubscription, position: int, entries: Sequence[LogEntry] | None
    ) -> MissedChanges | None:
        """What became of a list since a position; None if that cannot be told."""
        if entries is None:
            return None
        new = [entry for entry in entries if entry.position > position]
        ids = _concerned(group, new)
        if any(concerns_all(group, entry) for entry in new) or len(ids) > RECORDS:
            return None
        if not ids:
            return MissedChanges((), {})
        watch = group.watch
        texts = await watch.before(self._connection, self._placement, ids, position)
        return None if texts is None else MissedChanges(ids, texts)

    async def _read_one(
        self, head: LogPosition, group: SharedSubscription, entries: Sequence[LogEntry] | None
    ) -> PolledRead | None:
        watch, position = group.watch, group.position
        same = group.epoch == head.epoch and group.access == head.access
        if position is None or position > head.position or not same or entries is None:
            return PolledRead(group, await watch.all(self._connection, self._placement))
        new = [entry for entry in entries if entry.position > position]
        ids = _concerned(group, new)
        if any(concerns_all(group, entry) for entry in new) or len(ids) > RECORDS:
            return PolledRead(group, await watch.all(self._connection, self._placement))
        if not ids:
            return None
        return PolledRead(group, await watch.among(self._connection, self._placement, ids), ids)


def _concerned(group: SharedSubscription, entries: Iterable[LogEntry]) -> list[UUID]:
    """The list's own records that changed."""
    return list({each.record: None for each in entries if each.entity == group.watch.entity})


def concerns_all(group: SharedSubscription, entry: LogEntry) -> bool:
    """Whether a change may concern any record of the list."""
    return entry.is_rights or entry.entity in group.watch.related

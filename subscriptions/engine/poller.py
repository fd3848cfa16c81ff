"""One poll of a tenant: rights, change log and lists as of a single moment, so that messages are consistent."""

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
from domain.message import Message
from subscriptions.engine.contracts import RowsById
from subscriptions.engine.shared_subscription import MissedChanges, SharedSubscription
from subscriptions.engine.subscriber import Subscriber

if TYPE_CHECKING:
    from auth.viewers import Viewers, ViewersInSnapshot
    from db.engine.transaction import Placement

MAX_ENTRIES = 5_000
"""Changes in one poll beyond which lists are read again in full."""
TRANSIENT_ERRORS: tuple[type[Exception], ...] = (*LOST, LockTimeout, EntryRejected)
"""Temporary errors of a whole poll: sending pauses, and nothing is lost."""
MAX_CHANGED_RECORDS = 500
"""Changed records of a list beyond which it is read again in full."""
logger = structlog.get_logger()


class PollFailed(Exception):
    """A list could not be read; its subscribers receive the error, others are not affected."""

    def __init__(self, subscribers: Iterable[Subscriber], error: Exception) -> None:
        super().__init__()
        self.subscribers = list(subscribers)
        self.error = error


@dataclass(frozen=True)
class PolledRead:
    """The rows of a list at the position of the poll."""

    shared: SharedSubscription
    rows: RowsById


@dataclass
class PollResult:
    """The result of a poll. Nothing of it is sent before it is complete."""

    head: LogPosition
    compiled: list[tuple[Subscriber, SharedSubscription]] = field(default_factory=list)
    refused: list[tuple[Subscriber, Exception]] = field(default_factory=list)
    reads: list[PolledRead] = field(default_factory=list)
    past: dict[tuple[SharedSubscription, int], MissedChanges] = field(default_factory=dict)
    """For subscribers that resume: the changes of their lists since a log position."""
    writers: frozenset[UUID] | None = frozenset()
    """The users who wrote since the last poll; None if unknown."""


class LogPoller:
    """Polls a tenant in one transaction."""

    def __init__(
        self,
        connection: CleanConnection,
        placement: Placement,
        viewers: Viewers,
        shared_subscriptions: dict[bytes, SharedSubscription],
    ) -> None:
        """`shared_subscriptions` are the existing lists by their keys; the caller adds new ones."""
        self._connection = connection
        self._placement = placement
        self._viewers = viewers
        self._shared_subscriptions = dict(shared_subscriptions)

    async def poll(
        self,
        sessions: Iterable[UUID],
        last: LogPosition | None,
        subscribers: Sequence[Subscriber],
        joining: Sequence[Subscriber],
        ended: Callable[[frozenset[UUID]], None],
    ) -> PollResult:
        """Compile lists for new subscribers, and for all if rights changed since `last`; then read the changes.

        `ended` is called at once with the sessions that have ended.
        """
        result = PollResult(await log.head(self._connection, self._placement, sessions))
        ended(result.head.ended)
        rights = (result.head.epoch, result.head.access)
        refresh_all = last is None or (last.epoch, last.access) != rights
        viewers = self._viewers.in_snapshot(self._connection, self._placement, result.head.access)
        for subscriber in [*subscribers, *joining] if refresh_all else joining:
            await self._compile(result, viewers, subscriber)
            # Compiling a plan takes a while, and other tasks must run.
            await asyncio.sleep(0)
        shared_to_read = {shared: None for _, shared in result.compiled}
        if not refresh_all:
            shared_to_read |= {
                shared: None for shared in self._shared_subscriptions.values() if shared.subscribers
            }
        await self._read(result, list(shared_to_read), last)
        return result

    async def _compile(
        self, result: PollResult, viewers: ViewersInSnapshot, subscriber: Subscriber
    ) -> None:
        """The list of a subscriber under their rights at this moment."""
        viewer = await viewers.viewer(subscriber.member.user)
        try:
            if viewer is None:
                raise Refused(
                    Code.UNAUTHENTICATED, Message("The user no longer exists. Sign in again.")
                )
            reader = subscriber.request.compile(viewer, charged=subscriber.is_new)
        except Exception as error:  # noqa: BLE001 - it is the error of one subscription
            result.refused.append((subscriber, error))
            return
        shared = self._shared_subscriptions.setdefault(reader.key, SharedSubscription(reader))
        shared.reader = reader  # with the current rights
        result.compiled.append((subscriber, shared))

    async def _read(
        self,
        result: PollResult,
        shared_subscriptions: list[SharedSubscription],
        last: LogPosition | None,
    ) -> None:
        positions = [
            shared.position for shared in shared_subscriptions if shared.position is not None
        ]
        entries = await self._entries(result.head, positions)
        result.writers = _writers(entries, last)
        for shared in shared_subscriptions:
            try:
                read = await self._read_one(result.head, shared, entries)
            except TRANSIENT_ERRORS:
                raise
            except Exception as error:
                compiled = [subscriber for subscriber, other in result.compiled if other is shared]
                raise PollFailed({*shared.subscribers, *compiled}, error) from error
            if read is not None:
                result.reads.append(read)
        await self._read_missed_changes(result)

    async def _read_missed_changes(self, result: PollResult) -> None:
        """The changes missed by subscribers that resume. Where they are unknown, a resync follows."""
        resuming = {
            each
            for each in (self._resume_position(result.head, *pair) for pair in result.compiled)
            if each
        }
        entries = await self._entries(result.head, [position for _, position in resuming])
        for shared, position in resuming:
            await self._connection.savepoint()
            try:
                past = await self._missed_changes(shared, position, entries)
            except LOST:
                raise
            except Exception as error:  # noqa: BLE001 - the subscriber receives a snapshot instead
                logger.warning("missed changes cannot be read", error=type(error).__name__)
                await self._connection.roll_back()
            else:
                if past is not None:
                    result.past[shared, position] = past

    def _resume_position(
        self, head: LogPosition, subscriber: Subscriber, shared: SharedSubscription
    ) -> tuple[SharedSubscription, int] | None:
        """The log position to resume from, if the list's replay buffer does not reach back that far."""
        if subscriber.request.after is None or not subscriber.is_new:
            return None
        try:
            cursor = shared.reader.position_of(subscriber.request.after)
        except Refused:
            return None  # reported when the list starts
        if cursor is None or shared.reaches(cursor):
            return None
        epoch, position = cursor
        return (shared, position) if epoch == head.epoch and position <= head.position else None

    async def _entries(self, head: LogPosition, positions: list[int]) -> Sequence[LogEntry] | None:
        """The changes since the first of these positions; None if they are no longer known."""
        after = min(positions, default=head.position)
        if after >= head.position:
            return []
        entries = await log.since(self._connection, self._placement, after, MAX_ENTRIES)
        return entries or None

    async def _missed_changes(
        self, shared: SharedSubscription, position: int, entries: Sequence[LogEntry] | None
    ) -> MissedChanges | None:
        """The changes of a list since a position; None if they are unknown."""
        if entries is None:
            return None
        new = [entry for entry in entries if entry.position > position]
        ids = _changed_ids(shared, new)
        if (
            any(affects_all_records(shared, entry) for entry in new)
            or len(ids) > MAX_CHANGED_RECORDS
        ):
            return None
        if not ids:
            return MissedChanges((), {})
        reader = shared.reader
        rows = await reader.read_before(self._connection, self._placement, ids, position)
        return None if rows is None else MissedChanges(ids, rows)

    async def _read_one(
        self, head: LogPosition, shared: SharedSubscription, entries: Sequence[LogEntry] | None
    ) -> PolledRead | None:
        reader, position = shared.reader, shared.position
        is_same_state = shared.epoch == head.epoch and shared.access == head.access
        if position is None or position > head.position or not is_same_state or entries is None:
            return PolledRead(shared, await reader.all(self._connection, self._placement))
        new = [entry for entry in entries if entry.position > position]
        ids = _changed_ids(shared, new)
        if (
            any(affects_all_records(shared, entry) for entry in new)
            or len(ids) > MAX_CHANGED_RECORDS
        ):
            return PolledRead(shared, await reader.all(self._connection, self._placement))
        if not ids:
            return None
        found = await reader.read_ids(self._connection, self._placement, ids)
        rows = shared.rows_after(ids, found)
        if rows is None:
            rows = await reader.all(self._connection, self._placement)
        return PolledRead(shared, rows)


def _writers(
    entries: Iterable[LogEntry] | None, last: LogPosition | None
) -> frozenset[UUID] | None:
    """The users who wrote the entries since the last poll; None if the entries are unknown."""
    if entries is None:
        return None
    since = 0 if last is None else last.position
    return frozenset(each.user for each in entries if each.user and each.position > since)


def _changed_ids(shared: SharedSubscription, entries: Iterable[LogEntry]) -> list[UUID]:
    """The changed records of the list's own entity."""
    return list({each.record: None for each in entries if each.entity == shared.reader.entity})


def affects_all_records(shared: SharedSubscription, entry: LogEntry) -> bool:
    """Whether a change may affect any record of the list."""
    return entry.is_rights or entry.entity in shared.reader.related

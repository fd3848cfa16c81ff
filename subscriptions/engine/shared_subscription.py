"""One live list with shared messages: its current records, recent deltas and subscribers (D-64)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.codes import Code, Refused
from domain.live import LiveChangeKind, LiveKind
from domain.message import Message
from subscriptions.engine.contracts import ListReader, RecordChange, TextsById
from subscriptions.engine.subscriber import Subscriber

MAX_REPLAY_DELTAS = 256
"""Deltas kept for subscribers that missed them."""
MAX_REPLAY_BYTES = 1024 * 1024
RECORD_OVERHEAD_BYTES = 250
"""Bytes per record in addition to its texts."""
MAX_GAPS = 1_000
"""Ranges of positions without a state that a list remembers."""
DELTA_OVERHEAD_BYTES = 200
"""Bytes per record of a buffered delta in addition to its texts."""
MAX_LIST_BYTES = 2 * 1024 * 1024
"""Maximum bytes of the texts of one list, which are sent to a client at once."""


@dataclass(frozen=True)
class MissedChanges:
    """Changes of a list since a position that the replay buffer does not reach back to."""

    ids: Iterable[UUID]
    """The changed records."""
    texts: TextsById
    """Those of them that were in the list, with their texts at that position."""


@dataclass(frozen=True)
class DeltaRecord:
    """The changes of one delta; several of them are combined into one message."""

    position: int
    """Log position after the delta."""
    before: Mapping[UUID, tuple[bytes, ...] | None]
    """The changed records with their previous texts; None for those that were not in the list."""
    size: int


class SharedSubscription:
    """A live list and its subscribers, as of one position of the log."""

    def __init__(self, reader: ListReader) -> None:
        self.reader = reader
        self.epoch = 0
        self.access = 0
        """The access version under which it was read."""
        self.position: int | None = None
        """None before the first read."""
        self.buffered_since = 0
        """The position from which on all deltas are in the replay buffer."""
        self.subscribers: set[Subscriber] = set()
        self.left_at = 0.0
        """Time at which the last subscriber left, by a monotonic clock."""
        self._records: dict[UUID, tuple[bytes, ...]] = {}
        self._gaps: deque[tuple[int, int]] = deque()
        """Ranges of positions that were passed in one step: the list has no state in between."""
        self.replay_buffer: deque[DeltaRecord] = deque()
        """The changes of recent deltas."""
        self._replay_buffer_size = 0
        self._deltas: dict[int, bytes] = {}
        """Messages for subscribers at a position, created on demand and valid until the next delta."""
        self._texts_size = 0
        self._full_messages: dict[LiveKind, bytes] = {}

    # --- records ------------------------------------------------------------------------------

    def replace_all(self, rows: TextsById, epoch: int, access: int, position: int) -> None:
        """Replace all records as of `position`. Raises Refused if there are too many."""
        if self.position is None or epoch != self.epoch or position < self.position:
            self.epoch, self.access = epoch, access
            self._records, self._texts_size, self.position = {}, 0, position
            self._update(rows, position)
            self._clear_buffers(position)
            for subscriber in self.subscribers:
                subscriber.restart()
            return
        if access != self.access:
            # Messages made under other rights are not sent (D-63). Subscribers that are up to
            # date continue.
            self.access = access
            self._clear_buffers(self._last_delta())
        self.apply_changes({**self._records, **rows}, rows, position)

    def apply_changes(self, ids: Iterable[UUID], rows: TextsById, position: int) -> None:
        """Replace these records by those found as of `position`. Raises Refused if the list is too large."""
        changes = list(_changes(ids, self._records, rows))
        before = {id: self._records.get(id) for _, id, _ in changes}
        for kind, id, _ in changes:
            if kind is LiveChangeKind.LEFT:
                self._texts_size -= _text_bytes(self._records.pop(id))
        at = self._last_delta()
        self._record_gap(position)
        self._update(rows, position)
        if changes:
            self._buffer_delta(at, position, changes, before)

    def reaches(self, cursor: tuple[int, int]) -> bool:
        """Whether all deltas since a position are in the replay buffer."""
        epoch, position = cursor
        current = -1 if self.position is None else self.position
        has_state = not any(start < position < end for start, end in self._gaps)
        return has_state and epoch == self.epoch and self.buffered_since <= position <= current

    @property
    def size(self) -> int:
        """Approximate size in bytes."""
        full_size = sum(map(len, self._full_messages.values()))
        return (
            self._texts_size
            + len(self._records) * RECORD_OVERHEAD_BYTES
            + self._replay_buffer_size
            + full_size
        )

    def _record_gap(self, position: int) -> None:
        """Record the range of positions without a state up to `position`, and trim the buffers."""
        if self.position is not None and position > self.position + 1:
            self._gaps.append((self.position, position))
        while self._gaps and (
            len(self._gaps) > MAX_GAPS or self._gaps[0][1] <= self.buffered_since
        ):
            self.buffered_since = max(self.buffered_since, self._gaps.popleft()[1])
        while self.replay_buffer and self.replay_buffer[0].position <= self.buffered_since:
            self._replay_buffer_size -= self.replay_buffer.popleft().size

    def _update(self, rows: TextsById, position: int) -> None:
        for id, texts in rows.items():
            self._texts_size += _text_bytes(texts) - _text_bytes(self._records.get(id, ()))
        self._records.update(rows)
        self.position = position
        self._check_size()

    def _buffer_delta(
        self,
        at: int,
        position: int,
        changes: list[RecordChange],
        before: Mapping[UUID, tuple[bytes, ...] | None],
    ) -> None:
        """Create the message for subscribers that are up to date with `at`, and buffer the changes for the others."""
        self._full_messages.clear()
        text = self.reader.text(LiveKind.DELTA, self.epoch, position, changes)
        self._deltas = {at: text}
        size = sum(_text_bytes(texts or ()) + DELTA_OVERHEAD_BYTES for texts in before.values())
        self.replay_buffer.append(DeltaRecord(position, before, size))
        self._replay_buffer_size += size
        while (
            len(self.replay_buffer) > MAX_REPLAY_DELTAS
            or self._replay_buffer_size > MAX_REPLAY_BYTES
        ):
            dropped = self.replay_buffer.popleft()
            self.buffered_since = dropped.position
            self._replay_buffer_size -= dropped.size

    def _last_delta(self) -> int:
        """The position of the last delta: the list has not changed since."""
        return self.replay_buffer[-1].position if self.replay_buffer else self.buffered_since

    def _check_size(self) -> None:
        if len(self._records) > self.reader.max_records:
            message = Message(
                "More than {limit} records match this list. Narrow `filter`, or increase `atMost`.",
                limit=self.reader.max_records,
            )
            raise Refused(Code.BAD_USER_INPUT, message)
        if self._texts_size > MAX_LIST_BYTES:
            message = Message(
                "The records of this list take more than {limit} MiB. "
                "Narrow `filter`, or select fewer fields.",
                limit=MAX_LIST_BYTES // 1024**2,
            )
            raise Refused(Code.QUERY_TOO_COMPLEX, message)

    def _clear_buffers(self, position: int) -> None:
        self.replay_buffer.clear()
        self._gaps.clear()
        self._deltas.clear()
        self._full_messages.clear()
        self._replay_buffer_size, self.buffered_since = 0, position

    # --- sending --------------------------------------------------------------------------------

    def send(self, subscriber: Subscriber) -> None:
        """Send a subscriber the pending messages, as far as its socket accepts them.

        Slow subscribers do not delay others: they receive missed changes from the replay buffer, or a
        resync.
        """
        if self.position is None or not subscriber.is_ready():
            return
        at, subscriber.position = subscriber.position, self.position
        if at is None or at < self.buffered_since:
            subscriber.send(self._all(subscriber.next_full_kind))
            subscriber.next_full_kind = LiveKind.RESYNC
        elif at < self._last_delta():
            text = self._since(at)
            if text:
                subscriber.send(text)

    def _since(self, at: int) -> bytes:
        """The changes for a subscriber at a position; none if they cancel out.

        The message contains the current state: rights may forbid the states in between.
        """
        start = next(
            (delta.position for delta in reversed(self.replay_buffer) if delta.position <= at),
            self.buffered_since,
        )
        if start not in self._deltas:
            before: dict[UUID, tuple[bytes, ...] | None] = {}
            for delta in self.replay_buffer:
                if delta.position > at:
                    before = {**delta.before, **before}
            previous = {id: texts for id, texts in before.items() if texts is not None}
            changes = list(_changes(before, previous, self._records))
            current = self.position or 0
            text = (
                self.reader.text(LiveKind.DELTA, self.epoch, current, changes) if changes else b""
            )
            self._deltas[start] = text
        return self._deltas[start]

    def resume(
        self, subscriber: Subscriber, cursor: tuple[int, int] | None, past: MissedChanges | None
    ) -> None:
        """Resume at a cursor if the missed changes are known, otherwise with a resync (D-61)."""
        subscriber.next_full_kind = LiveKind.RESYNC
        is_known = cursor is not None and (self.reaches(cursor) or past is not None)
        if cursor is None or cursor[0] != self.epoch or not is_known or not subscriber.is_ready():
            return
        subscriber.position = cursor[1]
        subscriber.send(self.reader.text(LiveKind.RESUMED, self.epoch, cursor[1], ()))
        if not self.reaches(cursor) and past is not None:
            current = subscriber.position = self.position or 0
            changes = list(_changes(past.ids, past.texts, self._records))
            if changes:
                subscriber.send(self.reader.text(LiveKind.DELTA, self.epoch, current, changes))

    def _all(self, kind: LiveKind) -> bytes:
        """All records in one message."""
        if kind not in self._full_messages:
            entered = LiveChangeKind.ENTERED
            changes = [(entered, id, texts) for id, texts in sorted(self._records.items())]
            position = self.position or 0
            self._full_messages[kind] = self.reader.text(kind, self.epoch, position, changes)
        return self._full_messages[kind]


def _changes(ids: Iterable[UUID], before: TextsById, after: TextsById) -> Iterator[RecordChange]:
    """The changes of these records between two states of a list, in the order of their ids."""
    for id in sorted(ids):
        old, new = before.get(id), after.get(id)
        if new is None:
            if old is not None:
                yield LiveChangeKind.LEFT, id, ()
        elif old is None:
            yield LiveChangeKind.ENTERED, id, new
        elif old != new:
            yield LiveChangeKind.UPDATED, id, new


def _text_bytes(texts: Iterable[bytes]) -> int:
    return sum(map(len, texts))

"""One live list with shared messages: its current records, recent deltas and subscribers (D-64)."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.codes import Code, Refused
from domain.live import LiveKind
from domain.message import Message
from subscriptions.engine.contracts import ListReader, RecordChange, RowsById
from subscriptions.engine.subscriber import Subscriber
from subscriptions.engine.window import WindowState, advance, changes_between, state_of

MAX_REPLAY_DELTAS = 256
"""Deltas kept for subscribers that missed them."""
MAX_REPLAY_BYTES = 1024 * 1024
RECORD_OVERHEAD_BYTES = 600
"""Bytes per record in addition to its texts and the texts it is sorted by."""
MAX_GAPS = 1_000
"""Ranges of positions without a state that a list remembers."""
DELTA_OVERHEAD_BYTES = 200
"""Bytes per record of a buffered delta in addition to its texts."""
ID_BYTES = 8
"""Bytes per record of the order of a buffered delta."""
MAX_LIST_MIB = 2
MAX_LIST_BYTES = MAX_LIST_MIB * 1024 * 1024
"""Maximum bytes of the rows of one window, which are sent to a client at once."""
TOO_LARGE = Message(
    "The list exceeds {limit} MiB after its first {records} records. Send a smaller `first`, or select "
    "fewer fields."
)


@dataclass(frozen=True)
class MissedChanges:
    """Changes of a list since a position that the replay buffer does not reach back to."""

    ids: Collection[UUID]
    """The changed records."""
    rows: RowsById
    """Those of them that matched the list at that position, as they were then."""


@dataclass(frozen=True)
class DeltaRecord:
    """The changes of one delta; several of them are combined into one message."""

    position: int
    """Log position after the delta."""
    before: Mapping[UUID, tuple[bytes, ...] | None]
    """The changed records with their previous texts; None for those that were not in the window."""
    order: tuple[UUID, ...] | None
    """The previous ids of the window in order; None if they are the same."""
    had_more: bool
    """Whether records followed the window before."""
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
        self._held: RowsById = {}
        """The rows of the window in order, and one more if more follow."""
        self._state = WindowState({}, has_more=False)
        self._gaps: deque[tuple[int, int]] = deque()
        """Ranges of positions that were passed in one step: the list has no state in between."""
        self.replay_buffer: deque[DeltaRecord] = deque()
        """The changes of recent deltas."""
        self._replay_buffer_size = 0
        self._deltas: dict[int, bytes] = {}
        """Messages for subscribers at a position, created on demand and valid until the next delta."""
        self._rows_size = 0
        self._full_messages: dict[LiveKind, bytes] = {}

    # --- records ------------------------------------------------------------------------------

    def replace_all(self, rows: RowsById, epoch: int, access: int, position: int) -> None:
        """Replace the rows by those as of `position`. Raises Refused if they are too large."""
        if self.position is None or epoch != self.epoch or position < self.position:
            self.epoch, self.access = epoch, access
            self._clear_buffers(position)
            self._set_rows(rows, position)
            for subscriber in self.subscribers:
                subscriber.restart()
            return
        if access != self.access:
            # Messages made under other rights are not sent (D-63). Subscribers that are up to
            # date continue.
            self.access = access
            self._clear_buffers(self._last_delta())
        before, at = self._state, self._last_delta()
        self._record_gap(position)
        if rows is self._held:
            self.position = position
            return
        self._set_rows(rows, position)
        changes = changes_between(before.texts, self._state.texts)
        if changes or (self.reader.shows_more and before.has_more != self._state.has_more):
            self._buffer_delta(at, position, changes, before)

    def rows_after(self, ids: Collection[UUID], found: RowsById) -> RowsById | None:
        """The rows after these records changed; `found` are those that match now. None if the window must be read again."""
        return advance(self._held, self.reader.max_records, ids, found)

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
            self._rows_size
            + len(self._held) * RECORD_OVERHEAD_BYTES
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

    def _set_rows(self, rows: RowsById, position: int) -> None:
        self._held, self.position = rows, position
        self._state = state_of(rows, self.reader.max_records)
        self._rows_size = sum(row.size for row in rows.values())
        self._full_messages.clear()
        self._check_size()

    def _buffer_delta(
        self,
        at: int,
        position: int,
        changes: list[RecordChange],
        before: WindowState,
    ) -> None:
        """Create the message for subscribers that are up to date with `at`, and buffer the changes for the others."""
        self._deltas = {at: self._delta(changes)}
        texts = {id: before.texts.get(id) for _, id, _, _ in changes}
        ids = tuple(before.texts)
        order = None if ids == tuple(self._state.texts) else ids
        size = sum(sum(map(len, each or ())) + DELTA_OVERHEAD_BYTES for each in texts.values())
        size += ID_BYTES * len(order or ())
        delta = DeltaRecord(position, texts, order, before.has_more, size)
        self.replay_buffer.append(delta)
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
        """Refuse a window that is too large for one message."""
        if self._rows_size <= MAX_LIST_BYTES:
            return
        records, total = 0, 0
        for row in self._held.values():
            total += row.size
            if total > MAX_LIST_BYTES:
                break
            records += 1
        raise Refused(
            Code.LIST_TOO_LONG, TOO_LARGE.fill(records=records, limit=MAX_LIST_MIB), limit=records
        )

    def _clear_buffers(self, position: int) -> None:
        self.replay_buffer.clear()
        self._gaps.clear()
        self._deltas.clear()
        self._full_messages.clear()
        self._replay_buffer_size, self.buffered_since = 0, position

    def expect_position(self, writers: Collection[UUID] | None) -> None:
        """Send the position to those of these users who subscribe, even without changes; None for all users."""
        if self.reader.shows_position:
            for subscriber in self.subscribers:
                if writers is None or subscriber.member.user in writers:
                    subscriber.owes_position = True

    # --- sending --------------------------------------------------------------------------------

    def send(self, subscriber: Subscriber) -> None:
        """Send a subscriber the pending messages, as far as its socket accepts them.

        Slow subscribers do not delay others: they receive missed changes from the replay buffer, or a
        resync.
        """
        if self.position is None or not subscriber.is_ready():
            return
        at, subscriber.position = subscriber.position, self.position
        owes, subscriber.owes_position = subscriber.owes_position, False
        if at is None or at < self.buffered_since:
            subscriber.send(self._all(subscriber.next_full_kind))
            subscriber.next_full_kind = LiveKind.RESYNC
            return
        text = self._since(at) if at < self._last_delta() else b""
        if text or (owes and at < self.position):
            subscriber.send(text or self._delta(()))

    def _since(self, at: int) -> bytes:
        """The changes for a subscriber at a position; none if they cancel out.

        The message contains the current state: rights may forbid the states in between.
        """
        start = next(
            (delta.position for delta in reversed(self.replay_buffer) if delta.position <= at),
            self.buffered_since,
        )
        if start not in self._deltas:
            before = self._state_at(at)
            changes = changes_between(before.texts, self._state.texts)
            differs = self.reader.shows_more and before.has_more != self._state.has_more
            self._deltas[start] = self._delta(changes) if changes or differs else b""
        return self._deltas[start]

    def _state_at(self, at: int) -> WindowState:
        """The state at an earlier position that the replay buffer reaches back to."""
        missed = [delta for delta in self.replay_buffer if delta.position > at]
        if not missed:
            return self._state
        texts: dict[UUID, tuple[bytes, ...] | None] = {}
        for delta in missed:
            for id, before in delta.before.items():
                texts.setdefault(id, before)
        orders = (delta.order for delta in missed if delta.order is not None)
        order = next(orders, tuple(self._state.texts))
        known = {**self._state.texts, **texts}
        then = {id: known[id] or () for id in order}
        return WindowState(then, missed[0].had_more)

    def _delta(self, changes: Iterable[RecordChange]) -> bytes:
        position, more = self.position or 0, self._state.has_more
        return self.reader.text(LiveKind.DELTA, self.epoch, position, changes, has_more=more)

    def resume(
        self, subscriber: Subscriber, cursor: tuple[int, int] | None, past: MissedChanges | None
    ) -> None:
        """Resume at a cursor if the missed changes are known, otherwise with a resync (D-61)."""
        subscriber.next_full_kind = LiveKind.RESYNC
        if cursor is None or cursor[0] != self.epoch or not subscriber.is_ready():
            return
        is_buffered = self.reaches(cursor)
        before = self._state_at(cursor[1]) if is_buffered else self._state_before(past)
        if before is None:
            return
        text = self.reader.text(
            LiveKind.RESUMED, self.epoch, cursor[1], (), has_more=before.has_more
        )
        subscriber.position = cursor[1]
        subscriber.send(text)
        if not is_buffered:
            subscriber.position = self.position or 0
            changes = changes_between(before.texts, self._state.texts)
            if changes or (self.reader.shows_more and before.has_more != self._state.has_more):
                subscriber.send(self._delta(changes))

    def _state_before(self, past: MissedChanges | None) -> WindowState | None:
        """The state before missed changes; None if it is unknown, or contained rows that are not held now."""
        if past is None:
            return None
        size, exact = self.reader.max_records, self.reader.shows_more
        rows = advance(self._held, size, past.ids, past.rows, only_visible=not exact)
        return None if rows is None else state_of(rows, size)

    def _all(self, kind: LiveKind) -> bytes:
        """All records of the window in one message."""
        if kind not in self._full_messages:
            changes = changes_between({}, self._state.texts)
            position, more = self.position or 0, self._state.has_more
            text = self.reader.text(kind, self.epoch, position, changes, has_more=more)
            self._full_messages[kind] = text
        return self._full_messages[kind]

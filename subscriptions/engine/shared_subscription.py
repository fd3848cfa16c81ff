"""One live list, told alike to everybody who follows it: what it holds now, what was told lately, and who is told (D-64)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.codes import Code, Refused
from domain.live import LiveChangeKind, LiveKind
from subscriptions.engine.contracts import Changed, ListReader, Texts
from subscriptions.engine.subscriber import Subscriber

RING = 256
"""Deltas that are kept for those who missed them."""
RING_BYTES = 1024 * 1024
RECORD_BYTES = 250
"""What a record that is held takes besides its texts."""
LEAPS = 1_000
STEP_BYTES = 200
"""What a record in a step takes besides its texts."""
LIST_BYTES = 2 * 1024 * 1024
"""What the texts of one list may take: as much is sent to a client at once."""


@dataclass(frozen=True)
class MissedChanges:
    """What became of a list since a position that the ring does not reach back to."""

    ids: Iterable[UUID]
    """The records that changed."""
    texts: Texts
    """Those of them that were in the list, as they were told then."""


@dataclass(frozen=True)
class DeltaRecord:
    """What one delta changed, from which it is made out what several of them changed."""

    position: int
    """Up to where it tells."""
    before: Mapping[UUID, tuple[bytes, ...] | None]
    """The records that it tells of, as they were told before; None for those that were not in the list."""
    size: int


class SharedSubscription:
    """A live list and its listeners. All of it stands at one position of the log."""

    def __init__(self, watch: ListReader) -> None:
        self.watch = watch
        self.epoch = 0
        self.access = 0
        """The version of rights under which it was read."""
        self.position: int | None = None
        """None before it was read."""
        self.low = 0
        """The position from which on everything that was told is still in the ring."""
        self.subscribers: set[Subscriber] = set()
        self.left_at = 0.0
        """When nobody listened any more, by a clock that never goes back."""
        self._held: dict[UUID, tuple[bytes, ...]] = {}
        self._leaps: deque[tuple[int, int]] = deque()
        """From where to where it went at once: in between, it never stood."""
        self.ring: deque[DeltaRecord] = deque()
        """What the last deltas changed."""
        self._replay_buffer_size = 0
        self._deltas: dict[int, bytes] = {}
        """What is told to those who stand at a position; made when it is needed, and good until the next delta."""
        self._texts_size = 0
        self._whole: dict[LiveKind, bytes] = {}

    # --- what it holds ---------------------------------------------------------------------------

    def reread(self, found: Texts, epoch: int, access: int, position: int) -> None:
        """It holds these records from `position` on. Raises Refused if they are too many."""
        if self.position is None or epoch != self.epoch or position < self.position:
            self.epoch, self.access = epoch, access
            self._held, self._texts_size, self.position = {}, 0, position
            self._take(found, position)
            self._forget(position)
            for subscriber in self.subscribers:
                subscriber.restart()
            return
        if access != self.access:
            # What was told under other rights is told to nobody any more (D-63). Who was told all of it goes on.
            self.access = access
            self._forget(self._told_at())
        self.read_some({**self._held, **found}, found, position)

    def read_some(self, ids: Iterable[UUID], found: Texts, position: int) -> None:
        """Of these records, it holds those found from `position` on. Raises Refused if it grew too large."""
        changes = list(_changes(ids, self._held, found))
        before = {id: self._held.get(id) for _, id, _ in changes}
        for kind, id, _ in changes:
            if kind is LiveChangeKind.LEFT:
                self._texts_size -= _bytes(self._held.pop(id))
        at = self._told_at()
        self._leap(position)
        self._take(found, position)
        if changes:
            self._remember(at, position, changes, before)

    def reaches(self, place: tuple[int, int]) -> bool:
        """Whether everything that was told since then is in the ring."""
        epoch, position = place
        here = -1 if self.position is None else self.position
        stood = not any(start < position < end for start, end in self._leaps)
        return stood and epoch == self.epoch and self.low <= position <= here

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        whole = sum(map(len, self._whole.values()))
        return self._texts_size + len(self._held) * RECORD_BYTES + self._replay_buffer_size + whole

    def _leap(self, position: int) -> None:
        """It goes on to a position, past what happened before it."""
        if self.position is not None and position > self.position + 1:
            self._leaps.append((self.position, position))
        while self._leaps and (len(self._leaps) > LEAPS or self._leaps[0][1] <= self.low):
            self.low = max(self.low, self._leaps.popleft()[1])
        while self.ring and self.ring[0].position <= self.low:
            self._replay_buffer_size -= self.ring.popleft().size

    def _take(self, found: Texts, position: int) -> None:
        for id, texts in found.items():
            self._texts_size += _bytes(texts) - _bytes(self._held.get(id, ()))
        self._held.update(found)
        self.position = position
        self._refuse_too_much()

    def _remember(
        self,
        at: int,
        position: int,
        changes: list[Changed],
        before: Mapping[UUID, tuple[bytes, ...] | None],
    ) -> None:
        """A delta, for those who were told everything up to `at`, and for those who were not."""
        self._whole.clear()
        text = self.watch.text(LiveKind.DELTA, self.epoch, position, changes)
        self._deltas = {at: text}
        size = sum(_bytes(texts or ()) + STEP_BYTES for texts in before.values())
        self.ring.append(DeltaRecord(position, before, size))
        self._replay_buffer_size += size
        while len(self.ring) > RING or self._replay_buffer_size > RING_BYTES:
            dropped = self.ring.popleft()
            self.low = dropped.position
            self._replay_buffer_size -= dropped.size

    def _told_at(self) -> int:
        """The position of the last delta: nothing differs between there and where the list stands."""
        return self.ring[-1].position if self.ring else self.low

    def _refuse_too_much(self) -> None:
        if len(self._held) > self.watch.most:
            message = (
                f"More than {self.watch.most} records belong to this list. "
                "Narrow `filter`, or allow for more with `atMost`."
            )
            raise Refused(Code.BAD_USER_INPUT, message)
        if self._texts_size > LIST_BYTES:
            message = (
                f"The texts of this list take more than {LIST_BYTES // 1024**2} MiB. "
                "Narrow `filter`, or select less of each record."
            )
            raise Refused(Code.QUERY_TOO_COMPLEX, message)

    def _forget(self, position: int) -> None:
        self.ring.clear()
        self._leaps.clear()
        self._deltas.clear()
        self._whole.clear()
        self._replay_buffer_size, self.low = 0, position

    # --- who is told -----------------------------------------------------------------------------

    def tell(self, subscriber: Subscriber) -> None:
        """Send a listener what he has not been sent yet, as far as his socket takes it.

        Nothing waits for a slow one: he finds what he missed in the ring, or is told everything anew.
        """
        if self.position is None or not subscriber.is_ready():
            return
        at, subscriber.at = subscriber.at, self.position
        if at is None or at < self.low:
            subscriber.tell(self._all(subscriber.begins))
            subscriber.begins = LiveKind.RESYNC
        elif at < self._told_at():
            text = self._since(at)
            if text:
                subscriber.tell(text)

    def _since(self, at: int) -> bytes:
        """What is different for somebody who stands at a position; nothing, if it only came and went.

        He is told how it is now: what he was not told in time, he may not be allowed to know any more.
        """
        start = next((s.position for s in reversed(self.ring) if s.position <= at), self.low)
        if start not in self._deltas:
            before: dict[UUID, tuple[bytes, ...] | None] = {}
            for step in self.ring:
                if step.position > at:
                    before = {**step.before, **before}
            was = {id: texts for id, texts in before.items() if texts is not None}
            changes = list(_changes(before, was, self._held))
            here = self.position or 0
            text = self.watch.text(LiveKind.DELTA, self.epoch, here, changes) if changes else b""
            self._deltas[start] = text
        return self._deltas[start]

    def resume(
        self, subscriber: Subscriber, place: tuple[int, int] | None, past: MissedChanges | None
    ) -> None:
        """Begin where a cursor says, if it is known what was missed; with everything anew if not (D-61)."""
        subscriber.begins = LiveKind.RESYNC
        known = place is not None and (self.reaches(place) or past is not None)
        if place is None or place[0] != self.epoch or not known or not subscriber.is_ready():
            return
        subscriber.at = place[1]
        subscriber.tell(self.watch.text(LiveKind.RESUMED, self.epoch, place[1], ()))
        if not self.reaches(place) and past is not None:
            here = subscriber.at = self.position or 0
            changes = list(_changes(past.ids, past.texts, self._held))
            if changes:
                subscriber.tell(self.watch.text(LiveKind.DELTA, self.epoch, here, changes))

    def _all(self, kind: LiveKind) -> bytes:
        """Everything it holds, as one message."""
        if kind not in self._whole:
            entered = LiveChangeKind.ENTERED
            everything = [(entered, id, texts) for id, texts in sorted(self._held.items())]
            place = self.position or 0
            self._whole[kind] = self.watch.text(kind, self.epoch, place, everything)
        return self._whole[kind]


def _changes(ids: Iterable[UUID], before: Texts, after: Texts) -> Iterator[Changed]:
    """What became of these records between two moments of a list, in the order of their ids."""
    for id in sorted(ids):
        old, new = before.get(id), after.get(id)
        if new is None:
            if old is not None:
                yield LiveChangeKind.LEFT, id, ()
        elif old is None:
            yield LiveChangeKind.ENTERED, id, new
        elif old != new:
            yield LiveChangeKind.UPDATED, id, new


def _bytes(texts: Iterable[bytes]) -> int:
    return sum(map(len, texts))

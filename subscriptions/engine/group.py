"""One live list, told alike to everybody who follows it: what it holds now, what was told lately, and who is told (D-64)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from domain.codes import Code, Refused
from domain.live import LiveChangeKind, LiveKind
from subscriptions.engine.contracts import Changed, Texts, Watch
from subscriptions.engine.listener import Listener

RING = 256
"""Deltas that are kept for those who missed them."""
RING_BYTES = 1024 * 1024
LIST_BYTES = 2 * 1024 * 1024
"""What the texts of one list may take: as much is sent to a client at once."""


@dataclass(frozen=True)
class Past:
    """What became of a list since a position that the ring does not reach back to."""

    ids: Iterable[UUID]
    """The records that changed."""
    texts: Texts
    """Those of them that were in the list, as they were told then."""


class Group:
    """A live list and its listeners. All of it stands at one position of the log."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.epoch = 0
        self.access = 0
        """The version of rights under which it was read."""
        self.position: int | None = None
        """None before it was read."""
        self.low = 0
        """The position from which on everything that was told is still in the ring."""
        self.listeners: set[Listener] = set()
        self.left_at = 0.0
        """When nobody listened any more, by a clock that never goes back."""
        self._held: dict[UUID, tuple[bytes, ...]] = {}
        self.ring: deque[tuple[int, bytes]] = deque()
        """The last deltas, with the positions up to which they tell."""
        self._ring_size = 0
        self.size = 0
        """Bytes of the texts it holds."""
        self._whole: dict[LiveKind, bytes] = {}

    # --- what it holds ---------------------------------------------------------------------------

    def read_anew(self, found: Texts, epoch: int, access: int, position: int) -> None:
        """It holds these records from `position` on. Raises Refused if they are too many."""
        if self.position is None or epoch != self.epoch:
            self.epoch, self.access = epoch, access
            self._held, self.size, self.position = {}, 0, position
            self._take(found, [], position)
            self._forget(position)
            for listener in self.listeners:
                listener.restart()
            return
        if access != self.access:
            # What was told under other rights is told to nobody any more (D-63).
            self.access = access
            self._forget(self.position)
        self.read_some({**self._held, **found}, found, position)

    def read_some(self, ids: Iterable[UUID], found: Texts, position: int) -> None:
        """Of these records, it holds those found from `position` on. Raises Refused if it grew too large."""
        changes = list(_changes(ids, self._held, found))
        for kind, id, _ in changes:
            if kind is LiveChangeKind.LEFT:
                self.size -= _bytes(self._held.pop(id))
        self._take(found, changes, position)

    def reaches(self, place: tuple[int, int]) -> bool:
        """Whether everything that was told since then is in the ring."""
        epoch, position = place
        here = -1 if self.position is None else self.position
        return epoch == self.epoch and self.low <= position <= here

    def _take(self, found: Texts, changes: list[Changed], position: int) -> None:
        for id, texts in found.items():
            self.size += _bytes(texts) - _bytes(self._held.get(id, ()))
        self._held.update(found)
        self.position = position
        self._refuse_too_much()
        if changes:
            text = self.watch.text(LiveKind.DELTA, self.epoch, position, changes)
            self._whole.clear()
            self.ring.append((position, text))
            self._ring_size += len(text)
            while len(self.ring) > RING or self._ring_size > RING_BYTES:
                self.low, dropped = self.ring.popleft()
                self._ring_size -= len(dropped)

    def _refuse_too_much(self) -> None:
        if len(self._held) > self.watch.most:
            message = (
                f"More than {self.watch.most} records belong to this list. "
                "Narrow `filter`, or allow for more with `atMost`."
            )
            raise Refused(Code.BAD_USER_INPUT, message)
        if self.size > LIST_BYTES:
            message = (
                f"The texts of this list take more than {LIST_BYTES // 1024**2} MiB. "
                "Narrow `filter`, or select less of each record."
            )
            raise Refused(Code.QUERY_TOO_COMPLEX, message)

    def _forget(self, position: int) -> None:
        self.ring.clear()
        self._whole.clear()
        self._ring_size, self.low = 0, position

    # --- who is told -----------------------------------------------------------------------------

    def tell(self, listener: Listener) -> None:
        """Send a listener what he has not been sent yet, as far as his socket takes it.

        Nothing waits for a slow one: he finds what he missed in the ring, or is told everything anew.
        """
        while self.position is not None and listener.is_ready():
            if listener.at is None or listener.at < self.low:
                listener.tell(self._all(listener.begins))
                listener.begins, listener.at = LiveKind.RESYNC, self.position
                continue
            missed = self._after(listener.at)
            if missed is None:
                return
            listener.at = missed[0]
            listener.tell(missed[1])

    def _after(self, position: int) -> tuple[int, bytes] | None:
        """The first delta after a position. Nearly always it is the last one, or there is none."""
        if not self.ring or self.ring[-1][0] <= position:
            return None
        if len(self.ring) == 1 or self.ring[-2][0] <= position:
            return self.ring[-1]
        return next(each for each in self.ring if each[0] > position)

    def resume(self, listener: Listener, place: tuple[int, int] | None, past: Past | None) -> None:
        """Begin where a cursor says, if it is known what was missed; with everything anew if not (D-61)."""
        listener.begins = LiveKind.RESYNC
        if place is None or place[0] != self.epoch or not (self.reaches(place) or past):
            return
        listener.at = place[1]
        listener.tell(self.watch.text(LiveKind.RESUMED, self.epoch, place[1], ()))
        if not self.reaches(place) and past is not None:
            here = listener.at = self.position or 0
            changes = list(_changes(past.ids, past.texts, self._held))
            if changes:
                listener.tell(self.watch.text(LiveKind.DELTA, self.epoch, here, changes))

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

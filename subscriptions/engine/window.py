"""The window of a live list: its first records in order, how changed records alter it, and the changes between two states."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.live import LiveChangeKind
from subscriptions.engine.contracts import Place, RecordChange, Row, RowsById

Texts = Mapping[UUID, tuple[bytes, ...]]


@dataclass(frozen=True)
class WindowState:
    """What subscribers see of a list at one position: the texts of the records in order, and whether more follow."""

    texts: Texts
    has_more: bool


def advance(
    held: RowsById, size: int, ids: Collection[UUID], found: RowsById, *, only_visible: bool = False
) -> RowsById | None:
    """The rows after changes of the records `ids`, of which `found` match the list now.

    `held` are the first `size + 1` rows in order; the last one shows that there are more. None if
    rows that are not held move up. With `only_visible`, the last one may be missing from the result.
    """
    beyond = len(held) > size
    if beyond:
        last = held[next(reversed(held))].place
        found = {id: row for id, row in found.items() if not last < row.place}
    changed = set(ids)
    if not found and held.keys().isdisjoint(changed):
        return held
    rows = [item for item in held.items() if item[0] not in changed]
    rows += found.items()
    if beyond and len(rows) < size + (not only_visible):
        return None
    rows.sort(key=_place)
    return dict(rows[: size + 1])


def _place(item: tuple[UUID, Row]) -> Place:
    return item[1].place


def state_of(held: RowsById, size: int) -> WindowState:
    """What subscribers see of the held rows."""
    visible = list(held.items())[:size]
    return WindowState({id: row.texts for id, row in visible}, len(held) > size)


def changes_between(before: Texts, after: Texts) -> list[RecordChange]:
    """The changes that turn one state into another: removed records by id, then the others in their new order.

    Applied one by one, each at the place after its predecessor, they result in the new order.
    """
    changes: list[RecordChange] = [
        (LiveChangeKind.LEFT, id, None, ()) for id in sorted(before.keys() - after.keys())
    ]
    same = {id for id, texts in after.items() if before.get(id) == texts}
    moved = _moved([id for id in before if id in same], [id for id in after if id in same])
    previous: UUID | None = None
    for id, texts in after.items():
        old = before.get(id)
        if old is None:
            changes.append((LiveChangeKind.ENTERED, id, previous, texts))
        elif id not in same or id in moved:
            changes.append((LiveChangeKind.UPDATED, id, previous, texts))
        previous = id
    return changes


def _moved(before: Sequence[UUID], after: Sequence[UUID]) -> set[UUID]:
    """The fewest of these records whose moves lead from one order to the other."""
    if before == after:
        return set()
    places = {id: place for place, id in enumerate(before)}
    kept = _longest_ascending([places[id] for id in after])
    return {id for id in after if places[id] not in kept}


def _longest_ascending(numbers: Sequence[int]) -> set[int]:
    """A longest ascending subsequence of different numbers."""
    ends: list[int] = []
    """The smallest last number of a subsequence of each length."""
    previous: dict[int, int | None] = {}
    for number in numbers:
        length = bisect_left(ends, number)
        previous[number] = ends[length - 1] if length else None
        ends[length : length + 1] = [number]
    kept: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = previous[last]
    return kept

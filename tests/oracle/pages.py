"""Pages of a list, forward from its start or backward from its end (X-01, D-38)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.oracle.lists import Key, Reader, Refused, compare_values
from tests.proof.rows import Row

PAGE = 25
MOST = 100
MAX_COUNT = 100_000


@dataclass(frozen=True)
class Cursor:
    """Stand-in for an opaque cursor of a record."""

    entity: str
    identity: UUID


@dataclass(frozen=True)
class Page:
    """Consecutive records of a list, and whether more precede or follow."""

    rows: list[Row]
    before: bool
    after: bool

    def info(self, entity: str) -> dict[str, Any]:
        ends: list[Cursor | None] = [Cursor(entity, row["id"]) for row in self.rows]
        ends = ends or [None]
        return {
            "hasPreviousPage": self.before,
            "hasNextPage": self.after,
            "startCursor": ends[0],
            "endCursor": ends[-1],
        }


@dataclass(frozen=True)
class OrderedList:
    """A sorted list with the records of known cursors."""

    reader: Reader
    entity: str
    rows: list[Row]
    keys: list[Key]
    cursors: Mapping[str, Cursor]

    def page(self, arguments: Mapping[str, Any]) -> Page:
        """The page for these arguments; null is the same as absent."""
        first, last = arguments.get("first"), arguments.get("last")
        after, before = arguments.get("after"), arguments.get("before")
        part = self.rows
        if after is not None:
            part = [row for row, side in self._sides(part, after) if side > 0]
        if before is not None:
            part = [row for row, side in self._sides(part, before) if side < 0]
        backward = last is not None or (first is None and after is None and before is not None)
        size = first or last or PAGE
        if backward:
            return Page(part[-size:], after is not None or len(part) > size, before is not None)
        return Page(part[:size], after is not None, before is not None or len(part) > size)

    def _sides(self, rows: list[Row], cursor: str) -> Iterator[tuple[Row, int]]:
        """Each record with its side of the cursor: negative before, positive after; the cursor may be of another list."""
        placed = self.reader.viewer.rows[self.entity][self.cursors[cursor].identity]
        place = self.reader.sort_values(self.entity, placed, self.keys)
        for row in rows:
            key = self.reader.sort_values(self.entity, row, self.keys)
            yield row, compare_values(self.keys, key, place)


def refused_page(arguments: Mapping[str, Any]) -> Iterator[Refused]:
    """Refusal of a page size outside 1 to 100, or of `first` together with `last`."""
    sizes = [arguments[name] for name in ("first", "last") if arguments.get(name) is not None]
    if len(sizes) == 2 or any(not 1 <= size <= MOST for size in sizes):
        yield "BAD_USER_INPUT", f"first, last: {sizes}"


def refused_count(arguments: Mapping[str, Any]) -> Iterator[Refused]:
    """Refusal of an `atMost` of `totalCount` outside its limits."""
    most = arguments.get("atMost")
    if most is not None and not 1 <= most <= MAX_COUNT:
        yield "BAD_USER_INPUT", f"atMost: {most}"

"""Which records of a list are on a page, read from its beginning or from its end (X-01, D-38)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.oracle.lists import Key, Reader, Refused, compare_values
from tests.proof.rows import Row

PAGE = 25
MOST = 100
MOST_COUNTED = 100_000


@dataclass(frozen=True)
class Cursor:
    """Some cursor: it is opaque, but it is that of this record."""

    entity: str
    identity: UUID


@dataclass(frozen=True)
class Page:
    """Some records in a row, and whether there are more on either side."""

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
class Whole:
    """A list in its order, and what cursors of it stand for."""

    reader: Reader
    entity: str
    rows: list[Row]
    keys: list[Key]
    cursors: Mapping[str, Cursor]

    def page(self, arguments: Mapping[str, Any]) -> Page:
        """The page that these arguments ask for; null is as good as not given."""
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
        """On which side of a record's place each lies, be that one in this list or in one beside it."""
        placed = self.reader.sight.rows[self.entity][self.cursors[cursor].identity]
        place = self.reader.sort_values(self.entity, placed, self.keys)
        for row in rows:
            own = self.reader.sort_values(self.entity, row, self.keys)
            yield row, compare_values(self.keys, own, place)


def refused_page(arguments: Mapping[str, Any]) -> Iterator[Refused]:
    """Sizes that there are not, and two at once."""
    sizes = [arguments[name] for name in ("first", "last") if arguments.get(name) is not None]
    if len(sizes) == 2 or any(not 1 <= size <= MOST for size in sizes):
        yield "BAD_USER_INPUT", f"first, last: {sizes}"


def refused_count(arguments: Mapping[str, Any]) -> Iterator[Refused]:
    """A `totalCount` that is to be counted up to nothing, or too far."""
    most = arguments.get("atMost")
    if most is not None and not 1 <= most <= MOST_COUNTED:
        yield "BAD_USER_INPUT", f"atMost: {most}"

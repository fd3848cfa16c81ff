"""What the demonstration's rows have in common: lasting ids, and times that differ by tenant."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from db.api import MODEL
from db.engine.base import Record

Row = dict[str, Any]
Rows = Mapping[str, Sequence[Row]]
"""Rows by table. All rows of a table have the same columns."""

EPOCH_MS = 1_735_689_600_000  # the first moment of 2025, so that real ids sort after these
STEP_MS = 3_600_000
OLDEST_DAYS = 420


def made_id(table: str, number: int) -> UUID:
    """The id of a row by its number: a version 7 like a real one, the same in every tenant."""
    moment = EPOCH_MS + number * STEP_MS
    hashed = int.from_bytes(hashlib.sha256(f"{table}:{number}".encode()).digest()[:10])
    high, low = (hashed >> 62) & 0xFFF, hashed & ((1 << 62) - 1)
    return UUID(int=(moment << 80) | (7 << 76) | (high << 64) | (2 << 62) | low)


def subjects(record: type[Record], made: Mapping[str, Sequence[Row]]) -> tuple[str, ...]:
    """The columns with what a record is on, such as an activity, of those tables that the demonstration fills."""
    found = (each for each in MODEL.of(record).subjects if each.record.__tablename__ in made)
    return tuple(each.column.key for each in found)


def chance(*of: str) -> random.Random:
    """Draws that depend on nothing but what they are for."""
    return random.Random(":".join(of))  # noqa: S311 - invented data, nothing secret


@dataclass
class Draw:
    """A tenant's draws for one table. The slug is a part of the seed, so others draw otherwise."""

    slug: str
    table: str
    now: date
    rng: random.Random = field(init=False)
    _last: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.rng = chance(self.slug, self.table)

    def key(self, number: int) -> Row:
        """The column `id`."""
        return {"id": made_id(self.table, number)}

    def stamps(self, *, deleted: bool = False) -> Row:
        """When it was made, changed and deleted, and how often; a few rows are made together."""
        rng = self.rng
        created = self._last if self._last and rng.random() < 0.03 else self._moment()
        self._last, edits = created, rng.choices((0, 1, 2, 5), (6, 3, 2, 1))[0]
        updated = created + timedelta(minutes=edits * rng.randint(1, 400), microseconds=edits)
        gone = updated + timedelta(hours=rng.randint(1, 40), microseconds=rng.randrange(10**6))
        return {
            "version": 1 + edits,
            "created_at": created,
            "updated_at": updated,
            "deleted_at": gone if deleted else None,
        }

    def stamps_within(self, *parents: Row, deleted: bool = False) -> Row:
        """Those of a part: what lies in the bin with one of its wholes was made and changed with it, too."""
        own = self.stamps(deleted=deleted)
        gone = next((whole for whole in parents if whole["deleted_at"] is not None), None)
        return own if gone is None else {name: gone[name] for name in own}

    def note(self, phrases: Sequence[str]) -> str | None:
        """The file number begins with the tenant's slug, so a note in a wrong place is seen by eye."""
        phrase, file = self.rng.choice(phrases), self.rng.randrange(10_000)
        note = f"{phrase} (file {self.slug.upper()}-{file:04})"
        return self.rng.choices((note, None, ""), (65, 32, 3))[0]

    def day(self, earliest: int, latest: int) -> date:
        """A day so many days from the demonstration's; those before it are negative."""
        return self.now + timedelta(days=self.rng.randint(earliest, latest))

    def _moment(self) -> datetime:
        """Three days ago at the latest, so that nothing that follows it lies in the future."""
        midnight = datetime.combine(self.now, time(), UTC)
        back = timedelta(days=self.rng.randint(4, OLDEST_DAYS))
        return midnight - back + timedelta(microseconds=self.rng.randrange(86_400 * 10**6))

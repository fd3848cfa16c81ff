"""Helpers for the demonstration's rows: fixed ids, random values and timestamps."""

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

EPOCH_MS = 1_735_689_600_000  # start of 2025, so that real ids sort after these
STEP_MS = 3_600_000
OLDEST_DAYS = 420


def made_id(table: str, number: int) -> UUID:
    """The id of a row by its number: a UUID version 7, equal in every tenant."""
    moment = EPOCH_MS + number * STEP_MS
    hashed = int.from_bytes(hashlib.sha256(f"{table}:{number}".encode()).digest()[:10])
    high, low = (hashed >> 62) & 0xFFF, hashed & ((1 << 62) - 1)
    return UUID(int=(moment << 80) | (7 << 76) | (high << 64) | (2 << 62) | low)


def subjects(record: type[Record], made: Mapping[str, Sequence[Row]]) -> tuple[str, ...]:
    """The columns with the subject of a record, such as an activity, limited to tables in `made`."""
    filled = (each for each in MODEL.of(record).subjects if each.record.__tablename__ in made)
    return tuple(each.column.key for each in filled)


def chance(*of: str) -> random.Random:
    """A random generator that is seeded with these strings only."""
    return random.Random(":".join(of))  # noqa: S311 - invented data, nothing secret


@dataclass
class Draw:
    """A tenant's random values for one table. The slug is part of the seed, so tenants differ."""

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
        """The columns `version`, `created_at`, `updated_at`, `deleted_at`; a few rows have equal creation times."""
        rng = self.rng
        created = self._last if self._last and rng.random() < 0.03 else self._moment()
        self._last, edits = created, rng.choices((0, 1, 2, 5), (6, 3, 2, 1))[0]
        updated = created + timedelta(minutes=edits * rng.randint(1, 400), microseconds=edits)
        trashed = updated + timedelta(hours=rng.randint(1, 40), microseconds=rng.randrange(10**6))
        return {
            "version": 1 + edits,
            "created_at": created,
            "updated_at": updated,
            "deleted_at": trashed if deleted else None,
        }

    def stamps_within(self, *parents: Row, deleted: bool = False) -> Row:
        """The same columns for a child: if a parent is in the trash, the parent's values."""
        own = self.stamps(deleted=deleted)
        trashed = next((each for each in parents if each["deleted_at"] is not None), None)
        return own if trashed is None else {name: trashed[name] for name in own}

    def note(self, phrases: Sequence[str]) -> str | None:
        """A note that contains the tenant's slug, so that a leaked note is recognizable; sometimes None or empty."""
        phrase, file = self.rng.choice(phrases), self.rng.randrange(10_000)
        note = f"{phrase} (file {self.slug.upper()}-{file:04})"
        return self.rng.choices((note, None, ""), (65, 32, 3))[0]

    def day(self, earliest: int, latest: int) -> date:
        """A random day, `earliest` to `latest` days after `now`; negative numbers are before it."""
        return self.now + timedelta(days=self.rng.randint(earliest, latest))

    def _moment(self) -> datetime:
        """A random time at least three days before `now`, so that no later timestamp of the row is in the future."""
        midnight = datetime.combine(self.now, time(), UTC)
        back = timedelta(days=self.rng.randint(4, OLDEST_DAYS))
        return midnight - back + timedelta(microseconds=self.rng.randrange(86_400 * 10**6))

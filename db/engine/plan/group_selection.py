"""What is asked of records in groups, as plain values: keys, measures, and which groups in which order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from db.engine.entity import Entity
from db.engine.fields import Field, Reference
from db.engine.plan.selection import (
    BindParam,
    Condition,
    Function,
    Measure,
    ObjectSelection,
    Op,
    SortKey,
)


class Bucket(StrEnum):
    """Spans of time that dates are put into; each is named by its first day."""

    YEAR = "YEAR"
    QUARTER = "QUARTER"
    MONTH = "MONTH"
    WEEK = "WEEK"
    DAY = "DAY"


@dataclass(frozen=True)
class GroupKey:
    """What records are put together by: a field, perhaps through references, or the record at their end."""

    path: tuple[Reference, ...]
    entity: Entity
    """Where the references lead to."""
    field: Field | None
    """None: the record itself."""
    bucket: Bucket | None = None

    @property
    def name(self) -> tuple[str, ...]:
        """Where the key stands, both in what is asked and in what is answered."""
        last = "record" if self.field is None else self.field.name
        return (*(reference.name for reference in self.path), last)


@dataclass(frozen=True)
class KeyValue:
    """The value of the key with this number."""

    number: int


@dataclass(frozen=True)
class KeyRecord:
    """The record that is the key with this number."""

    number: int
    object: ObjectSelection


@dataclass(frozen=True)
class KeyParts:
    """Keys, by where they stand: through references they stand one inside the other."""

    type: str
    parts: tuple[tuple[str, KeyPart], ...]


KeyPart: TypeAlias = "KeyValue | KeyRecord | KeyParts | str"


@dataclass(frozen=True)
class Measured:
    """One measure: the count, or a function of a field, for money in one currency."""

    function: Function | None = None
    field: Field | None = None
    currency: BindParam | None = None


@dataclass(frozen=True)
class HavingAll:
    """All conditions hold."""

    items: tuple[Having, ...]


@dataclass(frozen=True)
class HavingAny:
    """At least one condition holds."""

    items: tuple[Having, ...]


@dataclass(frozen=True)
class HavingNot:
    """The condition does not hold."""

    item: Having


@dataclass(frozen=True)
class HavingTest:
    """One test of a measure of a group."""

    measured: Measured
    op: Op
    value: BindParam | bool


Having: TypeAlias = "HavingAll | HavingAny | HavingNot | HavingTest"


@dataclass(frozen=True)
class ByMeasure:
    """Groups sorted by a measure."""

    measured: Measured
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True)
class ByKey:
    """Groups sorted by the key with this number, or by something of the record that it is."""

    number: int
    key: SortKey
    """How; its path and its field start at the key's record, if the key is one."""


GroupOrder: TypeAlias = "ByMeasure | ByKey"


@dataclass(frozen=True)
class GroupList:
    """The groups, and of each its key and its measures."""

    parts: tuple[tuple[str, KeyParts | Measure | str], ...]


@dataclass(frozen=True)
class Groups:
    """Records in groups: which, by which keys, which of the groups, and what of each."""

    number: int
    entity: Entity
    condition: Condition | None
    keys: tuple[GroupKey, ...]
    having: Having | None
    order: tuple[GroupOrder, ...]
    size: BindParam
    skip: BindParam | None
    zone: BindParam
    """The time zone whose days, weeks, months, quarters and years the buckets are."""
    parts: tuple[tuple[str, GroupList | str], ...]
    """`groupCount`, `__typename` and lists of groups."""

    @property
    def objects(self) -> tuple[ObjectSelection, ...]:
        """The records asked of keys."""
        found: list[ObjectSelection] = []
        for _, part in self.parts:
            for _, inner in part.parts if isinstance(part, GroupList) else ():
                found += _objects(inner) if isinstance(inner, KeyParts) else ()
        return tuple(found)


def _objects(parts: KeyParts) -> list[ObjectSelection]:
    found: list[ObjectSelection] = []
    for _, part in parts.parts:
        if isinstance(part, KeyRecord):
            found.append(part.object)
        elif isinstance(part, KeyParts):
            found += _objects(part)
    return found

"""Selections of grouped aggregations as plain values: keys, measures, and the filter and order of groups."""

from __future__ import annotations

from dataclasses import dataclass
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
from domain.described import DescribedEnum


class Bucket(DescribedEnum):
    """Time interval to group dates by; each is named by its first day."""

    YEAR = "YEAR", "Calendar year."
    QUARTER = "QUARTER", "Calendar quarter."
    MONTH = "MONTH", "Calendar month."
    WEEK = "WEEK", "Week that starts on Monday."
    DAY = "DAY", "Day."


@dataclass(frozen=True)
class GroupKey:
    """A group key: a field, possibly reached through references, or the record at the end of the path."""

    path: tuple[Reference, ...]
    entity: Entity
    """The entity at the end of the path."""
    field: Field | None
    """None: the record itself."""
    bucket: Bucket | None = None

    @property
    def name(self) -> tuple[str, ...]:
        """Path of the key in the input and in the response."""
        last = "record" if self.field is None else self.field.name
        return (*(reference.name for reference in self.path), last)


@dataclass(frozen=True)
class KeyValue:
    """The value of a key, by its number."""

    number: int


@dataclass(frozen=True)
class KeyRecord:
    """The record of a record key, by its number."""

    number: int
    object: ObjectSelection


@dataclass(frozen=True)
class KeyParts:
    """An object with keys; keys reached through references are nested."""

    type: str
    parts: tuple[tuple[str, KeyPart], ...]


KeyPart: TypeAlias = "KeyValue | KeyRecord | KeyParts | str"


@dataclass(frozen=True)
class Measured:
    """One measure: the count, or a function of a field; for money in one currency."""

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
    """Groups sorted by a key, or by a field of its record; `number` identifies the key."""

    number: int
    key: SortKey
    """The sort key; for a record key, its path starts at that record."""


GroupOrder: TypeAlias = "ByMeasure | ByKey"


@dataclass(frozen=True)
class GroupList:
    """The list of groups with the selected keys and measures."""

    parts: tuple[tuple[str, KeyParts | Measure | str], ...]


@dataclass(frozen=True)
class Groups:
    """A grouped aggregation: filter, keys, `having`, order, page and selected fields."""

    number: int
    entity: Entity
    condition: Condition | None
    keys: tuple[GroupKey, ...]
    having: Having | None
    order: tuple[GroupOrder, ...]
    size: BindParam
    skip: BindParam | None
    zone: BindParam
    """Time zone of the buckets."""
    parts: tuple[tuple[str, GroupList | str], ...]
    """`groupCount`, `__typename` and lists of groups."""

    @property
    def objects(self) -> tuple[ObjectSelection, ...]:
        """The selections of record keys."""
        selections: list[ObjectSelection] = []
        for _, part in self.parts:
            for _, inner in part.parts if isinstance(part, GroupList) else ():
                selections += _objects(inner) if isinstance(inner, KeyParts) else ()
        return tuple(selections)


def _objects(parts: KeyParts) -> list[ObjectSelection]:
    selections: list[ObjectSelection] = []
    for _, part in parts.parts:
        if isinstance(part, KeyRecord):
            selections.append(part.object)
        elif isinstance(part, KeyParts):
            selections += _objects(part)
    return selections

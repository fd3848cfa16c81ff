"""Typed rows: an instance has exactly the columns of its record class, as plain slotted attributes without an ORM session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from sqlalchemy import Enum, Table
from sqlalchemy.orm import InstrumentedAttribute

from db.engine.base import Record

R = TypeVar("R", bound=Record)
T = TypeVar("T")
ColumnOf: TypeAlias = InstrumentedAttribute[T]
"""A column as its class names it, such as `Account.name`: a misspelt one does not type-check."""
AnyColumn: TypeAlias = InstrumentedAttribute[Any]
"""A column with values of any type, where only its name is used."""


class _Row(Protocol):
    """Attributes of a row's class besides its columns."""

    declared: type[Record]


@cache
def row_class(record: type[Record]) -> type:
    """A slotted class with the columns of `record`. Unknown names raise AttributeError."""
    names = columns_of(record.__table__)

    def equals(self: Record, other: object) -> bool:
        same = other.__class__ is self.__class__
        return same and all(getattr(self, name) == getattr(other, name) for name in names)

    def text(self: Record) -> str:
        return f"<{record.__name__} {self.id}>"

    body: dict[str, object] = {
        "__slots__": names,
        "declared": record,
        "__eq__": equals,
        "__hash__": None,
        "__repr__": text,
    }
    return type(f"{record.__name__}Row", (), body)


def declared_by(row: Record) -> type[Record]:
    """The record class whose columns a row has."""
    return cast("_Row", row).declared


@cache
def columns_of(table: Table) -> tuple[str, ...]:
    """The names of a table's columns, in their order."""
    return tuple(str(column.name) for column in table.columns)


@cache
def _enumerations(record: type[Record]) -> dict[str, type[StrEnum]]:
    """Columns with enum values, and their enum classes."""
    enums = {}
    for column in record.__table__.columns:
        if isinstance(column.type, Enum) and column.type.enum_class is not None:
            enums[str(column.name)] = cast("type[StrEnum]", column.type.enum_class)
    return enums


def new_row(record: type[R], values: Mapping[str, object]) -> R:
    """A row with these values by column name. Statically it is an instance of `record`, so mypy knows every column."""
    row: object = object.__new__(row_class(record))
    for name in columns_of(record.__table__):
        setattr(row, name, values[name])
    for name, words in _enumerations(record).items():
        value = values[name]
        if value is not None:
            setattr(row, name, words(str(value)))
    return cast("R", row)


def copy_row(row: R) -> R:
    """A mutable copy of a row."""
    copied = object.__new__(type(row))
    for name in columns_of(declared_by(row).__table__):
        setattr(copied, name, getattr(row, name))
    return copied


def with_values(row: R, values: Mapping[str, object]) -> R:
    """A copy of the row with some columns set. Raises AttributeError for an unknown column."""
    changed = copy_row(row)
    for name, value in values.items():
        setattr(changed, name, value)
    return changed


def values_of(row: Record, names: Iterable[str]) -> dict[str, object]:
    """Values of the named columns."""
    return {name: getattr(row, name) for name in names}


def carry_over(source: Record, target: Record, names: Iterable[str]) -> None:
    """Copy the named columns from `source` to `target`."""
    for name in names:
        setattr(target, name, getattr(source, name))


K = TypeVar("K")


def grouped(rows: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Group items by a key, keeping their order."""
    groups: dict[K, list[T]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups

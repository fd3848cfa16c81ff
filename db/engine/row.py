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
"""A column of which only the name matters, whatever its values are."""


class _Row(Protocol):
    """What the class of a row says besides its columns."""

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
    """The columns whose values are members of an enumeration."""
    found = {}
    for column in record.__table__.columns:
        if isinstance(column.type, Enum) and column.type.enum_class is not None:
            found[str(column.name)] = cast("type[StrEnum]", column.type.enum_class)
    return found


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
    """A row with the same values, to be changed."""
    made = object.__new__(type(row))
    for name in columns_of(declared_by(row).__table__):
        setattr(made, name, getattr(row, name))
    return made


def with_values(row: R, values: Mapping[str, object]) -> R:
    """A copy of the row with some columns set. Raises AttributeError for an unknown column."""
    made = copy_row(row)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def values_of(row: Record, names: Iterable[str]) -> dict[str, object]:
    """The values of some columns by name."""
    return {name: getattr(row, name) for name in names}


def carry_over(source: Record, target: Record, names: Iterable[str]) -> None:
    """Set columns of `target` to the values of the columns of the same names of `source`."""
    for name in names:
        setattr(target, name, getattr(source, name))


K = TypeVar("K")


def grouped(rows: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Rows, or changesets of rows, by a key, in their order."""
    found: dict[K, list[T]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found

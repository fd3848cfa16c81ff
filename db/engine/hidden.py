"""Values read past the caller's rights: rules may decide by them, and only `reveal` hands one to the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, NoReturn, TypeVar, cast, overload

from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.gate import Authorizer, Right
from db.engine.row import AnyColumn, ColumnOf

T = TypeVar("T")
D = TypeVar("D")
R = TypeVar("R", bound=Record)


class Hidden(Generic[T]):
    """A value that the caller may have no right to read. It has no text, no truth, no order and no attributes."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def decide(self, rule: Callable[[T], D]) -> D:
        """What a rule makes of the value: a function of domain/, or a comparison.

        The rule's result is trusted to hold nothing of the value that the caller could not be shown.
        """
        return rule(self._value)

    def map(self, change: Callable[[T], D]) -> Hidden[D]:
        """What is computed of the value, hidden as well."""
        return Hidden(change(self._value))

    def __repr__(self) -> str:
        return "<hidden>"

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError(
            "A hidden value cannot be written, compared or tested: "
            "ask a rule with decide(), or show it with reveal()."
        )

    __str__ = __format__ = __bool__ = __iter__ = __lt__ = __len__ = __index__ = _refuse
    __eq__ = __hash__ = _refuse


K = TypeVar("K")


def all_of(values: Mapping[K, Hidden[T]]) -> Hidden[dict[K, T]]:
    """Hidden values by key as one hidden mapping, for a rule that needs all of them."""
    return Hidden({key: each._value for key, each in values.items()})


def each_of(values: Iterable[Hidden[T]]) -> Hidden[list[T]]:
    """Hidden values as one hidden list."""
    return Hidden([each._value for each in values])


def combined(make: Callable[..., D], *values: Hidden[Any]) -> Hidden[D]:
    """What is made of several hidden values, hidden as well."""
    return Hidden(make(*(each._value for each in values)))


@overload
def opened(value: Hidden[T]) -> T: ...
@overload
def opened(value: T) -> T: ...
def opened(value: Hidden[T] | T) -> T:
    """The value itself, for the unit of work, which stores it: nothing that answers callers may use this."""
    return cast("T", value._value if isinstance(value, Hidden) else value)


class HiddenRow(Hidden[R]):
    """A record that was read past the caller's rights."""

    __slots__ = ("entity", "id")

    def __init__(self, value: R, entity: Entity) -> None:
        super().__init__(value)
        self.entity = entity
        self.id = value.id
        """What it was found by or leads to; whether the caller may know it is for the caller's references to say."""

    def reveal(self, viewer: Authorizer) -> Revealed[R]:
        """The fields that the viewer may read, of a record that is known to be visible."""
        return Revealed(self._value, self.entity, viewer)


class Revealed(Generic[R]):
    """A visible record as a viewer may read it."""

    __slots__ = ("_entity", "_row", "_viewer")

    def __init__(self, row: R, entity: Entity, viewer: Authorizer) -> None:
        self._row = row
        self._entity = entity
        self._viewer = viewer

    def may_read(self, column: AnyColumn) -> bool:
        """Whether the viewer may read a column of this record in its present status."""
        return is_readable(self._viewer, self._entity, column.key, self._row)

    def get(self, column: ColumnOf[T]) -> T | None:
        """The value of a column; None where the viewer may not read it."""
        if not self.may_read(column):
            return None
        return cast("T", getattr(self._row, column.key))


def is_readable(viewer: Authorizer, entity: Entity, column: str, row: Record) -> bool:
    """Whether a viewer may read a column of a record in the status that the record has."""
    name = entity.named[column].name
    right = viewer.right(entity.name, name)
    if right is not Right.CONDITIONAL:
        return right is Right.OPEN
    statuses = viewer.value(f"statuses:{entity.name}.{name}")
    return getattr(row, entity.status or "") in cast("list[str]", statuses)

"""Values read without the caller's rights: rules may use them, and only `reveal` makes them readable again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, NoReturn, TypeVar, cast, overload

from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.gate import Authorizer, FieldAccess
from db.engine.row import AnyColumn, ColumnOf

T = TypeVar("T")
D = TypeVar("D")
R = TypeVar("R", bound=Record)


class Hidden(Generic[T]):
    """A value that the caller may have no right to read. It cannot be formatted, compared, tested or iterated."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def decide(self, rule: Callable[[T], D]) -> D:
        """Result of a rule on the value: a function of domain/, or a comparison.

        The result is not hidden, so the rule must not return anything that the caller may not read.
        """
        return rule(self._value)

    def map(self, change: Callable[[T], D]) -> Hidden[D]:
        """Result of a function of the value, also hidden."""
        return Hidden(change(self._value))

    def __repr__(self) -> str:
        return "<hidden>"

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError(
            "A hidden value cannot be written, compared or tested: "
            "use it in a rule with decide(), or show it with reveal()."
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
    """Result of a function of several hidden values, also hidden."""
    return Hidden(make(*(each._value for each in values)))


@overload
def opened(value: Hidden[T]) -> T: ...
@overload
def opened(value: T) -> T: ...
def opened(value: Hidden[T] | T) -> T:
    """The bare value. Only the unit of work, which stores it, may call this; code that builds responses may not."""
    return cast("T", value._value if isinstance(value, Hidden) else value)


class HiddenRow(Hidden[R]):
    """A record that was read without the caller's rights."""

    __slots__ = ("entity", "id")

    def __init__(self, value: R, entity: Entity) -> None:
        super().__init__(value)
        self.entity = entity
        self.id = value.id
        """The record's id. Whether the caller may know it depends on the references the caller can read."""

    def reveal(self, viewer: Authorizer) -> Revealed[R]:
        """A view of the fields that the viewer may read. The record itself must be visible to them."""
        return Revealed(self._value, self.entity, viewer)


class Revealed(Generic[R]):
    """A visible record, limited to the fields that a viewer may read."""

    __slots__ = ("_entity", "_row", "_viewer")

    def __init__(self, row: R, entity: Entity, viewer: Authorizer) -> None:
        self._row = row
        self._entity = entity
        self._viewer = viewer

    def may_read(self, column: AnyColumn) -> bool:
        """Whether the viewer may read a column of this record in its current status."""
        return is_readable(self._viewer, self._entity, column.key, self._row)

    def get(self, column: ColumnOf[T]) -> T | None:
        """The value of a column; None where the viewer may not read it."""
        if not self.may_read(column):
            return None
        return cast("T", getattr(self._row, column.key))


def is_readable(viewer: Authorizer, entity: Entity, column: str, row: Record) -> bool:
    """Whether a viewer may read a column of a record in the record's current status."""
    name = entity.named[column].name
    right = viewer.right(entity.name, name)
    if right is not FieldAccess.CONDITIONAL:
        return right is FieldAccess.READABLE
    statuses = viewer.value(f"statuses:{entity.name}.{name}")
    return getattr(row, entity.status or "") in cast("list[str]", statuses)

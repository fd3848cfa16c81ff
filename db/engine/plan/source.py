"""The scope a plan is made in: its gate, its parameters, and rows to read from, be they a view or a page of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from sqlalchemy import (
    FromClause,
    join,
    lateral,
    true,
)

from db.engine.entity import Entity
from db.engine.fields import Kind
from db.engine.gate import Gate, Right, SecuredView
from db.engine.model import Model
from db.engine.plan.selection import BindParam, PageSide
from db.engine.plan.values import TYPES, Encode, decoder, encoder, within
from db.engine.sql import Bool, Column, Parameter, Query, Sql, SqlType, parameter
from domain.access import AttributeRights

HIDDEN = "hidden"
RULED = "status"
CLOSED = "object"
SWITCHED_OFF = "feature"
"""Why something that was asked for is not shown."""


@dataclass(frozen=True)
class Binding:
    """Where a parameter's value comes from, and how it is turned into what the driver binds."""

    slot: BindParam
    encode: Encode


CursorOf: TypeAlias = tuple[int, PageSide]
"""Which cursor: that of the connection with this number, on this side."""


@dataclass(frozen=True)
class Pages:
    """What of the pages that are asked for stands in a plan; the rest is bound."""

    sizes: Mapping[int, int] = field(default_factory=dict)
    """Length of each page: where Postgres does not know it, it plans each statement again."""
    nulls: Mapping[CursorOf, tuple[bool, ...]] = field(default_factory=dict)
    """Of each cursor that was passed: which sort keys in it are null."""

    def __hash__(self) -> int:
        return hash((frozenset(self.sizes.items()), frozenset(self.nulls.items())))


@dataclass(frozen=True)
class CursorKey:
    """A parameter that is one of the sort keys in a cursor."""

    cursor: CursorOf
    index: int
    decode: Callable[[str], object]


@dataclass(frozen=True, slots=True)
class _Value:
    """A slot's value: where it comes from, or a constant as text."""

    path: tuple[str | int, ...]
    constant: str


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A value bound as a kind of field."""

    value: _Value
    kind: Kind
    prefix: str
    many: bool
    keep: bool


@dataclass(frozen=True, slots=True)
class _Made:
    """What a function, named by `word`, makes of a value."""

    value: _Value
    word: str


@dataclass(frozen=True, slots=True)
class _SortKey:
    """A sort key that a cursor carries."""

    cursor: CursorOf
    index: int


class Rows(Protocol):
    """Rows of an entity that JSON is written from."""

    entity: Entity

    def column(self, name: str, *, label: str | None = None, under: str | None = None) -> Column:
        """A column, masked."""

    def attribute(self, attribute: AttributeRights) -> Sql:
        """A custom attribute's jsonb value."""

    def mark(self, label: str, condition: Bool) -> Column:
        """A condition of the guard's."""


class Scope:
    """What the parts of one plan share while it is made."""

    def __init__(self, gate: Gate, model: Model, form: Pages) -> None:
        self.gate = gate
        self.model = model
        self.nulls = form.nulls
        self.sizes = form.sizes
        self.bindings: dict[str, Binding | CursorKey] = {}
        self.bounds: list[Binding] = []
        """Numbers that are looked at even where the statement has no use for them."""
        self.denied: dict[tuple[str, str], str] = {}
        self.searches = False
        """Whether a text is searched for: how many rows have a piece in them depends on the piece."""
        self._names: dict[_Encoded | _Made | _SortKey, str] = {}

    def bind(
        self,
        slot: BindParam,
        kind: Kind,
        prefix: str = "",
        *,
        many: bool = False,
        keep: bool = False,
        as_: SqlType | None = None,
    ) -> Parameter:
        """A parameter for `slot`. The same slot used the same way is one parameter."""
        name = self._name(_Encoded(_value(slot), kind, prefix, many, keep))
        self.bindings[name] = Binding(slot, encoder(kind, prefix, many=many, keep=keep))
        return parameter(name, as_ or TYPES[kind])

    def bind_made(self, slot: BindParam, word: str, make: Encode, kind: SqlType) -> Parameter:
        """A parameter for what `make` makes of a value; `word` says what that is. It may refuse the request."""
        name = self._name(_Made(_value(slot), word))
        self.bindings[name] = Binding(slot, make)
        return parameter(name, kind)

    def bind_within(self, slot: BindParam, argument: str, least: int, most: int) -> Sql:
        """A parameter for a number that an argument bounds; what is beyond refuses the request."""
        bound = self.bind(slot, Kind.INT)
        binding = Binding(slot, within(argument, least, most))
        self.bounds.append(binding)
        self.bindings[str(bound.key)] = binding
        return bound

    def bind_cursor(self, cursor: CursorOf, index: int, kind: SqlType) -> Sql:
        """A parameter for a sort key that a cursor carries."""
        name = self._name(_SortKey(cursor, index))
        self.bindings[name] = CursorKey(cursor, index, decoder(kind))
        return parameter(name, kind)

    def _name(self, key: _Encoded | _Made | _SortKey) -> str:
        """The name of a parameter, the same for the same use of the same value."""
        return self._names.setdefault(key, f"p{len(self._names) + 1}")

    def right(self, entity: str, name: str) -> Right:
        """The right on a field, reported to the caller unless it is fully open (D-30)."""
        found = self.gate.authorizer.right(entity, name)
        if found is not Right.OPEN:
            self.deny(entity, name, HIDDEN if found is Right.CLOSED else RULED)
        return found

    def deny(self, entity: str, name: str, reason: str) -> None:
        """Record that a requested value is not shown, for `extensions.access`."""
        off = self.gate.authorizer.is_off(entity)
        self.denied.setdefault((entity, name), SWITCHED_OFF if off else reason)


def _value(slot: BindParam) -> _Value:
    return _Value(slot.path, "" if slot.path else repr(slot.constant))


class PageCut:
    """A page of a view: what is asked of it is listed by the statement that cuts the page."""

    def __init__(self, seen: SecuredView) -> None:
        self.entity = seen.entity
        self.name = f"{seen.name}_page"
        self.listed: dict[str, Sql] = {}
        self._seen = seen

    def column(self, name: str, *, label: str | None = None, under: str | None = None) -> Column:
        """A column of the view, carried through the page."""
        return self.carry(label or name, self._seen.column(name, label=label, under=under))

    def attribute(self, attribute: AttributeRights) -> Sql:
        """A custom attribute's jsonb value, carried through the page."""
        return self.carry(f"attribute_{attribute.id}", self._seen.attribute(attribute))

    def mark(self, label: str, condition: Bool) -> Column:
        """A condition of the guard's, carried through the page."""
        return self.carry(label, self._seen.mark(label, condition))

    def carry(self, label: str, value: Sql) -> Column:
        """A value of the view, carried through the page under `label`."""
        self.listed[label] = value
        return Column(self.name, label, value.type)


class Joined(NamedTuple):
    """What stands beside rows: for each of them one row of it, or none."""

    item: FromClause
    on: Bool = true()


def beside(left: FromClause, laterals: list[Joined]) -> FromClause:
    """`left` and, for each of its rows, one row of every lateral, NULL where it has none (D-54)."""
    for item, on in laterals:
        left = join(left, item, on, isouter=True)
    return left


def sub(statement: Query, name: str) -> Joined:
    """A statement that may name what stands before it, under `name`."""
    return Joined(lateral(statement, name))

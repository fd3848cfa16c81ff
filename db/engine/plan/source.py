"""State of one compilation: the gate, the parameters, and the row sources, which are views or pages of views."""

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
from db.engine.gate import FieldAccess, Gate, SecuredView
from db.engine.model import Model
from db.engine.plan.selection import BindParam, PageSide
from db.engine.plan.values import TYPES, Encode, decoder, encoder, within
from db.engine.sql import Bool, Column, Parameter, Query, Sql, SqlType, parameter
from domain.access import AttributeRights

CURSOR_MARK = "\\x02"
"""The control character before the sort keys of a cursor, as a statement's text escapes it."""
HIDDEN = "hidden"
RULED = "status"
CLOSED = "object"
SWITCHED_OFF = "feature"
"""Reasons why a selected field is not shown."""


@dataclass(frozen=True)
class Binding:
    """Source of a parameter's value, and its conversion for the driver."""

    slot: BindParam
    encode: Encode


CursorOf: TypeAlias = tuple[int, PageSide]
"""Identifies a cursor: the number of its connection, and the side of the page."""


@dataclass(frozen=True)
class Pages:
    """The properties of requested pages that are part of the plan; everything else is bound."""

    sizes: Mapping[int, int] = field(default_factory=dict)
    """Page size by connection number: a constant in the SQL, because with a bound LIMIT Postgres plans every execution."""
    nulls: Mapping[CursorOf, tuple[bool, ...]] = field(default_factory=dict)
    """Which sort keys are null, by passed cursor."""

    def __hash__(self) -> int:
        return hash((frozenset(self.sizes.items()), frozenset(self.nulls.items())))


@dataclass(frozen=True)
class CursorKey:
    """A parameter bound to one sort key of a cursor."""

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
    """A value bound as a field kind."""

    value: _Value
    kind: Kind
    prefix: str
    many: bool
    keep: bool


@dataclass(frozen=True, slots=True)
class _Derived:
    """The result of a function of a value; `name` identifies the function."""

    value: _Value
    name: str


@dataclass(frozen=True, slots=True)
class _SortKey:
    """A sort key in a cursor."""

    cursor: CursorOf
    index: int


class Rows(Protocol):
    """Rows of an entity, as a source of JSON."""

    entity: Entity

    def column(self, name: str, *, label: str | None = None, under: str | None = None) -> Column:
        """A masked column."""

    def attribute(self, attribute: AttributeRights) -> Sql:
        """A custom attribute's jsonb value."""

    def condition_column(self, label: str, condition: Bool) -> Column:
        """A condition of the authorizer on the row."""


class Scope:
    """Shared state while one plan is compiled."""

    def __init__(self, gate: Gate, model: Model, form: Pages) -> None:
        self.gate = gate
        self.model = model
        self.nulls = form.nulls
        self.sizes = form.sizes
        self.bindings: dict[str, Binding | CursorKey] = {}
        self.range_checks: list[Binding] = []
        """Numbers whose bounds are checked even if the statement does not use them."""
        self.denied: dict[tuple[str, str], str] = {}
        self.searches = False
        """Whether it contains a text search, whose row count depends on the text."""
        self._names: dict[_Encoded | _Derived | _SortKey, str] = {}

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

    def bind_derived(
        self, slot: BindParam, name: str, function: Encode, kind: SqlType
    ) -> Parameter:
        """A parameter for the result of `function` on a value; `name` identifies the function, which may raise Refused."""
        name = self._name(_Derived(_value(slot), name))
        self.bindings[name] = Binding(slot, function)
        return parameter(name, kind)

    def bind_within(self, slot: BindParam, argument: str, least: int, most: int) -> Sql:
        """A parameter for a number within the bounds of an argument; others raise Refused."""
        bound = self.bind(slot, Kind.INT)
        binding = Binding(slot, within(argument, least, most))
        self.range_checks.append(binding)
        self.bindings[str(bound.key)] = binding
        return bound

    def bind_cursor(self, cursor: CursorOf, index: int, kind: SqlType) -> Sql:
        """A parameter for a sort key in a cursor."""
        name = self._name(_SortKey(cursor, index))
        self.bindings[name] = CursorKey(cursor, index, decoder(kind))
        return parameter(name, kind)

    def _name(self, key: _Encoded | _Derived | _SortKey) -> str:
        """The name of a parameter; equal uses of the same value share one."""
        return self._names.setdefault(key, f"p{len(self._names) + 1}")

    def right(self, entity: str, name: str) -> FieldAccess:
        """The right on a field, reported to the caller unless it is fully open (D-30)."""
        right = self.gate.authorizer.right(entity, name)
        if right is not FieldAccess.READABLE:
            self.deny(entity, name, HIDDEN if right is FieldAccess.HIDDEN else RULED)
        return right

    def deny(self, entity: str, name: str, reason: str) -> None:
        """Record that a requested value is not shown, for `extensions.access`."""
        off = self.gate.authorizer.is_off(entity)
        self.denied.setdefault((entity, name), SWITCHED_OFF if off else reason)


def _value(slot: BindParam) -> _Value:
    return _Value(slot.path, "" if slot.path else repr(slot.constant))


class PageCut:
    """A page of a view. Columns used outside are added to the select list of the page's statement."""

    def __init__(self, view: SecuredView) -> None:
        self.entity = view.entity
        self.name = f"{view.name}_page"
        self.listed: dict[str, Sql] = {}
        self._view = view

    def column(self, name: str, *, label: str | None = None, under: str | None = None) -> Column:
        """A column of the view, passed through the page."""
        return self.carry(label or name, self._view.column(name, label=label, under=under))

    def attribute(self, attribute: AttributeRights) -> Sql:
        """A custom attribute's jsonb value, passed through the page."""
        return self.carry(f"attribute_{attribute.id}", self._view.attribute(attribute))

    def condition_column(self, label: str, condition: Bool) -> Column:
        """A condition of the authorizer, passed through the page."""
        return self.carry(label, self._view.condition_column(label, condition))

    def carry(self, label: str, value: Sql) -> Column:
        """A value of the view, passed through the page as `label`."""
        self.listed[label] = value
        return Column(self.name, label, value.type)


class Joined(NamedTuple):
    """An item to left-join to rows: at most one row of it per row."""

    item: FromClause
    on: Bool = true()


def join_laterals(left: FromClause, laterals: list[Joined]) -> FromClause:
    """`left`, left-joined with every item of `laterals` (D-54)."""
    for item, on in laterals:
        left = join(left, item, on, isouter=True)
    return left


def lateral_subquery(statement: Query, name: str) -> Joined:
    """A LATERAL subquery named `name`, which may use items before it."""
    return Joined(lateral(statement, name))

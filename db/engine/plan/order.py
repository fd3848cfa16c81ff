"""Sort orders as SQL: sort keys through references, NULL placement, the id as the last key, and resuming at a cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from sqlalchemy import (
    Numeric,
    Text,
    Uuid,
    and_,
    asc,
    desc,
    false,
    func,
    or_,
    select,
)

from db.engine.fields import Kind
from db.engine.gate import FieldAccess, SecuredView
from db.engine.plan.selection import ConnectionSelection, PageSide, SortKey
from db.engine.plan.source import Joined, Scope, lateral_subquery
from db.engine.plan.values import TYPES
from db.engine.plan.where import readable
from db.engine.sql import Bool, Column, Folded, Sql, SqlType, json_text


class SortStep(Protocol):
    """A step from one record to another: a reference, or any other column with an id."""

    @property
    def column(self) -> str: ...
    @property
    def target(self) -> str: ...


@dataclass(frozen=True)
class SortExpression:
    """A sort key as SQL."""

    value: Sql
    kind: SqlType
    descending: bool
    nulls_first: bool
    nullable: bool
    stored: bool = False
    """Whether it is an unmasked stored column, which an index may contain."""

    def ordered(self, value: Sql) -> Sql:
        """The ORDER BY term. NULLS FIRST or LAST is added for nullable keys only, so that plain indexes apply."""
        term = desc(value) if self.descending else asc(value)
        if self.nullable:
            term = term.nulls_first() if self.nulls_first else term.nulls_last()
        return term

    def reversed(self) -> SortExpression:
        """The key of the reverse order."""
        return replace(self, descending=not self.descending, nulls_first=not self.nulls_first)


class Direction(NamedTuple):
    """The direction of a sort key."""

    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Descending:
    """A value that is less than smaller ones."""

    value: Any

    def __lt__(self, other: Descending) -> bool:
        return bool(other.value < self.value)


def place(directions: Sequence[Direction], values: Sequence[object]) -> tuple[object, ...]:
    """A value that compares as Postgres sorts records with these sort keys.

    Texts are compared by code points, as their collation does.
    """
    return tuple(
        ((value is None) is not direction.nulls_first, _directed(value, direction))
        for value, direction in zip(values, directions, strict=True)
    )


def _directed(value: object, direction: Direction) -> object:
    return Descending(value) if direction.descending and value is not None else value


def keys(
    scope: Scope, view: SecuredView, sort: tuple[SortKey, ...]
) -> tuple[list[SortExpression], list[Joined]]:
    """The sort keys over `view`, the id last, and the laterals they need."""
    laterals: list[Joined] = []
    expressions = [_key(scope, view, key, laterals) for key in sort]
    last = expressions[-1].descending if expressions else False
    expressions.append(SortExpression(view.column("id"), Uuid(), last, False, False))
    return expressions, laterals


def _key(scope: Scope, view: SecuredView, key: SortKey, laterals: list[Joined]) -> SortExpression:
    if key.path:
        return _reference_key(scope, view, key, laterals)
    value, kind, optional = sort_value(scope, view, key)
    right = key.field and scope.gate.authorizer.right(view.entity.name, key.field.name)
    stored = key.field is not None and right is FieldAccess.READABLE and not key.field.inputs
    return SortExpression(value, kind, key.descending, key.nulls_first, optional, stored)


def sort_value(scope: Scope, rows: SecuredView, key: SortKey) -> tuple[Sql, SqlType, bool]:
    """The compared value, its type, and whether it can be NULL."""
    if key.attribute is not None:
        attribute = readable(scope, rows, key.attribute)
        stored = rows.attribute(attribute)
        if attribute.kind.value == "NUMBER":
            return _number(stored), Numeric(), True
        text = json_text(stored)
        folded = attribute.kind.value == "TEXT"
        return (Folded(text) if folded else text.collate("C")), Text(), True
    field = key.field
    if field is None:
        raise LookupError("a sort key names a field or an attribute")
    column = rows.column(field.column)
    right = scope.gate.authorizer.right(rows.entity.name, field.name)
    optional = field.nullable or (right is not FieldAccess.READABLE and field.name != "id")
    if field.kind is Kind.TEXT:
        return Folded(column), Text(), optional
    if field.kind is Kind.ENUM:
        return column.collate("C"), Text(), optional
    return column, TYPES[field.kind], optional


def _number(stored: Sql) -> Sql:
    """A jsonb number as a number, any other value as NULL; a cast could raise."""
    return func.platform.number(stored)


def _reference_key(
    scope: Scope, view: SecuredView, key: SortKey, laterals: list[Joined]
) -> SortExpression:
    """A sort key of a record reached through references; NULL where a record on the path is not visible."""

    def last(target: SecuredView) -> tuple[Sql, SqlType]:
        return sort_value(scope, target, key)[:2]

    value, kind = through(scope, view.column(key.path[0].column), key.path, last, laterals)
    return SortExpression(value, kind, key.descending, key.nulls_first, True)


def through(
    scope: Scope,
    link: Sql,
    path: Sequence[SortStep],
    last: Callable[[SecuredView], tuple[Sql, SqlType]],
    laterals: list[Joined],
) -> tuple[Sql, SqlType]:
    """The value and type that `last` returns for the record at the end of `path`; `link` is the value of the first reference.

    NULL where a record on the path is not visible (D-32).
    """
    kind: SqlType = Uuid()
    for index, reference in enumerate(path):
        target = scope.gate.see(scope.model.entities[reference.target])
        on = path[index + 1].column if index + 1 < len(path) else None
        value, kind = (target.column(on), Uuid()) if on else last(target)
        one = select(value.label("key")).select_from(target).where(target.column("id") == link)
        laterals.append(lateral_subquery(one, f"{target.name}_key"))
        link = Column(f"{target.name}_key", "key", kind)
    return link, kind


def beyond(
    scope: Scope, selection: ConnectionSelection, side: PageSide, sort_keys: list[SortExpression]
) -> list[Bool]:
    """Conditions for the rows on one side of a cursor: after it by the first key, or equal and after it by the next key.

    Where the first key is a nullable column, the rows lie in two ranges of its index. No single condition
    scans both, so the result is two mutually exclusive conditions.
    """
    if side is PageSide.BEFORE:
        sort_keys = [key.reversed() for key in sort_keys]
    nulls = scope.nulls[selection.number, side]
    if len(nulls) != len(sort_keys):
        raise LookupError("a sealed cursor must have as many keys as its list")
    bound = [
        None if null else scope.bind_cursor((selection.number, side), index, key.kind)
        for index, (key, null) in enumerate(zip(sort_keys, nulls, strict=True))
    ]
    first, edge = sort_keys[0], bound[0]
    if edge is None:
        return [_after(sort_keys, bound)]
    if not first.nullable or first.nulls_first:  # NULLs are before the cursor
        return [and_(_from(first, edge), _after(sort_keys, bound))]
    if not first.stored:
        return [_after(sort_keys, bound)]
    present = replace(first, nullable=False)
    with_value = and_(_from(first, edge), _after([present, *sort_keys[1:]], bound))
    return [with_value, first.value.is_(None)]


def _after(sort_keys: list[SortExpression], bound: list[Sql | None]) -> Bool:
    greater: Bool = false()
    for key, value in reversed(list(zip(sort_keys, bound, strict=True))):
        equal = key.value.is_(None) if value is None else key.value == value
        greater = or_(_beyond(key, value), and_(equal, greater))
    return greater


def _from(key: SortExpression, edge: Sql) -> Bool:
    """A bound usable as an index condition; the exact condition is added separately."""
    bound: Bool = key.value <= edge if key.descending else key.value >= edge
    return bound


def _beyond(key: SortExpression, value: Sql | None) -> Bool:
    """Rows whose key is strictly after `value` in this key's order, including its NULL placement."""
    if value is None:
        return key.value.is_not(None) if key.nulls_first else false()
    further: Bool = key.value < value if key.descending else key.value > value
    if key.nullable and not key.nulls_first:
        return or_(further, key.value.is_(None))
    return further

"""Orders as SQL: keys through references, nulls placed, the id last so that no two rows are equal, and resuming."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

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
from db.engine.gate import Right, SecuredView
from db.engine.plan.selection import ConnectionSelection, PageSide, SortKey
from db.engine.plan.source import Joined, Scope, sub
from db.engine.plan.values import TYPES
from db.engine.plan.where import readable
from db.engine.sql import Bool, Column, Folded, Sql, SqlType, json_text


class SortStep(Protocol):
    """A step from a record to another: a reference, or whatever else names a record."""

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
    """Whether it is a column as it is kept, which an index may hold."""

    def ordered(self, value: Sql) -> Sql:
        """The ORDER BY term; NULLS is said only where there can be any, so that plain indexes serve."""
        term = desc(value) if self.descending else asc(value)
        if self.nullable:
            term = term.nulls_first() if self.nulls_first else term.nulls_last()
        return term

    def reversed(self) -> SortExpression:
        """The key by which the list reads from its end."""
        return replace(self, descending=not self.descending, nulls_first=not self.nulls_first)


def keys(
    scope: Scope, seen: SecuredView, asked: tuple[SortKey, ...]
) -> tuple[list[SortExpression], list[Joined]]:
    """The keys of an order over `seen`, the id last, and the laterals that lead to them."""
    laterals: list[Joined] = []
    found = [_key(scope, seen, key, laterals) for key in asked]
    last = found[-1].descending if found else False
    found.append(SortExpression(seen.column("id"), Uuid(), last, False, False))
    return found, laterals


def _key(scope: Scope, seen: SecuredView, asked: SortKey, laterals: list[Joined]) -> SortExpression:
    if asked.path:
        return _far_key(scope, seen, asked, laterals)
    value, kind, optional = compared(scope, seen, asked)
    right = asked.field and scope.gate.authorizer.right(seen.entity.name, asked.field.name)
    stored = asked.field is not None and right is Right.OPEN and not asked.field.needs
    return SortExpression(value, kind, asked.descending, asked.nulls_first, optional, stored)


def compared(scope: Scope, rows: SecuredView, asked: SortKey) -> tuple[Sql, SqlType, bool]:
    """The value that is compared, its type, and whether it can be NULL."""
    if asked.attribute is not None:
        attribute = readable(scope, rows, asked.attribute)
        kept = rows.attribute(attribute)
        if attribute.kind.value == "NUMBER":
            return _number(kept), Numeric(), True
        text = json_text(kept)
        folded = attribute.kind.value == "TEXT"
        return (Folded(text) if folded else text.collate("C")), Text(), True
    field = asked.field
    if field is None:
        raise LookupError("a sort key names a field or an attribute")
    column = rows.column(field.column)
    right = scope.gate.authorizer.right(rows.entity.name, field.name)
    optional = field.nullable or (right is not Right.OPEN and field.name != "id")
    if field.kind is Kind.TEXT:
        return Folded(column), Text(), optional
    if field.kind is Kind.ENUM:
        return column.collate("C"), Text(), optional
    return column, TYPES[field.kind], optional


def _number(kept: Sql) -> Sql:
    """A jsonb number as a number; anything else as NULL, because a cast would raise on it."""
    return func.platform.number(kept)


def _far_key(
    scope: Scope, seen: SecuredView, asked: SortKey, laterals: list[Joined]
) -> SortExpression:
    """A key of a record that references lead to; NULL where one of them is not visible."""

    def last(far: SecuredView) -> tuple[Sql, SqlType]:
        return compared(scope, far, asked)[:2]

    value, kind = through(scope, seen.column(asked.path[0].column), asked.path, last, laterals)
    return SortExpression(value, kind, asked.descending, asked.nulls_first, True)


def through(
    scope: Scope,
    link: Sql,
    path: Sequence[SortStep],
    last: Callable[[SecuredView], tuple[Sql, SqlType]],
    laterals: list[Joined],
) -> tuple[Sql, SqlType]:
    """What `last` says of the record that references lead to, with its type; `link` is the first's value.

    NULL where one of the records on the way is not visible: it does not exist (D-32).
    """
    kind: SqlType = Uuid()
    for index, reference in enumerate(path):
        far = scope.gate.see(scope.model.entities[reference.target])
        on = path[index + 1].column if index + 1 < len(path) else None
        value, kind = (far.column(on), Uuid()) if on else last(far)
        one = select(value.label("key")).select_from(far).where(far.column("id") == link)
        laterals.append(sub(one, f"{far.name}_key"))
        link = Column(f"{far.name}_key", "key", kind)
    return link, kind


def beyond(
    scope: Scope, asked: ConnectionSelection, side: PageSide, found: list[SortExpression]
) -> list[Bool]:
    """The rows on a side of a cursor: beyond it in the first key, or equal there and beyond it in the next.

    Where the first key is a column that may be empty, those rows lie in two parts of its index, and
    no condition leads to both: then these are two conditions, which no row fulfils both of.
    """
    if side is PageSide.BEFORE:
        found = [key.reversed() for key in found]
    nulls = scope.nulls[asked.number, side]
    if len(nulls) != len(found):
        raise LookupError("a cursor has as many keys as its list; the seal was checked")
    bound = [
        None if null else scope.bind_cursor((asked.number, side), index, key.kind)
        for index, (key, null) in enumerate(zip(found, nulls, strict=True))
    ]
    first, edge = found[0], bound[0]
    if edge is None:
        return [_after(found, bound)]
    if not first.nullable or first.nulls_first:  # what is empty came before the cursor
        return [and_(_from(first, edge), _after(found, bound))]
    if not first.stored:
        return [_after(found, bound)]
    present = replace(first, nullable=False)
    with_value = and_(_from(first, edge), _after([present, *found[1:]], bound))
    return [with_value, first.value.is_(None)]


def _after(found: list[SortExpression], bound: list[Sql | None]) -> Bool:
    greater: Bool = false()
    for key, value in reversed(list(zip(found, bound, strict=True))):
        equal = key.value.is_(None) if value is None else key.value == value
        greater = or_(_beyond(key, value), and_(equal, greater))
    return greater


def _from(key: SortExpression, edge: Sql) -> Bool:
    """A bound usable as an index condition; the exact condition is added separately."""
    found: Bool = key.value <= edge if key.descending else key.value >= edge
    return found


def _beyond(key: SortExpression, value: Sql | None) -> Bool:
    """Rows whose key comes strictly after `value` in this key's order, NULL being a place of its own."""
    if value is None:
        return key.value.is_not(None) if key.nulls_first else false()
    further: Bool = key.value < value if key.descending else key.value > value
    if key.nullable and not key.nulls_first:
        return or_(further, key.value.is_(None))
    return further

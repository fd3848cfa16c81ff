"""Orders as SQL: keys through references, nulls placed, the id last so that no two rows are equal, and resuming."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Lateral,
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

from db.engine.gate import Right, Seen
from db.engine.model import Kind
from db.engine.plan.ask import Connection, SortKey
from db.engine.plan.source import Scope, sub
from db.engine.plan.values import TYPES
from db.engine.plan.where import readable
from db.engine.sql import Column, Folded, json_text


@dataclass(frozen=True)
class Key:
    """A sort key as SQL."""

    value: ColumnElement[Any]
    kind: Any
    descending: bool
    nulls_first: bool
    nullable: bool

    def ordered(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """The ORDER BY term; NULLS is said only where there can be any, so that plain indexes serve."""
        term: Any = desc(value) if self.descending else asc(value)
        if self.nullable:
            term = term.nulls_first() if self.nulls_first else term.nulls_last()
        ordered: ColumnElement[Any] = term
        return ordered


def keys(scope: Scope, seen: Seen, asked: tuple[SortKey, ...]) -> tuple[list[Key], list[Lateral]]:
    """The keys of an order over `seen`, the id last, and the laterals that lead to them."""
    laterals: list[Lateral] = []
    found = [_key(scope, seen, key, laterals) for key in asked]
    last = found[-1].descending if found else False
    found.append(Key(seen.column("id"), Uuid(), last, False, False))
    return found, laterals


def _key(scope: Scope, seen: Seen, asked: SortKey, laterals: list[Lateral]) -> Key:
    if asked.path:
        return _far_key(scope, seen, asked, laterals)
    value, kind, optional = _value(scope, seen, asked)
    return Key(value, kind, asked.descending, asked.nulls_first, optional)


def _value(scope: Scope, rows: Seen, asked: SortKey) -> tuple[ColumnElement[Any], Any, bool]:
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
    right = scope.gate.guard.right(rows.entity.name, field.name)
    optional = field.nullable or (right is not Right.OPEN and field.name != "id")
    if field.kind is Kind.TEXT:
        return Folded(column), Text(), optional
    if field.kind is Kind.ENUM:
        return column.collate("C"), Text(), optional
    return column, TYPES[field.kind], optional


def _number(kept: Any) -> ColumnElement[Any]:
    """A jsonb number as a number; anything else as NULL, because a cast would raise on it."""
    return func.platform.number(kept)


def _far_key(scope: Scope, seen: Seen, asked: SortKey, laterals: list[Lateral]) -> Key:
    """A key of a record that references lead to; NULL where one of them is not visible."""
    before: Any = seen
    for index, reference in enumerate(asked.path):
        far = scope.gate.see(scope.model.entities[reference.target])
        name = f"{far.name}_key"
        last = index == len(asked.path) - 1
        if last:
            value, kind, _ = _value(scope, far, asked)
        else:
            value, kind = far.column(asked.path[index + 1].column), Uuid()
        link = before.column(reference.column) if before is seen else before
        one = select(value.label("key")).select_from(far).where(far.column("id") == link)
        laterals.append(sub(one, name))
        before = Column(name, "key", kind)
    return Key(before, kind, asked.descending, asked.nulls_first, True)


def after(scope: Scope, asked: Connection, found: list[Key]) -> ColumnElement[bool]:
    """The rows that come after the cursor's: greater in the first key, or equal there and greater in the next."""
    nulls = scope.nulls[asked.number]
    if len(nulls) != len(found):
        raise LookupError("a cursor has as many keys as its list; the seal was checked")
    bound = [
        None if null else scope.bind_cursor(asked.number, index, key.kind)
        for index, (key, null) in enumerate(zip(found, nulls, strict=True))
    ]
    greater: ColumnElement[bool] = false()
    for key, value in reversed(list(zip(found, bound, strict=True))):
        equal = key.value.is_(None) if value is None else key.value == value
        greater = or_(_beyond(key, value), and_(equal, greater))
    first = found[0]
    if bound[0] is not None and not first.nullable:
        edge = first.value <= bound[0] if first.descending else first.value >= bound[0]
        return and_(edge, greater)
    return greater


def _beyond(key: Key, value: ColumnElement[Any] | None) -> ColumnElement[bool]:
    """Rows whose key comes strictly after `value` in this key's order, NULL being a place of its own."""
    if value is None:
        return key.value.is_not(None) if key.nulls_first else false()
    further: ColumnElement[bool] = key.value < value if key.descending else key.value > value
    if key.nullable and not key.nulls_first:
        return or_(further, key.value.is_(None))
    return further

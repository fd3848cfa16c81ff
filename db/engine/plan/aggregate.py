"""Measures as JSON text. Currencies are never added: sums of money are lists, one sum per currency (D-17)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import ColumnElement, and_, select

from db.engine.fields import Field, Kind, Reference
from db.engine.gate import SecuredView
from db.engine.plan.aggregate_query import AggregateQuery, Asked, in_parts, is_money
from db.engine.plan.emit import array, leaf, nullable, obj
from db.engine.plan.selection import Aggregate, Function, Measure
from db.engine.plan.source import Scope
from db.engine.sql import AsText, Concat, Sql, StringAgg

All = Callable[[], tuple[SecuredView, ColumnElement[bool]]]
"""Makes a view of its own of all rows, with the condition on it."""


def aggregate(scope: Scope, part: Aggregate, rows: All, *, many: bool) -> Concat:
    """The text of a connection's `aggregate`; with `many` rows they are put together in parts first."""
    seen, belongs = rows()
    shown = list(measured_in(what for _, what in part.parts))
    money = any(map(is_money, shown))
    sheet = AggregateQuery(scope, seen, money=money, parts=money and many and in_parts(shown))
    items = [(key, measure_text(scope, sheet, what)) for key, what in part.parts]
    statement = select(obj(items))
    if shown or any(what == "count" for _, what in part.parts):
        statement = sheet.over(statement, belongs)
    return Concat([statement.scalar_subquery()])


def measured_in(parts: Iterable[Measure | str]) -> Iterable[Asked]:
    """Everything that these parts measure."""
    for part in parts:
        if isinstance(part, Measure):
            yield from (
                (part.function, what) for _, what, _ in part.parts if not isinstance(what, str)
            )


def measure_text(scope: Scope, sheet: AggregateQuery, part: Measure | str) -> Concat | str:
    """`count`, a type's name, or a measure of several fields. One ruled by status is told to be partial."""
    if isinstance(part, str):
        return Concat([AsText(sheet.count())]) if part == "count" else f'"{part}"'
    items: list[tuple[str, Concat | str]] = []
    for key, what, parts in part.parts:
        if isinstance(what, str):
            items.append((key, f'"{what}"'))
            continue
        scope.right(sheet.seen.entity.name, what.name)
        if isinstance(what, Field) and is_money((part.function, what)):
            items.append((key, _money(sheet, part.function, what, parts)))
        else:
            text = leaf(kind_of(part.function, what), sheet.plain(part.function, what))
            items.append((key, nullable(text, True)))
    return obj(items)


def kind_of(function: Function, what: Field | Reference) -> Kind:
    """How a measure is written."""
    if function is Function.COUNT_UNIQUE:
        return Kind.INT
    exact = function in (Function.SUM, Function.AVG, Function.PERCENT_EMPTY)
    return Kind.DECIMAL if exact or isinstance(what, Reference) else what.kind


def _money(
    sheet: AggregateQuery, function: Function, field: Field, parts: tuple[tuple[str, str], ...]
) -> Concat:
    """A JSON array with one sum per currency, in the order of their codes."""
    amount, code, belongs = sheet.money(function, field)
    text = obj((key, _part(word, amount, code)) for key, word in parts)
    return array(StringAgg(text, code, where=and_(belongs, amount.is_not(None))))


def _part(word: str, amount: Sql, currency: Sql) -> Concat | str:
    if word == "__typename":
        return '"Money"'
    return leaf(Kind.DECIMAL, amount) if word == "amount" else leaf(Kind.ENUM, currency)

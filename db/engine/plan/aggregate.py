"""Measures as JSON text. Currencies are never mixed: measures of money are lists with one amount per currency (D-17)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import ColumnElement, and_, select

from db.engine.fields import Field, Kind, Reference
from db.engine.gate import SecuredView
from db.engine.plan.aggregate_query import AggregateQuery, MeasureSpec, can_pre_aggregate, is_money
from db.engine.plan.emit import array, leaf, nullable, obj
from db.engine.plan.selection import Aggregate, Function, Measure
from db.engine.plan.source import Scope
from db.engine.sql import AsText, Concat, Sql, StringAgg

All = Callable[[], tuple[SecuredView, ColumnElement[bool]]]
"""A function that returns a separate view of all rows, and the condition on them."""


def aggregate(scope: Scope, part: Aggregate, rows: All, *, many: bool) -> Concat:
    """The JSON text of a connection's `aggregate`. `many`: expect many rows, and pre-aggregate money."""
    view, condition = rows()
    measures = list(measured_in(what for _, what in part.parts))
    money = any(map(is_money, measures))
    query = AggregateQuery(
        scope, view, money=money, pre_aggregate=money and many and can_pre_aggregate(measures)
    )
    items = [(key, measure_text(scope, query, what)) for key, what in part.parts]
    statement = select(obj(items))
    if measures or any(what == "count" for _, what in part.parts):
        statement = query.from_rows(statement, condition)
    return Concat([statement.scalar_subquery()])


def measured_in(parts: Iterable[Measure | str]) -> Iterable[MeasureSpec]:
    """All measures in a selection."""
    for part in parts:
        if isinstance(part, Measure):
            yield from (
                (part.function, what) for _, what, _ in part.parts if not isinstance(what, str)
            )


def measure_text(scope: Scope, query: AggregateQuery, part: Measure | str) -> Concat | str:
    """JSON text of `count`, `__typename`, or a measure of several fields. Conditional fields are reported as partial."""
    if isinstance(part, str):
        return Concat([AsText(query.count())]) if part == "count" else f'"{part}"'
    items: list[tuple[str, Concat | str]] = []
    for key, what, parts in part.parts:
        if isinstance(what, str):
            items.append((key, f'"{what}"'))
            continue
        scope.right(query.view.entity.name, what.name)
        if isinstance(what, Field) and is_money((part.function, what)):
            items.append((key, _money(query, part.function, what, parts)))
        else:
            text = leaf(kind_of(part.function, what), query.plain(part.function, what))
            items.append((key, nullable(text, True)))
    return obj(items)


def kind_of(function: Function, what: Field | Reference) -> Kind:
    """The kind of a measure's result."""
    if function is Function.COUNT_UNIQUE:
        return Kind.INT
    is_decimal = function in (Function.SUM, Function.AVG, Function.PERCENT_EMPTY)
    return Kind.DECIMAL if is_decimal or isinstance(what, Reference) else what.kind


def _money(
    query: AggregateQuery, function: Function, field: Field, parts: tuple[tuple[str, str], ...]
) -> Concat:
    """A JSON array with one amount per currency, sorted by code."""
    amount, code, condition = query.money(function, field)
    text = obj((key, _part(word, amount, code)) for key, word in parts)
    return array(StringAgg(text, code, where=and_(condition, amount.is_not(None))))


def _part(word: str, amount: Sql, currency: Sql) -> Concat | str:
    if word == "__typename":
        return '"Money"'
    return leaf(Kind.DECIMAL, amount) if word == "amount" else leaf(Kind.ENUM, currency)

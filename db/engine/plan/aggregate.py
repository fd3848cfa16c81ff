"""Measures over all rows of a connection. Sums of money are lists, one per currency: currencies are never added (D-17)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Numeric, Text, func, select

from db.engine.gate import Seen
from db.engine.model import Field, Kind
from db.engine.plan.ask import Aggregate, Measure
from db.engine.plan.emit import array, leaf, nullable, obj
from db.engine.plan.source import Scope
from db.engine.sql import AsText, Column, Concat, StringAgg, Whole

AVERAGE_DIGITS = 2
"""An average shows this many digits more than what it is an average of (D-42)."""

All = Callable[[], tuple[Seen, ColumnElement[bool]]]
"""Makes a view of its own of all rows, with the condition on it."""


def aggregate(scope: Scope, part: Aggregate, rows: All) -> Concat:
    """The text of a connection's `aggregate`. A measure of a field ruled by status is told to be partial."""
    seen, belongs = rows()
    for _, what in part.parts:
        for _, field, _ in what.parts if isinstance(what, Measure) else ():
            if isinstance(field, Field):
                scope.right(seen.entity.name, field.name)
    items = [(key, _item(what, seen, rows)) for key, what in part.parts]
    statement = select(obj(items))
    if any(_over_rows(what) for _, what in part.parts):
        statement = statement.select_from(seen).where(belongs)
    return Concat([statement.scalar_subquery()])


def _over_rows(what: Measure | str) -> bool:
    """Whether a part is measured over the rows themselves; sums of money bring statements of their own."""
    if isinstance(what, str):
        return what == "count"
    return any(isinstance(f, Field) and f.kind is not Kind.MONEY for _, f, _ in what.parts)


def _item(what: Measure | str, seen: Seen, rows: All) -> Concat | str:
    if isinstance(what, str):
        return Concat([AsText(func.count())]) if what == "count" else f'"{what}"'
    items: list[tuple[str, Concat | str]] = []
    for key, field, parts in what.parts:
        if isinstance(field, str):
            items.append((key, f'"{field}"'))
        elif field.kind is Kind.MONEY:
            items.append((key, _money(what.function, field, parts, rows)))
        else:
            items.append((key, _plain(what.function, field, seen)))
    return obj(items)


def _plain(function: str, field: Field, seen: Seen) -> Concat:
    value = _FUNCTIONS[function](seen.column(field.column))
    if function == "avg":
        value = func.round(value, Whole(field.scale + AVERAGE_DIGITS))
    kind = Kind.DECIMAL if function in ("sum", "avg") else field.kind
    return nullable(leaf(kind, value), True)


def _money(function: str, field: Field, parts: tuple[tuple[str, str], ...], rows: All) -> Concat:
    seen, belongs = rows()
    amount = seen.column(field.column)
    label = f"{field.column}_currency"
    currency = seen.column(field.exposed.currency or "", label=label, under=field.name)
    measured = _FUNCTIONS[function](amount)
    by_currency = (
        select(currency.label("currency"), measured.label("amount"))
        .select_from(seen)
        .where(belongs, amount.is_not(None))
        .group_by(currency)
        .subquery("by_currency")
    )
    code = Column("by_currency", "currency", Text())
    digits: ColumnElement[Any] = func.platform.minor(code)
    if function == "avg":
        digits = digits + Whole(AVERAGE_DIGITS)
    shown = func.round(Column("by_currency", "amount", Numeric()), digits)
    text = obj((key, _part(word, shown, code)) for key, word in parts)
    joined = select(StringAgg(text, code)).select_from(by_currency).scalar_subquery()
    return array(joined)


def _part(word: str, amount: ColumnElement[Any], currency: ColumnElement[Any]) -> Concat | str:
    if word == "__typename":
        return '"Money"'
    return leaf(Kind.DECIMAL, amount) if word == "amount" else leaf(Kind.ENUM, currency)


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sum": func.sum,
    "avg": func.avg,
    "min": func.min,
    "max": func.max,
}

"""Many rows measured in one pass over them: by keys, and for money by currency besides (D-17)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import (
    Boolean,
    FromClause,
    Numeric,
    Text,
    Uuid,
    and_,
    case,
    distinct,
    func,
    select,
    true,
    tuple_,
)

from db.engine.fields import Field, Kind, Reference
from db.engine.gate import Right, SecuredView
from db.engine.plan.order import through
from db.engine.plan.selection import BindParam, Function, currency_of
from db.engine.plan.source import Joined, Scope, beside
from db.engine.sql import Bool, Column, IntLiteral, Labelled, Query, Ratio, Sql, SqlType

AVERAGE_DIGITS = 2
"""An average shows this many digits more than what it is an average of (D-42)."""
PARTS = "parts"
"""The statement that puts rows together by all that they are measured by."""
MEASURED = "measured"
"""The statement that holds a row for all records of a group and one for each currency among them."""
WHOLE = Column(MEASURED, "whole", Boolean())
"""Marks the rows of the sheet that stand for all currencies together."""

_FUNCTIONS: dict[Function, Callable[[Sql], Sql]] = {
    Function.SUM: func.sum,
    Function.AVG: func.avg,
    Function.MIN: func.min,
    Function.MAX: func.max,
}

Asked = tuple[Function | None, Field | Reference | None]
"""A measure: a function of something, or the count."""


def is_money(asked: Asked) -> bool:
    """Whether a measure has a currency: how many values are different or empty has none."""
    function, what = asked
    return isinstance(what, Field) and what.kind is Kind.MONEY and function in _FUNCTIONS


def in_parts(asked: Iterable[Asked]) -> bool:
    """Whether all of these can be put together from measures of parts: what is different cannot."""
    return all(
        what is None or (isinstance(what, Field) and function is not Function.COUNT_UNIQUE)
        for function, what in asked
    )


class _Parts:
    """Rows put together by their raw keys and currencies, which Postgres does in parallel.

    What is joined to find the keys, and the grouping sets, then only see as many rows as there are parts.
    """

    def __init__(self) -> None:
        self._by: list[Labelled] = []
        self._listed: list[Labelled] = []

    def by(self, value: Sql) -> Column:
        """A value that parts have in common."""
        known = [each for each in self._by if _same(each.element, value)]
        return _column(known[0] if known else _add(self._by, "by", value))

    def measure(self, value: Sql) -> Column:
        """A measure of each part."""
        return _column(_add(self._listed, "part", value))

    def of(self, rows: FromClause, belongs: Bool) -> FromClause:
        """The parts of the rows that belong."""
        listed = select(*self._by, *self._listed).select_from(rows).where(belongs)
        return listed.group_by(*(each.element for each in self._by)).subquery(PARTS)


def _add(kept: list[Labelled], word: str, value: Sql) -> Labelled:
    kept.append(value.label(f"{word}_{len(kept) + 1}"))
    return kept[-1]


def _column(label: Labelled) -> Column:
    return Column(PARTS, str(label.name), label.type)


def _same(one: object, other: object) -> bool:
    """Whether two values are the same column."""
    if not isinstance(one, Column) or not isinstance(other, Column):
        return False
    return (one.alias, one.name) == (other.alias, other.name)


class AggregateQuery:
    """Rows of a view, measured by keys, or all together where there are none.

    `money`: grouping sets measure by the keys, and by key and currency; what is taken from the
    sheet then stands above that statement. `parts`: the rows are put together first.
    """

    def __init__(self, scope: Scope, seen: SecuredView, *, money: bool, parts: bool) -> None:
        self.seen = seen
        self._scope = scope
        self._money = money
        self._parts = _Parts() if parts else None
        self._keys: list[Sql] = []
        self._laterals: list[Joined] = []
        self._listed: dict[object, Labelled] = {}
        self._currencies: dict[str, Sql] = {}

    def carry(self, value: Sql) -> Sql:
        """A value of the rows, as it is where the keys are looked up."""
        return value if self._parts is None else self._parts.by(value)

    def key(self, make: Callable[[list[Joined]], Sql]) -> Sql:
        """Group by what `make` makes of carried values; what it is in the sheet."""
        value = make(self._laterals)
        self._keys.append(value)
        return Column(MEASURED, f"key_{len(self._keys)}", value.type) if self._money else value

    def count(self) -> Sql:
        """How many rows there are."""
        return self._taken("count", self._counted(None))

    def plain(self, function: Function, what: Field | Reference) -> Sql:
        """A measure that is not of money."""
        return self._taken((function, what.name), self._plain(function, what))

    def _plain(self, function: Function, what: Field | Reference) -> Sql:
        if function is Function.COUNT_UNIQUE:
            return func.count(distinct(self._value(what)))
        if function is Function.PERCENT_EMPTY:
            return func.round(self._share(what), IntLiteral(AVERAGE_DIGITS))
        measured = self._of(function, self._value(what))
        if function is Function.AVG:
            scale = what.scale if isinstance(what, Field) else 0
            return func.round(measured, IntLiteral(scale + AVERAGE_DIGITS))
        return measured

    def _value(self, what: Field | Reference) -> Sql:
        column = self.seen.column(what.column)
        if isinstance(what, Field):
            return column
        return through(self._scope, column, (what,), _id, self._laterals)[0]

    def _share(self, what: Field | Reference) -> Sql:
        """Of how many in a hundred a value is empty."""
        value = self._value(what)
        if self._parts is None:
            return func.avg(case((value.is_(None), IntLiteral(100)), else_=IntLiteral(0)))
        empty = func.sum(self._parts.measure(func.count() - func.count(value)))
        return Ratio(empty * IntLiteral(100), self._counted(None))

    def _counted(self, value: Sql | None) -> Sql:
        """How many rows there are, or how many values."""
        counted = func.count() if value is None else func.count(value)
        if self._parts is None:
            return counted
        found: Sql = func.coalesce(func.sum(self._parts.measure(counted)), IntLiteral(0))
        return found

    def _of(self, function: Function, value: Sql) -> Sql:
        """A function of all values, or of those of the parts."""
        if self._parts is None:
            direct: Sql = _FUNCTIONS[function](value)
            return direct
        if function is Function.AVG:
            return Ratio(func.sum(self._parts.measure(func.sum(value))), self._counted(value))
        again: Sql = _FUNCTIONS[function](self._parts.measure(_FUNCTIONS[function](value)))
        return again

    def money(self, function: Function, field: Field) -> tuple[Sql, Sql, Bool]:
        """An amount, its currency, and which rows of the sheet hold the two; one for each currency."""
        kept = field.exposed.currency or ""
        name = self._currency_name(kept, field)
        currency = self.carry(self.seen.column(kept, label=name, under=field.name))
        digits: Sql = func.platform.minor(currency)
        if function is Function.AVG:
            digits = digits + IntLiteral(AVERAGE_DIGITS)
        measured = func.round(self._of(function, self.seen.column(field.column)), digits)
        amount = Column(MEASURED, self._list((function, field.name), measured), Numeric())
        for index, key in enumerate(self._keys, start=1):
            if _same(key, currency):
                # Grouped by the currency already: the groups themselves hold one currency each.
                return amount, Column(MEASURED, f"key_{index}", Text()), WHOLE
        self._currencies[name] = currency
        return amount, Column(MEASURED, name, Text()), Column(MEASURED, f"by_{name}", Boolean())

    def _currency_name(self, kept: str, field: Field) -> str:
        """What an amount's currency is called, which is masked as the amount is, not as the currency itself.

        Where neither is masked they are one, so that groups by the currency are known as such.
        """
        authorizer, entity = self._scope.gate.authorizer, self.seen.entity
        shown = currency_of(entity, field)
        if authorizer.right(entity.name, field.name) is not Right.OPEN:
            return f"{field.column}_currency"
        return kept if authorizer.right(entity.name, shown) is Right.OPEN else f"open_{kept}"

    def money_in(self, function: Function, field: Field, currency: BindParam) -> Sql:
        """A measure of money in one currency."""
        amount, code, belongs = self.money(function, field)
        wanted = self._scope.bind(currency, Kind.TEXT)
        found: Sql = func.max(amount).filter(and_(belongs, code == wanted))
        return found

    def _list(self, key: object, value: Sql) -> str:
        self._listed.setdefault(key, value.label(f"measure_{len(self._listed) + 1}"))
        return str(self._listed[key].name)

    def _taken(self, key: object, value: Sql) -> Sql:
        """A measure over all rows of a group: above the grouping sets, that of the row without a currency."""
        if not self._money:
            return value
        found: Sql = func.max(Column(MEASURED, self._list(key, value), value.type)).filter(WHOLE)
        return found

    def over(self, statement: Query, belongs: Bool) -> Query:
        """`statement`, which shows what was asked of the sheet, over the rows that belong."""
        if self._parts is None:
            rows = beside(self.seen, self._laterals)
        else:
            rows, belongs = beside(self._parts.of(self.seen, belongs), self._laterals), true()
        if not self._money:
            found = statement.select_from(rows).where(belongs)
            return found.group_by(*self._keys) if self._keys else found
        found = statement.select_from(self._sets(rows, belongs))
        above = [Column(MEASURED, f"key_{i}", k.type) for i, k in enumerate(self._keys, start=1)]
        return found.group_by(*above) if above else found

    def _sets(self, rows: FromClause, belongs: Bool) -> FromClause:
        """The rows measured by the keys, and by keys and currency."""
        keys = [key.label(f"key_{index}") for index, key in enumerate(self._keys, start=1)]
        codes = self._currencies
        listed = [each.label(name) for name, each in codes.items()]
        marks = [
            (func.grouping(each) == IntLiteral(0)).label(f"by_{n}") for n, each in codes.items()
        ]
        all_ = IntLiteral(2 ** len(codes) - 1)
        whole = func.grouping(*codes.values()) == all_ if codes else true()
        sets = [tuple_(*self._keys), *(tuple_(*self._keys, each) for each in codes.values())]
        return (
            select(*keys, *listed, *marks, whole.label("whole"), *self._listed.values())
            .select_from(rows)
            .where(belongs)
            .group_by(func.grouping_sets(*sets))
            .subquery(MEASURED)
        )


def _id(seen: SecuredView) -> tuple[Sql, SqlType]:
    return seen.column("id"), Uuid()

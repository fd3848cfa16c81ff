"""Aggregates rows in one pass: by keys, and for money also by currency (D-17)."""

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
from db.engine.gate import FieldAccess, SecuredView
from db.engine.plan.order import through
from db.engine.plan.selection import BindParam, Function, currency_of
from db.engine.plan.source import Joined, Scope, join_laterals
from db.engine.sql import Bool, Column, IntLiteral, Labelled, Query, Ratio, Sql, SqlType

AVERAGE_DIGITS = 2
"""Additional decimals of an average (D-42)."""
PRE_AGGREGATED = "parts"
"""Alias of the pre-aggregation."""
MEASURED = "measured"
"""Alias of the statement with one row for the total of a group, and one per currency in it."""
IS_TOTAL = Column(MEASURED, "whole", Boolean())
"""Marks the rows with the total over all currencies."""

_FUNCTIONS: dict[Function, Callable[[Sql], Sql]] = {
    Function.SUM: func.sum,
    Function.AVG: func.avg,
    Function.MIN: func.min,
    Function.MAX: func.max,
}

MeasureSpec = tuple[Function | None, Field | Reference | None]
"""A measure: a function of a field or reference, or the count."""


def is_money(measure: MeasureSpec) -> bool:
    """Whether a measure has a currency; counts of distinct or empty values have none."""
    function, what = measure
    return isinstance(what, Field) and what.kind is Kind.MONEY and function in _FUNCTIONS


def can_pre_aggregate(measures: Iterable[MeasureSpec]) -> bool:
    """Whether all measures can be computed from pre-aggregated rows; distinct counts cannot."""
    return all(
        what is None or (isinstance(what, Field) and function is not Function.COUNT_UNIQUE)
        for function, what in measures
    )


class _PreAggregation:
    """Rows pre-aggregated by their raw keys and currencies, which Postgres does in parallel.

    The joins for the keys and the grouping sets then process fewer rows.
    """

    def __init__(self) -> None:
        self._by: list[Labelled] = []
        self._listed: list[Labelled] = []

    def group_by(self, value: Sql) -> Column:
        """Add a value to the GROUP BY."""
        known = [each for each in self._by if _same(each.element, value)]
        return _column(known[0] if known else _add(self._by, "by", value))

    def measure(self, value: Sql) -> Column:
        """Add a measure."""
        return _column(_add(self._listed, "part", value))

    def of(self, rows: FromClause, condition: Bool) -> FromClause:
        """The pre-aggregation of the rows that fulfil `condition`."""
        listed = select(*self._by, *self._listed).select_from(rows).where(condition)
        return listed.group_by(*(each.element for each in self._by)).subquery(PRE_AGGREGATED)


def _add(labels: list[Labelled], word: str, value: Sql) -> Labelled:
    labels.append(value.label(f"{word}_{len(labels) + 1}"))
    return labels[-1]


def _column(label: Labelled) -> Column:
    return Column(PRE_AGGREGATED, str(label.name), label.type)


def _same(one: object, other: object) -> bool:
    """Whether two expressions are the same column."""
    if not isinstance(one, Column) or not isinstance(other, Column):
        return False
    return (one.alias, one.name) == (other.alias, other.name)


class AggregateQuery:
    """Aggregation of a view by keys, or over all rows without keys.

    With `money`, grouping sets aggregate by the keys, and by keys and currency; results are then
    columns of that inner statement. With `pre_aggregate`, rows are pre-aggregated first.
    """

    def __init__(
        self, scope: Scope, view: SecuredView, *, money: bool, pre_aggregate: bool
    ) -> None:
        self.view = view
        self._scope = scope
        self._money = money
        self._pre_aggregation = _PreAggregation() if pre_aggregate else None
        self._keys: list[Sql] = []
        self._laterals: list[Joined] = []
        self._listed: dict[object, Labelled] = {}
        self._currencies: dict[str, Sql] = {}

    def carry(self, value: Sql) -> Sql:
        """A value of the rows, available where the keys are joined."""
        return value if self._pre_aggregation is None else self._pre_aggregation.group_by(value)

    def key(self, make: Callable[[list[Joined]], Sql]) -> Sql:
        """Group by the result of `make`, and return the key's column in the result."""
        value = make(self._laterals)
        self._keys.append(value)
        return Column(MEASURED, f"key_{len(self._keys)}", value.type) if self._money else value

    def count(self) -> Sql:
        """The number of rows."""
        return self._total("count", self._count(None))

    def plain(self, function: Function, what: Field | Reference) -> Sql:
        """A measure without a currency."""
        return self._total((function, what.name), self._plain(function, what))

    def _plain(self, function: Function, what: Field | Reference) -> Sql:
        if function is Function.COUNT_UNIQUE:
            return func.count(distinct(self._value(what)))
        if function is Function.PERCENT_EMPTY:
            return func.round(self._percent_empty(what), IntLiteral(AVERAGE_DIGITS))
        measured = self._apply(function, self._value(what))
        if function is Function.AVG:
            scale = what.scale if isinstance(what, Field) else 0
            return func.round(measured, IntLiteral(scale + AVERAGE_DIGITS))
        return measured

    def _value(self, what: Field | Reference) -> Sql:
        column = self.view.column(what.column)
        if isinstance(what, Field):
            return column
        return through(self._scope, column, (what,), _id, self._laterals)[0]

    def _percent_empty(self, what: Field | Reference) -> Sql:
        """The percentage of rows with an empty value."""
        value = self._value(what)
        if self._pre_aggregation is None:
            return func.avg(case((value.is_(None), IntLiteral(100)), else_=IntLiteral(0)))
        empty = func.sum(self._pre_aggregation.measure(func.count() - func.count(value)))
        return Ratio(empty * IntLiteral(100), self._count(None))

    def _count(self, value: Sql | None) -> Sql:
        """The number of rows, or of non-null values."""
        counted = func.count() if value is None else func.count(value)
        if self._pre_aggregation is None:
            return counted
        total: Sql = func.coalesce(func.sum(self._pre_aggregation.measure(counted)), IntLiteral(0))
        return total

    def _apply(self, function: Function, value: Sql) -> Sql:
        """A function of all values, computed from the pre-aggregation if there is one."""
        if self._pre_aggregation is None:
            direct: Sql = _FUNCTIONS[function](value)
            return direct
        if function is Function.AVG:
            return Ratio(
                func.sum(self._pre_aggregation.measure(func.sum(value))), self._count(value)
            )
        combined: Sql = _FUNCTIONS[function](
            self._pre_aggregation.measure(_FUNCTIONS[function](value))
        )
        return combined

    def money(self, function: Function, field: Field) -> tuple[Sql, Sql, Bool]:
        """An amount, its currency, and the condition for the rows with both: one row per currency."""
        column = field.exposed.currency or ""
        name = self._currency_name(column, field)
        currency = self.carry(self.view.column(column, label=name, under=field.name))
        digits: Sql = func.platform.minor(currency)
        if function is Function.AVG:
            digits = digits + IntLiteral(AVERAGE_DIGITS)
        measured = func.round(self._apply(function, self.view.column(field.column)), digits)
        amount = Column(MEASURED, self._list((function, field.name), measured), Numeric())
        for index, key in enumerate(self._keys, start=1):
            if _same(key, currency):
                # Already grouped by the currency: each group has exactly one.
                return amount, Column(MEASURED, f"key_{index}", Text()), IS_TOTAL
        self._currencies[name] = currency
        return amount, Column(MEASURED, name, Text()), Column(MEASURED, f"by_{name}", Boolean())

    def _currency_name(self, column: str, field: Field) -> str:
        """Label of an amount's currency column, which is masked like the amount instead of like the currency field.

        If neither is masked, both share one label, so that grouping by the currency is recognized.
        """
        authorizer, entity = self._scope.gate.authorizer, self.view.entity
        currency_field = currency_of(entity, field)
        if authorizer.right(entity.name, field.name) is not FieldAccess.READABLE:
            return f"{field.column}_currency"
        return (
            column
            if authorizer.right(entity.name, currency_field) is FieldAccess.READABLE
            else f"open_{column}"
        )

    def money_in_currency(self, function: Function, field: Field, currency: BindParam) -> Sql:
        """A measure of money in one currency."""
        amount, code, condition = self.money(function, field)
        requested = self._scope.bind(currency, Kind.TEXT)
        result: Sql = func.max(amount).filter(and_(condition, code == requested))
        return result

    def _list(self, key: object, value: Sql) -> str:
        self._listed.setdefault(key, value.label(f"measure_{len(self._listed) + 1}"))
        return str(self._listed[key].name)

    def _total(self, key: object, value: Sql) -> Sql:
        """A measure over all rows of a group; with grouping sets, the value of the total row."""
        if not self._money:
            return value
        total: Sql = func.max(Column(MEASURED, self._list(key, value), value.type)).filter(IS_TOTAL)
        return total

    def from_rows(self, statement: Query, condition: Bool) -> Query:
        """`statement`, which selects results of this object, FROM the rows that fulfil the condition."""
        if self._pre_aggregation is None:
            rows = join_laterals(self.view, self._laterals)
        else:
            aggregated_rows = self._pre_aggregation.of(self.view, condition)
            rows, condition = join_laterals(aggregated_rows, self._laterals), true()
        if not self._money:
            aggregated = statement.select_from(rows).where(condition)
            return aggregated.group_by(*self._keys) if self._keys else aggregated
        aggregated = statement.select_from(self._sets(rows, condition))
        outer_keys = [
            Column(MEASURED, f"key_{i}", k.type) for i, k in enumerate(self._keys, start=1)
        ]
        return aggregated.group_by(*outer_keys) if outer_keys else aggregated

    def _sets(self, rows: FromClause, condition: Bool) -> FromClause:
        """The aggregation by the keys, and by keys and currency."""
        keys = [key.label(f"key_{index}") for index, key in enumerate(self._keys, start=1)]
        codes = self._currencies
        currencies = [each.label(name) for name, each in codes.items()]
        grouped = [
            (func.grouping(each) == IntLiteral(0)).label(f"by_{n}") for n, each in codes.items()
        ]
        all_grouped = IntLiteral(2 ** len(codes) - 1)
        is_total = func.grouping(*codes.values()) == all_grouped if codes else true()
        sets = [tuple_(*self._keys), *(tuple_(*self._keys, each) for each in codes.values())]
        return (
            select(*keys, *currencies, *grouped, is_total.label("whole"), *self._listed.values())
            .select_from(rows)
            .where(condition)
            .group_by(func.grouping_sets(*sets))
            .subquery(MEASURED)
        )


def _id(view: SecuredView) -> tuple[Sql, SqlType]:
    return view.column("id"), Uuid()

"""Grouped aggregation as SQL: aggregate by keys, filter with `having`, sort, select the page, serialize."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Numeric,
    Text,
    Uuid,
    and_,
    case,
    false,
    func,
    or_,
    select,
    true,
)

from db.engine.fields import Field, Kind
from db.engine.gate import SecuredView
from db.engine.plan.aggregate import kind_of, measure_text, measured_in
from db.engine.plan.aggregate_query import AggregateQuery, MeasureSpec, can_pre_aggregate, is_money
from db.engine.plan.emit import array, leaf, nullable, obj
from db.engine.plan.group_selection import (
    Bucket,
    ByKey,
    GroupKey,
    GroupList,
    GroupOrder,
    Groups,
    Having,
    HavingAll,
    HavingAny,
    HavingNot,
    HavingTest,
    KeyPart,
    KeyParts,
    KeyRecord,
    KeyValue,
    Measured,
)
from db.engine.plan.order import SortExpression, sort_value, through
from db.engine.plan.selection import Measure
from db.engine.plan.shape import to_one
from db.engine.plan.source import Joined, Scope, join_laterals
from db.engine.plan.values import TYPES
from db.engine.plan.where import compare
from db.engine.sql import (
    AsDate,
    AsText,
    Bool,
    Column,
    Concat,
    Folded,
    IntLiteral,
    Labelled,
    Query,
    Sql,
    SqlType,
    StringAgg,
)

FIRST_DAY, LAST_DAY = "0001-01-01", "9999-12-31"
"""Bounds of dates: a timestamp at the limit may lie beyond it in another time zone (D-42)."""
PAGE_ALIAS = "page"
MAX_SKIPPED = 10_000
"""Maximum of `skip`. To reach later groups, filter more narrowly."""


def groups(
    scope: Scope, request: Groups, condition: Callable[[SecuredView], Bool]
) -> ColumnElement[str]:
    """The JSON text of a grouped aggregation."""
    view = scope.gate.see(request.entity, scope.gate.authorizer.form(request.entity.name))
    statement = _GroupStatement(scope, request, view)
    source = statement.source(condition(view))
    items: list[tuple[str, Concat | str]] = []
    for index, (key, part) in enumerate(request.parts):
        if isinstance(part, GroupList):
            items.append((key, _list(statement, source, index, part)))
        elif part == "groupCount":
            count = select(func.count()).select_from(source).where(statement.having)
            items.append((key, Concat([AsText(count.scalar_subquery())])))
        else:
            items.append((key, f'"{part}"'))
    return obj(items)


class _GroupStatement:
    """The statement with one row per group: its keys, and all measures that are selected, tested or sorted by."""

    def __init__(self, scope: Scope, request: Groups, view: SecuredView) -> None:
        self.scope = scope
        self.request = request
        self.name = f"groups_{request.number}"
        measures = _all_measures(request)
        money = any(map(is_money, measures))
        through_references = any(key.path for key in request.keys)
        self._query = AggregateQuery(
            scope,
            view,
            money=money,
            pre_aggregate=(money or through_references) and can_pre_aggregate(measures),
        )
        self._columns: list[Labelled] = []
        self._measured: dict[Measured, Column] = {}
        for index, key in enumerate(request.keys, start=1):
            value = self._query.key(partial(_key, scope, request, self._query, key))
            self._columns.append(value.label(f"key_{index}"))
        self.texts = {
            (index, inner): self._add_text(measure_text(scope, self._query, part))
            for index, (_, listed) in enumerate(request.parts)
            for inner, (_, part) in enumerate(listed.parts if isinstance(listed, GroupList) else ())
            if isinstance(part, Measure) or part == "count"
        }
        skip = request.skip
        self.skip = None if skip is None else scope.bind_within(skip, "skip", 0, MAX_SKIPPED)
        self.having = true() if request.having is None else self._having(request.having)
        self.order = [self._measured_order(each) for each in request.order]

    def source(self, condition: Bool) -> FromClause:
        """The groups as a CTE, computed once for all uses."""
        if not self.request.keys:
            self.measured(Measured())  # without a measure there would be one row per record
        return self._query.from_rows(select(*self._columns), condition).cte(self.name)

    def _add_text(self, text: Concat | str) -> Column | str:
        if isinstance(text, str):
            return text
        return self._add(text, Text())

    def _add(self, value: Sql, kind: SqlType) -> Column:
        label = f"value_{len(self._columns)}"
        self._columns.append(value.label(label))
        return Column(self.name, label, kind)

    def measured(self, what: Measured) -> Column:
        """The column of a measure that groups are filtered or sorted by, rounded like the response."""
        if what not in self._measured:
            self._measured[what] = self._add(self._measure(what), Numeric())
        return self._measured[what]

    def _measure(self, what: Measured) -> Sql:
        if what.function is None or what.field is None:
            return self._query.count()
        self.scope.right(self.request.entity.name, what.field.name)
        if isinstance(what.field, Field) and what.currency is not None:
            return self._query.money_in_currency(what.function, what.field, what.currency)
        return self._query.plain(what.function, what.field)

    def _having(self, having: Having) -> Bool:
        match having:
            case HavingAll(items):
                return and_(true(), *map(self._having, items))
            case HavingAny(items):
                return or_(false(), *map(self._having, items))
            case HavingNot(item):
                return self._having(item).is_not(true())
            case HavingTest(what, op, value):
                return compare(self.scope, self.measured(what), _kind(what), op, value)

    def _measured_order(self, order: GroupOrder) -> SortExpression | ByKey:
        if isinstance(order, ByKey):
            return order
        return _ordered(self.measured(order.measured), order.descending, order.nulls_first)

    def key(self, number: int) -> Column:
        """The column of a key, by its number."""
        return Column(self.name, f"key_{number + 1}", _type(self.request.keys[number]))

    def ordering(self, laterals: list[Joined]) -> list[SortExpression]:
        """Sort keys of the groups: the requested ones, then all group keys, so that the order is total."""
        terms = [
            self._by_key(each, laterals) if isinstance(each, ByKey) else each for each in self.order
        ]
        for number, key in enumerate(self.request.keys):
            value = self.key(number)
            if _is_text(key):
                terms.append(_ordered(Folded(value), False, False))
                terms.append(_ordered(value.collate("C"), False, False))
            else:
                terms.append(_ordered(value, False, False))
        return terms

    def _by_key(self, by: ByKey, laterals: list[Joined]) -> SortExpression:
        key, sort = self.request.keys[by.number], by.key
        value: Sql = self.key(by.number)
        if key.field is None:

            def last(target: SecuredView) -> tuple[Sql, SqlType]:
                return sort_value(self.scope, target, sort)[:2]

            first = _GroupRecord(key.entity.name)
            value, _ = through(self.scope, value, (first, *sort.path), last, laterals)
        elif _is_text(key):
            value = Folded(value) if key.field.kind is Kind.TEXT else value.collate("C")
        return _ordered(value, sort.descending, sort.nulls_first)


@dataclass(frozen=True)
class _GroupRecord:
    """The step from a group to the record of a record key."""

    target: str
    column: str = "id"


def _all_measures(request: Groups) -> list[MeasureSpec]:
    """All measures: selected, tested or sorted by."""
    lists = [part for _, part in request.parts if isinstance(part, GroupList)]
    shown = measured_in(p for each in lists for _, p in each.parts if isinstance(p, Measure))
    sorts = [each.measured for each in request.order if not isinstance(each, ByKey)]
    tests = _tests(request.having) if request.having else []
    return [*shown, *((what.function, what.field) for what in (*sorts, *tests))]


def _tests(having: Having) -> list[Measured]:
    match having:
        case HavingAll(items) | HavingAny(items):
            return [what for item in items for what in _tests(item)]
        case HavingNot(item):
            return _tests(item)
        case HavingTest(what):
            return [what]


def _kind(what: Measured) -> Kind:
    if what.function is None or what.field is None:
        return Kind.INT
    if what.currency is not None:
        return Kind.DECIMAL
    return kind_of(what.function, what.field)


def _key(
    scope: Scope, request: Groups, query: AggregateQuery, key: GroupKey, laterals: list[Joined]
) -> Sql:
    """The SQL of a group key. Conditional fields are reported as partially readable."""

    def last(rows: SecuredView) -> tuple[Sql, SqlType]:
        if key.field is None:
            return rows.column("id"), Uuid()
        scope.right(rows.entity.name, key.field.name)
        value: Sql = rows.column(key.field.column)
        if key.bucket is not None:
            value = _bucket(scope, request, key.field, key.bucket, value)
        return value, _type(key)

    owner = request.entity.name
    for reference in key.path:
        scope.right(owner, reference.name)
        owner = reference.target
    if not key.path:
        return query.carry(last(query.view)[0])
    link = query.carry(query.view.column(key.path[0].column))
    return through(scope, link, key.path, last, laterals)[0]


def _bucket(scope: Scope, request: Groups, field: Field, bucket: Bucket, value: Sql) -> Sql:
    """The first day of a date's period; timestamps are converted to the requested time zone."""
    if field.kind is Kind.DATETIME:
        value = func.timezone(scope.bind(request.zone, Kind.TEXT), value)
    elif bucket is Bucket.DAY:
        return value
    start = AsDate(func.date_trunc(Concat([bucket.value.lower()]), value))
    edges = AsDate(Concat([FIRST_DAY])), AsDate(Concat([LAST_DAY]))
    bounded = func.least(func.greatest(start, edges[0]), edges[1])
    return case((value.is_not(None), bounded))  # keep NULL: greatest() would return a bound


def _type(key: GroupKey) -> SqlType:
    if key.field is None:
        return Uuid()
    return Date() if key.bucket is not None else TYPES[key.field.kind]


def _is_text(key: GroupKey) -> bool:
    return key.field is not None and key.field.kind in (Kind.TEXT, Kind.ENUM)


def _ordered(value: Sql, descending: bool, nulls_first: bool) -> SortExpression:
    return SortExpression(value, value.type, descending, nulls_first, nullable=True)


def _list(statement: _GroupStatement, source: FromClause, index: int, part: GroupList) -> Concat:
    """The JSON text of the page's groups, with their keys and measures."""
    scope, request = statement.scope, statement.request
    order_laterals: list[Joined] = []
    order = statement.ordering(order_laterals)
    order_columns = [key.value.label(f"order_{index}") for index, key in enumerate(order)]
    page = (
        select(
            *(Column(statement.name, each, Text()).label(each) for each in _names(statement)),
            *order_columns,
        )
        .select_from(join_laterals(source, order_laterals))
        .where(statement.having)
        .order_by(*(key.ordered(key.value) for key in order))
        .limit(IntLiteral(scope.sizes[request.number]))
    )
    if statement.skip is not None:
        page = page.offset(statement.skip)
    page_alias = f"{PAGE_ALIAS}_{index}"
    row_laterals: list[Joined] = []
    items: list[tuple[str, Concat | str]] = []
    for inner, (key, what) in enumerate(part.parts):
        if isinstance(what, KeyParts):
            items.append((key, _keys(statement, what, page_alias, row_laterals)))
        elif (text := statement.texts.get((index, inner))) is not None:
            shown = (
                text if isinstance(text, str) else Concat([Column(page_alias, text.name, Text())])
            )
            items.append((key, shown))
        else:
            items.append((key, f'"{what}"'))
    rows = join_laterals(page.subquery(page_alias), row_laterals)
    outer_order = [
        key.ordered(Column(page_alias, str(label.name), label.type))
        for key, label in zip(order, order_columns, strict=True)
    ]
    joined: Query = select(StringAgg(obj(items), *(outer_order or [IntLiteral(1)])))
    return array(joined.select_from(rows).scalar_subquery())


def _names(statement: _GroupStatement) -> list[str]:
    keys = [f"key_{number}" for number in range(1, len(statement.request.keys) + 1)]
    shown = [each.name for each in statement.texts.values() if isinstance(each, Column)]
    return [*keys, *dict.fromkeys(shown)]


def _keys(
    statement: _GroupStatement, parts: KeyParts, page_alias: str, laterals: list[Joined]
) -> Concat:
    return obj((key, _key_part(statement, part, page_alias, laterals)) for key, part in parts.parts)


def _key_part(
    statement: _GroupStatement, part: KeyPart, page_alias: str, laterals: list[Joined]
) -> Concat | str:
    match part:
        case str(name):
            return f'"{name}"'
        case KeyParts():
            return _keys(statement, part, page_alias, laterals)
        case KeyValue(number):
            key = statement.request.keys[number]
            kind = Kind.DATE if key.bucket or key.field is None else key.field.kind
            value = Column(page_alias, f"key_{number + 1}", _type(key))
            return nullable(leaf(kind, value), True)
        case KeyRecord(number, selection):
            return to_one(
                statement.scope,
                selection,
                Column(page_alias, f"key_{number + 1}", Uuid()),
                laterals,
            )

"""Records in groups as SQL: measured by their keys, tested, sorted, cut to a page, then written."""

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
from db.engine.plan.aggregate_query import AggregateQuery, Asked, in_parts, is_money
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
from db.engine.plan.order import SortExpression, compared, through
from db.engine.plan.selection import Measure
from db.engine.plan.shape import linked
from db.engine.plan.source import Joined, Scope, beside
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
"""A moment at the edge of what can be said may lie beyond it in another time zone (D-42)."""
CUT = "cut"
SKIPPED = 10_000
"""Groups that may be left out before a page: whoever wants those beyond filters more narrowly."""


def groups(
    scope: Scope, asked: Groups, belongs: Callable[[SecuredView], Bool]
) -> ColumnElement[str]:
    """The text of all that is asked of the groups."""
    seen = scope.gate.see(asked.entity, scope.gate.authorizer.form(asked.entity.name))
    made = _Groups(scope, asked, seen)
    source = made.source(belongs(seen))
    items: list[tuple[str, Concat | str]] = []
    for index, (key, part) in enumerate(asked.parts):
        if isinstance(part, GroupList):
            items.append((key, _list(made, source, index, part)))
        elif part == "groupCount":
            count = select(func.count()).select_from(source).where(made.having)
            items.append((key, Concat([AsText(count.scalar_subquery())])))
        else:
            items.append((key, f'"{part}"'))
    return obj(items)


class _Groups:
    """The statement with a row for each group: its keys, and whatever is measured, tested or sorted by."""

    def __init__(self, scope: Scope, asked: Groups, seen: SecuredView) -> None:
        self.scope = scope
        self.asked = asked
        self.name = f"groups_{asked.number}"
        wanted = _wanted(asked)
        money = any(map(is_money, wanted))
        far = any(key.path for key in asked.keys)
        self._sheet = AggregateQuery(
            scope, seen, money=money, parts=(money or far) and in_parts(wanted)
        )
        self._listed: list[Labelled] = []
        self._known: dict[Measured, Column] = {}
        for index, key in enumerate(asked.keys, start=1):
            value = self._sheet.key(partial(_key, scope, asked, self._sheet, key))
            self._listed.append(value.label(f"key_{index}"))
        self.texts = {
            (index, inner): self._show(measure_text(scope, self._sheet, part))
            for index, (_, listed) in enumerate(asked.parts)
            for inner, (_, part) in enumerate(listed.parts if isinstance(listed, GroupList) else ())
            if isinstance(part, Measure) or part == "count"
        }
        skip = asked.skip
        self.skip = None if skip is None else scope.bind_within(skip, "skip", 0, SKIPPED)
        self.having = true() if asked.having is None else self._having(asked.having)
        self.order = [self._measured_order(each) for each in asked.order]

    def source(self, belongs: Bool) -> FromClause:
        """The groups; computed once, however often they are looked at."""
        if not self.asked.keys:
            self.measured(Measured())  # without any measure there would be a row for each record
        return self._sheet.over(select(*self._listed), belongs).cte(self.name)

    def _show(self, text: Concat | str) -> Column | str:
        if isinstance(text, str):
            return text
        return self._put(text, Text())

    def _put(self, value: Sql, kind: SqlType) -> Column:
        label = f"value_{len(self._listed)}"
        self._listed.append(value.label(label))
        return Column(self.name, label, kind)

    def measured(self, what: Measured) -> Column:
        """A measure that groups are tested or sorted by, as it is shown."""
        if what not in self._known:
            self._known[what] = self._put(self._measure(what), Numeric())
        return self._known[what]

    def _measure(self, what: Measured) -> Sql:
        if what.function is None or what.field is None:
            return self._sheet.count()
        self.scope.right(self.asked.entity.name, what.field.name)
        if isinstance(what.field, Field) and what.currency is not None:
            return self._sheet.money_in(what.function, what.field, what.currency)
        return self._sheet.plain(what.function, what.field)

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
        """The key with this number."""
        return Column(self.name, f"key_{number + 1}", _type(self.asked.keys[number]))

    def ordering(self, laterals: list[Joined]) -> list[SortExpression]:
        """What the groups are sorted by: what was asked, then the keys, so that no two are equal."""
        terms = [
            self._by_key(each, laterals) if isinstance(each, ByKey) else each for each in self.order
        ]
        for number, key in enumerate(self.asked.keys):
            value = self.key(number)
            if _is_text(key):
                terms.append(_ordered(Folded(value), False, False))
                terms.append(_ordered(value.collate("C"), False, False))
            else:
                terms.append(_ordered(value, False, False))
        return terms

    def _by_key(self, by: ByKey, laterals: list[Joined]) -> SortExpression:
        key, asked = self.asked.keys[by.number], by.key
        value: Sql = self.key(by.number)
        if key.field is None:

            def last(far: SecuredView) -> tuple[Sql, SqlType]:
                return compared(self.scope, far, asked)[:2]

            way = _Way(key.entity.name)
            value, _ = through(self.scope, value, (way, *asked.path), last, laterals)
        elif _is_text(key):
            value = Folded(value) if key.field.kind is Kind.TEXT else value.collate("C")
        return _ordered(value, asked.descending, asked.nulls_first)


@dataclass(frozen=True)
class _Way:
    """The way from a group to the record that is its key."""

    target: str
    column: str = "id"


def _wanted(asked: Groups) -> list[Asked]:
    """All that is measured: shown, tested, or sorted by."""
    lists = [part for _, part in asked.parts if isinstance(part, GroupList)]
    shown = measured_in(p for each in lists for _, p in each.parts if isinstance(p, Measure))
    sorts = [each.measured for each in asked.order if not isinstance(each, ByKey)]
    tests = _tests(asked.having) if asked.having else []
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
    scope: Scope, asked: Groups, sheet: AggregateQuery, key: GroupKey, laterals: list[Joined]
) -> Sql:
    """What rows are grouped by. One ruled by status is told to be partial."""

    def last(rows: SecuredView) -> tuple[Sql, SqlType]:
        if key.field is None:
            return rows.column("id"), Uuid()
        scope.right(rows.entity.name, key.field.name)
        value: Sql = rows.column(key.field.column)
        if key.bucket is not None:
            value = _bucket(scope, asked, key.field, key.bucket, value)
        return value, _type(key)

    owner = asked.entity.name
    for reference in key.path:
        scope.right(owner, reference.name)
        owner = reference.target
    if not key.path:
        return sheet.carry(last(sheet.seen)[0])
    link = sheet.carry(sheet.seen.column(key.path[0].column))
    return through(scope, link, key.path, last, laterals)[0]


def _bucket(scope: Scope, asked: Groups, field: Field, bucket: Bucket, value: Sql) -> Sql:
    """The first day of the span that a date lies in; a moment has its date in the zone that was asked."""
    if field.kind is Kind.DATETIME:
        value = func.timezone(scope.bind(asked.zone, Kind.TEXT), value)
    elif bucket is Bucket.DAY:
        return value
    start = AsDate(func.date_trunc(Concat([bucket.value.lower()]), value))
    edges = AsDate(Concat([FIRST_DAY])), AsDate(Concat([LAST_DAY]))
    bounded = func.least(func.greatest(start, edges[0]), edges[1])
    return case((value.is_not(None), bounded))  # without a date they would say an edge


def _type(key: GroupKey) -> SqlType:
    if key.field is None:
        return Uuid()
    return Date() if key.bucket is not None else TYPES[key.field.kind]


def _is_text(key: GroupKey) -> bool:
    return key.field is not None and key.field.kind in (Kind.TEXT, Kind.ENUM)


def _ordered(value: Sql, descending: bool, nulls_first: bool) -> SortExpression:
    return SortExpression(value, value.type, descending, nulls_first, nullable=True)


def _list(made: _Groups, source: FromClause, index: int, part: GroupList) -> Concat:
    """The groups of the page, each written with its keys and measures."""
    scope, asked = made.scope, made.asked
    ways: list[Joined] = []
    order = made.ordering(ways)
    keyed = [key.value.label(f"order_{index}") for index, key in enumerate(order)]
    page = (
        select(
            *(Column(made.name, each, Text()).label(each) for each in _names(made)),
            *keyed,
        )
        .select_from(beside(source, ways))
        .where(made.having)
        .order_by(*(key.ordered(key.value) for key in order))
        .limit(IntLiteral(scope.sizes[asked.number]))
    )
    if made.skip is not None:
        page = page.offset(made.skip)
    cut = f"{CUT}_{index}"
    inside: list[Joined] = []
    items: list[tuple[str, Concat | str]] = []
    for inner, (key, what) in enumerate(part.parts):
        if isinstance(what, KeyParts):
            items.append((key, _keys(made, what, cut, inside)))
        elif (text := made.texts.get((index, inner))) is not None:
            shown = text if isinstance(text, str) else Concat([Column(cut, text.name, Text())])
            items.append((key, shown))
        else:
            items.append((key, f'"{what}"'))
    lines = beside(page.subquery(cut), inside)
    again = [
        key.ordered(Column(cut, str(label.name), label.type))
        for key, label in zip(order, keyed, strict=True)
    ]
    joined: Query = select(StringAgg(obj(items), *(again or [IntLiteral(1)])))
    return array(joined.select_from(lines).scalar_subquery())


def _names(made: _Groups) -> list[str]:
    keys = [f"key_{number}" for number in range(1, len(made.asked.keys) + 1)]
    shown = [each.name for each in made.texts.values() if isinstance(each, Column)]
    return [*keys, *dict.fromkeys(shown)]


def _keys(made: _Groups, parts: KeyParts, cut: str, laterals: list[Joined]) -> Concat:
    return obj((key, _key_part(made, part, cut, laterals)) for key, part in parts.parts)


def _key_part(made: _Groups, part: KeyPart, cut: str, laterals: list[Joined]) -> Concat | str:
    match part:
        case str(name):
            return f'"{name}"'
        case KeyParts():
            return _keys(made, part, cut, laterals)
        case KeyValue(number):
            key = made.asked.keys[number]
            kind = Kind.DATE if key.bucket or key.field is None else key.field.kind
            value = Column(cut, f"key_{number + 1}", _type(key))
            return nullable(leaf(kind, value), True)
        case KeyRecord(number, asked):
            return linked(made.scope, asked, Column(cut, f"key_{number + 1}", Uuid()), laterals)

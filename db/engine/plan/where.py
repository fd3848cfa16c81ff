"""Filters as SQL. Two-valued logic: NULL and hidden values fulfil no test, and `not` is the exact complement (D-41)."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import (
    ARRAY,
    and_,
    any_,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from db.engine.fields import Kind
from db.engine.gate import SecuredView
from db.engine.plan.search import search
from db.engine.plan.selection import (
    And,
    AttributeTest,
    BindParam,
    Condition,
    Not,
    Op,
    Or,
    Quantifier,
    Search,
    Test,
    ToManyFilter,
    ToOneFilter,
)
from db.engine.plan.source import Scope
from db.engine.plan.values import TYPES
from db.engine.sql import AsText, Bool, Concat, Folded, IntLiteral, Sql, json_text
from domain.access import AttributeRights
from domain.codes import Code, Refused
from domain.message import Message


def where(scope: Scope, view: SecuredView, condition: Condition) -> Bool:
    """The condition on the rows of `view`. May be NULL for false; never raises on any row (D-53)."""
    match condition:
        case And(items):
            return and_(true(), *(where(scope, view, item) for item in items))
        case Or(items):
            return or_(false(), *(where(scope, view, item) for item in items))
        case Not(item):
            return _not(where(scope, view, item))
        case Test():
            return _test(scope, view, condition)
        case AttributeTest():
            return _attribute(scope, view, condition)
        case Search():
            return search(scope, view, condition)
        case ToOneFilter():
            return _to_one(scope, view, condition)
        case ToManyFilter():
            return _to_many(scope, view, condition)


def _not(condition: Bool) -> Bool:
    """True where the condition is false or NULL."""
    return condition.is_not(true())


def _test(scope: Scope, view: SecuredView, test: Test) -> Bool:
    negated, positive = _positive(test.op, test.value)
    kind = test.field.kind
    prefix = view.entity.prefix
    if positive in (Op.CONTAINS, Op.STARTS_WITH):
        # A trigram index may be used. Whether it pays depends on the text, so plan with its value.
        scope.searches |= any(each.field == test.field for each in view.entity.searched)

    def condition(column: Sql) -> Bool:
        return _compare(scope, column, kind, prefix, positive, test.value)

    matches = view.condition_on(test.field.column, condition)
    return _not(matches) if negated else matches


def _positive(op: Op, value: BindParam | bool) -> tuple[bool, Op]:
    """Whether a test is negated, and the positive operator; masks are then handled for positive tests only."""
    if op is Op.IS_NULL:
        return value is True, Op.IS_NULL
    return {Op.NE: (True, Op.EQ), Op.NOT_IN: (True, Op.IN)}.get(op, (False, op))


def compare(scope: Scope, value: Sql, kind: Kind, op: Op, operand: BindParam | bool) -> Bool:
    """A test of an unmasked value. Negated tests are the exact complement."""
    negated, positive = _positive(op, operand)
    matches = _compare(scope, value, kind, "", positive, operand)
    return _not(matches) if negated else matches


def _compare(
    scope: Scope, column: Sql, kind: Kind, prefix: str, op: Op, value: BindParam | bool
) -> Bool:
    if isinstance(value, bool) or op is Op.IS_NULL:
        present: Bool = column.is_not(None)
        return present
    if op is Op.IN:
        many = scope.bind(value, kind, prefix, many=True, as_=ARRAY(TYPES[kind]))
        inside: Bool = column == any_(many)
        return inside
    if op is Op.EQ:
        equal: Bool = column == scope.bind(value, kind, prefix)
        return equal
    bound = scope.bind(value, kind, prefix)
    if kind is Kind.TEXT:
        return _compare_text(column, op, bound)
    return _ORDERED[op](column, bound)


_ORDERED: dict[Op, Callable[[Sql, Sql], Bool]] = {
    Op.LT: lambda a, b: a < b,
    Op.LTE: lambda a, b: a <= b,
    Op.GT: lambda a, b: a > b,
    Op.GTE: lambda a, b: a >= b,
}


def _compare_text(column: Sql, op: Op, bound: Sql) -> Bool:
    """Text comparison without case and accents."""
    if op in _ORDERED:
        return _ORDERED[op](Folded(column), Folded(bound))
    pattern = func.platform.pattern(bound)
    around = Concat(["%", pattern, "%"] if op is Op.CONTAINS else [pattern, "%"])
    return Folded(column).like(around)


def _attribute(scope: Scope, view: SecuredView, test: AttributeTest) -> Bool:
    """A test of a custom attribute. jsonb is compared and never cast, so values of another type fulfil no test (D-53)."""
    attribute = readable(scope, view, test.key)
    if _KINDS[attribute.kind.value] is not test.kind:
        word = attribute.kind.value.lower()
        raise Refused(
            Code.BAD_USER_INPUT,
            Message(
                "The attribute {key!r} is of the kind {kind}: filter it with `{field}`.",
                key=test.key,
                kind=attribute.kind.value,
                field=word,
            ),
        )
    negated, positive = _positive(test.op, test.value)
    stored = view.attribute(attribute)
    typed = func.jsonb_typeof(stored) == Concat([_JSON[test.kind]])
    if positive is Op.IS_NULL or isinstance(test.value, bool):
        matches = typed
    elif test.kind in (Kind.TEXT, Kind.DATE):
        matches = and_(typed, _as_text(scope, stored, test.kind, positive, test.value))
    elif positive is Op.IN:
        many = scope.bind(test.value, test.kind, many=True, as_=ARRAY(TYPES[test.kind]))
        matches = and_(typed, func.to_jsonb(many).op("@>")(stored))
    else:
        bound = func.to_jsonb(scope.bind(test.value, test.kind))
        matches = and_(typed, _JSON_ORDERED[positive](stored, bound))
    return _not(matches) if negated else matches


def readable(scope: Scope, view: SecuredView, key: str) -> AttributeRights:
    """The attribute with this key. The plan has already refused closed attributes (D-31)."""
    attribute = scope.gate.authorizer.attribute(view.entity.name, key)
    if attribute is None:
        raise LookupError(f"{key} is closed: the plan must refuse a filter by it")
    return attribute


_KINDS = {"TEXT": Kind.TEXT, "NUMBER": Kind.DECIMAL, "DATE": Kind.DATE, "BOOLEAN": Kind.BOOLEAN}
_JSON = {
    Kind.TEXT: "string",
    Kind.DATE: "string",
    Kind.DECIMAL: "number",
    Kind.BOOLEAN: "boolean",
}
_JSON_ORDERED: dict[Op, Callable[[Sql, Sql], Bool]] = {**_ORDERED, Op.EQ: lambda a, b: a == b}


def _as_text(scope: Scope, stored: Sql, kind: Kind, op: Op, value: BindParam) -> Bool:
    """A test of a text or date in jsonb. Dates are ISO text, which sorts chronologically."""
    text = json_text(stored)
    if kind is Kind.TEXT:
        return _compare(scope, text, kind, "", op, value)
    if op is Op.IN:
        bound = scope.bind(value, Kind.TEXT, "date", many=True, as_=ARRAY(TYPES[Kind.TEXT]))
        inside: Bool = text == any_(bound)
        return inside
    iso_date = AsText(scope.bind(value, Kind.DATE))
    return _ORDERED[op](text.collate("C"), iso_date) if op in _ORDERED else text == iso_date


def _to_one(scope: Scope, view: SecuredView, condition: ToOneFilter) -> Bool:
    reference = condition.reference
    inner = scope.gate.see(scope.model.entities[reference.target])

    def linked(key: Sql) -> Bool:
        matches = where(scope, inner, condition.condition)
        one = select(IntLiteral(1)).select_from(inner)
        return exists(one.where(inner.column("id") == key, matches))

    return view.condition_on(reference.column, linked)


def _to_many(scope: Scope, view: SecuredView, condition: ToManyFilter) -> Bool:
    reverse = condition.reverse
    inner = scope.gate.see(scope.model.entities[reverse.source])
    matches = where(scope, inner, condition.condition)
    matches = _not(matches) if condition.quantifier is Quantifier.EVERY else matches

    def pointing(key: Sql) -> Bool:
        return and_(key == view.column("id"), matches)

    exists_ = exists(
        select(IntLiteral(1)).select_from(inner).where(inner.condition_on(reverse.column, pointing))
    )
    return exists_ if condition.quantifier is Quantifier.SOME else not_(exists_)

"""Filters as SQL. Two-valued: what is NULL or hidden fulfils no test, and `not` is the exact complement (D-41)."""

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


def where(scope: Scope, seen: SecuredView, condition: Condition) -> Bool:
    """The condition on the rows of `seen`. May be NULL for false; never raises on any row (D-53)."""
    match condition:
        case And(items):
            return and_(true(), *(where(scope, seen, item) for item in items))
        case Or(items):
            return or_(false(), *(where(scope, seen, item) for item in items))
        case Not(item):
            return _not(where(scope, seen, item))
        case Test():
            return _test(scope, seen, condition)
        case AttributeTest():
            return _attribute(scope, seen, condition)
        case Search():
            return search(scope, seen, condition)
        case ToOneFilter():
            return _through(scope, seen, condition)
        case ToManyFilter():
            return _among(scope, seen, condition)


def _not(condition: Bool) -> Bool:
    """True where the condition is false or NULL."""
    return condition.is_not(true())


def _test(scope: Scope, seen: SecuredView, test: Test) -> Bool:
    negated, positive = _positive(test.op, test.value)
    kind = test.field.kind
    prefix = seen.entity.prefix
    if positive in (Op.CONTAINS, Op.STARTS_WITH):
        # An index of pieces may lead: whether it should, the piece alone can say.
        scope.searches |= any(each.field == test.field for each in seen.entity.searched)

    def condition(column: Sql) -> Bool:
        return _compare(scope, column, kind, prefix, positive, test.value)

    met = seen.test(test.field.column, condition)
    return _not(met) if negated else met


def _positive(op: Op, value: BindParam | bool) -> tuple[bool, Op]:
    """Every negative test is the complement of a positive one, so that masks need care only once."""
    if op is Op.IS_NULL:
        return value is True, Op.IS_NULL
    return {Op.NE: (True, Op.EQ), Op.NOT_IN: (True, Op.IN)}.get(op, (False, op))


def compare(scope: Scope, value: Sql, kind: Kind, op: Op, wanted: BindParam | bool) -> Bool:
    """A test of any value, two-valued in its negations."""
    negated, positive = _positive(op, wanted)
    met = _compare(scope, value, kind, "", positive, wanted)
    return _not(met) if negated else met


def _compare(
    scope: Scope, column: Sql, kind: Kind, prefix: str, op: Op, value: BindParam | bool
) -> Bool:
    if isinstance(value, bool) or op is Op.IS_NULL:
        found: Bool = column.is_not(None)
        return found
    if op is Op.IN:
        many = scope.bind(value, kind, prefix, many=True, as_=ARRAY(TYPES[kind]))
        inside: Bool = column == any_(many)
        return inside
    if op is Op.EQ:
        same: Bool = column == scope.bind(value, kind, prefix)
        return same
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
    """Text is ordered and searched without case and accents."""
    if op in _ORDERED:
        return _ORDERED[op](Folded(column), Folded(bound))
    pattern = func.platform.pattern(bound)
    around = Concat(["%", pattern, "%"] if op is Op.CONTAINS else [pattern, "%"])
    return Folded(column).like(around)


def _attribute(scope: Scope, seen: SecuredView, test: AttributeTest) -> Bool:
    """Values of the wrong type fulfil no test: jsonb is compared, never cast (D-53)."""
    attribute = readable(scope, seen, test.key)
    if _KINDS[attribute.kind.value] is not test.kind:
        word = attribute.kind.value.lower()
        raise Refused(
            Code.BAD_USER_INPUT,
            f"The attribute {test.key!r} is filtered with `{word}`: it is of that kind.",
        )
    negated, positive = _positive(test.op, test.value)
    kept = seen.attribute(attribute)
    typed = func.jsonb_typeof(kept) == Concat([_JSON[test.kind]])
    if positive is Op.IS_NULL or isinstance(test.value, bool):
        met = typed
    elif test.kind in (Kind.TEXT, Kind.DATE):
        met = and_(typed, _as_text(scope, kept, test.kind, positive, test.value))
    elif positive is Op.IN:
        many = scope.bind(test.value, test.kind, many=True, as_=ARRAY(TYPES[test.kind]))
        met = and_(typed, func.to_jsonb(many).op("@>")(kept))
    else:
        bound = func.to_jsonb(scope.bind(test.value, test.kind))
        met = and_(typed, _JSON_ORDERED[positive](kept, bound))
    return _not(met) if negated else met


def readable(scope: Scope, seen: SecuredView, key: str) -> AttributeRights:
    """The attribute with this key. A closed one refuses the operation before it comes here (D-31)."""
    attribute = scope.gate.authorizer.attribute(seen.entity.name, key)
    if attribute is None:
        raise LookupError(f"{key} is closed: the plan refuses a filter by it first")
    return attribute


_KINDS = {"TEXT": Kind.TEXT, "NUMBER": Kind.DECIMAL, "DATE": Kind.DATE, "BOOLEAN": Kind.BOOLEAN}
_JSON = {
    Kind.TEXT: "string",
    Kind.DATE: "string",
    Kind.DECIMAL: "number",
    Kind.BOOLEAN: "boolean",
}
_JSON_ORDERED: dict[Op, Callable[[Sql, Sql], Bool]] = {**_ORDERED, Op.EQ: lambda a, b: a == b}


def _as_text(scope: Scope, kept: Sql, kind: Kind, op: Op, value: BindParam) -> Bool:
    """Text and dates inside jsonb; a date is ISO text, which sorts as the dates do."""
    text = json_text(kept)
    if kind is Kind.TEXT:
        return _compare(scope, text, kind, "", op, value)
    if op is Op.IN:
        bound = scope.bind(value, Kind.TEXT, "date", many=True, as_=ARRAY(TYPES[Kind.TEXT]))
        inside: Bool = text == any_(bound)
        return inside
    iso = AsText(scope.bind(value, Kind.DATE))
    return _ORDERED[op](text.collate("C"), iso) if op in _ORDERED else text == iso


def _through(scope: Scope, seen: SecuredView, condition: ToOneFilter) -> Bool:
    reference = condition.reference
    inner = scope.gate.see(scope.model.entities[reference.target])

    def linked(key: Sql) -> Bool:
        met = where(scope, inner, condition.condition)
        one = select(IntLiteral(1)).select_from(inner)
        return exists(one.where(inner.column("id") == key, met))

    return seen.test(reference.column, linked)


def _among(scope: Scope, seen: SecuredView, condition: ToManyFilter) -> Bool:
    reverse = condition.reverse
    inner = scope.gate.see(scope.model.entities[reverse.source])
    met = where(scope, inner, condition.condition)
    wanted = _not(met) if condition.quantifier is Quantifier.EVERY else met

    def pointing(key: Sql) -> Bool:
        return and_(key == seen.column("id"), wanted)

    found = exists(
        select(IntLiteral(1)).select_from(inner).where(inner.test(reverse.column, pointing))
    )
    return found if condition.quantifier is Quantifier.SOME else not_(found)

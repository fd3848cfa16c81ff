"""The signature of a list that its cursors are bound to: list, order and filter, independent of the document."""

from __future__ import annotations

from typing import TypeAlias, assert_never

import orjson

from db.engine.fields import Reverse
from db.engine.plan.selection import (
    And,
    AttributeTest,
    BindParam,
    Condition,
    Not,
    Or,
    Search,
    SortKey,
    Test,
    ToManyFilter,
    ToOneFilter,
)

Json: TypeAlias = "str | bool | list[Json] | None"
VALUE = None
"""Stands for a value of the filter; the values themselves are bound separately."""


def signature(
    entity: str,
    via: Reverse | None,
    condition: Condition | None,
    order: tuple[SortKey, ...],
    *,
    deleted: bool = False,
) -> tuple[str, tuple[BindParam, ...]]:
    """JSON that is equal exactly for the same list, however the document writes it; and the filter's values in order."""
    values: list[BindParam] = []
    where = None if condition is None else _condition(condition, values)
    way: Json = None if via is None else [via.source, via.reference]
    text = orjson.dumps([entity, way, [_key(key) for key in order], where, deleted])
    return text.decode(), tuple(values)


def _key(key: SortKey) -> Json:
    path: Json = [reference.name for reference in key.path]
    field = None if key.field is None else key.field.name
    return [path, field, key.attribute, key.descending, key.nulls_first]


def _condition(condition: Condition, values: list[BindParam]) -> Json:
    match condition:
        case And(items):
            return ["and", *(_condition(item, values) for item in items)]
        case Or(items):
            return ["or", *(_condition(item, values) for item in items)]
        case Not(item):
            return ["not", _condition(item, values)]
        case ToOneFilter(reference, inner):
            return ["reference", reference.name, _condition(inner, values)]
        case ToManyFilter(reverse, quantifier, inner):
            return ["reverse", reverse.name, quantifier.value, _condition(inner, values)]
        case Test(field, op, value):
            return ["field", field.name, op.value, _value(value, values)]
        case AttributeTest(key, kind, op, value):
            return ["attribute", key, kind.value, op.value, _value(value, values)]
        case Search(fields, text):
            names: Json = [each.field.name for each in fields]
            return ["search", names, _value(text, values)]
        case _:
            assert_never(condition)


def _value(value: BindParam | bool, values: list[BindParam]) -> Json:
    if isinstance(value, BindParam):
        values.append(value)
        return VALUE
    return value

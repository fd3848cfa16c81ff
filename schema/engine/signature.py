"""What a cursor is bound to: which list, in which order, under which filter; not in which document."""

from __future__ import annotations

from typing import Any

from db.engine.fields import Reverse
from db.engine.plan.ask import (
    Among,
    And,
    AttributeTest,
    Condition,
    Not,
    Or,
    Search,
    Slot,
    SortKey,
    Test,
    Through,
)


def signature(
    entity: str, via: Reverse | None, condition: Condition | None, order: tuple[SortKey, ...]
) -> tuple[str, tuple[Slot, ...]]:
    """A text that is the same for the same list however it is asked for, and the filter's values in order."""
    values: list[Slot] = []
    where = "" if condition is None else _condition(condition, values)
    by = ",".join(_key(key) for key in order)
    way = "" if via is None else f"{via.source}.{via.reference}"
    return f"{entity}|{way}|{by}|{where}", tuple(values)


def _key(key: SortKey) -> str:
    path = ".".join(reference.name for reference in key.path)
    name = key.field.name if key.field else f"@{key.attribute}"
    return f"{path}.{name}{'-' if key.descending else '+'}{'<' if key.nulls_first else ''}"


def _condition(condition: Condition, values: list[Slot]) -> str:
    match condition:
        case And(items) | Or(items):
            inner = " ".join(_condition(item, values) for item in items)
            return f"({'&' if isinstance(condition, And) else '|'} {inner})"
        case Not(item):
            return f"(! {_condition(item, values)})"
        case Through(reference, inner_condition):
            return f"({reference.name} {_condition(inner_condition, values)})"
        case Among(reverse, quantifier, inner_condition):
            return f"({quantifier.value} {reverse.name} {_condition(inner_condition, values)})"
        case Test():
            return (
                f"({condition.field.name} {condition.op.value} {_value(condition.value, values)})"
            )
        case AttributeTest():
            return f"(@{condition.key} {condition.op.value} {_value(condition.value, values)})"
        case Search():
            return f"(~ {_value(condition.text, values)})"


def _value(value: Any, values: list[Slot]) -> str:
    if isinstance(value, Slot):
        values.append(value)
        return "?"
    return str(value)

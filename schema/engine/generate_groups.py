"""Generates the GraphQL types of grouped queries: keys, groups, conditions on groups, and their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from strawberry.types.arguments import StrawberryArgument

from db.engine.entity import Entity
from db.engine.fields import Field, Kind
from db.engine.plan.selection import Function
from schema.engine.generate import (
    SUMMED,
    Spec,
    argument,
    kind_name,
    make,
    make_input,
    measured_by,
    measures,
)
from schema.engine.type_registry import FILTERS, OPERATOR_DESCRIPTIONS, OPERATORS

RECORD = "record"


def shared_group_types() -> None:
    """Register the filter and the order of sums of money, which apply to one currency."""
    code: Spec = ("currency", "str", "Currency of the sum, ISO 4217; required.")
    tests: list[Spec] = [
        (op.value, _test(op.value), OPERATOR_DESCRIPTIONS[op]) for op in OPERATORS[Kind.MONEY]
    ]
    make_input(
        "MoneyFilter",
        [code, *tests],
        "Conditions on a sum of money in one currency, combined with AND.",
    )
    order: list[Spec] = [code, ("direction", "OrderDirection", "Sort direction.")]
    make_input("MoneyOrder", order, "Sort key for a sum of money in one currency.")


def _test(op: str) -> str:
    if op == "isNull":
        return "bool"
    return "list[DecimalText]" if op in ("in", "notIn") else "DecimalText"


def group_arguments(entity: str) -> list[StrawberryArgument]:
    """Arguments of a root field that groups records."""
    return [
        argument("filter", f"{entity}Filter", "Filter conditions; default: all visible records."),
        argument(
            "groupBy", f"list[{entity}GroupBy]", "Grouping keys. Default: one group of all records."
        ),
        argument("having", f"{entity}Having", "Conditions on groups. Default: all groups."),
        argument(
            "orderBy",
            f"list[{entity}GroupOrder]",
            "Aggregates or keys to sort groups by, then by key.",
        ),
        argument("first", "int", "Number of groups, 1 to 100. Default: 100."),
        argument("skip", "int", "Number of groups to skip, 0 to 10000. Default: 0."),
        argument("timeZone", "TimeZone", "Time zone of days, weeks and months. Default: UTC."),
    ]


def grouped_by(entities: Iterable[Entity]) -> set[Entity]:
    """Entities whose fields can be group keys: those with groups, and the targets of their references."""
    found: set[Entity] = set()
    open_ones = [each for each in entities if each.has_groups]
    while open_ones:
        entity = open_ones.pop()
        if entity not in found:
            found.add(entity)
            open_ones += entity.targets.values()
    return found


def group_types(entity: Entity) -> None:
    """Register the types of an entity's groups except the keys."""
    name = entity.name
    shown: list[Spec] = [("key", f"{name}GroupKey", "Keys of the group.")]
    make(f"{name}Group", [*shown, *measures(entity)], "Records with equal keys.")
    parts: list[Spec] = [
        ("groups", f"list[{name}Group]", "Groups of this page."),
        ("groupCount", "int", "Number of groups on all pages."),
    ]
    make(f"{name}Groups", parts, "Records in groups.")
    _having(entity)
    _order(entity)


def key_types(entity: Entity) -> None:
    """Register the types of group keys on an entity's fields and references."""
    if RECORD in {*entity.fields, *entity.references}:
        raise TypeError(f"{entity.name}.{RECORD}: this word names the record itself in groups.")
    by: list[Spec] = [(RECORD, "bool", "Record that the group is for.")]
    shown: list[Spec] = [(RECORD, f"{entity.name} | None", "Record that the group is for.")]
    for field in entity.fields.values():
        if field.groups:
            dated = field.kind in (Kind.DATE, Kind.DATETIME)
            by.append((field.name, "DateBucket" if dated else "bool", field.doc))
            kind = "DateText" if dated else kind_name(field)
            doc = f"{field.doc} Start of the interval." if dated else field.doc
            shown.append((field.name, f"{kind} | None", doc))
    for reference in entity.references.values():
        by.append((reference.name, f"{reference.target}GroupBy", reference.doc))
        shown.append((reference.name, f"{reference.target}GroupKey", reference.doc))
    make_input(f"{entity.name}GroupBy", by, "Grouping key; give exactly one field.", one_of=True)
    doc = "Values of the keys in `groupBy`."
    make(f"{entity.name}GroupKey", shown, doc)


def _having(entity: Entity) -> None:
    name = f"{entity.name}Having"
    specs: list[Spec] = [
        ("and", f"list[{name}]", "All conditions match."),
        ("or", f"list[{name}]", "At least one condition matches; an empty list matches nothing."),
        ("not", name, "Groups that do not match this condition."),
        ("count", "IntFilter", "Number of records."),
    ]
    specs += _by_function(entity, "Having", _tested, "Conditions on aggregates; all must match.")
    make_input(name, specs, "Conditions on a group; all given ones must match.")


def _order(entity: Entity) -> None:
    specs: list[Spec] = [
        ("key", f"{entity.name}Order", "Grouping key, or a field of a record that is one."),
        ("count", "OrderDirection", "Number of records."),
    ]
    specs += _by_function(entity, "Order", _sorted, "Aggregate; give exactly one field.")
    name = f"{entity.name}GroupOrder"
    make_input(name, specs, "Sort key of groups; give exactly one field.", one_of=True)


SHARED = {
    "Numbers": (Function.SUM, Function.AVG),
    "Extremes": (Function.MIN, Function.MAX),
}
"""Functions that apply to the same fields and share an input type, by its name."""


def _by_function(
    entity: Entity, use: str, type_of: Callable[[Function, Field], str], doc: str
) -> list[Spec]:
    """Input fields that filter or sort groups by aggregates."""
    specs: list[Spec] = []
    for word, functions in SHARED.items():
        of = [each for each in measured_by(entity, functions[0]) if isinstance(each, Field)]
        if of:
            name = f"{entity.name}{word}{use}"
            made = [(each.name, type_of(functions[0], each), each.doc) for each in of]
            make_input(name, made, doc, one_of=use == "Order")
            specs += [(function.value, name, SUMMED[function]) for function in functions]
    return specs


def _tested(function: Function, field: Field) -> str:
    if field.kind is Kind.MONEY:
        return "MoneyFilter"
    return "DecimalFilter" if function is Function.SUM else FILTERS[field.kind]


def _sorted(function: Function, field: Field) -> str:
    return "MoneyOrder" if field.kind is Kind.MONEY else "OrderDirection"

"""The ways a field can be got at, generated from the schema: selections, links, paths, conditions, measures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphql import (
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)

from tests.proof.contract import LIST_OF, SCHEMA, TYPES, enums, input_type, object_type
from tests.proof.coverage import FUNCTIONS, OPERATORS
from tests.proof.rights import attributes

DIRECTIONS = ("ASC", "DESC", "ASC_NULLS_FIRST", "DESC_NULLS_FIRST")
KINDS = {
    "tier": ("text", "StringFilter"),
    "seats": ("number", "DecimalFilter"),
    "kickoff": ("date", "DateFilter"),
    "strategic": ("boolean", "BooleanFilter"),
    "segment": ("text", "StringFilter"),
    "letters": ("boolean", "BooleanFilter"),
    "channel": ("text", "StringFilter"),
}
"""How the custom attributes of the demonstration are filtered."""

SAMPLES = {
    "StringFilter": ('"a"', '"Papier"', '""'),
    "IntFilter": ("0", "250", "2147483647"),
    "DecimalFilter": ('"0"', '"100.50"', '"-99999999.5"'),
    "DateFilter": ('"2026-03-14"', '"1970-01-01"', '"2026-12-31"'),
    "DateTimeFilter": (
        '"2026-01-01T00:00:00.000000Z"',
        '"1970-01-01T00:00:00.000000Z"',
        '"2025-08-08T10:25:50.943494Z"',
    ),
    "BooleanFilter": ("true", "false"),
    **{f"{name}Filter": words[:3] for name, words in enums().items()},
    "IDFilter": (
        '"emp_01942073130075ec93d622f6d8091a8f"',
        '"opp_00000000000070008000000000000000"',
        '"nonsense"',
    ),
}
"""Literals to compare with, by input type."""


@dataclass(frozen=True)
class Edge:
    """A link from one entity to another, or to many."""

    owner: str
    name: str
    target: str
    many: bool

    def select(self, inner: str, first: int = 3) -> str:
        """The link as a part of a selection."""
        if self.many:
            return f"{self.name}(first: {first}) {{ totalCount nodes {{ {inner} }} }}"
        return f"{self.name} {{ {inner} }}"

    def condition(self, inner: str, quantifier: str = "some") -> str:
        """The link as a part of a filter."""
        if self.many:
            return f"{self.name}: {{ {quantifier}: {{ {inner} }} }}"
        return f"{self.name}: {{ {inner} }}"


Path = tuple[Edge, ...]


def edges(owner: str) -> tuple[Edge, ...]:
    """All links of an entity."""
    found = []
    for name, field in object_type(owner).fields.items():
        target = get_named_type(field.type).name
        many = target.endswith("Connection")
        target = target.removesuffix("Connection")
        if target in TYPES:
            found.append(Edge(owner, name, target, many))
    return tuple(found)


def paths(owner: str, depth: int) -> Iterator[Path]:
    """All chains of one to `depth` links."""
    for edge in edges(owner):
        yield (edge,)
        if depth > 1:
            yield from ((edge, *rest) for rest in paths(edge.target, depth - 1))


def filterable(type_name: str) -> dict[str, str]:
    """The fields that are compared with values, with the input type that does it."""
    found = {}
    for name, field in input_type(f"{type_name}Filter").fields.items():
        compared = get_named_type(field.type).name
        if compared in OPERATORS:
            found[name] = compared
    return found


def sortable(type_name: str) -> tuple[str, ...]:
    """The fields of an order that take a direction."""
    order = input_type(f"{type_name}Order").fields
    return tuple(n for n, f in order.items() if get_named_type(f.type).name == "OrderDirection")


def sorted_through(type_name: str) -> tuple[Edge, ...]:
    """The links that an order goes through."""
    order = input_type(f"{type_name}Order").fields
    return tuple(edge for edge in edges(type_name) if edge.name in order)


def measures(type_name: str) -> Iterator[tuple[str, str]]:
    """(function, field) of what the aggregate of a type measures."""
    for function in FUNCTIONS:
        found = SCHEMA.type_map.get(f"{type_name}{function}")
        if isinstance(found, GraphQLObjectType):
            yield from ((f"{function[0].lower()}{function[1:]}", name) for name in found.fields)


def leaf(type_name: str, field: str) -> str:
    """A field with the selection that it needs, shallow."""
    kind = get_named_type(object_type(type_name).fields[field].type)
    if is_leaf_type(kind):
        return field
    if kind.name == "Money":
        return f"{field} {{ amount currency }}"
    if kind.name == "TypePermissions":
        return f"{field} {{ type rows readable writable }}"
    if kind.name == "RecordPermissions":
        return f"{field} {{ update delete writable }}"
    if kind.name == "AttributeValue":
        return f"{field} {{ key text number date boolean }}"
    if kind.name.endswith("Connection"):
        return f"{field}(first: 1) {{ totalCount }}"
    return f"{field} {{ id }}"


def all_leaves(type_name: str) -> str:
    """Every field of a type, each with as little below as it needs."""
    return " ".join(leaf(type_name, name) for name in object_type(type_name).fields)


def operand(operator: str, samples: Sequence[str], at: int = 0) -> str:
    """What an operator is compared with; `at` chooses among the samples."""
    if operator == "isNull":
        return ("true", "false")[at % 2]
    chosen = samples[at % len(samples)]
    return f"[{chosen}]" if operator in {"in", "notIn"} else chosen


def comparisons(type_name: str, field: str) -> Iterator[tuple[str, str]]:
    """(operator, input type) of every comparison with a field."""
    compared = filterable(type_name)[field]
    yield from ((operator, compared) for operator in OPERATORS[compared].split())


def attribute_comparisons(type_name: str) -> Iterator[tuple[str, str, str, str]]:
    """(key, what compares it, operator, input type) of every comparison with a custom attribute."""
    for key in attributes(type_name):
        part, compared = KINDS[key]
        yield from ((key, part, operator, compared) for operator in OPERATORS[compared].split())


def counted(type_name: str, condition: str) -> str:
    """How many records of a type meet a condition."""
    return f"{LIST_OF[type_name]}(filter: {{ {condition} }}) {{ totalCount }}"


def sorted_by(type_name: str, key: str) -> str:
    """The records of a type in an order."""
    return f"{LIST_OF[type_name]}(first: 100, orderBy: [{{ {key} }}]) {{ nodes {{ id }} }}"


def measured(type_name: str, function: str, field: str, beside: str = "") -> str:
    """One measure over all records of a type."""
    inner = f"{beside} {function} {{ {measure(type_name, function, field)} }}"
    return f"{LIST_OF[type_name]} {{ aggregate {{ {inner} }} }}"


def measured_below(edge: Edge, function: str, field: str) -> str:
    """The same over the records of a nested list."""
    inner = measure(edge.target, function, field)
    nested = f"{edge.name} {{ aggregate {{ {function} {{ {inner} }} }} }}"
    return f"{LIST_OF[edge.owner]}(first: 2) {{ nodes {{ {nested} }} }}"


def measure(type_name: str, function: str, field: str) -> str:
    """A measured field with the selection that it needs."""
    holder = f"{type_name}{function[0].upper()}{function[1:]}"
    kind = get_named_type(object_type(holder).fields[field].type)
    return f"{field} {{ amount currency }}" if kind.name == "Money" else field


def quoted(value: object) -> str:
    """A value as a literal of type String, Decimal, Date or ID."""
    return json.dumps(str(value))

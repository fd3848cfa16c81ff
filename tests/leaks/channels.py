"""Query fragments through which a field can be read, from the schema: selections, links, filters, orders, aggregates."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphql import (
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)

from tests.proof.contract import LIST_ROOT, SCHEMA, TYPES, enums, input_type, object_type
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
"""Value field and filter input type of each custom attribute of the demo data."""

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
        '"xyz_00000000000000000000000000000000"',
    ),
}
"""GraphQL literals of operands, by filter input type."""


@dataclass(frozen=True)
class Edge:
    """A relation from one entity to another, to-one or to-many."""

    owner: str
    name: str
    target: str
    many: bool

    def select(self, inner: str, first: int = 3) -> str:
        """The link as a selection."""
        if self.many:
            return f"{self.name}(first: {first}) {{ totalCount nodes {{ {inner} }} }}"
        return f"{self.name} {{ {inner} }}"

    def condition(self, inner: str, quantifier: str = "some") -> str:
        """The link as a filter; `quantifier` applies to a to-many link."""
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
    """The scalar fields of a filter, with their filter input types."""
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
    """The links that an order can follow."""
    order = input_type(f"{type_name}Order").fields
    return tuple(edge for edge in edges(type_name) if edge.name in order)


def measures(type_name: str) -> Iterator[tuple[str, str]]:
    """(function, field) of each measure in the aggregate of a type."""
    for function in FUNCTIONS:
        found = SCHEMA.type_map.get(f"{type_name}{function}")
        if isinstance(found, GraphQLObjectType):
            yield from ((f"{function[0].lower()}{function[1:]}", name) for name in found.fields)


def leaf(type_name: str, field: str) -> str:
    """A field with the smallest selection that its type requires."""
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
    """Every field of a type, each as by `leaf`."""
    return " ".join(leaf(type_name, name) for name in object_type(type_name).fields)


def operand(operator: str, samples: Sequence[str], at: int = 0) -> str:
    """The operand of an operator; `at` is an index into the samples, taken modulo their number."""
    if operator == "isNull":
        return ("true", "false")[at % 2]
    sample = samples[at % len(samples)]
    return f"[{sample}]" if operator in {"in", "notIn"} else sample


def comparisons(type_name: str, field: str) -> Iterator[tuple[str, str]]:
    """(operator, filter input type) of every comparison of a field."""
    compared = filterable(type_name)[field]
    yield from ((operator, compared) for operator in OPERATORS[compared].split())


def attribute_comparisons(type_name: str) -> Iterator[tuple[str, str, str, str]]:
    """(key, value field, operator, filter input type) of every comparison of a custom attribute."""
    for key in attributes(type_name):
        value_field, compared = KINDS[key]
        yield from (
            (key, value_field, operator, compared) for operator in OPERATORS[compared].split()
        )


def counted(type_name: str, condition: str) -> str:
    """Query for the number of records of a type that match a filter."""
    return f"{LIST_ROOT[type_name]}(filter: {{ {condition} }}) {{ totalCount }}"


def sorted_by(type_name: str, key: str) -> str:
    """Query for the records of a type in an order."""
    return f"{LIST_ROOT[type_name]}(first: 100, orderBy: [{{ {key} }}]) {{ nodes {{ id }} }}"


def measured(type_name: str, function: str, field: str, beside: str = "") -> str:
    """Query for one measure over all records of a type."""
    inner = f"{beside} {function} {{ {measure(type_name, function, field)} }}"
    return f"{LIST_ROOT[type_name]} {{ aggregate {{ {inner} }} }}"


def measured_below(edge: Edge, function: str, field: str) -> str:
    """Query for one measure over the records of a nested list."""
    inner = measure(edge.target, function, field)
    nested = f"{edge.name} {{ aggregate {{ {function} {{ {inner} }} }} }}"
    return f"{LIST_ROOT[edge.owner]}(first: 2) {{ nodes {{ {nested} }} }}"


def measure(type_name: str, function: str, field: str) -> str:
    """A measure with the selection that its type requires."""
    holder = f"{type_name}{function[0].upper()}{function[1:]}"
    kind = get_named_type(object_type(holder).fields[field].type)
    return f"{field} {{ amount currency }}" if kind.name == "Money" else field


def quoted(value: object) -> str:
    """A value as a literal of type String, Decimal, Date or ID."""
    return json.dumps(str(value))

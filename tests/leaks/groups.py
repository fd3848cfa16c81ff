"""Query fragments of grouped aggregates, from the schema: group keys, `having`, orders and measures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import GraphQLInputObjectType, get_named_type

from tests.leaks.channels import SAMPLES, Edge, edges, measure, operand, quoted
from tests.proof.contract import GROUPS_OF, MONEY, input_type
from tests.proof.coverage import BUCKETS, OPERATORS

CURRENCY = 'currency: "EUR"'
TESTED = ("sum", "avg", "min", "max")


@dataclass(frozen=True)
class Key:
    """A group key: a field, or the record itself, of the root or through to-one links."""

    path: tuple[Edge, ...]
    owner: str
    name: str
    bucket: str = ""

    @property
    def by(self) -> str:
        """The key as an item of `groupBy`."""
        item = f"{self.name}: {self.bucket or 'true'}"
        for edge in reversed(self.path):
            item = f"{edge.name}: {{ {item} }}"
        return f"{{ {item} }}"

    @property
    def shown(self) -> str:
        """The key as a selection."""
        item = "record { id }" if self.name == "record" else self.name
        for edge in reversed(self.path):
            item = f"{edge.name} {{ {item} }}"
        return f"key {{ {item} }}"

    @property
    def order(self) -> str:
        """The key as an item of `orderBy`; a record is sorted by its ID."""
        item = f"{'id' if self.name == 'record' else self.name}: ASC"
        for edge in reversed(self.path):
            item = f"{edge.name}: {{ {item} }}"
        return f"{{ key: {{ {item} }} }}"

    @property
    def fields_used(self) -> tuple[tuple[str, str], ...]:
        """The fields that the key reads, from the root on; a record is read by its ID."""
        links = tuple((edge.owner, edge.name) for edge in self.path)
        return (*links, (self.owner, "id" if self.name == "record" else self.name))


def keys(type_name: str, depth: int, path: tuple[Edge, ...] = ()) -> Iterator[Key]:
    """Every group key of a type, through at most `depth` links; dates by each bucket at the root, else by one."""
    links = {edge.name: edge for edge in edges(type_name) if not edge.many}
    for name, field in input_type(f"{type_name}GroupBy").fields.items():
        kind = get_named_type(field.type).name
        if kind == "DateBucket":
            buckets = BUCKETS if not path else BUCKETS[len(name) % 5 :][:1]
            yield from (Key(path, type_name, name, bucket) for bucket in buckets)
        elif kind == "Boolean":
            yield Key(path, type_name, name)
        elif depth:
            yield from keys(links[name].target, depth - 1, (*path, links[name]))


def grouped(type_name: str, arguments: str, inner: str = "count") -> str:
    """Query for the records of a type in groups."""
    item = f"({arguments})" if arguments else ""
    return f"{GROUPS_OF[type_name]}{item} {{ groups {{ {inner} }} groupCount }}"


def _inner(type_name: str, holder: str, function: str) -> GraphQLInputObjectType | None:
    field = input_type(f"{type_name}{holder}").fields.get(function)
    kind = field and get_named_type(field.type)
    return kind if isinstance(kind, GraphQLInputObjectType) else None


def compared_measures(type_name: str) -> Iterator[tuple[str, str, str]]:
    """(function, field, filter input type) of every measure that `having` can test."""
    for function in TESTED:
        if kind := _inner(type_name, "Having", function):
            for name, field in kind.fields.items():
                yield function, name, get_named_type(field.type).name


def having(function: str, field: str, compared: str, operator: str, at: int) -> str:
    """A `having` condition on a measure; `at` is the index of the operand."""
    money = compared == "MoneyFilter"
    value = operand(operator, SAMPLES["DecimalFilter" if money else compared], at)
    return f"{function}: {{ {field}: {{ {CURRENCY + ', ' if money else ''}{operator}: {value} }} }}"


def operators(compared: str) -> list[str]:
    """The operators of a filter input type."""
    return OPERATORS["DecimalFilter" if compared == "MoneyFilter" else compared].split()


def sorted_measures(type_name: str) -> Iterator[tuple[str, str]]:
    """(field, item of `orderBy`) of every measure that sorts groups."""
    for function in TESTED:
        if kind := _inner(type_name, "GroupOrder", function):
            for name in kind.fields:
                money = name in MONEY[type_name]
                direction = f"{{ {CURRENCY}, direction: DESC }}" if money else "ASC_NULLS_FIRST"
                yield name, f"{{ {function}: {{ {name}: {direction} }} }}"


def measured_in_groups(type_name: str, function: str, field: str, arguments: str = "") -> str:
    """Query for one measure of each group."""
    inner = f"count {function} {{ {measure(type_name, function, field)} }}"
    return grouped(type_name, arguments, inner)


def filtered(type_name: str, condition: str, arguments: str = "") -> str:
    """Query for the records that match a filter, in groups."""
    return grouped(type_name, f"filter: {{ {condition} }} {arguments}")


def in_currency(currency: str) -> str:
    """The currency argument of a condition on money."""
    return f"currency: {quoted(currency)}"

"""The ways a field can be got at in groups, generated from the schema: keys, tests, orders and measures of groups."""

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
    """Something to group by: through links to a field, or to the record at their end."""

    path: tuple[Edge, ...]
    owner: str
    name: str
    bucket: str = ""

    @property
    def by(self) -> str:
        """It as an item of `groupBy`."""
        said = f"{self.name}: {self.bucket or 'true'}"
        for edge in reversed(self.path):
            said = f"{edge.name}: {{ {said} }}"
        return f"{{ {said} }}"

    @property
    def shown(self) -> str:
        """It as a part of a selection."""
        said = "record { id }" if self.name == "record" else self.name
        for edge in reversed(self.path):
            said = f"{edge.name} {{ {said} }}"
        return f"key {{ {said} }}"

    @property
    def order(self) -> str:
        """It as an item of `orderBy`: a record is sorted by its id."""
        said = f"{'id' if self.name == 'record' else self.name}: ASC"
        for edge in reversed(self.path):
            said = f"{edge.name}: {{ {said} }}"
        return f"{{ key: {{ {said} }} }}"

    @property
    def touched(self) -> tuple[tuple[str, str], ...]:
        """The fields that it asks about, from the root on; a record is asked about by its id."""
        links = tuple((edge.owner, edge.name) for edge in self.path)
        return (*links, (self.owner, "id" if self.name == "record" else self.name))


def keys(type_name: str, depth: int, path: tuple[Edge, ...] = ()) -> Iterator[Key]:
    """Every key of a type, through at most `depth` links; dates in each span at the root, else in one."""
    links = {edge.name: edge for edge in edges(type_name) if not edge.many}
    for name, field in input_type(f"{type_name}GroupBy").fields.items():
        kind = get_named_type(field.type).name
        if kind == "DateBucket":
            spans = BUCKETS if not path else BUCKETS[len(name) % 5 :][:1]
            yield from (Key(path, type_name, name, span) for span in spans)
        elif kind == "Boolean":
            yield Key(path, type_name, name)
        elif depth:
            yield from keys(links[name].target, depth - 1, (*path, links[name]))


def grouped(type_name: str, arguments: str, inner: str = "count") -> str:
    """The records of a type in groups."""
    said = f"({arguments})" if arguments else ""
    return f"{GROUPS_OF[type_name]}{said} {{ groups {{ {inner} }} groupCount }}"


def _inner(type_name: str, holder: str, function: str) -> GraphQLInputObjectType | None:
    field = input_type(f"{type_name}{holder}").fields.get(function)
    kind = field and get_named_type(field.type)
    return kind if isinstance(kind, GraphQLInputObjectType) else None


def compared_measures(type_name: str) -> Iterator[tuple[str, str, str]]:
    """(function, field, input type) of every measure that groups are tested by."""
    for function in TESTED:
        if kind := _inner(type_name, "Having", function):
            for name, field in kind.fields.items():
                yield function, name, get_named_type(field.type).name


def having(function: str, field: str, compared: str, operator: str, at: int) -> str:
    """A test of a measure; `at` chooses what it is compared with."""
    money = compared == "MoneyFilter"
    value = operand(operator, SAMPLES["DecimalFilter" if money else compared], at)
    return f"{function}: {{ {field}: {{ {CURRENCY + ', ' if money else ''}{operator}: {value} }} }}"


def operators(compared: str) -> list[str]:
    """What an input type compares with."""
    return OPERATORS["DecimalFilter" if compared == "MoneyFilter" else compared].split()


def sorted_measures(type_name: str) -> Iterator[tuple[str, str]]:
    """(field, item of `orderBy`) of every measure that groups are sorted by."""
    for function in TESTED:
        if kind := _inner(type_name, "GroupOrder", function):
            for name in kind.fields:
                money = name in MONEY[type_name]
                way = f"{{ {CURRENCY}, direction: DESC }}" if money else "ASC_NULLS_FIRST"
                yield name, f"{{ {function}: {{ {name}: {way} }} }}"


def measured_in_groups(type_name: str, function: str, field: str, arguments: str = "") -> str:
    """One measure of each group."""
    inner = f"count {function} {{ {measure(type_name, function, field)} }}"
    return grouped(type_name, arguments, inner)


def filtered(type_name: str, condition: str, arguments: str = "") -> str:
    """The records that meet a condition, in groups."""
    return grouped(type_name, f"filter: {{ {condition} }} {arguments}")


def in_currency(currency: str) -> str:
    """Another currency for a test of money."""
    return f"currency: {quoted(currency)}"

"""Random lists: filters, orders, forward and backward pages, and selections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import GraphQLArgument

from tests.oracle.measures import PER_CURRENCY
from tests.oracle.writing import Part
from tests.proof.contract import SCHEMA, fields, measure_type, object_type

if TYPE_CHECKING:
    from tests.oracle.draw import Drawer, Path


@dataclass
class Arguments:
    """Builder of the arguments of a field."""

    drawer: Drawer
    types: dict[str, GraphQLArgument]
    given: dict[str, str] = field(default_factory=dict)

    def give(self, name: str, of: float, made: Callable[[], Any]) -> Any:
        """Add an argument with probability `of`; returns its value, or None if it was not added."""
        if not self.drawer.chance(of):
            return None
        value = made()
        self.given[name] = self.drawer.writer.value(value, self.types[name].type)
        return value

    def cursor(self, name: str, path: Path) -> None:
        """Add a variable that is absent in the first request and takes a cursor of its response in the second."""
        variable = self.drawer.writer.variable("String", None, given=False)
        self.drawer.paged[variable[1:]] = path
        self.given[name] = variable

    def after(self, head: str) -> str:
        given = ", ".join(f"{name}: {value}" for name, value in self.given.items())
        return f"{head}({given})" if given else head


@dataclass(frozen=True)
class Place:
    """Position of a list: type and field, remaining depth, and estimated number of parent objects."""

    owner: str
    name: str
    entity: str
    depth: int
    times: float
    path: Path

    @property
    def outermost(self) -> bool:
        return self.owner == "Query"


def random_list(drawer: Drawer, head: str, place: Place) -> Part:
    entity = place.entity
    arguments = Arguments(drawer, object_type(place.owner).fields[place.name].args)
    arguments.give("filter", 0.5, lambda: drawer.inputs.filter(entity))
    arguments.give("orderBy", 0.5, lambda: drawer.inputs.order(entity))
    size = _size(arguments, place)
    paged = _paged(arguments, place)
    drawer.nodes += place.times
    parts = random_parts(drawer, place, place.times * size)
    if paged:
        parts.append(Part("pageInfo", "{ endCursor startCursor }"))
    selected = drawer.writer.selection(f"{entity}Connection", parts)
    return Part(arguments.after(head), selected)


def _size(arguments: Arguments, place: Place) -> int:
    """Add `first` or `last` and return the page size; invalid combinations occur only with `bold`."""
    drawer = arguments.drawer
    most = (1, 2, 3, 5, 10, 40, 100) if place.outermost else (1, 2, 3, 5)
    one, other = drawer.rng.choice((("first", "last"), ("first", "last"), ("last", "first")))
    given = arguments.give(one, 0.85, lambda: drawer.rng.choice(most))
    if given and drawer.chance(0.04):
        arguments.give(other, 1, lambda: None)
    elif drawer.inputs.bold and drawer.chance(0.04):
        arguments.give(other, 1, lambda: drawer.rng.choice(most))
    return int(given or 25)


def _paged(arguments: Arguments, place: Place) -> bool:
    if not arguments.drawer.chance(0.5 if place.outermost else 0.25):
        return False
    chosen = arguments.drawer.rng.choice((("after",), ("before",), ("after", "before")))
    for name in chosen:
        arguments.cursor(name, place.path)
    return True


def random_parts(drawer: Drawer, place: Place, times: float) -> list[Part]:
    entity, path = place.entity, place.path
    parts = []
    if drawer.chance(0.75):
        inner = drawer.object(entity, place.depth, times, (*path, "nodes"))
        parts.append(Part("nodes", inner))
    if not parts or drawer.chance(0.3):
        edge = []
        if drawer.chance(0.8):
            inner = drawer.object(entity, place.depth, times, (*path, "edges", "node"))
            edge.append(Part("node", inner))
        if not edge or drawer.chance(0.6):
            edge.append(Part("cursor"))
        parts.append(Part("edges", drawer.writer.selection(f"{entity}Edge", edge)))
    if drawer.chance(0.4):
        parts.append(Part("totalCount"))
    if drawer.chance(0.15) and (key := drawer.key("totalCount", {"totalCount"})):
        most = drawer.rng.choice((1, 2, 5, 20, 90, 1000, 100_000))
        type_ = object_type(f"{entity}Connection").fields["totalCount"].args["atMost"].type
        parts.append(Part(f"{key}: totalCount(atMost: {drawer.writer.value(most, type_)})"))
    if drawer.chance(0.35):
        names = ["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"]
        parts.append(Part("pageInfo", drawer.some("PageInfo", names)))
    type_name = f"{entity}Aggregate"
    if drawer.chance(0.3) and type_name in SCHEMA.type_map:
        measures = [Part("count"), *random_measures(drawer, entity, type_name)]
        parts.append(Part("aggregate", drawer.writer.selection(type_name, measures)))
    return parts


def random_measures(drawer: Drawer, entity: str, type_: str) -> list[Part]:
    """Random aggregates of fields that support them."""
    parts = []
    for measure in object_type(type_).fields:
        if measure in ("count", "key") or drawer.chance(0.5):
            continue
        inner_type = measure_type(entity, measure)
        names = [
            name
            for name in object_type(inner_type).fields
            if drawer.inputs.bold or drawer.inputs.open(entity, name)
        ]
        if not names:
            continue
        chosen = drawer.rng.sample(names, min(len(names), drawer.rng.choice((1, 2, 3, 6))))
        inner = [
            Part(name, drawer.some("Money", ["amount", "currency"]))
            if fields(entity)[name].kind == "MONEY" and measure in PER_CURRENCY
            else Part(name)
            for name in chosen
        ]
        taken: set[str] = set()
        if key := drawer.key(measure, taken):
            head = measure if key == measure else f"{key}: {measure}"
            parts.append(Part(head, drawer.writer.selection(inner_type, inner)))
    return parts

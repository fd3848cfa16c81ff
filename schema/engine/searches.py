"""Reads a search over all object types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from graphql import FieldNode

from db.engine.dependencies import Dependency, RowsOf
from db.engine.entity import Entity
from db.engine.model import Model
from db.engine.plan.roots import RootSearch, SearchedEntity
from db.engine.plan.selection import BindParam, ObjectSelection, search_of
from schema.engine.filters import bind_param, constant_of
from schema.engine.generate_search import HIT

FOUND = 20
"""Hits, by default."""


class SearchReader(Protocol):
    """The reader of the operation that contains the search."""

    model: Model
    depends_on: set[Dependency]
    filter_depends_on: set[Dependency]

    def fields(self, nodes: list[FieldNode], name: str) -> dict[str, list[FieldNode]]: ...
    def object(self, nodes: list[FieldNode], entity: Entity) -> ObjectSelection: ...


def read_search(
    reader: SearchReader, number: int, nodes: list[FieldNode], given: Mapping[str, object]
) -> RootSearch:
    """The search. Entities that the client names must be visible; of the others, invisible ones are left out."""
    types = given.get("types")
    if types is None:
        entities = [each for each in reader.model.entities.values() if each.searched]
        noted = reader.depends_on
    else:
        entities = [
            reader.model.entities[name] for name in dict.fromkeys(_names(bind_param(types)))
        ]
        noted = reader.filter_depends_on
    for entity in entities:
        noted |= {RowsOf(entity.name), search_of(entity)}
    kinds = tuple(SearchedEntity(entity, _parts(reader, nodes, entity)) for entity in entities)
    size = given.get("first")
    return RootSearch(
        number,
        bind_param(given["text"]),
        BindParam((), FOUND) if size is None else bind_param(size),
        kinds,
    )


def _names(types: BindParam) -> list[str]:
    several = constant_of(types)
    items = several if isinstance(several, list | tuple) else [several]
    return [str(getattr(constant_of(item), "value", constant_of(item))) for item in items]


def _parts(
    reader: SearchReader, nodes: list[FieldNode], entity: Entity
) -> tuple[tuple[str, ObjectSelection | str], ...]:
    parts: list[tuple[str, ObjectSelection | str]] = []
    for key, inner in reader.fields(nodes, HIT).items():
        name = inner[0].name.value
        if name == "node":
            parts.append((key, reader.object(inner, entity)))
        else:
            parts.append((key, name if name == "matched" else HIT))
    return tuple(parts)

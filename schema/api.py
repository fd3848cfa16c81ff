"""All parts of the API in one schema, and its printed form."""

from __future__ import annotations

import re
from collections.abc import Iterator

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import StrawberryArgument

from db.api import MODEL
from db.engine.base import Standard
from db.engine.declare import SEARCH
from db.engine.entity import Entity
from db.staff import Employee, User
from resolvers.areas import REGISTRY
from schema.engine import type_registry
from schema.engine.generate import (
    Spec,
    Special,
    argument,
    entity_types,
    make,
    page_arguments,
    shared_types,
    trash_argument,
)
from schema.engine.generate_commands import command_types, mutations_of, root
from schema.engine.generate_groups import (
    group_arguments,
    group_types,
    grouped_by,
    key_types,
    shared_group_types,
)
from schema.engine.generate_live import subscription
from schema.engine.generate_search import search_root
from schema.engine.scalars import SCALARS
from schema.sessions import PublicMutation, PublicQuery, SessionMutation

EXPOSED = [entity for entity in MODEL.entities.values() if entity is not MODEL.history]
"""The entities that have root fields: history is read with its record."""
SPECIAL = Special(viewer=User.__name__, owner=Employee.__name__)
MUTATIONS = mutations_of(MODEL, REGISTRY.commands)
CONFIG = StrawberryConfig(auto_camel_case=False, scalar_map=SCALARS)


def _query() -> type:
    """The root of all reads: two fields per entity, the viewer, and records by id alone."""
    specs: list[Spec] = [
        ("viewer", f"{SPECIAL.viewer} | None", "The caller's user."),
        ("node", "Node | None", "Record of any type by its ID."),
        (
            "nodes",
            "list[Node | None] | None",
            "Records by their IDs, in that order; null for unknown or invisible ones.",
        ),
    ]
    arguments = {"node": [_needed("id", "ID")], "nodes": [_needed("ids", "list[ID]")]}
    searched, arguments[SEARCH] = search_root(MODEL, [each.name for each in EXPOSED])
    specs.append(searched)
    assert MODEL.history is not None  # noqa: S101 - db/engine/trace.py declares it
    entity_types(MODEL, MODEL.history, MODEL.history.doc, SPECIAL)
    keyed = grouped_by(EXPOSED)
    for each in EXPOSED:
        entity_types(MODEL, each, each.doc, SPECIAL)
        if each in keyed:
            key_types(each)
        for name, annotation, doc, taken in _roots_of(each):
            specs.append((name, f"{annotation} | None", doc))
            arguments[name] = taken
    return make("Query", specs, "Root query type.", arguments=arguments)


def _roots_of(entity: Entity) -> Iterator[tuple[str, str, str, list[StrawberryArgument]]]:
    """Fields of Query that read an entity: name, type, description, arguments."""
    name, one, many = entity.name, entity.singular, entity.plural
    if entity.is_singleton:
        yield one, name, f"{entity.doc}", []
        return
    yield one, name, f"{name} by its ID.", [_needed("id", "ID")]
    taken = page_arguments(name)
    if Standard.RESTORE in entity.commands:
        taken.append(trash_argument())
    yield many, f"{name}Connection", f"Visible {name} records.", taken
    if entity.has_groups:
        group_types(entity)
        doc = f"Groups of visible {name} records, with aggregates."
        yield f"{many}Aggregate", f"{name}Groups", doc, group_arguments(name)


def _needed(name: str, annotation: str) -> StrawberryArgument:
    made = argument(name, annotation, "ID of the record." if name == "id" else "IDs, at most 250.")
    made.type_annotation.annotation = annotation
    return made


def _mutation() -> type:
    """The root of all mutations: one for each command, and one for many inputs of it."""
    command_types(MODEL, REGISTRY.commands.values(), EXPOSED)
    roots = {name: root(mutation) for name, mutation in MUTATIONS.items()}
    specs = [spec for spec, _ in roots.values()]
    arguments = {name: given for name, (_, given) in roots.items()}
    return make(
        "Mutation", specs, "Root mutation type.", bases=(SessionMutation,), arguments=arguments
    )


shared_types(SPECIAL)
shared_group_types()
SCHEMA = strawberry.Schema(
    query=_query(),
    mutation=_mutation(),
    subscription=subscription(EXPOSED),
    types=[type_registry.Node],
    config=CONFIG,
)
GRAPHQL: GraphQLSchema = SCHEMA._schema  # noqa: SLF001 - strawberry has no other way
PUBLIC_SCHEMA = strawberry.Schema(query=PublicQuery, mutation=PublicMutation, config=CONFIG)
PUBLIC_GRAPHQL: GraphQLSchema = PUBLIC_SCHEMA._schema  # noqa: SLF001 - likewise


def print_sdl() -> str:
    """The contract as it is checked in, without blank lines between the arguments of a field."""
    return re.sub(r"\n\n(?=    )", "\n", SCHEMA.as_str().rstrip()) + "\n"

"""All parts of the API in one schema, and its printed form."""

from __future__ import annotations

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from db.api import MODEL
from db.engine.base import Standard
from db.engine.declare import SEARCH
from db.staff import Employee, User
from resolvers.areas import CATALOGUE
from schema.engine import words
from schema.engine.generate import (
    Spec,
    Special,
    argument,
    bin_argument,
    entity_types,
    make,
    page_arguments,
    shared_types,
)
from schema.engine.generate_commands import command_types, mutations_of, root
from schema.engine.generate_groups import group_arguments, group_types, shared_group_types
from schema.engine.generate_live import subscription
from schema.engine.generate_search import search_root
from schema.engine.scalars import SCALARS
from schema.sessions import PublicMutation, PublicQuery, SessionMutation

EXPOSED = [entity for entity in MODEL.entities.values() if entity is not MODEL.history]
"""The entities that have root fields: history is read with its record."""
SPECIAL = Special(viewer=User.__name__, owner=Employee.__name__)
MUTATIONS = mutations_of(MODEL, CATALOGUE.commands)
CONFIG = StrawberryConfig(auto_camel_case=False, scalar_map=SCALARS)


def _query() -> type:
    """The root of all reads: two fields per entity, the viewer, and records by id alone."""
    specs: list[Spec] = [
        ("viewer", f"{SPECIAL.viewer} | None", "Who is asking."),
        ("node", "Node | None", "A record by its id, whatever its type."),
        (
            "nodes",
            "list[Node | None] | None",
            "Records by their ids, in that order; null where there is none.",
        ),
    ]
    arguments = {"node": [_needed("id", "ID")], "nodes": [_needed("ids", "list[ID]")]}
    searched, arguments[SEARCH] = search_root(MODEL, [each.name for each in EXPOSED])
    specs.append(searched)
    assert MODEL.history is not None  # noqa: S101 - db/engine/trace.py declares it
    entity_types(MODEL, MODEL.history, MODEL.history.doc, SPECIAL)
    for each in EXPOSED:
        entity_types(MODEL, each, each.doc, SPECIAL)
        group_types(each)
        one, many = each.singular, each.plural
        specs.append((one, f"{each.name} | None", f"One {each.name} by its id."))
        specs.append((many, f"{each.name}Connection | None", f"{each.name} records you may see."))
        specs.append(
            (
                f"{many}Aggregate",
                f"{each.name}Groups | None",
                f"{each.name} records you may see, in groups with their measures.",
            )
        )
        arguments[f"{many}Aggregate"] = group_arguments(each.name)
        arguments[one] = [_needed("id", "ID")]
        arguments[many] = page_arguments(each.name)
        if Standard.RESTORE in each.commands:
            arguments[many].append(bin_argument())
    return make("Query", specs, "Everything that can be asked.", arguments=arguments)


def _needed(name: str, annotation: str) -> strawberry.types.arguments.StrawberryArgument:
    made = argument(name, annotation, "The id." if name == "id" else "The ids, at most 250.")
    made.type_annotation.annotation = annotation
    return made


def _mutation() -> type:
    """The root of all mutations: one for each command, and one for many inputs of it."""
    command_types(MODEL, CATALOGUE.commands.values(), EXPOSED)
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
    types=[words.Node],
    config=CONFIG,
)
GRAPHQL: GraphQLSchema = SCHEMA._schema  # noqa: SLF001 - strawberry has no other way
PUBLIC_SCHEMA = strawberry.Schema(query=PublicQuery, mutation=PublicMutation, config=CONFIG)
PUBLIC_GRAPHQL: GraphQLSchema = PUBLIC_SCHEMA._schema  # noqa: SLF001 - likewise


def print_sdl() -> str:
    """The contract as it is checked in."""
    return SCHEMA.as_str().rstrip() + "\n"

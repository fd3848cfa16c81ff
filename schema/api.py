"""All parts of the API in one schema, and its printed form."""

from __future__ import annotations

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

import resolvers.api  # noqa: F401 - what the areas have to say is remembered when they are imported
from db.api import MODEL
from db.engine.declare import SEARCH
from db.staff import Employee, User
from schema import (
    accounts,
    activities,
    cases,
    contracts,
    labels,
    people,
    products,
    quotes,
    sales,
    setup,
    staff,
)
from schema.engine import words
from schema.engine.expose import Verb, exposed
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
from schema.engine.generate_deeds import Deed, deed_types, deeds_of, input_of, root
from schema.engine.generate_groups import group_arguments, group_types, shared_group_types
from schema.engine.generate_live import subscription
from schema.engine.generate_search import search_root
from schema.engine.scalars import SCALARS
from schema.sessions import PublicMutation, PublicQuery, SessionMutation

ROOMS = (
    setup,
    staff,
    accounts,
    people,
    products,
    sales,
    quotes,
    contracts,
    cases,
    activities,
    labels,
)
EXPOSED = exposed(ROOMS)
SPECIAL = Special(viewer=User.__name__, owner=Employee.__name__)
DEEDS: dict[str, Deed] = deeds_of(EXPOSED)
for room in ROOMS:
    DEEDS |= getattr(room, "DEEDS", {})  # what is done with its records alone
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
    searched, arguments[SEARCH] = search_root(MODEL, [each.entity for each in EXPOSED])
    specs.append(searched)
    assert MODEL.history is not None  # noqa: S101 - db/engine/trace.py declares it
    entity_types(MODEL, MODEL.history, MODEL.history.doc, SPECIAL)
    for each in EXPOSED:
        entity = MODEL.entities[each.entity]
        entity_types(MODEL, entity, each.doc, SPECIAL)
        group_types(entity)
        one, many = each.one, each.many
        specs.append((one, f"{each.entity} | None", f"One {each.entity} by its id."))
        specs.append(
            (many, f"{each.entity}Connection | None", f"{each.entity} records you may see.")
        )
        specs.append(
            (
                f"{many}Aggregate",
                f"{each.entity}Groups | None",
                f"{each.entity} records you may see, in groups with their measures.",
            )
        )
        arguments[f"{many}Aggregate"] = group_arguments(each.entity)
        arguments[one] = [_needed("id", "ID")]
        arguments[many] = page_arguments(each.entity)
        if Verb.RESTORE in each.deeds:
            arguments[many].append(bin_argument())
    return make("Query", specs, "Everything that can be asked.", arguments=arguments)


def _needed(name: str, annotation: str) -> strawberry.types.arguments.StrawberryArgument:
    made = argument(name, annotation, "The id." if name == "id" else "The ids, at most 250.")
    made.type_annotation.annotation = annotation
    return made


def _mutation() -> type:
    """The root of all deeds: those that every kind of record knows, and those of one kind."""
    deed_types(MODEL, EXPOSED)
    for room in ROOMS:
        getattr(room, "deed_types", lambda: None)()
    roots = {deed.name: root(deed, input_of(MODEL, deed)) for deed in DEEDS.values()}
    specs = [spec for spec, _ in roots.values()]
    arguments = {name: given for name, (_, given) in roots.items()}
    doc = "Everything that can be done."
    return make("Mutation", specs, doc, bases=(SessionMutation,), arguments=arguments)


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

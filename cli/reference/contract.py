"""The contract as input of the pages: the area of each entity and root field, and the shared types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
)
from strawberry.types import get_object_definition

from cli.reference.reachable import AnyCode, Derivation, codes_of, reached, scan
from db.api import MODEL
from db.engine.entity import Entity
from resolvers.areas import REGISTRY
from resolvers.engine.command import Command
from schema.api import EXPOSED, GRAPHQL, MUTATIONS
from schema.engine.generate_commands import input_of
from schema.sessions import SessionMutation

Member = GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType
SESSIONS = "sessions"
AREAS: Mapping[str, tuple[str, str]] = {
    "accounts": ("Accounts", "Organizations and private customers, their addresses, managers and links."),
    "people": ("People", "Persons and their jobs at accounts."),
    "sales": ("Sales", "Opportunities: pipeline, outcome, participants and shares."),
    "quotes": ("Quotes", "Quotes of opportunities and their lines."),
    "contracts": ("Contracts", "What was sold: running contracts and single deliveries."),
    "products": ("Products", "The catalog: products, categories, units and kinds of contracts."),
    "cases": ("Cases", "Requests and complaints of customers, with their statuses and types."),
    "activities": ("Activities", "Calls, meetings and tasks on any record, planned or done."),
    "labels": ("Labels", "Tags and favorites on records."),
    "staff": ("Staff", "Employees, users, roles, profiles and permissions."),
    "setup": ("Setup", "Pipelines, types, custom attributes, features and preferences of the tenant."),
    SESSIONS: ("Sessions and passwords", "Sign in, refresh tokens, passwords and the end of sessions."),
}  # fmt: skip
"""Title and content of each page, in the order of the index."""


@dataclass(frozen=True)
class MutationDoc:
    """A mutation of one record, with the codes that it can return."""

    name: str
    command: Command
    entity: Entity
    codes: frozenset[AnyCode]

    @property
    def input(self) -> GraphQLInputObjectType:
        """The type of its input."""
        return input_type(input_of(self.command, self.entity))


class ApiContract:
    """The schema, entities, commands and error codes from which the pages are generated."""

    schema = GRAPHQL
    registry = REGISTRY

    @cached_property
    def entities(self) -> dict[str, list[Entity]]:
        """The entities of each area."""
        found: dict[str, list[Entity]] = {name: [] for name in AREAS}
        for entity in EXPOSED:
            found[area_of(entity)].append(entity)
        return found

    @cached_property
    def mutations(self) -> dict[str, list[MutationDoc]]:
        """The mutations of each entity, without those for many inputs."""
        derivation = Derivation(REGISTRY)
        found: dict[str, list[MutationDoc]] = {}
        for name, each in MUTATIONS.items():
            if not each.many:
                codes = frozenset(derivation.of(each.command))
                doc = MutationDoc(name, each.command, each.entity, codes)
                found.setdefault(each.entity.name, []).append(doc)
        return found

    @cached_property
    def sessions(self) -> dict[str, frozenset[AnyCode]]:
        """The mutations of sessions and passwords, with their codes."""
        fields = get_object_definition(SessionMutation, strict=True).fields
        resolvers = {each.name: each.base_resolver for each in fields}
        named = {name: scan(r.wrapped_func).functions for name, r in resolvers.items() if r}
        return {name: frozenset(codes_of(reached(*each))) for name, each in named.items()}

    @cached_property
    def returned(self) -> dict[str, list[str]]:
        """The mutations that can return each code."""
        found: dict[str, list[str]] = {}
        own = ((d.name, d.codes) for several in self.mutations.values() for d in several)
        for name, codes in (*own, *self.sessions.items()):
            for code in codes:
                found.setdefault(code, []).append(name)
        return found

    @cached_property
    def common(self) -> frozenset[str]:
        """The fields that every record has; the conventions describe them."""
        every = [set(object_type(entity.name).fields) for entity in EXPOSED if not entity.is_trace]
        return frozenset(set.intersection(*every))

    @cached_property
    def enums(self) -> dict[str, list[GraphQLEnumType]]:
        """The enums of each area: that of the first entity whose type or inputs use them."""
        found: dict[str, list[GraphQLEnumType]] = {name: [] for name in AREAS}
        known: set[str] = set()
        for area, entities in self.entities.items():
            for each in self._used(entities):
                if isinstance(each, GraphQLEnumType) and each.name not in known:
                    known.add(each.name)
                    found[area].append(each)
        return found

    def _used(self, entities: Sequence[Entity]) -> Iterator[GraphQLNamedType]:
        for entity in entities:
            types: list[Member] = [object_type(entity.name)]
            types += [each.input for each in self.mutations.get(entity.name, ())]
            for type_ in types:
                yield from (get_named_type(f.type) for f in type_.fields.values())

    def place(self, name: str) -> str | None:
        """The page that describes a type; None for those of the conventions."""
        if name in MODEL.entities and MODEL.entities[name] in EXPOSED:
            return area_of(MODEL.entities[name])
        areas = (area for area, enums in self.enums.items() if name in {e.name for e in enums})
        return next(areas, None)


def area_of(entity: Entity) -> str:
    """The area of an entity: the module of db/ that declares it."""
    return entity.type_.__module__.rpartition(".")[2]


def object_type(name: str) -> GraphQLObjectType:
    """A type by its name."""
    found = GRAPHQL.type_map[name]
    assert isinstance(found, GraphQLObjectType)  # noqa: S101 - named by an entity
    return found


def input_type(name: str) -> GraphQLInputObjectType:
    """An input by its name."""
    found = GRAPHQL.type_map[name]
    assert isinstance(found, GraphQLInputObjectType)  # noqa: S101 - named by a command
    return found

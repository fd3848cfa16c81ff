"""The printed schema combined with the lock file: fields, links, lists, root fields, commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_leaf_type,
)

from tests.proof.lock import ENTITIES, Entity, Link

SDL = (Path(__file__).resolve().parents[2] / "schema" / "schema.graphql").read_text("utf-8")
SCHEMA: GraphQLSchema = build_schema(SDL, assume_valid=True)
RECORD = "Record"
"""Interface of the types that callers create and update; only the system writes the others."""
HISTORY = next(name for name, entity in ENTITIES.items() if entity.record)
"""The entity that records the changes of all others."""
PERMISSION_TYPES = ("RecordPermissions", "TypePermissions")
"""Types that describe the caller's permissions; they contain no record data."""


TYPES = tuple(ENTITIES)
LIST_ROOT = {name: entity.many for name, entity in ENTITIES.items() if entity.many}
"""The root list field of each entity; entities without one are read through their record."""
BY_ID_ROOT = {name: entity.one for name, entity in ENTITIES.items() if entity.one}
GROUPS_OF = {name: entity.groups for name, entity in ENTITIES.items() if entity.groups}
SINGLETON_ROOT = {name: entity.single for name, entity in ENTITIES.items() if entity.single}
"""The root field of each entity that has exactly one record in a tenant."""
LISTED = tuple(LIST_ROOT)
PREFIX = {name: entity.prefix for name, entity in ENTITIES.items()}
REFERENCES = {name: {n: w.to for n, w in each.links.items()} for name, each in ENTITIES.items()}
"""The target entity of each link, by entity and field."""
STORED = {("Opportunity", "rank"): "rank_key"}
"""Columns whose names differ from their field names."""
REPLACE = "ReplaceInput"
"""The input field of a delete mutation that names the replacement record."""
PREFIXES = {entity.prefix: name for name, entity in ENTITIES.items()}
BY_ID = {prefix: name for prefix, name in PREFIXES.items() if name != HISTORY}
"""Entities readable by id alone; a history entry is read through its record."""


def snake(camel: str) -> str:
    """`expectedCloseOn` → `expected_close_on`."""
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in camel).lstrip("_")


def upper_snake(name: str) -> str:
    """`OpportunityType` → `OPPORTUNITY_TYPE`."""
    return snake(name).upper()


def lower(name: str) -> str:
    """`OpportunityType` → `opportunityType`."""
    return name[:1].lower() + name[1:]


def object_type(name: str) -> GraphQLObjectType:
    """An object type of the schema."""
    return cast("GraphQLObjectType", SCHEMA.type_map[name])


def input_type(name: str) -> GraphQLInputObjectType:
    """An input type of the schema."""
    return cast("GraphQLInputObjectType", SCHEMA.type_map[name])


def inputs(name: str) -> dict[str, GraphQLInputField]:
    """The fields of an input type."""
    return dict(input_type(name).fields)


def named(field: GraphQLField | GraphQLInputField) -> str:
    """The named type of a field."""
    return get_named_type(field.type).name


@cache
def interfaces(name: str) -> dict[str, GraphQLInterfaceType]:
    """The interfaces of a type, by name."""
    kind = SCHEMA.type_map.get(name)
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        return {}
    return {one.name: one for one in kind.interfaces}


@cache
def is_record(entity: str) -> bool:
    """Whether callers can create and update records of this entity."""
    return RECORD in interfaces(entity)


RECORD_FIELDS = tuple(name for name in cast("GraphQLInterfaceType", SCHEMA.type_map[RECORD]).fields)
"""Fields of every record: id, version and timestamps."""


@dataclass(frozen=True)
class Field:
    """One field of an entity."""

    name: str
    column: str
    kind: str
    """SCALAR, ENUM, MONEY, REFERENCE, LIST or ATTRIBUTES."""
    type: str
    """The named type; of a reference or a list, the entity."""


@cache
def fields(entity: str) -> dict[str, Field]:
    """The fields of an entity by name, except the permission fields."""
    return {
        name: _field(entity, name, definition)
        for name, definition in object_type(entity).fields.items()
        if named(definition) not in PERMISSION_TYPES
    }


def field_at(entity: str, path: Sequence[str]) -> Field:
    """The field at the end of a path over references."""
    for name in path[:-1]:
        entity = fields(entity)[name].type
    return fields(entity)[path[-1]]


def _field(entity: str, name: str, definition: GraphQLField) -> Field:
    kind = named(definition)
    if (target := kind.removesuffix("Connection")) != kind:
        return Field(name, "", "LIST", target)
    if name in ENTITIES[entity].links:
        return Field(name, ENTITIES[entity].links[name].column, "REFERENCE", kind)
    special = {"Money": "MONEY", "AttributeValue": "ATTRIBUTES"}.get(kind)
    plain = "ENUM" if isinstance(SCHEMA.type_map[kind], GraphQLEnumType) else "SCALAR"
    column = STORED.get((entity, name)) or snake(name)
    return Field(name, column, special or plain, kind)


def is_computed(entity: str, name: str) -> bool:
    """Whether a field is computed from others."""
    return name in ENTITIES[entity].computed


@cache
def grantable(entity: str) -> frozenset[str]:
    """Fields that a profile grants individually; a list follows from its reverse reference."""
    return frozenset(
        name
        for name, field in fields(entity).items()
        if field.kind not in ("LIST", "ATTRIBUTES")
        and name != "id"
        and not is_computed(entity, name)
    )


@cache
def stored(entity: str) -> tuple[str, ...]:
    """The fields stored as table columns, except links and the id."""
    kinds = ("SCALAR", "ENUM", "MONEY")
    return tuple(
        name
        for name, field in fields(entity).items()
        if field.kind in kinds and name != "id" and not is_computed(entity, name)
    )


@cache
def money(entity: str) -> frozenset[str]:
    """The fields that hold an amount of money."""
    return frozenset(name for name, field in fields(entity).items() if field.kind == "MONEY")


@cache
def links(entity: str) -> Mapping[str, Link]:
    """The references to one other record, by field."""
    return ENTITIES[entity].links


@cache
def lists() -> Mapping[tuple[str, str], tuple[Entity, Link]]:
    """Every list field of a record: the listed entity and its reference back to the record."""
    found = {}
    for entity in ENTITIES.values():
        for link in entity.links.values():
            if link.back:
                found[link.to, link.back] = (entity, link)
    history = ENTITIES[HISTORY]
    back = Link("record", "", history.record or "")
    for name in ENTITIES:
        for field, each in fields(name).items():
            if each.kind == "LIST" and each.type == HISTORY:
                found[name, field] = (history, back)
    return found


def measure_type(entity: str, measure: str) -> str:
    """`countUnique` of an account → `AccountCountUnique`."""
    return f"{entity}{measure[0].upper()}{measure[1:]}"


@cache
def attribute_key(entity: str, suffix: str) -> bool:
    """Whether `attribute` in this entity's filter or order names a custom attribute by its key."""
    found = inputs(entity + suffix).get("attribute")
    if found is None:
        return False
    inner = inputs(named(found)).get("key")
    return inner is not None and named(inner) == "AttributeKey"


@cache
def roots() -> dict[str, tuple[str, str]]:
    """Root fields that read one record, a list, groups or a singleton, with their entity."""
    kinds = ("one", "many", "groups", "single")
    return {
        root: (kind.upper(), name)
        for name, entity in ENTITIES.items()
        for kind in kinds
        if (root := getattr(entity, kind))
    }


MONEY = {name: money(name) for name in ENTITIES}


@cache
def enums() -> Mapping[str, tuple[str, ...]]:
    """The enums used by entity fields, with their values."""
    kinds = {field.type for name in ENTITIES for field in fields(name).values()}
    return {
        name: tuple(kind.values)
        for name, kind in SCHEMA.type_map.items()
        if isinstance(kind, GraphQLEnumType) and name in kinds
    }


@cache
def nested_inputs() -> Mapping[str, tuple[str, str, str]]:
    """Inputs of nested creates: the parent, its list field, and the entity of the child."""
    found = {}
    for entity, command in commands():
        for name, each in inputs(input_name(entity, command)).items():
            known = lists().get((entity, name))
            if known and isinstance(get_named_type(each.type), GraphQLInputObjectType):
                found[named(each)] = (entity, name, known[0].name)
    return found


@cache
def nested_input(entity: str, part: str) -> str:
    """The nested-create input of a child entity: `AccountAddressInput`."""
    return next(n for n, (e, _, p) in nested_inputs().items() if (e, p) == (entity, part))


@cache
def nested(entity: str) -> Mapping[str, str]:
    """Child entities that can be created with a record of this entity, by list field."""
    return {name: part for of, name, part in nested_inputs().values() if of == entity}


@cache
def input_name(entity: str, command: str) -> str:
    """The input type of a command."""
    assert SCHEMA.mutation_type is not None
    field = SCHEMA.mutation_type.fields[mutation(entity, command)]
    return str(get_named_type(field.args["input"].type).name)


def mutation(entity: str, command: str) -> str:
    """The field of Mutation: `Account`, `Create` → `accountCreate`."""
    return f"{lower(entity)}{command}"


def commands() -> Iterator[tuple[str, str]]:
    """Every command on records, as (entity, name)."""
    for name, entity in ENTITIES.items():
        yield from ((name, command) for command in entity.commands)


@cache
def writable_fields() -> Mapping[str, frozenset[str]]:
    """By entity: the fields that some input accepts, directly or in a nested create."""
    found: dict[str, set[str]] = {name: set() for name in ENTITIES}
    for entity, command in commands():
        for name, each in inputs(input_name(entity, command)).items():
            if (entity, name) in lists():
                found[lists()[entity, name][0].name] |= set(inputs(named(each)))
            found[entity].add(name)
    return {name: frozenset(names) & grantable(name) for name, names in found.items()}


def spelled_id(entity: str, id: UUID) -> str:
    """An id in its API format."""
    return f"{ENTITIES[entity].prefix}_{id.hex}"


def is_leaf(entity: str, name: str) -> bool:
    """Whether a field is a leaf, which has no selection set."""
    return is_leaf_type(get_named_type(object_type(entity).fields[name].type))

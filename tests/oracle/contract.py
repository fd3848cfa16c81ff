"""What the oracle knows of the contract: the printed schema, and by hand which column a reference is kept in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
)

from tests.oracle.computed import COMPUTED

TABLES = {
    "Stage": ("stage", "stg"),
    "OpportunityType": ("opportunity_type", "opt"),
    "PipelineStage": ("pipeline_stage", "pst"),
    "Attribute": ("attribute", "att"),
    "Employee": ("employee", "emp"),
    "User": ("user", "usr"),
    "Role": ("role", "rol"),
    "RoleAssignment": ("role_assignment", "ras"),
    "Profile": ("profile", "prf"),
    "Account": ("account", "acc"),
    "Opportunity": ("opportunity", "opp"),
    "Address": ("address", "adr"),
    "OpportunityShare": ("opportunity_share", "osh"),
    "ShareRule": ("share_rule", "shr"),
    "RoleProfile": ("role_profile", "rpr"),
    "ProfileEntity": ("profile_entity", "pen"),
    "ProfileField": ("profile_field", "pfi"),
    "StatusRule": ("status_rule", "sru"),
    "Session": ("session", "ses"),
    "Change": ("history", "chg"),
}
"""Every entity with its table and the prefix of its ids."""

PREFIXES = {prefix: entity for entity, (_, prefix) in TABLES.items()}

BY_ID = {prefix: entity for prefix, entity in PREFIXES.items() if entity != "Change"}
"""What an id alone leads to: a change is found with its record only."""

WHOLES = {
    "PipelineStage": "type",
    "RoleAssignment": "user",
    "RoleProfile": "role",
    "ProfileEntity": "profile",
    "ProfileField": "profile",
    "Address": "account",
    "OpportunityShare": "opportunity",
    "ShareRule": "role",
}
"""Parts, with the reference to what each is a part of: it is seen with that, and not otherwise."""

NOTED = frozenset({"Session", "Change"})
"""What the system notes by itself: it is never deleted, and has no history."""

REVERSED = {
    ("Account", "subAccounts"): ("Account", "parent"),
    ("Account", "opportunities"): ("Opportunity", "account"),
    ("Employee", "reports"): ("Employee", "manager"),
    ("Employee", "users"): ("User", "employee"),
    ("Employee", "accounts"): ("Account", "owner"),
    ("Employee", "opportunities"): ("Opportunity", "owner"),
    ("OpportunityType", "stages"): ("PipelineStage", "type"),
    ("OpportunityType", "opportunities"): ("Opportunity", "type"),
    ("Role", "assignments"): ("RoleAssignment", "role"),
    ("Stage", "pipelines"): ("PipelineStage", "stage"),
    ("Stage", "opportunities"): ("Opportunity", "stage"),
    ("User", "roles"): ("RoleAssignment", "user"),
    ("User", "sessions"): ("Session", "user"),
    ("Role", "profiles"): ("RoleProfile", "role"),
    ("Role", "shares"): ("ShareRule", "role"),
    ("Profile", "roles"): ("RoleProfile", "profile"),
    ("Profile", "entities"): ("ProfileEntity", "profile"),
    ("Profile", "fields"): ("ProfileField", "profile"),
    ("Account", "addresses"): ("Address", "account"),
    ("Opportunity", "shares"): ("OpportunityShare", "opportunity"),
    ("Employee", "shares"): ("OpportunityShare", "employee"),
    ("OpportunityType", "shares"): ("ShareRule", "type"),
    **{(entity, "history"): ("Change", "record") for entity in TABLES if entity not in NOTED},
}
"""A list below a record: whose records, and by which reference they point back."""

OWNED = {"Account": "owner_id", "Opportunity": "owner_id", "Employee": "id"}
"""Entities whose records are somebody's own, and the column that says whose."""

MINE = {"User": "id", "Session": "user_id"}
"""Those of which everybody sees his own without any grant, and the column with the user."""

OF_EVERYBODY = {
    "User": frozenset({"employee", "active"}),
    "Session": frozenset({"user", "createdAt", "expiresAt", "revokedAt"}),
}
"""What everybody may read of these."""

SEARCHED = {
    "Account": (
        "name",
        "lastName",
        "number",
        "email",
        "phone",
        "website",
        "registrationNumber",
        "externalId",
    ),
    "Employee": ("name", "email"),
    "Opportunity": ("name", "externalId"),
    "Person": ("lastName", "firstName", "infix", "email", "phone", "externalId"),
    "Affiliation": ("email", "phone", "secondPhone"),
    "Product": ("name", "code", "externalId"),
    "Quote": ("name", "number"),
    "Contract": ("name", "number", "externalId"),
    "Case": ("subject", "number", "externalId"),
    "Activity": ("subject",),
}
"""What records are searched by; of telephone numbers the digits count."""

DIALLED = frozenset({"phone", "secondPhone"})

ALWAYS = frozenset({"id", "__typename"})
"""What no right can take away from a visible record."""

Named = TypeVar("Named", bound=GraphQLNamedType)


@dataclass(frozen=True)
class Field:
    """One field of an entity, as the printed schema tells it."""

    name: str
    column: str
    kind: str
    """SCALAR, ENUM, MONEY, REFERENCE, LIST or ATTRIBUTES."""
    type: str
    """The named type; of a reference or a list, the entity."""


@cache
def schema() -> GraphQLSchema:
    text = Path(__file__).resolve().parents[2] / "schema" / "schema.graphql"
    return build_schema(text.read_text(encoding="utf-8"))


def object_type(name: str) -> GraphQLObjectType:
    return cast("GraphQLObjectType", schema().get_type(name))


def input_type(name: str) -> GraphQLInputObjectType:
    return cast("GraphQLInputObjectType", schema().get_type(name))


@cache
def interfaces(name: str) -> dict[str, GraphQLInterfaceType]:
    """What a type implements, by name."""
    found = schema().get_type(name)
    if not isinstance(found, GraphQLObjectType | GraphQLInterfaceType):
        return {}
    return {one.name: one for one in found.interfaces}


def measure_type(entity: str, measure: str) -> str:
    """`countUnique` of an account → `AccountCountUnique`."""
    return f"{entity}{measure[0].upper()}{measure[1:]}"


def snake(camel: str) -> str:
    """`expectedCloseOn` → `expected_close_on`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in camel)


@cache
def fields(entity: str) -> dict[str, Field]:
    """The fields of an entity by name."""
    return {
        name: _field(entity, name, definition)
        for name, definition in object_type(entity).fields.items()
    }


def _field(entity: str, name: str, definition: GraphQLField) -> Field:
    named = get_named_type(definition.type)
    if (entity, name) in REVERSED:
        return Field(name, "", "LIST", REVERSED[entity, name][0])
    if named.name in TABLES:
        return Field(name, f"{snake(name)}_id", "REFERENCE", named.name)
    kind = {"Money": "MONEY", "AttributeValue": "ATTRIBUTES"}.get(named.name)
    plain = "ENUM" if isinstance(named, GraphQLEnumType) else "SCALAR"
    return Field(name, snake(name), kind or plain, named.name)


@cache
def searched(entity: str) -> tuple[str, ...]:
    """What an entity is searched by."""
    return tuple(name for name in SEARCHED.get(entity, ()) if name in fields(entity))


@cache
def grantable(entity: str) -> frozenset[str]:
    """The fields that a profile opens one by one; a list follows from the reference behind it."""
    return frozenset(
        name
        for name, field in fields(entity).items()
        if field.kind not in ("LIST", "ATTRIBUTES")
        and name not in ALWAYS
        and (entity, name) not in COMPUTED
    )


@cache
def roots() -> dict[str, tuple[str, str]]:
    """Root fields that read one record, a list or groups: `ONE`, `MANY` or `GROUPS`, and the entity."""
    found: dict[str, tuple[str, str]] = {}
    for name, definition in object_type("Query").fields.items():
        named = get_named_type(definition.type).name
        if named in TABLES and name != "viewer":
            found[name] = ("ONE", named)
        elif named.endswith("Connection"):
            found[name] = ("MANY", named.removesuffix("Connection"))
        elif named.endswith("Groups"):
            found[name] = ("GROUPS", named.removesuffix("Groups"))
    return found


def inputs(name: str) -> dict[str, GraphQLInputField]:
    return dict(input_type(name).fields)


def named(field: GraphQLInputField | GraphQLField) -> str:
    return get_named_type(field.type).name


@cache
def attribute_key(entity: str, suffix: str) -> bool:
    """Whether `attribute` in this entity's filter or order names a custom attribute by its key.

    It does not where the input was mistaken for that of the entity Attribute.
    """
    found = inputs(entity + suffix).get("attribute")
    if found is None:
        return False
    inner = inputs(named(found)).get("key")
    return inner is not None and named(inner) == "AttributeKey"

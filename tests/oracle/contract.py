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
    "AttributeUse": ("attribute_use", "atu"),
    "Industry": ("industry", "ind"),
    "AccountType": ("account_type", "act"),
    "PersonType": ("person_type", "pty"),
    "EmployeeType": ("employee_type", "ety"),
    "LostReason": ("lost_reason", "lrs"),
    "Feature": ("feature", "fea"),
    "Preferences": ("preferences", "set"),
    "Employee": ("employee", "emp"),
    "User": ("user", "usr"),
    "Role": ("role", "rol"),
    "RoleAssignment": ("role_assignment", "ras"),
    "Profile": ("profile", "prf"),
    "RoleProfile": ("role_profile", "rpr"),
    "ProfileEntity": ("profile_entity", "pen"),
    "ProfileField": ("profile_field", "pfi"),
    "StatusRule": ("status_rule", "sru"),
    "Session": ("session", "ses"),
    "Account": ("account", "acc"),
    "AccountManager": ("account_manager", "acm"),
    "AccountLink": ("account_link", "alk"),
    "Address": ("address", "adr"),
    "Person": ("person", "per"),
    "Affiliation": ("affiliation", "aff"),
    "ContractKind": ("contract_kind", "cki"),
    "ProductCategory": ("product_category", "pca"),
    "Unit": ("unit", "uni"),
    "Product": ("product", "prd"),
    "Opportunity": ("opportunity", "opp"),
    "StageVisit": ("stage_visit", "sva"),
    "BusinessRole": ("business_role", "bro"),
    "OpportunityAccount": ("opportunity_account", "oac"),
    "OpportunityShare": ("opportunity_share", "osh"),
    "ShareRule": ("share_rule", "shr"),
    "Quote": ("quote", "quo"),
    "QuoteItem": ("quote_item", "qit"),
    "Contract": ("contract", "ctr"),
    "ContractLine": ("contract_line", "cln"),
    "CaseStatus": ("case_status", "cst"),
    "CaseType": ("case_type", "cty"),
    "Case": ("case", "cas"),
    "CaseAccount": ("case_account", "cac"),
    "ActivityCategory": ("activity_category", "aca"),
    "Activity": ("activity", "aty"),
    "Tag": ("tag", "tag"),
    "Tagging": ("tagging", "tgg"),
    "Favourite": ("favourite", "fav"),
    "Change": ("history", "chg"),
}
"""Every entity with its table and the prefix of its ids."""

PREFIXES = {prefix: entity for entity, (_, prefix) in TABLES.items()}

BY_ID = {prefix: entity for prefix, entity in PREFIXES.items() if entity != "Change"}
"""What an id alone leads to: a change is found with its record only."""

WHOLES = {
    "PipelineStage": ("type",),
    "AttributeUse": ("attribute",),
    "RoleAssignment": ("user",),
    "RoleProfile": ("role",),
    "ProfileEntity": ("profile",),
    "ProfileField": ("profile",),
    "AccountManager": ("account",),
    "AccountLink": ("account", "other"),
    "Address": ("account",),
    "Affiliation": ("account", "person"),
    "StageVisit": ("opportunity",),
    "BusinessRole": ("opportunity", "person"),
    "OpportunityAccount": ("opportunity", "account"),
    "OpportunityShare": ("opportunity",),
    "ShareRule": ("role",),
    "Quote": ("opportunity",),
    "QuoteItem": ("quote",),
    "ContractLine": ("contract",),
    "CaseAccount": ("case",),
    "Activity": ("account", "person", "opportunity", "contract", "case"),
    "Tagging": ("account", "person", "product", "opportunity", "contract", "case"),
    "Favourite": ("account", "person", "opportunity", "contract", "case"),
}
"""Parts, with the references to what each is a part of: it is seen with all that it has. Wholes come first."""

NOTED = frozenset({"Session", "Change"})
"""What the system notes by itself: it is never deleted, and has no history."""

REVERSED = {
    ("Stage", "pipelines"): ("PipelineStage", "stage"),
    ("Stage", "opportunities"): ("Opportunity", "stage"),
    ("Stage", "visits"): ("StageVisit", "stage"),
    ("OpportunityType", "stages"): ("PipelineStage", "type"),
    ("OpportunityType", "attributeUses"): ("AttributeUse", "opportunityType"),
    ("OpportunityType", "opportunities"): ("Opportunity", "type"),
    ("OpportunityType", "shares"): ("ShareRule", "type"),
    ("Attribute", "uses"): ("AttributeUse", "attribute"),
    ("Industry", "accounts"): ("Account", "industry"),
    ("AccountType", "attributeUses"): ("AttributeUse", "accountType"),
    ("AccountType", "accounts"): ("Account", "type"),
    ("PersonType", "attributeUses"): ("AttributeUse", "personType"),
    ("PersonType", "persons"): ("Person", "type"),
    ("EmployeeType", "attributeUses"): ("AttributeUse", "employeeType"),
    ("EmployeeType", "employees"): ("Employee", "type"),
    ("LostReason", "opportunities"): ("Opportunity", "lostReason"),
    ("Employee", "reports"): ("Employee", "manager"),
    ("Employee", "users"): ("User", "employee"),
    ("Employee", "accounts"): ("Account", "owner"),
    ("Employee", "persons"): ("Person", "owner"),
    ("Employee", "opportunities"): ("Opportunity", "owner"),
    ("Employee", "shares"): ("OpportunityShare", "employee"),
    ("Employee", "contracts"): ("Contract", "owner"),
    ("Employee", "cases"): ("Case", "owner"),
    ("Employee", "activities"): ("Activity", "owner"),
    ("User", "roles"): ("RoleAssignment", "user"),
    ("User", "sessions"): ("Session", "user"),
    ("User", "managedAccounts"): ("AccountManager", "user"),
    ("User", "favourites"): ("Favourite", "user"),
    ("Role", "assignments"): ("RoleAssignment", "role"),
    ("Role", "profiles"): ("RoleProfile", "role"),
    ("Role", "shares"): ("ShareRule", "role"),
    ("Profile", "roles"): ("RoleProfile", "profile"),
    ("Profile", "entities"): ("ProfileEntity", "profile"),
    ("Profile", "fields"): ("ProfileField", "profile"),
    ("Account", "subAccounts"): ("Account", "parent"),
    ("Account", "managers"): ("AccountManager", "account"),
    ("Account", "links"): ("AccountLink", "account"),
    ("Account", "addresses"): ("Address", "account"),
    ("Account", "affiliations"): ("Affiliation", "account"),
    ("Account", "opportunities"): ("Opportunity", "account"),
    ("Account", "relatedOpportunities"): ("OpportunityAccount", "account"),
    ("Account", "contracts"): ("Contract", "account"),
    ("Account", "cases"): ("CaseAccount", "account"),
    ("Account", "timeline"): ("Activity", "customer"),
    ("Account", "activities"): ("Activity", "account"),
    ("Account", "taggings"): ("Tagging", "account"),
    ("Account", "favourites"): ("Favourite", "account"),
    ("Address", "affiliations"): ("Affiliation", "address"),
    ("Person", "affiliations"): ("Affiliation", "person"),
    ("Person", "businessRoles"): ("BusinessRole", "person"),
    ("Person", "activities"): ("Activity", "person"),
    ("Person", "taggings"): ("Tagging", "person"),
    ("Person", "favourites"): ("Favourite", "person"),
    ("ContractKind", "categories"): ("ProductCategory", "contractKind"),
    ("ContractKind", "contracts"): ("Contract", "kind"),
    ("ProductCategory", "products"): ("Product", "category"),
    ("Unit", "products"): ("Product", "unit"),
    ("Product", "quoteItems"): ("QuoteItem", "product"),
    ("Product", "contractLines"): ("ContractLine", "product"),
    ("Product", "taggings"): ("Tagging", "product"),
    ("Opportunity", "stageVisits"): ("StageVisit", "opportunity"),
    ("Opportunity", "businessRoles"): ("BusinessRole", "opportunity"),
    ("Opportunity", "relatedAccounts"): ("OpportunityAccount", "opportunity"),
    ("Opportunity", "shares"): ("OpportunityShare", "opportunity"),
    ("Opportunity", "quotes"): ("Quote", "opportunity"),
    ("Opportunity", "contracts"): ("Contract", "opportunity"),
    ("Opportunity", "activities"): ("Activity", "opportunity"),
    ("Opportunity", "taggings"): ("Tagging", "opportunity"),
    ("Opportunity", "favourites"): ("Favourite", "opportunity"),
    ("Quote", "copies"): ("Quote", "source"),
    ("Quote", "items"): ("QuoteItem", "quote"),
    ("Contract", "upsells"): ("Opportunity", "sourceContract"),
    ("Contract", "lines"): ("ContractLine", "contract"),
    ("Contract", "cases"): ("Case", "contract"),
    ("Contract", "activities"): ("Activity", "contract"),
    ("Contract", "taggings"): ("Tagging", "contract"),
    ("Contract", "favourites"): ("Favourite", "contract"),
    ("ContractLine", "replacements"): ("ContractLine", "replaces"),
    ("CaseStatus", "cases"): ("Case", "status"),
    ("CaseType", "attributeUses"): ("AttributeUse", "caseType"),
    ("CaseType", "cases"): ("Case", "type"),
    ("Case", "accounts"): ("CaseAccount", "case"),
    ("Case", "activities"): ("Activity", "case"),
    ("Case", "taggings"): ("Tagging", "case"),
    ("Case", "favourites"): ("Favourite", "case"),
    ("ActivityCategory", "activities"): ("Activity", "category"),
    ("Tag", "taggings"): ("Tagging", "tag"),
    **{(entity, "history"): ("Change", "record") for entity in TABLES if entity not in NOTED},
}
"""A list below a record: whose records, and by which reference they point back."""

OWNED = {
    "Account": "owner_id",
    "Opportunity": "owner_id",
    "Contract": "owner_id",
    "Case": "owner_id",
    "Employee": "id",
}
"""Entities whose records are somebody's own, and the column that says whose."""

POINTED_AT = {"Person": ("Affiliation", "person_id")}
"""Entities of which one's own are those that a record of another points to, with the column that does."""

PRIVATE = {"Favourite": "user_id"}
"""Those of which nobody sees others' whatever is granted, and the column with the user."""

STATUS = {"Opportunity": "status", "Contract": "status", "Case": "state"}
"""The column that rules per status look at."""

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

OF_ITSELF = frozenset({"access", "typeAccess"})
"""What may be done with it: nothing that is kept, and the matter of tests/deeds/test_access.py."""

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
        if name not in OF_ITSELF
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

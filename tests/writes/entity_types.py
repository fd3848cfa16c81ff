"""The entities that the write tests change: tables, ids, links and required fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from db.api import METADATA
from tests.proof.contract import PREFIX, fields, spelled_id
from tests.proof.lock import ENTITIES

Row = dict[str, Any]


@dataclass(frozen=True)
class EntityType:
    """An entity of the model, with the API names of its fields."""

    entity: str
    plain: tuple[str, ...]
    """Scalar fields."""
    linked: tuple[str, ...]
    """Fields that link to other records."""
    required: frozenset[str]
    server_set: frozenset[str] = frozenset()
    """Fields that the server sets if the input omits them."""
    not_compared: frozenset[str] = frozenset()
    """Fields that are not selected, so their returned values are not compared."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Default values by column."""

    @property
    def table(self) -> str:
        """Table name."""
        return ENTITIES[self.entity].table

    @cached_property
    def links(self) -> Mapping[str, str]:
        """Target entity by link."""
        return {name: ENTITIES[self.entity].links[name].to for name in self.linked}

    @property
    def parent(self) -> str | None:
        """Name of the link to the parent; None for a root entity."""
        parents = ENTITIES[self.entity].parents
        return parents[0].name if parents else None

    @property
    def owner(self) -> str | None:
        """Column with the owner."""
        return ENTITIES[self.entity].owner

    @cached_property
    def selection(self) -> str:
        """GraphQL selection of the fields."""
        inner = {**dict.fromkeys(self.links, "{ id }"), **dict.fromkeys(MONEY, "{ amount }")}
        names = [name for name in self.names if name not in self.not_compared]
        return " ".join(f"{name} {inner.get(name, '')}".strip() for name in names)

    def column(self, name: str) -> str:
        """Column of a field."""
        return fields(self.entity)[name].column

    @property
    def names(self) -> tuple[str, ...]:
        """Every field with a column."""
        return (*self.plain, *self.links)


ENTITY_TYPES: Mapping[str, EntityType] = {
    "Account": EntityType(
        "Account",
        ("name", "number", "website", "phone", "city", "description", "country", "employeeCount", "keyAccount", "externalId"),
        ("parent", "owner"),
        frozenset({"number", "keyAccount", "owner"}),
        server_set=frozenset({"number", "owner"}),
        defaults={"key_account": False, "postal_is_invoicing": False},
        not_compared=frozenset({"website", "phone", "city"}),
    ),
    "Address": EntityType(
        "Address",
        (
            *("street", "houseNumber", "postcode", "city", "country"),
            *("visiting", "postal", "invoicing", "defaultInvoicing", "headOffice"),
        ),
        ("account",),
        frozenset({"account", "visiting", "postal", "invoicing", "defaultInvoicing", "headOffice"}),
        defaults={"visiting": False, "postal": False, "invoicing": False, "default_invoicing": False, "head_office": False},
        not_compared=frozenset({"postcode"}),
    ),
    "Opportunity": EntityType(
        "Opportunity",
        (
            *("name", "status", "probability", "currency", "amount", "margin", "commission", "expectedCloseOn"),
            *("locked", "closedOn", "lostNote", "rank", "note", "externalId"),
        ),
        ("account", "owner", "type", "stage", "lostReason"),
        frozenset({"name", "currency", "account", "owner", "type", "stage"}),
        server_set=frozenset({"owner", "currency", "stage", "probability"}),
        defaults={"locked": False},
    ),
    "Employee": EntityType(
        "Employee",
        ("name", "email", "title"),
        ("manager",),
        frozenset({"name", "email"}),
        not_compared=frozenset({"email"}),
    ),
    "ShareRule": EntityType(
        "ShareRule",
        (),
        ("role", "type"),
        frozenset({"role", "type"}),
    ),
    "OpportunityShare": EntityType(
        "OpportunityShare",
        (),
        ("opportunity", "employee"),
        frozenset({"opportunity", "employee"}),
    ),
    "StageHistory": EntityType(
        "StageHistory",
        ("enteredAt", "leftAt", "seconds"),
        ("opportunity", "stage"),
        frozenset({"opportunity", "stage", "enteredAt"}),
    ),
}  # fmt: skip
RIGHTS_ENTITIES = frozenset(name for name in ENTITY_TYPES if ENTITIES[name].rights)
"""Entities that determine rights; a change of one increments the access version."""
HIERARCHY_LINKS = {"Account": "parent", "Employee": "manager"}
"""Links that may not form a cycle, by entity."""
UNIQUE_PAIRS = {
    "OpportunityShare": ("opportunity_id", "employee_id"),
    "ShareRule": ("role_id", "type_id"),
}
"""Column pairs that are unique among live records."""
NESTED_CHILDREN = {
    "Account": ("Address", "addresses"),
    "Opportunity": ("OpportunityShare", "shares"),
}
"""Children that can be created with a parent, and their field in its input."""
CHILDREN = {"Account": ("Address",), "Opportunity": ("OpportunityShare", "StageHistory")}
"""Children that are trashed and restored with their parent."""
MONEY = ("amount", "margin", "commission")


def blank_row(entity: str) -> Row:
    """A row with the default of every column."""
    entity_type = ENTITY_TYPES[entity]
    return {
        **dict.fromkeys(METADATA.tables[entity_type.table].columns.keys()),
        **entity_type.defaults,
    }


def api_id(entity: str, identity: UUID) -> str:
    """Public form of an id."""
    return spelled_id(entity, identity)


def parse_api_id(entity: str, text: str) -> UUID | None:
    """UUID of a public id; None if it is malformed or of another entity."""
    prefix, _, digits = text.partition("_")
    return UUID(hex=digits) if prefix == PREFIX[entity] and len(digits) == 32 else None

"""The kinds of records that the tests of writes change: tables, ids, links and what each must have."""

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
class Kind:
    """One kind of record as the model keeps it, by the API's names of its fields."""

    entity: str
    plain: tuple[str, ...]
    """Fields that are values."""
    linked: tuple[str, ...]
    """Fields that are other records."""
    required: frozenset[str]
    chosen: frozenset[str] = frozenset()
    """What the server chooses where a caller does not."""
    unshown: frozenset[str] = frozenset()
    """What of it is not compared with what is shown."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Values of columns that nobody gives."""

    @property
    def table(self) -> str:
        """Its table."""
        return ENTITIES[self.entity].table

    @cached_property
    def links(self) -> Mapping[str, str]:
        """The links, with the entity that each leads to."""
        return {name: ENTITIES[self.entity].links[name].to for name in self.linked}

    @property
    def whole(self) -> str | None:
        """The link to what it is a part of."""
        parents = ENTITIES[self.entity].parents
        return parents[0].name if parents else None

    @property
    def owner(self) -> str | None:
        """The column with whoever is responsible for it."""
        return ENTITIES[self.entity].owner

    @cached_property
    def selection(self) -> str:
        """Its fields as they are asked for."""
        inner = {**dict.fromkeys(self.links, "{ id }"), **dict.fromkeys(MONEY, "{ amount }")}
        names = [name for name in self.names if name not in self.unshown]
        return " ".join(f"{name} {inner.get(name, '')}".strip() for name in names)

    def column(self, name: str) -> str:
        """The column of a field."""
        return fields(self.entity)[name].column

    @property
    def names(self) -> tuple[str, ...]:
        """Every field that is kept in a column of its own."""
        return (*self.plain, *self.links)


KINDS: Mapping[str, Kind] = {
    "Account": Kind(
        "Account",
        ("name", "number", "website", "phone", "city", "description", "country", "employeeCount", "keyAccount", "externalId"),
        ("parent", "owner"),
        frozenset({"number", "keyAccount", "owner"}),
        chosen=frozenset({"number", "owner"}),
        extra={"key_account": False, "postal_is_invoicing": False},
        unshown=frozenset({"website", "phone", "city"}),
    ),
    "Address": Kind(
        "Address",
        (
            *("street", "houseNumber", "postcode", "city", "country"),
            *("visiting", "postal", "invoicing", "defaultInvoicing", "headOffice"),
        ),
        ("account",),
        frozenset({"account", "visiting", "postal", "invoicing", "defaultInvoicing", "headOffice"}),
        extra={"visiting": False, "postal": False, "invoicing": False, "default_invoicing": False, "head_office": False},
        unshown=frozenset({"postcode"}),
    ),
    "Opportunity": Kind(
        "Opportunity",
        (
            *("name", "status", "probability", "currency", "amount", "margin", "commission", "expectedCloseOn"),
            *("locked", "closedOn", "lostNote", "rank", "note", "externalId"),
        ),
        ("account", "owner", "type", "stage", "lostReason"),
        frozenset({"name", "currency", "account", "owner", "type", "stage"}),
        chosen=frozenset({"owner", "currency", "stage", "probability"}),
        extra={"locked": False},
    ),
    "Employee": Kind(
        "Employee",
        ("name", "email", "title"),
        ("manager",),
        frozenset({"name", "email"}),
        unshown=frozenset({"email"}),
    ),
    "ShareRule": Kind(
        "ShareRule",
        (),
        ("role", "type"),
        frozenset({"role", "type"}),
    ),
    "OpportunityShare": Kind(
        "OpportunityShare",
        (),
        ("opportunity", "employee"),
        frozenset({"opportunity", "employee"}),
    ),
    "StageHistory": Kind(
        "StageHistory",
        ("enteredAt", "leftAt", "seconds"),
        ("opportunity", "stage"),
        frozenset({"opportunity", "stage", "enteredAt"}),
    ),
}  # fmt: skip
RIGHTS = frozenset(name for name in KINDS if ENTITIES[name].rights)
"""What says who may what: to change it is to change everybody's rights."""
ABOVE = {"Account": "parent", "Employee": "manager"}
"""The link along which nobody may be above himself."""
PAIRS = {"OpportunityShare": ("opportunity_id", "employee_id"), "ShareRule": ("role_id", "type_id")}
"""What is there once only, among live records."""
PARTS = {"Account": ("Address", "addresses"), "Opportunity": ("OpportunityShare", "shares")}
"""What a whole can be created together with, and the name of it in the whole's input."""
ALONG = {"Account": ("Address",), "Opportunity": ("OpportunityShare", "StageHistory")}
"""What goes into the bin with a whole, and comes back with it."""
MONEY = ("amount", "margin", "commission")
STAMPS = ("version", "created_at", "updated_at", "deleted_at")


def blank(entity: str) -> Row:
    """A row of which nobody has said anything yet."""
    kind = KINDS[entity]
    return {**dict.fromkeys(METADATA.tables[kind.table].columns.keys()), **kind.extra}


def spelled(entity: str, identity: UUID) -> str:
    """An id as the API spells it."""
    return spelled_id(entity, identity)


def read_id(entity: str, text: str) -> UUID | None:
    """The id behind an API's one, if it is of that entity."""
    prefix, _, digits = text.partition("_")
    return UUID(hex=digits) if prefix == PREFIX[entity] and len(digits) == 32 else None

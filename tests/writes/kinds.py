"""The kinds of records that the tests of writes change: tables, ids, links and what each must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from db.api import METADATA

Row = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of record as the schema's inputs speak of it, by the API's names of its fields."""

    table: str
    prefix: str
    plain: tuple[str, ...]
    """Fields that are values."""
    links: Mapping[str, str]
    """Fields that are other records, with the entity of these."""
    required: frozenset[str]
    whole: str | None = None
    """The link to what it is a part of."""
    owner: str | None = None
    chosen: frozenset[str] = frozenset()
    """What the server chooses where a caller does not."""
    optional_links: frozenset[str] = frozenset()
    selection: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Values of columns that nobody gives."""

    def column(self, name: str) -> str:
        """The column of a field."""
        column = "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name)
        return f"{column}_id" if name in self.links else column

    @property
    def names(self) -> tuple[str, ...]:
        """Every field that is kept in a column of its own."""
        return (*self.plain, *self.links)


KINDS: Mapping[str, Kind] = {
    "Account": Kind(
        "account",
        "acc",
        ("name", "number", "website", "phone", "city", "description", "country", "employeeCount", "keyAccount", "externalId"),
        {"parent": "Account", "owner": "Employee"},
        frozenset({"number", "keyAccount", "owner"}),
        owner="owner",
        chosen=frozenset({"number", "owner"}),
        optional_links=frozenset({"parent"}),
        selection="name number description country employeeCount keyAccount externalId parent { id } owner { id }",
        extra={"key_account": False, "postal_is_invoicing": False},
    ),
    "Address": Kind(
        "address",
        "adr",
        (
            *("street", "houseNumber", "postcode", "city", "country"),
            *("visiting", "postal", "invoicing", "defaultInvoicing", "headOffice"),
        ),
        {"account": "Account"},
        frozenset({"account", "visiting", "postal", "invoicing", "defaultInvoicing", "headOffice"}),
        whole="account",
        selection="street houseNumber city country visiting postal invoicing defaultInvoicing headOffice account { id }",
        extra={"visiting": False, "postal": False, "invoicing": False, "default_invoicing": False, "head_office": False},
    ),
    "Opportunity": Kind(
        "opportunity",
        "opp",
        (
            *("name", "status", "probability", "currency", "amount", "margin", "commission", "expectedCloseOn"),
            *("locked", "closedOn", "lostNote", "rank", "note", "externalId"),
        ),
        {"account": "Account", "owner": "Employee", "type": "OpportunityType", "stage": "Stage", "lostReason": "LostReason"},
        frozenset({"name", "currency", "account", "owner", "type", "stage"}),
        owner="owner",
        chosen=frozenset({"owner", "currency", "stage", "probability"}),
        selection=(
            "name status probability currency amount { amount } margin { amount } commission { amount } "
            "expectedCloseOn locked closedOn lostNote rank note externalId "
            "account { id } owner { id } type { id } stage { id } lostReason { id }"
        ),
        extra={"locked": False},
    ),
    "Employee": Kind(
        "employee",
        "emp",
        ("name", "email", "title"),
        {"manager": "Employee"},
        frozenset({"name", "email"}),
        owner="id",
        optional_links=frozenset({"manager"}),
        selection="name title manager { id }",
    ),
    "ShareRule": Kind(
        "share_rule",
        "shr",
        (),
        {"role": "Role", "type": "OpportunityType"},
        frozenset({"role", "type"}),
        whole="role",
        selection="role { id } type { id }",
    ),
    "OpportunityShare": Kind(
        "opportunity_share",
        "osh",
        (),
        {"opportunity": "Opportunity", "employee": "Employee"},
        frozenset({"opportunity", "employee"}),
        whole="opportunity",
        selection="opportunity { id } employee { id }",
    ),
    "StageVisit": Kind(
        "stage_visit",
        "sva",
        ("enteredAt", "leftAt", "seconds"),
        {"opportunity": "Opportunity", "stage": "Stage"},
        frozenset({"opportunity", "stage", "enteredAt"}),
        whole="opportunity",
        selection="enteredAt leftAt seconds opportunity { id } stage { id }",
    ),
}  # fmt: skip
PREFIXES = {
    **{entity: kind.prefix for entity, kind in KINDS.items()},
    "OpportunityType": "opt",
    "Stage": "stg",
    "LostReason": "lrs",
    "Role": "rol",
    "User": "usr",
}
RIGHTS = frozenset({"Employee", "ShareRule"})
"""What says who may what: to change it is to change everybody's rights."""
ABOVE = {"Account": "parent", "Employee": "manager"}
"""The link along which nobody may be above himself."""
PAIRS = {"OpportunityShare": ("opportunity_id", "employee_id"), "ShareRule": ("role_id", "type_id")}
"""What is there once only, among live records."""
PARTS = {"Account": ("Address", "addresses"), "Opportunity": ("OpportunityShare", "shares")}
"""What a whole can be created together with, and the name of it in the whole's input."""
ALONG = {"Account": ("Address",), "Opportunity": ("OpportunityShare", "StageVisit")}
"""What goes into the bin with a whole, and comes back with it."""
MONEY = ("amount", "margin", "commission")
STAMPS = ("version", "created_at", "updated_at", "deleted_at")


def blank(entity: str) -> Row:
    """A row of which nobody has said anything yet."""
    kind = KINDS[entity]
    return {**dict.fromkeys(METADATA.tables[kind.table].columns.keys()), **kind.extra}


def spelled(entity: str, identity: UUID) -> str:
    """An id as the API spells it."""
    return f"{PREFIXES[entity]}_{identity.hex}"


def read_id(entity: str, text: str) -> UUID | None:
    """The id behind an API's one, if it is of that entity."""
    prefix, _, digits = text.partition("_")
    return UUID(hex=digits) if prefix == PREFIXES[entity] and len(digits) == 32 else None

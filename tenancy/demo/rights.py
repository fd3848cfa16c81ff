"""Permissions of the demonstration's profiles. Entities that are not listed are closed (D-34)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from db.api import MODEL
from domain.access import RowScope, WriteScope

OWN, ALL, MINE, BELOW = RowScope.OWN, RowScope.ALL, WriteScope.OWN, WriteScope.BELOW


@dataclass(frozen=True)
class DemoGrant:
    """Permissions of a profile on an entity: readable are all fields, or `only` some, except those in `without`."""

    rows: RowScope
    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    """Keys of the readable custom attributes."""
    creates: bool = False
    edits: WriteScope | None = None
    deletes: WriteScope | None = None
    read_only: frozenset[str] = frozenset()
    """Readable fields and attributes that are not writable."""

    def fields(self, entity: str) -> Iterator[str]:
        """The readable fields. Raises LookupError for a name that the entity does not have."""
        known = MODEL.granted[entity]
        if unknown := ((self.only or frozenset()) | self.without) - known:
            raise LookupError(f"{entity} has no {', '.join(sorted(unknown))} to grant or withhold.")
        yield from sorted((known if self.only is None else self.only) - self.without)

    def written(self, entity: str) -> frozenset[str]:
        """The writable fields and attributes."""
        if not self.creates and self.edits is None:
            return frozenset()
        own = frozenset(MODEL.entities[entity].written)
        return ((frozenset(self.fields(entity)) & own) | self.attributes) - self.read_only


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _read(text: str) -> dict[str, DemoGrant]:
    """Read-only permissions on all rows and fields of these entities."""
    return {name: DemoGrant(ALL) for name in text.split()}


_LISTS = _read(
    "Industry AccountType PersonType EmployeeType LostReason Preferences Feature AttributeAssignment "
    "ContractKind ProductCategory UnitOfMeasure CaseStatus CaseType ActivityCategory Tag"
)
"""Lists that every profile can read."""
_SET_UP = {**_read("Stage OpportunityType PipelineStage Attribute"), **_LISTS}
_FAVORITES = {
    "Favorite": DemoGrant(ALL, creates=True, edits=WriteScope.ALL, deletes=WriteScope.ALL)
}
_STAFF = {
    "Employee": DemoGrant(ALL),
    "User": DemoGrant(ALL, only=_names("employee active")),
}

PROFILES: Mapping[str, Mapping[str, DemoGrant]] = {
    "Full access": {},
    "Standard sales": {
        **_SET_UP,
        **_STAFF,
        "Account": DemoGrant(
            ALL, attributes=_names("segment"), creates=True, edits=MINE, deletes=MINE
        ),
        "Address": DemoGrant(ALL, creates=True, edits=MINE, deletes=MINE),
        "Opportunity": DemoGrant(
            OWN,
            attributes=_names("tier seats kickoff strategic"),
            creates=True,
            edits=WriteScope.BELOW,
            deletes=MINE,
            read_only=_names("commission tier"),
        ),
        "OpportunityShare": DemoGrant(ALL, creates=True, edits=MINE, deletes=MINE),
        "AccountManager": DemoGrant(ALL, creates=True, edits=MINE, deletes=MINE),
        "AccountLink": DemoGrant(ALL, creates=True, edits=MINE, deletes=MINE),
        "Person": DemoGrant(
            ALL, attributes=_names("letters"), creates=True, edits=MINE, deletes=MINE
        ),
        "Affiliation": DemoGrant(ALL, creates=True, edits=MINE, deletes=MINE),
        "Product": DemoGrant(ALL),
        "OpportunityContact": DemoGrant(ALL, creates=True, edits=BELOW, deletes=MINE),
        "OpportunityAccount": DemoGrant(ALL, creates=True, edits=BELOW, deletes=MINE),
        "StageHistory": DemoGrant(ALL),
        "Quote": DemoGrant(ALL, creates=True, edits=BELOW, deletes=MINE),
        "QuoteItem": DemoGrant(ALL, creates=True, edits=BELOW, deletes=BELOW),
        "Contract": DemoGrant(OWN, edits=MINE),
        "ContractLine": DemoGrant(ALL),
        "Case": DemoGrant(
            OWN, attributes=_names("channel"), creates=True, edits=BELOW, deletes=MINE
        ),
        "CaseAccount": DemoGrant(ALL, creates=True, edits=BELOW, deletes=MINE),
        "Activity": DemoGrant(ALL, creates=True, edits=MINE, deletes=MINE),
        "Tagging": DemoGrant(ALL, creates=True, edits=MINE, deletes=MINE),
        **_FAVORITES,
        "HistoryEntry": DemoGrant(ALL),
    },
    "Customer support": {
        "Account": DemoGrant(ALL, without=_names("employeeCount"), attributes=_names("segment")),
        **_STAFF,
        **_LISTS,
        "Stage": DemoGrant(ALL),
        "OpportunityType": DemoGrant(ALL),
        "Person": DemoGrant(OWN, without=_names("email phone bornOn")),
        "Affiliation": DemoGrant(ALL),
        "Product": DemoGrant(ALL, without=_names("price")),
        "Contract": DemoGrant(ALL, without=_names("net total")),
        "Case": DemoGrant(
            ALL,
            attributes=_names("channel"),
            creates=True,
            edits=WriteScope.ALL,
            deletes=MINE,
            read_only=_names("channel"),
        ),
        "CaseAccount": DemoGrant(ALL, creates=True, edits=WriteScope.ALL, deletes=WriteScope.ALL),
        "Activity": DemoGrant(ALL, creates=True, edits=MINE, deletes=MINE),
        "Tagging": DemoGrant(ALL),
        **_FAVORITES,
        "Opportunity": DemoGrant(
            OWN,
            without=_names("amount margin commission probability"),
            attributes=_names("seats kickoff"),
            edits=WriteScope.ALL,
            read_only=MODEL.granted["Opportunity"] - _names("note") | _names("seats"),
        ),
        "HistoryEntry": DemoGrant(ALL, without=_names("user")),
    },
    "Junior sales": {
        **_SET_UP,
        **_STAFF,
        "Account": DemoGrant(ALL, without=_names("phone"), attributes=_names("segment")),
        "Address": DemoGrant(ALL, without=_names("street houseNumber")),
        "Opportunity": DemoGrant(
            OWN,
            without=_names("margin"),
            attributes=_names("seats kickoff strategic"),
            creates=True,
            edits=MINE,
            deletes=MINE,
            read_only=_names("amount strategic"),
        ),
        "Person": DemoGrant(ALL, without=_names("email phone"), attributes=_names("letters")),
        "Affiliation": DemoGrant(ALL, without=_names("email phone secondPhone")),
        "Product": DemoGrant(ALL),
        "StageHistory": DemoGrant(ALL),
        "Quote": DemoGrant(ALL, without=_names("discountPercent note"), creates=True, edits=MINE),
        "QuoteItem": DemoGrant(ALL, without=_names("discountPercent")),
        "Contract": DemoGrant(OWN, without=_names("note")),
        "ContractLine": DemoGrant(ALL, without=_names("unitPrice discountPercent")),
        "Case": DemoGrant(OWN, without=_names("description")),
        "CaseAccount": DemoGrant(ALL),
        "Activity": DemoGrant(ALL, without=_names("note"), creates=True, edits=MINE),
        **_FAVORITES,
        "HistoryEntry": DemoGrant(ALL),
    },
}
"""Profiles by name, in the order of their numbers."""

FULL = frozenset({"Full access"})

CLOSED = _names(
    "Role Profile RoleAssignment RoleProfile ObjectPermission FieldPermission StatusRule ShareRule"
)
"""Entities that only administrators see, because they contain the rights of users."""

PROFILE_OF = {
    "Administrator": "Full access",
    "Sales director": "Standard sales",
    "Sales manager": "Standard sales",
    "Sales representative": "Standard sales",
    "Customer support": "Customer support",
    "Junior sales": "Junior sales",
}
"""The profile of each role."""

COMMISSION_IN = ("WON",)
"""Statuses in which the field `commission` is readable."""

SHARED_TYPES = {"Customer support": ("Renewal",)}
"""Opportunity types whose records are all visible to a role."""

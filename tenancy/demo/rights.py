"""What the demonstration's profiles open. A thing that is not named here is closed (D-34)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from db.api import MODEL
from domain.access import RowScope, WriteScope

OWN, ALL, MINE, BELOW = RowScope.OWN, RowScope.ALL, WriteScope.OWN, WriteScope.BELOW


@dataclass(frozen=True)
class Opens:
    """An entity that a profile opens: all its fields, or `only` some, without others."""

    rows: RowScope
    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    """Keys of the custom attributes that it makes readable."""
    creates: bool = False
    edits: WriteScope | None = None
    deletes: WriteScope | None = None
    read_only: frozenset[str] = frozenset()
    """Of what it makes readable, fields and attributes that it does not make writable."""

    def fields(self, entity: str) -> Iterator[str]:
        """The fields it makes readable; a name that the entity does not have is a slip."""
        known = MODEL.granted[entity]
        if unknown := ((self.only or frozenset()) | self.without) - known:
            raise LookupError(f"{entity} has no {', '.join(sorted(unknown))} to grant or withhold.")
        yield from sorted((known if self.only is None else self.only) - self.without)

    def written(self, entity: str) -> frozenset[str]:
        """The fields and attributes that it makes writable."""
        if not self.creates and self.edits is None:
            return frozenset()
        own = frozenset(MODEL.entities[entity].written)
        return ((frozenset(self.fields(entity)) & own) | self.attributes) - self.read_only


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _read(text: str) -> dict[str, Opens]:
    """All rows and fields of these, to read only."""
    return {name: Opens(ALL) for name in text.split()}


_LISTS = _read(
    "Industry AccountType PersonType EmployeeType LostReason Preferences Feature AttributeAssignment "
    "ContractKind ProductCategory UnitOfMeasure CaseStatus CaseType ActivityCategory Tag"
)
"""What is settled for everybody."""
_SET_UP = {**_read("Stage OpportunityType PipelineStage Attribute"), **_LISTS}
_FAVOURITES = {"Favorite": Opens(ALL, creates=True, edits=WriteScope.ALL, deletes=WriteScope.ALL)}
_STAFF = {
    "Employee": Opens(ALL),
    "User": Opens(ALL, only=_names("employee active")),
}

PROFILES: Mapping[str, Mapping[str, Opens]] = {
    "Full access": {},
    "Standard sales": {
        **_SET_UP,
        **_STAFF,
        "Account": Opens(ALL, attributes=_names("segment"), creates=True, edits=MINE, deletes=MINE),
        "Address": Opens(ALL, creates=True, edits=MINE, deletes=MINE),
        "Opportunity": Opens(
            OWN,
            attributes=_names("tier seats kickoff strategic"),
            creates=True,
            edits=WriteScope.BELOW,
            deletes=MINE,
            read_only=_names("commission tier"),
        ),
        "OpportunityShare": Opens(ALL, creates=True, edits=MINE, deletes=MINE),
        "AccountManager": Opens(ALL, creates=True, edits=MINE, deletes=MINE),
        "AccountLink": Opens(ALL, creates=True, edits=MINE, deletes=MINE),
        "Person": Opens(ALL, attributes=_names("letters"), creates=True, edits=MINE, deletes=MINE),
        "Affiliation": Opens(ALL, creates=True, edits=MINE, deletes=MINE),
        "Product": Opens(ALL),
        "OpportunityContact": Opens(ALL, creates=True, edits=BELOW, deletes=MINE),
        "OpportunityAccount": Opens(ALL, creates=True, edits=BELOW, deletes=MINE),
        "StageHistory": Opens(ALL),
        "Quote": Opens(ALL, creates=True, edits=BELOW, deletes=MINE),
        "QuoteItem": Opens(ALL, creates=True, edits=BELOW, deletes=BELOW),
        "Contract": Opens(OWN, edits=MINE),
        "ContractLine": Opens(ALL),
        "Case": Opens(OWN, attributes=_names("channel"), creates=True, edits=BELOW, deletes=MINE),
        "CaseAccount": Opens(ALL, creates=True, edits=BELOW, deletes=MINE),
        "Activity": Opens(ALL, creates=True, edits=MINE, deletes=MINE),
        "Tagging": Opens(ALL, creates=True, edits=MINE, deletes=MINE),
        **_FAVOURITES,
        "HistoryEntry": Opens(ALL),
    },
    "Customer support": {
        "Account": Opens(ALL, without=_names("employeeCount"), attributes=_names("segment")),
        **_STAFF,
        **_LISTS,
        "Stage": Opens(ALL),
        "OpportunityType": Opens(ALL),
        "Person": Opens(OWN, without=_names("email phone bornOn")),
        "Affiliation": Opens(ALL),
        "Product": Opens(ALL, without=_names("price")),
        "Contract": Opens(ALL, without=_names("net total")),
        "Case": Opens(
            ALL,
            attributes=_names("channel"),
            creates=True,
            edits=WriteScope.ALL,
            deletes=MINE,
            read_only=_names("channel"),
        ),
        "CaseAccount": Opens(ALL, creates=True, edits=WriteScope.ALL, deletes=WriteScope.ALL),
        "Activity": Opens(ALL, creates=True, edits=MINE, deletes=MINE),
        "Tagging": Opens(ALL),
        **_FAVOURITES,
        "Opportunity": Opens(
            OWN,
            without=_names("amount margin commission probability"),
            attributes=_names("seats kickoff"),
            edits=WriteScope.ALL,
            read_only=MODEL.granted["Opportunity"] - _names("note") | _names("seats"),
        ),
        "HistoryEntry": Opens(ALL, without=_names("user")),
    },
    "Junior sales": {
        **_SET_UP,
        **_STAFF,
        "Account": Opens(ALL, without=_names("phone"), attributes=_names("segment")),
        "Address": Opens(ALL, without=_names("street houseNumber")),
        "Opportunity": Opens(
            OWN,
            without=_names("margin"),
            attributes=_names("seats kickoff strategic"),
            creates=True,
            edits=MINE,
            deletes=MINE,
            read_only=_names("amount strategic"),
        ),
        "Person": Opens(ALL, without=_names("email phone"), attributes=_names("letters")),
        "Affiliation": Opens(ALL, without=_names("email phone secondPhone")),
        "Product": Opens(ALL),
        "StageHistory": Opens(ALL),
        "Quote": Opens(ALL, without=_names("discountPercent note"), creates=True, edits=MINE),
        "QuoteItem": Opens(ALL, without=_names("discountPercent")),
        "Contract": Opens(OWN, without=_names("note")),
        "ContractLine": Opens(ALL, without=_names("unitPrice discountPercent")),
        "Case": Opens(OWN, without=_names("description")),
        "CaseAccount": Opens(ALL),
        "Activity": Opens(ALL, without=_names("note"), creates=True, edits=MINE),
        **_FAVOURITES,
        "HistoryEntry": Opens(ALL),
    },
}
"""Profiles by name, in the order of their numbers."""

FULL = frozenset({"Full access"})

CLOSED = _names(
    "Role Profile RoleAssignment RoleProfile ObjectPermission FieldPermission StatusRule ShareRule"
)
"""Entities that nobody sees but administrators: who may what is not for everybody to read."""

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
"""The statuses in which the seller's commission may be read."""

SHARED_TYPES = {"Customer support": ("Renewal",)}
"""Types of opportunity that a role sees all of."""

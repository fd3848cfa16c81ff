"""What each persona may write, written down by hand: a new deed or input field without a line here turns the build red."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLInputObjectType, GraphQLSchema, get_named_type

from tests.leaks.links import PREFIX as PREFIXES
from tests.leaks.links import REFERENCES, WHOLES
from tests.leaks_writes import further

COLUMNS = ("full", "sales", "support", "junior")
COLUMN = {
    "admin": "full",
    "director": "sales",
    "manager": "sales",
    "rep1": "sales",
    "rep2": "sales",
    "support": "support",
    "limited": "junior",
}
"""The column of each persona in the tables."""
PERSONAS = tuple(COLUMN)
ONE_EACH = ("admin", "rep1", "support", "limited")

FIELDS = """
                            full sales support junior
Employee.name               w    r     r       r
Employee.email              w    r     r       r
Employee.title              w    r     r       r
Employee.manager            w    r     r       r
Employee.office             w    r     r       r
Employee.type               w    r     r       r
User.employee               w    r     r       r
User.active                 w    r     r       r
Role.name                   w    -     -       -
RoleAssignment.user         w    -     -       -
RoleAssignment.role         w    -     -       -
Profile.name                w    -     -       -
Profile.full                w    -     -       -
RoleProfile.role            w    -     -       -
RoleProfile.profile         w    -     -       -
ProfileEntity.profile       w    -     -       -
ProfileEntity.entity        w    -     -       -
ProfileEntity.rows          w    -     -       -
ProfileEntity.creates       w    -     -       -
ProfileEntity.edits         w    -     -       -
ProfileEntity.deletes       w    -     -       -
ProfileField.profile        w    -     -       -
ProfileField.entity         w    -     -       -
ProfileField.field          w    -     -       -
ProfileField.writes         w    -     -       -
StatusRule.entity           w    -     -       -
StatusRule.field            w    -     -       -
StatusRule.status           w    -     -       -
ShareRule.role              w    -     -       -
ShareRule.type              w    -     -       -
Account.name                w    w     r       r
Account.number              w    w     r       r
Account.lastName            w    w     r       r
Account.type                w    w     r       r
Account.industry            w    w     r       r
Account.email               w    w     r       r
Account.registrationNumber  w    w     r       r
Account.vatNumber           w    w     r       r
Account.description         w    w     r       r
Account.invoiceName         w    w     r       r
Account.invoiceEmail        w    w     r       r
Account.postalIsInvoicing   w    w     r       r
Account.senderEmail         w    w     r       r
Account.documentDelivery    w    w     r       r
Account.website             w    w     r       r
Account.phone               w    w     r       -
Account.city                w    w     r       r
Account.country             w    w     r       r
Account.employeeCount       w    w     -       r
Account.keyAccount          w    w     r       r
Account.externalId          w    w     r       r
Account.parent              w    w     r       r
Account.owner               w    w     r       r
Account@segment             w    w     r       r
Address.account             w    w     -       r
Address.street              w    w     -       -
Address.houseNumber         w    w     -       -
Address.postcode            w    w     -       r
Address.city                w    w     -       r
Address.country             w    w     -       r
Address.visiting            w    w     -       r
Address.postal              w    w     -       r
Address.invoicing           w    w     -       r
Address.defaultInvoicing    w    w     -       r
Address.headOffice          w    w     -       r
Opportunity.name            w    w     r       w
Opportunity.probability     w    w     -       w
Opportunity.currency        w    w     r       w
Opportunity.amount          w    w     -       r
Opportunity.margin          w    w     -       -
Opportunity.commission      w    r     -       s
Opportunity.expectedCloseOn w    w     r       w
Opportunity.note            w    w     w       w
Opportunity.externalId      w    w     r       w
Opportunity.account         w    w     r       w
Opportunity.owner           w    w     r       w
Opportunity.type            w    w     r       w
Opportunity.stage           w    w     r       w
Opportunity@tier            w    r     -       -
Opportunity@seats           w    w     r       w
Opportunity@kickoff         w    w     w       w
Opportunity@strategic       w    w     -       r
OpportunityShare.opportunity w   w     -       -
OpportunityShare.employee   w    w     -       -
"""
"""May be written (w), only read (r), neither (-), or written where its status lets it be read (s)."""

SCOPES = """
                 full             sales           support   junior
Employee         yes.ALL.ALL      no.-.-          no.-.-    no.-.-
User             yes.ALL.ALL      no.-.-          no.-.-    no.-.-
Role             yes.ALL.ALL      shut            shut      shut
RoleAssignment   yes.ALL.ALL      shut            shut      shut
Profile          yes.ALL.ALL      shut            shut      shut
RoleProfile      yes.ALL.ALL      shut            shut      shut
ProfileEntity    yes.ALL.ALL      shut            shut      shut
ProfileField     yes.ALL.ALL      shut            shut      shut
StatusRule       yes.ALL.ALL      shut            shut      shut
ShareRule        yes.ALL.ALL      shut            shut      shut
Account          yes.ALL.ALL      yes.OWN.OWN     no.-.-    no.-.-
Address          yes.ALL.ALL      yes.OWN.OWN     shut      no.-.-
Opportunity      yes.ALL.ALL      yes.BELOW.OWN   no.ALL.-  yes.OWN.OWN
OpportunityShare yes.ALL.ALL      yes.OWN.OWN     shut      shut
"""
"""Whether records may be created, which may be changed, and which deleted; or the whole kind is shut."""

VERBS = """
Employee         Create Update Delete Restore
User             Create Update Delete Restore
Role             Create Update Delete Restore
RoleAssignment   Create Delete
Profile          Create Update Delete Restore
RoleProfile      Create Delete
ProfileEntity    Create Update Delete
ProfileField     Create Update Delete
StatusRule       Create Delete
ShareRule        Create Delete
Account          Create Update Delete Restore Upsert
Address          Create Update Delete Restore
Opportunity      Create Update Delete Restore Upsert Move
OpportunityShare Create Delete
"""
"""Every deed with records, each one by one and for many."""

OTHER_DEEDS = frozenset(
    [
        "signIn",
        "refresh",
        "passwordReset",
        "signOut",
        "passwordChange",
        "userPasswordReset",
        "sessionRevoke",
    ]
)
"""Deeds with sessions and passwords, which other tests are about."""

PREFIX = {
    kind: each
    for kind, each in PREFIXES.items()
    if kind not in {"Session", "StageVisit", "ContractLine", "Change"}
}
"""What the ids of each kind begin with; of what nobody writes by itself, none."""

WHOLE = {
    "Address": ("Account", "account"),
    "OpportunityShare": ("Opportunity", "opportunity"),
    "RoleAssignment": ("User", "user"),
    "RoleProfile": ("Role", "role"),
    "ShareRule": ("Role", "role"),
    "ProfileEntity": ("Profile", "profile"),
    "ProfileField": ("Profile", "profile"),
}
"""What is a part of something, and by which link."""

LEADS_TO = {
    "Employee.manager": "Employee",
    "Employee.type": "EmployeeType",
    "Account.type": "AccountType",
    "Account.industry": "Industry",
    "User.employee": "Employee",
    "RoleAssignment.user": "User",
    "RoleAssignment.role": "Role",
    "RoleProfile.role": "Role",
    "RoleProfile.profile": "Profile",
    "ProfileEntity.profile": "Profile",
    "ProfileField.profile": "Profile",
    "ShareRule.role": "Role",
    "ShareRule.type": "OpportunityType",
    "Account.parent": "Account",
    "Account.owner": "Employee",
    "Address.account": "Account",
    "Opportunity.account": "Account",
    "Opportunity.owner": "Employee",
    "Opportunity.type": "OpportunityType",
    "Opportunity.stage": "Stage",
    "OpportunityShare.opportunity": "Opportunity",
    "OpportunityShare.employee": "Employee",
}
"""Every input that names a record, with the kind it has to be of."""

NESTED = {
    "Account.addresses": "Address",
    "Opportunity.shares": "OpportunityShare",
    "User.roles": "RoleAssignment",
    "Role.profiles": "RoleProfile",
    "Role.shares": "ShareRule",
    "Profile.entities": "ProfileEntity",
    "Profile.fields": "ProfileField",
}
"""What is created along with something."""

ATTRIBUTES = {"tier": "text", "seats": "number", "kickoff": "date", "strategic": "boolean", "segment": "text"}  # fmt: skip


def _table(*texts: str) -> dict[str, dict[str, str]]:
    read: dict[str, dict[str, str]] = {}
    for text in texts:
        head, *lines = [line.split() for line in text.splitlines() if line.strip()]
        assert tuple(head) == COLUMNS
        for names, *cells in lines:
            kind, _, fields = names.partition(".")
            for name in [f"{kind}.{each}" for each in fields.split(",")] if fields else [names]:
                assert name not in read, name
                read[name] = dict(zip(COLUMNS, cells, strict=True))
    return read


def _verbs(text: str) -> dict[str, tuple[str, ...]]:
    lines = [line.split() for line in text.splitlines() if line.strip()]
    return {kind: tuple(verbs) for kind, *verbs in lines}


_FIELDS, _SCOPES = _table(FIELDS, further.FIELDS), _table(SCOPES, further.SCOPES)
for _kind in further.SETUP:
    _SCOPES.setdefault(_kind, dict(zip(COLUMNS, further.SETUP_SCOPE.split(), strict=True)))
DEEDS = _verbs(VERBS)
"""The verbs of the kinds of records of which every field and every link is tried by itself."""
FURTHER = _verbs(further.VERBS)
EVERY = DEEDS | {kind: (*DEEDS.get(kind, ()), *verbs) for kind, verbs in FURTHER.items()}
"""The verbs of each kind of record."""
PARTS = NESTED | further.NESTED
"""All that is created along with something."""
PART_OF = WHOLE | {
    kind: (REFERENCES[kind][WHOLES[kind][0]], WHOLES[kind][0]) for kind in FURTHER if kind in WHOLES
}
"""What is a part of something, and by which link a new one is tied to it."""
LINKS = LEADS_TO | {
    f"{kind}.{name}": target
    for kind in (*FURTHER, "QuoteItem")
    for name, target in REFERENCES.get(kind, {}).items()
    if f"{kind}.{name}" in _FIELDS
}
"""Every input that names a record."""


def may(persona: str, entity: str, field: str) -> str:
    """One of w, r, -, s."""
    return _FIELDS[f"{entity}.{field}"][COLUMN[persona]]


def may_attribute(persona: str, entity: str, key: str) -> str:
    """Likewise of a custom attribute; of one that does not exist, -."""
    return _FIELDS.get(f"{entity}@{key}", {}).get(COLUMN[persona], "-")


def attributes(entity: str) -> list[str]:
    """The keys of the demonstration's attributes."""
    start = f"{entity}@"
    return [name.removeprefix(start) for name in _FIELDS if name.startswith(start)]


def shut(persona: str, entity: str) -> bool:
    """Whether the whole kind is closed to him."""
    return entity in _SCOPES and _SCOPES[entity][COLUMN[persona]] == "shut"


def creates(persona: str, entity: str) -> bool:
    """Whether he may create such records."""
    return _SCOPES[entity][COLUMN[persona]].startswith("yes")


def scope(persona: str, entity: str, verb: str) -> str | None:
    """Which of the records he sees he may do this with."""
    cell = _SCOPES[entity][COLUMN[persona]]
    if cell == "shut":
        return None
    found = cell.split(".")[2 if verb in {"Delete", "Restore"} else 1]
    return None if found == "-" else found


def root(entity: str, verb: str) -> str:
    """The field of Mutation."""
    return f"{entity[0].lower()}{entity[1:]}{verb}"


def input_name(entity: str, verb: str) -> str:
    """The input type of a deed."""
    if verb == "Delete" and entity in further.REPLACED:
        return "ReplaceInput"
    return "RecordInput" if verb in {"Delete", "Restore"} else f"{entity}{verb}Input"


def nested_name(entity: str, part: str) -> str:
    """The input type of what is created along with something."""
    return f"{entity}{part}Input"


def uncovered(schema: GraphQLSchema) -> list[str]:
    """Everything about writing that is in the schema, and that no line here says anything of; and the reverse."""
    assert schema.mutation_type is not None
    expected = {
        root(entity, verb) + many
        for entity, verbs in EVERY.items()
        for verb in verbs
        for many in ("", "Many")
    } | OTHER_DEEDS
    found = [f"Mutation.{name}" for name in set(schema.mutation_type.fields) ^ expected]
    met = set()
    for entity, verbs in EVERY.items():
        inputs = {input_name(entity, verb): entity for verb in verbs}
        inputs |= {nested_name(entity, part): part for way, part in PARTS.items() if way.startswith(f"{entity}.")}  # fmt: skip
        for name, owner in inputs.items():
            for field, line in _said(schema, name, owner):
                met.add(line)
                if line not in _FIELDS and line not in PARTS:
                    found.append(f"{name}.{field}")
    written = {line for line in [*_FIELDS, *PARTS] if "@" not in line}
    return sorted([*found, *(f"{line} (gone)" for line in written - met)])


def _said(schema: GraphQLSchema, name: str, owner: str) -> Iterator[tuple[str, str]]:
    kind = schema.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    for field, declared in kind.fields.items():
        if field in {"id", "version"} and field_is_handle(name):
            continue
        besides = (*further.BESIDES.get(name, ()), "attributes")
        if field in besides or (field in PLACES and name == "OpportunityMoveInput"):
            continue
        if field == "replaceWith" and name == "ReplaceInput":
            continue
        line = f"{owner}.{field}"
        links = get_named_type(declared.type).name == "ID"
        if links != (line in LINKS):
            yield field, f"{line} leads to?"
        yield field, line


PLACES = frozenset({"before", "after"})
"""Where an opportunity is to stand among others: tests of boards are about that."""
WITHOUT_HANDLE = ("Create", "Upsert", "Upsell")


_INPUTS = frozenset(input_name(kind, verb) for kind, verbs in EVERY.items() for verb in verbs)


def field_is_handle(name: str) -> bool:
    """Whether `id` and `version` of this input say which record is meant."""
    return name in _INPUTS and not name.endswith(tuple(f"{each}Input" for each in WITHOUT_HANDLE))

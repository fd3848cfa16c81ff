"""What each persona may read, written down by hand: a new field without a line here turns the build red."""

from __future__ import annotations

from enum import Enum


class Level(Enum):
    """What becomes of a field."""

    OPEN = "open"
    RULED = "ruled"
    """Readable in won opportunities, empty in all others."""
    HIDDEN = "hidden"
    """Null where selected; a condition on it refuses the operation."""
    CLOSED = "closed"
    """The whole type is shut, or for a link, the type that it leads to."""


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
"""The column of each persona in the table."""

TABLE = """
                            full    sales   support junior
Stage.id                    open    open    open    open
Stage.name                  open    open    open    open
Stage.description           open    open    open    open
Stage.kind                  open    open    open    open
Stage.position              open    open    open    open
Stage.version               open    open    open    open
Stage.createdAt             open    open    open    open
Stage.updatedAt             open    open    open    open
Stage.pipelines             open    open    closed  open
Stage.opportunities         open    open    open    open
Stage.history               open    open    open    open

OpportunityType.id            open  open    open    open
OpportunityType.name          open  open    open    open
OpportunityType.version       open  open    open    open
OpportunityType.createdAt     open  open    open    open
OpportunityType.updatedAt     open  open    open    open
OpportunityType.stages        open  open    closed  open
OpportunityType.opportunities open  open    open    open
OpportunityType.shares      open    closed  closed  closed
OpportunityType.history     open    open    open    open

PipelineStage.id            open    open    closed  open
PipelineStage.position      open    open    closed  open
PipelineStage.probability   open    open    closed  open
PipelineStage.version       open    open    closed  open
PipelineStage.createdAt     open    open    closed  open
PipelineStage.updatedAt     open    open    closed  open
PipelineStage.type          open    open    closed  open
PipelineStage.stage         open    open    closed  open
PipelineStage.history       open    open    closed  open

Attribute.id                open    open    closed  open
Attribute.entity            open    open    closed  open
Attribute.key               open    open    closed  open
Attribute.label             open    open    closed  open
Attribute.kind              open    open    closed  open
Attribute.version           open    open    closed  open
Attribute.createdAt         open    open    closed  open
Attribute.updatedAt         open    open    closed  open
Attribute.history           open    open    closed  open

Employee.id                 open    open    open    open
Employee.name               open    open    open    open
Employee.email              open    open    open    open
Employee.title              open    open    open    open
Employee.version            open    open    open    open
Employee.createdAt          open    open    open    open
Employee.updatedAt          open    open    open    open
Employee.manager            open    open    open    open
Employee.initials           open    open    open    open
Employee.reports            open    open    open    open
Employee.users              open    open    open    open
Employee.accounts           open    open    open    open
Employee.opportunities      open    open    open    open
Employee.shares             open    open    closed  closed
Employee.history            open    open    open    open

User.id                     open    open    open    open
User.active                 open    open    open    open
User.version                open    hidden  hidden  hidden
User.createdAt              open    hidden  hidden  hidden
User.updatedAt              open    hidden  hidden  hidden
User.employee               open    open    open    open
User.roles                  open    closed  closed  closed
User.sessions               open    open    open    open
User.history                open    open    open    open

Role.id                     open    closed  closed  closed
Role.name                   open    closed  closed  closed
Role.version                open    closed  closed  closed
Role.createdAt              open    closed  closed  closed
Role.updatedAt              open    closed  closed  closed
Role.assignments            open    closed  closed  closed
Role.profiles               open    closed  closed  closed
Role.shares                 open    closed  closed  closed
Role.history                open    closed  closed  closed

RoleAssignment.id           open    closed  closed  closed
RoleAssignment.version      open    closed  closed  closed
RoleAssignment.createdAt    open    closed  closed  closed
RoleAssignment.updatedAt    open    closed  closed  closed
RoleAssignment.user         open    closed  closed  closed
RoleAssignment.role         open    closed  closed  closed
RoleAssignment.history      open    closed  closed  closed

Profile.id                  open    closed  closed  closed
Profile.name                open    closed  closed  closed
Profile.full                open    closed  closed  closed
Profile.version             open    closed  closed  closed
Profile.createdAt           open    closed  closed  closed
Profile.updatedAt           open    closed  closed  closed
Profile.roles               open    closed  closed  closed
Profile.entities            open    closed  closed  closed
Profile.fields              open    closed  closed  closed
Profile.history             open    closed  closed  closed

RoleProfile.id              open    closed  closed  closed
RoleProfile.role            open    closed  closed  closed
RoleProfile.profile         open    closed  closed  closed
RoleProfile.version         open    closed  closed  closed
RoleProfile.createdAt       open    closed  closed  closed
RoleProfile.updatedAt       open    closed  closed  closed
RoleProfile.history         open    closed  closed  closed

ProfileEntity.id            open    closed  closed  closed
ProfileEntity.entity        open    closed  closed  closed
ProfileEntity.rows          open    closed  closed  closed
ProfileEntity.creates       open    closed  closed  closed
ProfileEntity.edits         open    closed  closed  closed
ProfileEntity.deletes       open    closed  closed  closed
ProfileEntity.profile       open    closed  closed  closed
ProfileEntity.version       open    closed  closed  closed
ProfileEntity.createdAt     open    closed  closed  closed
ProfileEntity.updatedAt     open    closed  closed  closed
ProfileEntity.history       open    closed  closed  closed

ProfileField.id             open    closed  closed  closed
ProfileField.entity         open    closed  closed  closed
ProfileField.field          open    closed  closed  closed
ProfileField.writes         open    closed  closed  closed
ProfileField.profile        open    closed  closed  closed
ProfileField.version        open    closed  closed  closed
ProfileField.createdAt      open    closed  closed  closed
ProfileField.updatedAt      open    closed  closed  closed
ProfileField.history        open    closed  closed  closed

StatusRule.id               open    closed  closed  closed
StatusRule.entity           open    closed  closed  closed
StatusRule.field            open    closed  closed  closed
StatusRule.status           open    closed  closed  closed
StatusRule.version          open    closed  closed  closed
StatusRule.createdAt        open    closed  closed  closed
StatusRule.updatedAt        open    closed  closed  closed
StatusRule.history          open    closed  closed  closed

ShareRule.id                open    closed  closed  closed
ShareRule.role              open    closed  closed  closed
ShareRule.type              open    closed  closed  closed
ShareRule.version           open    closed  closed  closed
ShareRule.createdAt         open    closed  closed  closed
ShareRule.updatedAt         open    closed  closed  closed
ShareRule.history           open    closed  closed  closed

Session.id                  open    open    open    open
Session.createdAt           open    open    open    open
Session.expiresAt           open    open    open    open
Session.revokedAt           open    open    open    open
Session.user                open    open    open    open

Account.id                  open    open    open    open
Account.name                open    open    open    open
Account.number              open    open    open    open
Account.industry            open    open    open    open
Account.website             open    open    open    open
Account.websiteDomain       open    open    open    open
Account.phone               open    open    open    hidden
Account.city                open    open    open    open
Account.country             open    open    open    open
Account.employeeCount       open    open    hidden  open
Account.keyAccount          open    open    open    open
Account.externalId          open    open    open    open
Account.version             open    open    open    open
Account.createdAt           open    open    open    open
Account.updatedAt           open    open    open    open
Account.parent              open    open    open    open
Account.owner               open    open    open    open
Account.subAccounts         open    open    open    open
Account.opportunities       open    open    open    open
Account.addresses           open    open    closed  open
Account.history             open    open    open    open
Account.attributes          open    open    open    open
Account@segment             open    open    open    open

Address.id                  open    open    closed  open
Address.street              open    open    closed  hidden
Address.houseNumber         open    open    closed  hidden
Address.postcode            open    open    closed  open
Address.city                open    open    closed  open
Address.country             open    open    closed  open
Address.visiting            open    open    closed  open
Address.postal              open    open    closed  open
Address.invoicing           open    open    closed  open
Address.headOffice          open    open    closed  open
Address.version             open    open    closed  open
Address.createdAt           open    open    closed  open
Address.updatedAt           open    open    closed  open
Address.account             open    open    closed  open
Address.history             open    open    closed  open

Opportunity.id              open    open    open    open
Opportunity.name            open    open    open    open
Opportunity.status          open    open    open    open
Opportunity.probability     open    open    hidden  open
Opportunity.currency        open    open    open    open
Opportunity.amount          open    open    hidden  open
Opportunity.margin          open    open    hidden  hidden
Opportunity.commission      open    ruled   hidden  ruled
Opportunity.weighted        open    open    hidden  open
Opportunity.netMargin       open    ruled   hidden  hidden
Opportunity.expectedCloseOn open    open    open    open
Opportunity.closeQuarter    open    open    open    open
Opportunity.note            open    open    open    open
Opportunity.externalId      open    open    open    open
Opportunity.version         open    open    open    open
Opportunity.createdAt       open    open    open    open
Opportunity.updatedAt       open    open    open    open
Opportunity.account         open    open    open    open
Opportunity.owner           open    open    open    open
Opportunity.type            open    open    open    open
Opportunity.stage           open    open    open    open
Opportunity.shares          open    open    closed  closed
Opportunity.history         open    open    open    open
Opportunity.attributes      open    open    open    open
Opportunity@tier            open    open    hidden  hidden
Opportunity@seats           open    open    open    open
Opportunity@kickoff         open    open    open    open
Opportunity@strategic       open    open    hidden  open

OpportunityShare.id         open    open    closed  closed
OpportunityShare.opportunity open    open    closed  closed
OpportunityShare.employee   open    open    closed  closed
OpportunityShare.version    open    open    closed  closed
OpportunityShare.createdAt  open    open    closed  closed
OpportunityShare.updatedAt  open    open    closed  closed
OpportunityShare.history    open    open    closed  closed

Change.id                   open    open    open    open
Change.kind                 open    open    open    open
Change.entity               open    open    open    open
Change.field                open    open    open    open
Change.before               open    open    open    open
Change.after                open    open    open    open
Change.recordVersion        open    open    open    open
Change.at                   open    open    open    open
Change.user                 open    open    hidden  open
"""
"""A line per field of the API, and per custom attribute of the demonstration after an `@`."""

INPUTS = {
    "Employee.initials": ("name",),
    "Account.websiteDomain": ("website",),
    "Opportunity.weighted": ("amount", "probability"),
    "Opportunity.netMargin": ("margin", "commission"),
    "Opportunity.closeQuarter": ("expectedCloseOn",),
}
"""What is computed, and of what: its level is the least of theirs, which a test compares."""

ORDER_OF_LEVELS = (Level.OPEN, Level.RULED, Level.HIDDEN, Level.CLOSED)

WON_ONLY = "WON"
"""The status in which a ruled field may be read."""


def _read(text: str) -> dict[str, dict[str, Level]]:
    head, *lines = [line.split() for line in text.splitlines() if line.strip()]
    if tuple(head) != COLUMNS:
        raise ValueError(f"The table begins with {head}.")
    read: dict[str, dict[str, Level]] = {}
    for name, *levels in lines:
        if name in read:
            raise ValueError(f"The table has {name} twice.")
        read[name] = dict(zip(COLUMNS, map(Level, levels), strict=True))
    return read


LINES = _read(TABLE)
PERSONAS = tuple(COLUMN)
TYPES = tuple(dict.fromkeys(name.split(".")[0] for name in LINES if "." in name))
HISTORY = "Change"
LISTED = tuple(name for name in TYPES if name != HISTORY)
"""Types with root fields; a change is found with its record only."""


def level(persona: str, type_name: str, field: str) -> Level:
    """What the persona's line says of a field."""
    return LINES[f"{type_name}.{field}"][COLUMN[persona]]


def attribute_level(persona: str, type_name: str, key: str) -> Level:
    """What it says of a custom attribute."""
    return LINES[f"{type_name}@{key}"][COLUMN[persona]]


def fields(type_name: str) -> tuple[str, ...]:
    """The fields of a type."""
    start = f"{type_name}."
    return tuple(name.removeprefix(start) for name in LINES if name.startswith(start))


def attributes(type_name: str) -> tuple[str, ...]:
    """Its custom attributes."""
    start = f"{type_name}@"
    return tuple(name.removeprefix(start) for name in LINES if name.startswith(start))


ONE_EACH = frozenset({"admin", "rep1", "support", "limited"})
"""One persona of each column."""


def repeats(persona: str, type_name: str) -> bool:
    """Whether a type is shut to one of the same rights already: that it is depends on nothing else."""
    return is_closed(persona, type_name) and persona not in ONE_EACH


def is_closed(persona: str, type_name: str) -> bool:
    """Whether a type is shut to the persona; then its id is, too."""
    return level(persona, type_name, "id") is Level.CLOSED

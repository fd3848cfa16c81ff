"""What a caller may read and write, as plain values: granted by profiles, united, then narrowed by restrictions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.described import DescribedEnum
from domain.setup import AttributeKind


class RowScope(DescribedEnum):
    """Which records of a type a profile makes visible."""

    OWN = "OWN", "The caller's own, those of employees below the caller, and shared ones."
    ALL = "ALL", "All records."


class WriteScope(DescribedEnum):
    """Which of the visible records a profile allows to change."""

    OWN = "OWN", "The caller's own only."
    BELOW = "BELOW", "The caller's own and those of employees below the caller."
    ALL = "ALL", "All visible records."


@dataclass(frozen=True)
class WriteRights:
    """What may be done with the rows of an entity, besides seeing them."""

    creates: bool = False
    edits: WriteScope | None = None
    deletes: WriteScope | None = None

    def __or__(self, other: "WriteRights") -> "WriteRights":
        """Whatever either grants."""
        return WriteRights(
            self.creates or other.creates,
            widest(self.edits, other.edits),
            widest(self.deletes, other.deletes),
        )


EVERYTHING = WriteRights(creates=True, edits=WriteScope.ALL, deletes=WriteScope.ALL)
_WIDTHS = (None, *WriteScope)


def widest(*scopes: WriteScope | None) -> WriteScope | None:
    """The scope that holds all of these."""
    return max(scopes, key=_WIDTHS.index)


@dataclass(frozen=True)
class ProfileRights:
    """One profile as a tenant has set it up. A thing it does not name is closed (D-34)."""

    full: bool = False
    """Opens every entity and field, those to come included; rules per status do not apply."""
    entities: Mapping[str, RowScope] = field(default_factory=dict)
    fields: frozenset[tuple[str, str]] = frozenset()
    """Readable: (entity, field) or (entity, attribute id)."""
    writes: Mapping[str, WriteRights] = field(default_factory=dict)
    writable: frozenset[tuple[str, str]] = frozenset()
    """Writable, in the form of `fields`; a field that is not readable is not writable either (D-33)."""


EVERYBODY = ProfileRights(
    entities={"User": RowScope.OWN, "Session": RowScope.OWN},
    fields=frozenset(
        {
            *(("User", name) for name in ("employee", "active")),
            *(("Session", n) for n in ("user", "createdAt", "expiresAt", "revokedAt")),
        }
    ),
)
"""What needs no grant: all users see their own user and their sessions."""


@dataclass(frozen=True)
class StatusRestriction:
    """A restriction: `field` of `entity` is readable only while the record's status is one of these."""

    entity: str
    field: str
    statuses: frozenset[str]


@dataclass(frozen=True, order=True)
class AttributeRights:
    """A custom attribute's definition. Its id never changes; values are kept under it."""

    id: str
    entity: str
    key: str
    label: str
    kind: AttributeKind


@dataclass(frozen=True)
class EntityRights:
    """What a viewer may read and write of one entity."""

    rows: RowScope
    fields: frozenset[str]
    ruled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields readable only in these statuses."""
    attributes: Mapping[str, AttributeRights] = field(default_factory=dict)
    """Readable attributes by key."""
    writes: WriteRights = WriteRights()
    writable: frozenset[str] = frozenset()
    """Fields, and ids of attributes, that may be written."""


def exceeds(granted: Mapping[str, EntityRights], mine: Mapping[str, EntityRights]) -> bool:
    """Whether rights hold anything that `mine` do not: nobody grants more than they have (D-33)."""
    return any(name not in mine or _exceeds(theirs, mine[name]) for name, theirs in granted.items())


def _exceeds(theirs: EntityRights, mine: EntityRights) -> bool:
    wider = theirs.rows is RowScope.ALL and mine.rows is not RowScope.ALL
    more = (theirs.writes | mine.writes) != mine.writes
    fields = theirs.fields <= mine.fields and theirs.writable <= mine.writable
    attributes = theirs.attributes.keys() <= mine.attributes.keys()
    return wider or more or not fields or not attributes


def rights(
    profiles: Iterable[ProfileRights],
    rules: Iterable[StatusRestriction],
    attributes: Iterable[AttributeRights],
    known: Mapping[str, frozenset[str]],
    computed: Mapping[str, Mapping[str, frozenset[str]]] | None = None,
) -> dict[str, EntityRights]:
    """Unite what profiles grant, then let restrictions win (D-10). An absent entity is closed.

    `known` names every entity with its fields, so that a full profile can be spelled out; `computed`
    names what is computed of fields, which follows from the rights to those (D-57).
    """
    profiles, rules, attributes = [*profiles, EVERYBODY], list(rules), list(attributes)
    made = computed or {}
    full = any(profile.full for profile in profiles)
    granted: dict[str, EntityRights] = {}
    for entity, names in known.items():
        scopes = {p.entities[entity] for p in profiles if entity in p.entities}
        if not full and not scopes:
            continue
        openly = {name for p in profiles for owner, name in p.fields if owner == entity}
        mine = [a for a in attributes if a.entity == entity and (full or a.id in openly)]
        fields = names if full else names & openly
        follows = {
            n: needs for n, needs in made.get(entity, {}).items() if needs <= fields | {"id"}
        }
        fields |= frozenset(follows)
        ruled = {} if full else _ruled(entity, fields, rules, follows)
        granted[entity] = EntityRights(
            rows=RowScope.ALL if full or RowScope.ALL in scopes else RowScope.OWN,
            fields=fields,
            ruled=ruled,
            attributes={a.key: a for a in sorted(mine)},
            writes=EVERYTHING if full else _writes(entity, profiles),
            writable=_writable(entity, names | {a.id for a in mine}, profiles, full),
        )
    return granted


def _writes(entity: str, profiles: Iterable[ProfileRights]) -> WriteRights:
    united = WriteRights()
    for profile in profiles:
        united |= profile.writes.get(entity, WriteRights())
    return united


def _writable(
    entity: str, names: frozenset[str], profiles: list[ProfileRights], full: bool
) -> frozenset[str]:
    """What a profile makes writable counts where some profile makes it readable, too."""
    if full:
        return names
    readable = {name for p in profiles for owner, name in p.fields if owner == entity}
    writable = {name for p in profiles for owner, name in p.writable if owner == entity}
    return names & readable & writable


def _ruled(
    entity: str,
    fields: frozenset[str],
    rules: list[StatusRestriction],
    computed: Mapping[str, frozenset[str]],
) -> dict[str, tuple[str, ...]]:
    """Several rules on one field all hold, so their statuses intersect; so do those on what it is made of."""
    narrowed: dict[str, frozenset[str]] = {}
    for name in fields:
        concerned = {name, *computed.get(name, ())}
        allowed = [r.statuses for r in rules if r.entity == entity and r.field in concerned]
        if allowed:
            narrowed[name] = frozenset.intersection(*allowed)
    return {name: tuple(sorted(statuses)) for name, statuses in sorted(narrowed.items())}

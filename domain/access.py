"""Access rights as plain values: the union of what profiles grant, narrowed by status restrictions."""

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
    """Rights to create, change and delete rows of an entity."""

    creates: bool = False
    edits: WriteScope | None = None
    deletes: WriteScope | None = None

    def __or__(self, other: "WriteRights") -> "WriteRights":
        """The union of two sets of rights."""
        return WriteRights(
            self.creates or other.creates,
            widest(self.edits, other.edits),
            widest(self.deletes, other.deletes),
        )


FULL_WRITE_RIGHTS = WriteRights(creates=True, edits=WriteScope.ALL, deletes=WriteScope.ALL)
_WIDTHS = (None, *WriteScope)


def widest(*scopes: WriteScope | None) -> WriteScope | None:
    """The widest of these scopes."""
    return max(scopes, key=_WIDTHS.index)


@dataclass(frozen=True)
class ProfileRights:
    """The rights that a profile grants. Entities and fields that it does not name are denied (D-34)."""

    full: bool = False
    """Grants every entity and field, including future ones; status restrictions do not apply."""
    entities: Mapping[str, RowScope] = field(default_factory=dict)
    fields: frozenset[tuple[str, str]] = frozenset()
    """Readable: (entity, field) or (entity, attribute id)."""
    writes: Mapping[str, WriteRights] = field(default_factory=dict)
    writable: frozenset[tuple[str, str]] = frozenset()
    """Writable, in the form of `fields`; a field that is not readable is not writable either (D-33)."""


BASE_RIGHTS = ProfileRights(
    entities={"User": RowScope.OWN, "Session": RowScope.OWN},
    fields=frozenset(
        {
            *(("User", name) for name in ("employee", "active")),
            *(("Session", n) for n in ("user", "createdAt", "expiresAt", "revokedAt")),
        }
    ),
)
"""Rights of every user without a profile: to read their own user and their sessions."""


@dataclass(frozen=True)
class StatusRestriction:
    """A restriction: `field` of `entity` is readable only while the record's status is one of these."""

    entity: str
    field: str
    statuses: frozenset[str]


@dataclass(frozen=True, order=True)
class AttributeRights:
    """The definition of a custom attribute. Values are stored by its id, which never changes."""

    id: str
    entity: str
    key: str
    label: str
    kind: AttributeKind


@dataclass(frozen=True)
class EntityRights:
    """A viewer's rights on one entity."""

    rows: RowScope
    fields: frozenset[str]
    status_rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields readable only in these statuses."""
    attributes: Mapping[str, AttributeRights] = field(default_factory=dict)
    """Readable attributes by key."""
    writes: WriteRights = WriteRights()
    writable: frozenset[str] = frozenset()
    """Fields, and ids of attributes, that may be written."""


def exceeds(granted: Mapping[str, EntityRights], mine: Mapping[str, EntityRights]) -> bool:
    """Whether rights contain anything that `mine` do not. Users cannot grant more rights than they have (D-33)."""
    return any(name not in mine or _exceeds(theirs, mine[name]) for name, theirs in granted.items())


def _exceeds(theirs: EntityRights, mine: EntityRights) -> bool:
    wider = theirs.rows is RowScope.ALL and mine.rows is not RowScope.ALL
    more_writes = (theirs.writes | mine.writes) != mine.writes
    fields = theirs.fields <= mine.fields and theirs.writable <= mine.writable
    attributes = theirs.attributes.keys() <= mine.attributes.keys()
    return wider or more_writes or not fields or not attributes


def rights(
    profiles: Iterable[ProfileRights],
    rules: Iterable[StatusRestriction],
    attributes: Iterable[AttributeRights],
    grantable: Mapping[str, frozenset[str]],
    computed: Mapping[str, Mapping[str, frozenset[str]]] | None = None,
) -> dict[str, EntityRights]:
    """The union of profiles, narrowed by restrictions (D-10). Entities that are absent in the result are denied.

    `grantable` contains every entity with its fields, to expand full profiles; `computed` contains the computed
    fields with the fields they need, which determine the right to them (D-57).
    """
    profiles, rules, attributes = [*profiles, BASE_RIGHTS], list(rules), list(attributes)
    full = any(profile.full for profile in profiles)
    granted: dict[str, EntityRights] = {}
    for entity, names in grantable.items():
        scopes = {p.entities[entity] for p in profiles if entity in p.entities}
        if not full and not scopes:
            continue
        granted_names = {name for p in profiles for owner, name in p.fields if owner == entity}
        granted_attributes = [
            a for a in attributes if a.entity == entity and (full or a.id in granted_names)
        ]
        fields = names if full else names & granted_names
        readable_computed = {
            n: needs
            for n, needs in (computed or {}).get(entity, {}).items()
            if needs <= fields | {"id"}
        }
        fields |= frozenset(readable_computed)
        ruled = {} if full else _ruled(entity, fields, rules, readable_computed)
        granted[entity] = EntityRights(
            rows=RowScope.ALL if full or RowScope.ALL in scopes else RowScope.OWN,
            fields=fields,
            status_rules=ruled,
            attributes={a.key: a for a in sorted(granted_attributes)},
            writes=FULL_WRITE_RIGHTS if full else _writes(entity, profiles),
            writable=_writable(entity, names | {a.id for a in granted_attributes}, profiles, full),
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
    """Writable fields: those that one profile makes writable and any profile makes readable."""
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
    """Allowed statuses by field: the intersection of all restrictions on the field and on the fields it is computed from."""
    narrowed: dict[str, frozenset[str]] = {}
    for name in fields:
        fields_ = {name, *computed.get(name, ())}
        allowed = [r.statuses for r in rules if r.entity == entity and r.field in fields_]
        if allowed:
            narrowed[name] = frozenset.intersection(*allowed)
    return {name: tuple(sorted(statuses)) for name, statuses in sorted(narrowed.items())}

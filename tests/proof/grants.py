"""What somebody's roles grant: as people wrote it for the shipped profiles, or as a tenant's own rows say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from tests.proof.contract import grantable
from tests.proof.lock import ENTITIES
from tests.proof.rights import (
    COLUMN,
    FULL,
    LINES,
    attributes,
    mark,
    scope,
)
from tests.proof.rows import Row, Rows, grouped

WIDTHS = (None, "OWN", "BELOW", "ALL")


@dataclass(frozen=True)
class Granted:
    """What is granted of an entity."""

    everything: bool
    """Whether all its records are seen, not only one's own."""
    fields: frozenset[str]
    """What may be read, computed fields included."""
    ruled: Mapping[str, frozenset[str]]
    """Fields that are read only while the record is in one of these statuses."""
    attributes: tuple[Row, ...]
    """Definitions of the custom attributes that may be read, in the order of their ids."""
    full: bool = False
    """Whether everything is granted, what will be added later included."""
    writable: frozenset[str] = frozenset()
    """Fields, and ids of custom attributes, that may be written."""
    creates: bool = False
    edits: str | None = None
    deletes: str | None = None

    @property
    def readable(self) -> frozenset[str]:
        """Fields, and ids of custom attributes, that may be read."""
        return self.fields | {str(each["id"]) for each in self.attributes}


Grants = Mapping[str, Granted]
"""By entity; what is not in it is closed."""
Rule = Callable[[Rows, frozenset[UUID]], Grants]
"""What roles grant in a tenant."""


def roles_of(rows: Rows, users: Iterable[UUID]) -> frozenset[UUID]:
    """The roles of these users."""
    found = (rows.pointing("RoleAssignment", "user_id", user) for user in users)
    return frozenset(row["role_id"] for each in found for row in each)


def profiles_of(rows: Rows, roles: Iterable[UUID]) -> list[Row]:
    """The profiles that belong to these roles."""
    held = {
        r["profile_id"] for role in roles for r in rows.pointing("RoleProfile", "role_id", role)
    }
    return [row for id, row in rows.live("Profile").items() if id in held]


def _computed(entity: str, fields: frozenset[str]) -> frozenset[str]:
    """What is computed of readable fields is readable."""
    made = ENTITIES[entity].computed.items()
    return fields | {name for name, needs in made if fields.issuperset(needs)}


def _narrowed(entity: str, ruled: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The statuses of each ruled field; of what is computed of several, those that all of them have."""
    found = dict(ruled)
    for name, needs in ENTITIES[entity].computed.items():
        if narrowing := [ruled[each] for each in needs if each in ruled]:
            found[name] = frozenset.intersection(*narrowing)
    return found


def _definitions(rows: Rows, entity: str) -> list[Row]:
    found = [row for row in rows.live("Attribute").values() if row["entity"] == entity]
    return sorted(found, key=lambda row: str(row["id"]))


# --- as a tenant's own rows say -----------------------------------------------------------------


def kept(rows: Rows, roles: frozenset[UUID]) -> Grants:
    """What the profiles of these roles grant together; a full one grants all, and no status rule narrows it."""
    profiles = profiles_of(rows, roles)
    held, full = {profile["id"] for profile in profiles}, any(each["full"] for each in profiles)
    found = {}
    for entity in ENTITIES:
        opened = _of(rows, "ObjectPermission", held, entity)
        if full or opened or entity in LINES.everybody:
            found[entity] = _kept(rows, entity, opened, held, full=full)
    return found


def _of(rows: Rows, kind: str, profiles: set[UUID], entity: str) -> list[Row]:
    """What these profiles say of an entity."""
    found = (row for profile in profiles for row in rows.pointing(kind, "profile_id", profile))
    return [row for row in found if row["entity"] == entity]


def _kept(
    rows: Rows, entity: str, opened: list[Row], profiles: set[UUID], *, full: bool
) -> Granted:
    granted = _of(rows, "FieldPermission", profiles, entity)
    read = {row["field"] for row in granted} | LINES.everybody.get(entity, frozenset())
    written = {row["field"] for row in granted if row["writes"]}
    names, definitions = grantable(entity), _definitions(rows, entity)
    rules = [row for row in rows.live("StatusRule").values() if row["entity"] == entity]
    ruled = {
        name: frozenset(row["status"] for row in each)
        for name, each in grouped(rules, "field").items()
    }
    every = names | {str(row["id"]) for row in definitions}
    return Granted(
        everything=full or any(row["rows"] == "ALL" for row in opened),
        fields=_computed(entity, names if full else names & read),
        ruled={} if full else _narrowed(entity, ruled),
        attributes=tuple(row for row in definitions if full or str(row["id"]) in read),
        full=full,
        writable=every if full else every & written,
        creates=full or any(row["creates"] for row in opened),
        edits="ALL" if full else widest(row["edits"] for row in opened),
        deletes="ALL" if full else widest(row["deletes"] for row in opened),
    )


def widest(scopes: Iterable[str | None]) -> str | None:
    """The scope that holds all of these."""
    return max(scopes, key=WIDTHS.index, default=None)


# --- as people wrote it -------------------------------------------------------------------------


def written(rows: Rows, roles: frozenset[UUID]) -> Grants:
    """What rights.txt says of the profiles of these roles; profiles that none of its personas has grant nothing."""
    known = _keys(rows)
    return of_profiles(rows, [known[p["id"]] for p in profiles_of(rows, roles) if p["id"] in known])


def _keys(rows: Rows) -> dict[UUID, str]:
    """What rights.txt calls a tenant's profiles: each is known by the personas who have it."""
    found: dict[UUID, str] = {}
    for email, user in rows.emails.items():
        if key := COLUMN.get(email.partition("@")[0]):
            profiles = profiles_of(rows, roles_of(rows, [user]))
            found |= dict.fromkeys((profile["id"] for profile in profiles), key)
    return found


def of_profiles(rows: Rows, keys: list[str]) -> Grants:
    """What rights.txt says of these profiles together."""
    full = FULL in keys
    keys = [FULL] if full else keys
    found = {}
    for entity in ENTITIES:
        scopes = [known for key in keys if (known := scope(key, entity))]
        if scopes or entity in LINES.everybody:
            mine = [key for key in keys if scope(key, entity)]
            found[entity] = Granted(
                everything=any(each.rows == "all" for each in scopes),
                fields=_computed(entity, _said(entity, mine, writes=False)),
                ruled={} if full else _narrowed(entity, _only(entity)),
                attributes=tuple(
                    row for row in _definitions(rows, entity) if full or _opens(row, mine)
                ),
                full=full,
                writable=_said(entity, mine, writes=True) | _written_attributes(rows, entity, mine),
                creates=any(each.creates for each in scopes),
                edits=widest(each.edits and each.edits.upper() for each in scopes),
                deletes=widest(each.deletes and each.deletes.upper() for each in scopes),
            )
    return found


def _said(entity: str, keys: list[str], *, writes: bool) -> frozenset[str]:
    """The fields that any of these profiles reads, or writes."""
    found = set() if writes else set(LINES.everybody.get(entity, ()))
    for key in keys:
        for name in grantable(entity):
            said = LINES.marks[entity].get(name, {}).get(key, "r")
            found |= {name} if said[0] == "w" or (not writes and said[0] == "r") else set()
    return frozenset(found)


def _only(entity: str) -> dict[str, frozenset[str]]:
    """The statuses that fields may be read in."""
    return {name: frozenset({status}) for (of, name), status in LINES.only.items() if of == entity}


def _opens(definition: Row, keys: list[str]) -> bool:
    known = definition["key"] in attributes(definition["entity"])
    return known and any(
        mark(k, definition["entity"], f"@{definition['key']}") != "-" for k in keys
    )


def _written_attributes(rows: Rows, entity: str, keys: list[str]) -> frozenset[str]:
    return frozenset(
        str(row["id"])
        for row in _definitions(rows, entity)
        if row["key"] in attributes(entity)
        and any(mark(key, entity, f"@{row['key']}") == "w" for key in keys)
    )

"""Rights that roles grant: from rights.txt for the shipped profiles, or from the rows of a tenant."""

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
from tests.proof.rows import Row, Rows, group_rows

WIDTHS = (None, "OWN", "BELOW", "ALL")


@dataclass(frozen=True)
class Granted:
    """The rights on an entity."""

    everything: bool
    """Whether all records are visible, not only the user's own."""
    fields: frozenset[str]
    """Readable fields, including computed ones."""
    ruled: Mapping[str, frozenset[str]]
    """Fields that are readable only while the record is in one of these statuses."""
    attributes: tuple[Row, ...]
    """Ids of the readable custom attributes, in ascending order."""
    full: bool = False
    """Whether everything is granted, including entities and fields added later."""
    writable: frozenset[str] = frozenset()
    """Writable fields and ids of writable custom attributes."""
    creates: bool = False
    edits: str | None = None
    deletes: str | None = None

    @property
    def readable(self) -> frozenset[str]:
        """Readable fields and ids of readable custom attributes."""
        return self.fields | {str(each["id"]) for each in self.attributes}


Grants = Mapping[str, Granted]
"""Rights by entity; a missing entity means no access."""
RightsSource = Callable[[Rows, frozenset[UUID]], Grants]
"""Function from roles to their rights in a tenant."""


def roles_of(rows: Rows, users: Iterable[UUID]) -> frozenset[UUID]:
    """The roles of these users."""
    assignments = (rows.pointing("RoleAssignment", "user_id", user) for user in users)
    return frozenset(row["role_id"] for each in assignments for row in each)


def profiles_of(rows: Rows, roles: Iterable[UUID]) -> list[Row]:
    """The profiles that belong to these roles."""
    ids = {r["profile_id"] for role in roles for r in rows.pointing("RoleProfile", "role_id", role)}
    return [row for id, row in rows.live("Profile").items() if id in ids]


def _computed(entity: str, fields: frozenset[str]) -> frozenset[str]:
    """Add the computed fields whose inputs are all readable."""
    computed = ENTITIES[entity].computed.items()
    return fields | {name for name, needs in computed if fields.issuperset(needs)}


def _narrowed(entity: str, ruled: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The statuses of each field with a status rule; for a computed field, those common to its inputs."""
    found = dict(ruled)
    for name, needs in ENTITIES[entity].computed.items():
        if narrowing := [ruled[each] for each in needs if each in ruled]:
            found[name] = frozenset.intersection(*narrowing)
    return found


def _definitions(rows: Rows, entity: str) -> list[Row]:
    found = [row for row in rows.live("Attribute").values() if row["entity"] == entity]
    return sorted(found, key=lambda row: str(row["id"]))


# --- from the rows of a tenant ------------------------------------------------------------------


def rights_from_rows(rows: Rows, roles: frozenset[UUID]) -> Grants:
    """The union of the profiles of these roles; a full profile grants everything, without status rules."""
    profiles = profiles_of(rows, roles)
    ids, full = {profile["id"] for profile in profiles}, any(each["full"] for each in profiles)
    found = {}
    for entity in ENTITIES:
        opened = _of(rows, "ObjectPermission", ids, entity)
        if full or opened or entity in LINES.everybody:
            found[entity] = _from_rows(rows, entity, opened, ids, full=full)
    return found


def _of(rows: Rows, kind: str, profiles: set[UUID], entity: str) -> list[Row]:
    """The rights of these profiles on an entity."""
    found = (row for profile in profiles for row in rows.pointing(kind, "profile_id", profile))
    return [row for row in found if row["entity"] == entity]


def _from_rows(
    rows: Rows, entity: str, opened: list[Row], profiles: set[UUID], *, full: bool
) -> Granted:
    granted = _of(rows, "FieldPermission", profiles, entity)
    read = {row["field"] for row in granted} | LINES.everybody.get(entity, frozenset())
    rights_from_file = {row["field"] for row in granted if row["writes"]}
    names, definitions = grantable(entity), _definitions(rows, entity)
    rules = [row for row in rows.live("StatusRule").values() if row["entity"] == entity]
    ruled = {
        name: frozenset(row["status"] for row in each)
        for name, each in group_rows(rules, "field").items()
    }
    every = names | {str(row["id"]) for row in definitions}
    return Granted(
        everything=full or any(row["rows"] == "ALL" for row in opened),
        fields=_computed(entity, names if full else names & read),
        ruled={} if full else _narrowed(entity, ruled),
        attributes=tuple(row for row in definitions if full or str(row["id"]) in read),
        full=full,
        writable=every if full else every & rights_from_file,
        creates=full or any(row["creates"] for row in opened),
        edits="ALL" if full else widest(row["edits"] for row in opened),
        deletes="ALL" if full else widest(row["deletes"] for row in opened),
    )


def widest(scopes: Iterable[str | None]) -> str | None:
    """The widest of these scopes."""
    return max(scopes, key=WIDTHS.index, default=None)


# --- from rights.txt ----------------------------------------------------------------------------


def rights_from_file(rows: Rows, roles: frozenset[UUID]) -> Grants:
    """The rights of these roles by rights.txt; a profile that no persona has grants nothing."""
    known = _keys(rows)
    return of_profiles(rows, [known[p["id"]] for p in profiles_of(rows, roles) if p["id"] in known])


def _keys(rows: Rows) -> dict[UUID, str]:
    """The keys in rights.txt of a tenant's profiles, matched by the personas that have them."""
    found: dict[UUID, str] = {}
    for email, user in rows.emails.items():
        if key := COLUMN.get(email.partition("@")[0]):
            profiles = profiles_of(rows, roles_of(rows, [user]))
            found |= dict.fromkeys((profile["id"] for profile in profiles), key)
    return found


def of_profiles(rows: Rows, keys: list[str]) -> Grants:
    """The union of these profiles by rights.txt."""
    full = FULL in keys
    keys = [FULL] if full else keys
    found = {}
    for entity in ENTITIES:
        scopes = [known for key in keys if (known := scope(key, entity))]
        if scopes or entity in LINES.everybody:
            granting = [key for key in keys if scope(key, entity)]
            found[entity] = Granted(
                everything=any(each.rows == "all" for each in scopes),
                fields=_computed(entity, _granted_fields(entity, granting, writes=False)),
                ruled={} if full else _narrowed(entity, _only(entity)),
                attributes=tuple(
                    row for row in _definitions(rows, entity) if full or _opens(row, granting)
                ),
                full=full,
                writable=_granted_fields(entity, granting, writes=True)
                | _written_attributes(rows, entity, granting),
                creates=any(each.creates for each in scopes),
                edits=widest(each.edits and each.edits.upper() for each in scopes),
                deletes=widest(each.deletes and each.deletes.upper() for each in scopes),
            )
    return found


def _granted_fields(entity: str, keys: list[str], *, writes: bool) -> frozenset[str]:
    """The fields that any of these profiles can read or write."""
    found = set() if writes else set(LINES.everybody.get(entity, ()))
    for key in keys:
        for name in grantable(entity):
            marked = LINES.marks[entity].get(name, {}).get(key, "r")
            found |= {name} if marked[0] == "w" or (not writes and marked[0] == "r") else set()
    return frozenset(found)


def _only(entity: str) -> dict[str, frozenset[str]]:
    """The statuses in which fields are readable."""
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

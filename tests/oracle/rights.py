"""What a persona may read, worked out from the rows: modules, fields, statuses and records (D-09, D-10, D-34)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.oracle.computed import computed_of
from tests.oracle.contract import (
    MINE,
    OF_EVERYBODY,
    OWNED,
    POINTED_AT,
    PRIVATE,
    REVERSED,
    STATUS,
    TABLES,
    WHOLES,
    fields,
    grantable,
    snake,
)
from tests.oracle.rows import Ground, Row, grouped


@dataclass
class Module:
    """An entity that is open to somebody."""

    everything: bool
    """Whether all its records are, not only one's own."""
    fields: frozenset[str]
    ruled: dict[str, frozenset[str]]
    """Fields that are readable only while the record is in one of these statuses."""
    attributes: list[Row]
    """Definitions of the readable custom attributes, in their order."""
    full: bool = False
    """Whether a profile opens everything, those things included that come to be meanwhile."""


@dataclass
class Sight:
    """What one user sees of a tenant."""

    ground: Ground
    user: Row
    modules: dict[str, Module]
    rows: dict[str, dict[UUID, Row]]
    _grouped: dict[tuple[str, str], dict[Any, list[Row]]] = field(default_factory=dict)

    def record(self, entity: str, identity: UUID | None) -> Row | None:
        """A visible record."""
        return self.rows.get(entity, {}).get(identity) if identity else None

    def below(self, entity: str, name: str, row: Row) -> list[Row]:
        """The visible records of a list of this record."""
        target, reference = REVERSED[entity, name]
        key = (target, f"{snake(reference)}_id")
        if key not in self._grouped:
            self._grouped[key] = grouped(self.rows.get(target, {}).values(), key[1])
        return self._grouped[key].get(row["id"], [])

    def closed(self, entity: str, name: str) -> tuple[str, str, str] | None:
        """Why a field of an entity is never answered, as (type, field, reason); None if it is."""
        if (entity, name) in REVERSED:
            return self.closed(*REVERSED[entity, name])
        if entity not in self.modules:
            return entity, "", "module"
        known = name in grantable(entity) or name in computed_of(entity)
        if known and name not in self.modules[entity].fields:
            return entity, name, "hidden"
        return None


def sight(ground: Ground, persona: str, tenant: str) -> Sight:
    """What the persona sees."""
    user = ground.by_id["User"][ground.emails[f"{persona}@{tenant}.example"]]
    roles = roles_of(ground, [user])
    modules = opened(ground, profiles_of(ground, roles))
    rows = {
        entity: {row["id"]: row for row in _visible(ground, entity, modules[entity], user, roles)}
        for entity in modules
    }
    readable = {row["id"] for module in modules.values() for row in module.attributes}
    definitions = rows.get("Attribute", {})
    for identity in set(definitions) - readable:
        del definitions[identity]  # whoever may not read an attribute is not told that there is one
    for entity in WHOLES:
        if entity in rows:
            rows[entity] = _with_wholes(ground, entity, rows)
    if "Change" in rows:
        rows["Change"] = told(ground, modules)
    return Sight(ground, user, modules, rows)


def roles_of(ground: Ground, users: Iterable[Row]) -> set[UUID]:
    wanted = {user["id"] for user in users}
    return {row["role_id"] for row in ground.live("RoleAssignment") if row["user_id"] in wanted}


def profiles_of(ground: Ground, roles: set[UUID]) -> list[Row]:
    held = {r["profile_id"] for r in ground.live("RoleProfile") if r["role_id"] in roles}
    return [row for row in ground.live("Profile") if row["id"] in held]


def opened(ground: Ground, profiles: list[Row]) -> dict[str, Module]:
    """What these profiles open together; a full one opens all, and no rule per status narrows it."""
    full = any(profile["full"] for profile in profiles)
    held = {profile["id"] for profile in profiles}
    modules: dict[str, Module] = {}
    for entity in TABLES:
        scopes = {row["rows"] for row in _granted(ground, "ProfileEntity", held, entity)}
        if not full and not scopes and entity not in OF_EVERYBODY:
            continue
        granted = {row["field"] for row in _granted(ground, "ProfileField", held, entity)}
        granted |= OF_EVERYBODY.get(entity, frozenset())
        defined = [row for row in ground.live("Attribute") if row["entity"] == entity]
        modules[entity] = Module(
            everything=full or "ALL" in scopes,
            full=full,
            fields=_with_computed(
                entity, grantable(entity) if full else grantable(entity) & granted
            ),
            ruled={} if full else _ruled(ground, entity),
            attributes=sorted(
                (row for row in defined if full or str(row["id"]) in granted),
                key=lambda row: str(row["id"]),
            ),
        )
    return modules


def _granted(ground: Ground, table: str, held: set[UUID], entity: str) -> list[Row]:
    """What these profiles say of an entity."""
    rows = ground.live(table)
    return [row for row in rows if row["profile_id"] in held and row["entity"] == entity]


def _ruled(ground: Ground, entity: str) -> dict[str, frozenset[str]]:
    """The statuses that are named for a field; of what is worked out of several, those of all."""
    rules = [row for row in ground.live("StatusRule") if row["entity"] == entity]
    ruled = {
        name: frozenset(row["status"] for row in rows)
        for name, rows in grouped(rules, "field").items()
    }
    for name, computed in computed_of(entity).items():
        if narrowing := [ruled[one] for one in computed.inputs if one in ruled]:
            ruled[name] = frozenset.intersection(*narrowing)
    return ruled


def _with_computed(entity: str, granted: frozenset[str]) -> frozenset[str]:
    """What is worked out of readable fields is readable."""
    found = computed_of(entity).items()
    return granted | {name for name, one in found if granted.issuperset(one.inputs)}


def _visible(ground: Ground, entity: str, module: Module, user: Row, roles: set[UUID]) -> list[Row]:
    """The live records; of parts, those of any whole."""
    live, employee = ground.live(entity), user["employee_id"]
    if entity in PRIVATE:
        return [row for row in live if row[PRIVATE[entity]] == user["id"]]
    if module.everything or entity in WHOLES:
        return live
    if entity in POINTED_AT:
        table, column = POINTED_AT[entity]
        known = {row[column] for row in ground.live(table)}
        return [row for row in live if row["id"] in known]
    if entity in MINE:
        return [row for row in live if row[MINE[entity]] == user["id"]]
    if entity not in OWNED:
        return []
    owners = {employee, *_seen_below(ground, entity, employee)}
    shared: set[UUID] = set()
    types: set[UUID] = set()
    if entity == "Opportunity":
        shares = ground.live("OpportunityShare")
        shared = {row["opportunity_id"] for row in shares if row["employee_id"] == employee}
        types = {row["type_id"] for row in ground.live("ShareRule") if row["role_id"] in roles}
    return [
        row
        for row in live
        if row[OWNED[entity]] in owners or row["id"] in shared or row.get("type_id") in types
    ]


def _with_wholes(ground: Ground, entity: str, rows: dict[str, dict[UUID, Row]]) -> dict[UUID, Row]:
    """Of parts, those all of whose wholes are visible, as far as they have them."""
    ways = [
        (way.column, rows.get(way.type, {}))
        for way in (fields(entity)[name] for name in WHOLES[entity])
    ]
    return {
        id: row
        for id, row in rows[entity].items()
        if all(row[column] is None or row[column] in seen for column, seen in ways)
    }


def told(ground: Ground, modules: dict[str, Module]) -> dict[UUID, Row]:
    """What was noted of what may be read today, of whichever record."""
    return {row["id"]: row for row in ground.live("Change") if _is_told(ground, modules, row)}


def _is_told(ground: Ground, modules: dict[str, Module], change: Row) -> bool:
    """A reference is told to those who see all that it may have led to."""
    entity, _, name = change["key"].partition(".")
    if entity not in modules:
        return False
    module = modules[entity]
    if not name or name in {str(row["id"]) for row in module.attributes}:
        return True
    if name not in module.fields:
        return False
    field = fields(entity)[name]
    if field.kind == "REFERENCE" and not _sees_all(modules, field.type):
        return False
    if name not in module.ruled:
        return True
    record = ground.by_id[entity].get(change["record_id"])
    return record is not None and record[STATUS[entity]] in module.ruled[name]


def _sees_all(modules: dict[str, Module], entity: str) -> bool:
    if entity not in modules or not modules[entity].everything or entity in PRIVATE:
        return False
    if entity == "Attribute" and not modules[entity].full:
        return False  # of some that may come, nobody else is told
    return all(_sees_all(modules, fields(entity)[way].type) for way in WHOLES.get(entity, ()))


def _seen_below(ground: Ground, entity: str, employee: UUID) -> set[UUID]:
    """Those below in the tree, on all levels, whose own role opens the entity; posts without a user too.

    A deleted employee is in nobody's tree any more, nor is who still reports to him.
    """
    reports = grouped(ground.live("Employee"), "manager_id")
    users = grouped(ground.live("User"), "employee_id")
    found: set[UUID] = set()
    waiting = [employee]
    while waiting:
        for report in reports.get(waiting.pop(), []):
            if report["id"] in found or report["id"] == employee:
                continue
            waiting.append(report["id"])
            found.add(report["id"])
    return {one for one in found if _opens(ground, entity, users.get(one, []))}


def _opens(ground: Ground, entity: str, users: list[Row]) -> bool:
    if not users:
        return True
    return entity in opened(ground, profiles_of(ground, roles_of(ground, users)))

"""What each persona may see and write, worked out from a tenant's rows in plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.writes.kinds import KINDS, Row
from tests.writes.tenant import PERSONAS, Tenant

Tables = dict[str, dict[UUID, Row]]


@dataclass(frozen=True)
class Module:
    """An entity that is open to a persona."""

    everything: bool
    readable: frozenset[str]
    writable: frozenset[str]
    """Names of fields, and ids of custom attributes."""
    creates: bool
    edits: str | None
    deletes: str | None


@dataclass(frozen=True)
class Person:
    """Somebody who signs in."""

    name: str
    user: UUID
    employee: UUID
    roles: frozenset[UUID]
    full: bool
    modules: dict[str, Module]


@dataclass(frozen=True)
class SetUp:
    """What no deed of these tests changes."""

    people: dict[str, Person]
    pipelines: dict[UUID, dict[UUID, Row]]
    """By type: the steps by their stage."""
    kinds: dict[UUID, str]
    """The kind of each stage."""
    attributes: dict[tuple[str, str], Row]
    """Definitions of custom attributes by entity and key."""
    ruled: dict[tuple[str, str], frozenset[str]]
    """Fields that may be read only in these statuses."""


async def load(tenant: Tenant) -> SetUp:
    """Read it from the rows."""
    tables = {
        name: list((await tenant.rows(name)).values())
        for name in (
            *("user", "role_assignment", "role_profile", "profile", "profile_entity"),
            *("profile_field", "pipeline_stage", "stage", "attribute", "status_rule"),
        )
    }
    live = {name: [r for r in rows if r["deleted_at"] is None] for name, rows in tables.items()}
    signing = await tenant.fetch("SELECT user_id, email FROM @.credential")
    users = {row["id"]: row for row in live["user"]}
    by_name = {row["email"].partition("@")[0]: users.get(row["user_id"]) for row in signing}
    people = {}
    for name in PERSONAS:
        user = by_name[name]
        assert user is not None
        people[name] = _person(name, user, live)
    pipelines: dict[UUID, dict[UUID, Row]] = {}
    for row in live["pipeline_stage"]:
        pipelines.setdefault(row["type_id"], {})[row["stage_id"]] = row
    ruled: dict[tuple[str, str], frozenset[str]] = {}
    for row in live["status_rule"]:
        key = (row["entity"], row["field"])
        ruled[key] = ruled.get(key, frozenset()) | {row["status"]}
    return SetUp(
        people,
        pipelines,
        {row["id"]: row["kind"] for row in live["stage"]},
        {(row["entity"], row["key"]): row for row in live["attribute"]},
        ruled,
    )


def _person(name: str, user: Row, live: dict[str, list[Row]]) -> Person:
    roles = {r["role_id"] for r in live["role_assignment"] if r["user_id"] == user["id"]}
    held = {r["profile_id"] for r in live["role_profile"] if r["role_id"] in roles}
    full = any(row["full"] for row in live["profile"] if row["id"] in held)
    modules = {}
    for entity in KINDS:
        opened = [
            row
            for row in live["profile_entity"]
            if row["profile_id"] in held and row["entity"] == entity
        ]
        fields = [
            row
            for row in live["profile_field"]
            if row["profile_id"] in held and row["entity"] == entity
        ]
        assert len(opened) <= 1, "these personas have one profile each"
        if opened:
            modules[entity] = Module(
                opened[0]["rows"] == "ALL",
                frozenset(row["field"] for row in fields),
                frozenset(row["field"] for row in fields if row["writes"]),
                *(opened[0][verb] for verb in ("creates", "edits", "deletes")),
            )
    return Person(name, user["id"], user["employee_id"], frozenset(roles), full, modules)


def below(employee: UUID, employees: dict[UUID, Row]) -> set[UUID]:
    """The employee and everybody below, over all levels."""
    found, waiting = {employee}, [employee]
    while waiting:
        above = waiting.pop()
        for identity, row in employees.items():
            if row["manager_id"] == above and row["deleted_at"] is None and identity not in found:
                found.add(identity)
                waiting.append(identity)
    return found


def sees(person: Person, entity: str, row: Row, tables: Tables, *, bin_too: bool = False) -> bool:
    """Whether the persona sees a record; with `bin_too`, or would if it were not deleted."""
    if not bin_too and row["deleted_at"] is not None:
        return False
    if not person.full and entity in KINDS and entity not in person.modules:
        return False
    whole = KINDS[entity].whole if entity in KINDS else None
    if whole is not None:
        above = KINDS[entity].links[whole]
        owner = tables[above][row[f"{whole}_id"]]
        return sees(person, above, owner, tables, bin_too=bin_too)
    if person.full or entity != "Opportunity" or person.modules[entity].everything:
        return True
    shown = any(
        share["opportunity_id"] == row["id"] and share["employee_id"] == person.employee
        for share in tables["OpportunityShare"].values()
        if share["deleted_at"] is None
    )
    standing = any(
        rule["type_id"] == row["type_id"]
        and rule["role_id"] in person.roles
        and rule["deleted_at"] is None
        for rule in tables["ShareRule"].values()
    )
    return shown or standing or row["owner_id"] in below(person.employee, tables["Employee"])


def within(person: Person, scope: str | None, owner: UUID, tables: Tables) -> bool:
    """Whether what this employee is responsible for lies in a scope of rights to write."""
    if person.full or scope == "ALL":
        return True
    if scope == "OWN":
        return owner == person.employee
    return scope == "BELOW" and owner in below(person.employee, tables["Employee"])


def unreadable(setup: SetUp, person: Person, entity: str, name: str, status: Any) -> bool:
    """Whether a field cannot be read, or not in this status."""
    if person.full:
        return False
    module = person.modules.get(entity)
    if module is None or name not in module.readable:
        return True
    statuses = setup.ruled.get((entity, name))
    return statuses is not None and status not in statuses

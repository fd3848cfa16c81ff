"""What each persona may see and write of the model's state, as the oracle works it out from a tenant's rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.proof import oracle, rows
from tests.proof.grants import Grants, kept, roles_of
from tests.proof.oracle import Viewer
from tests.proof.rows import Rows
from tests.writes.kinds import Row
from tests.writes.tenant import PERSONAS, Tenant

Tables = dict[str, dict[UUID, Row]]


@dataclass(frozen=True)
class Person:
    """Somebody who signs in."""

    name: str
    user: UUID
    employee: UUID
    roles: frozenset[UUID]
    full: bool
    modules: Grants
    look: Callable[[Tables], Viewer]
    """What they see of a state."""


@dataclass(frozen=True)
class SetUp:
    """What no command of these tests changes."""

    people: dict[str, Person]
    pipelines: dict[UUID, dict[UUID, Row]]
    """By type: the steps by their stage."""
    kinds: dict[UUID, str]
    """The kind of each stage."""
    attributes: dict[tuple[str, str], Row]
    """Definitions of custom attributes by entity and key."""


async def load(tenant: Tenant) -> SetUp:
    """Read it from the rows."""
    ground = await rows.load(tenant.world.admin, tenant.space)
    known: dict[frozenset[UUID], Grants] = {}

    def rule(_: Rows, roles: frozenset[UUID]) -> Grants:
        if roles not in known:
            known[roles] = kept(ground, roles)
        return known[roles]

    def person(name: str) -> Person:
        user = ground.tables["User"][ground.emails[f"{name}@{tenant.slug}.example"]]
        roles = roles_of(ground, [user["id"]])
        grants = rule(ground, roles)

        def look(tables: Tables) -> Viewer:
            return Viewer(Rows({**ground.tables, **tables}), user, rule, grants)

        full = any(each.full for each in grants.values())
        return Person(name, user["id"], user["employee_id"], roles, full, grants, look)

    pipelines: dict[UUID, dict[UUID, Row]] = {}
    for row in ground.live("PipelineStage").values():
        pipelines.setdefault(row["type_id"], {})[row["stage_id"]] = dict(row)
    return SetUp(
        {name: person(name) for name in PERSONAS},
        pipelines,
        {id: row["kind"] for id, row in ground.live("Stage").items()},
        {(row["entity"], row["key"]): dict(row) for row in ground.live("Attribute").values()},
    )


def below(employee: UUID, employees: dict[UUID, Row]) -> frozenset[UUID]:
    """The employee and everybody below, over all levels."""
    return oracle.tree(Rows({"Employee": employees}), employee)


def sees(person: Person, entity: str, row: Row, tables: Tables, *, bin_too: bool = False) -> bool:
    """Whether the persona sees a record; with `bin_too`, or would if it were not deleted."""
    return person.look(tables).sees(entity, row, deleted=bin_too)


def within(person: Person, scope: str | None, owner: UUID, tables: Tables) -> bool:
    """Whether what this employee is responsible for lies in a scope of rights to write."""
    if person.full or scope == "ALL":
        return True
    if scope == "OWN":
        return owner == person.employee
    return scope == "BELOW" and owner in below(person.employee, tables["Employee"])


def unreadable(person: Person, entity: str, name: str, status: Any) -> bool:
    """Whether a field cannot be read, or not in this status."""
    granted = person.modules.get(entity)
    if granted is None or name not in granted.readable:
        return True
    statuses = granted.ruled.get(name)
    return statuses is not None and status not in statuses

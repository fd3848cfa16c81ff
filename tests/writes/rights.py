"""Read and write rights of each persona on the model's state, computed by the oracle from the tenant's rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.proof import oracle, rows
from tests.proof.grants import Grants, rights_from_rows, roles_of
from tests.proof.oracle import Viewer
from tests.proof.rows import Rows
from tests.writes.entity_types import Row
from tests.writes.tenant import PERSONAS, Tenant

Tables = dict[str, dict[UUID, Row]]


@dataclass(frozen=True)
class Persona:
    """A user of the tenant with their roles and rights."""

    name: str
    user: UUID
    employee: UUID
    roles: frozenset[UUID]
    full: bool
    grants: Grants
    viewer: Callable[[Tables], Viewer]
    """Returns the oracle's viewer for the tables of a state."""


@dataclass(frozen=True)
class SetUp:
    """Personas and configuration, which the generated mutations never change."""

    people: dict[str, Persona]
    pipelines: dict[UUID, dict[UUID, Row]]
    """Pipeline stages by opportunity type and stage."""
    stage_kinds: dict[UUID, str]
    """Kind (OPEN, WON, LOST) by stage."""
    attributes: dict[tuple[str, str], Row]
    """Definitions of custom attributes by entity and key."""


async def load(tenant: Tenant) -> SetUp:
    """Load personas and configuration from the tenant's rows."""
    stored = await rows.load(tenant.world.admin, tenant.schema)
    cache: dict[frozenset[UUID], Grants] = {}

    def rule(_: Rows, roles: frozenset[UUID]) -> Grants:
        if roles not in cache:
            cache[roles] = rights_from_rows(stored, roles)
        return cache[roles]

    def person(name: str) -> Persona:
        user = stored.tables["User"][stored.emails[f"{name}@{tenant.slug}.example"]]
        roles = roles_of(stored, [user["id"]])
        grants = rule(stored, roles)

        def viewer(tables: Tables) -> Viewer:
            return Viewer(Rows({**stored.tables, **tables}), user, rule, grants)

        full = any(each.full for each in grants.values())
        return Persona(name, user["id"], user["employee_id"], roles, full, grants, viewer)

    pipelines: dict[UUID, dict[UUID, Row]] = {}
    for row in stored.live("PipelineStage").values():
        pipelines.setdefault(row["type_id"], {})[row["stage_id"]] = dict(row)
    return SetUp(
        {name: person(name) for name in PERSONAS},
        pipelines,
        {id: row["kind"] for id, row in stored.live("Stage").items()},
        {(row["entity"], row["key"]): dict(row) for row in stored.live("Attribute").values()},
    )


def below(employee: UUID, employees: dict[UUID, Row]) -> frozenset[UUID]:
    """The employee and all subordinates, over all levels."""
    return oracle.tree(Rows({"Employee": employees}), employee)


def sees(
    person: Persona, entity: str, row: Row, tables: Tables, *, include_trashed: bool = False
) -> bool:
    """Whether a record is visible to the persona; `include_trashed` also accepts trashed records."""
    return person.viewer(tables).sees(entity, row, deleted=include_trashed)


def within(person: Persona, scope: str | None, owner: UUID, tables: Tables) -> bool:
    """Whether a write scope (OWN, BELOW, ALL) covers records of this owner."""
    if person.full or scope == "ALL":
        return True
    if scope == "OWN":
        return owner == person.employee
    return scope == "BELOW" and owner in below(person.employee, tables["Employee"])


def unreadable(person: Persona, entity: str, name: str, status: Any) -> bool:
    """Whether the persona cannot read a field, at all or in this status."""
    granted = person.grants.get(entity)
    if granted is None or name not in granted.readable:
        return True
    statuses = granted.ruled.get(name)
    return statuses is not None and status not in statuses

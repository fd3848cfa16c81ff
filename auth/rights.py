"""Loads the rights of users; the only module that reads before a viewer exists."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import Uuid, func, select

from auth.engine.policy import HISTORY_KEYS, HISTORY_KEYS_BY_STATUS, Policies
from auth.engine.system import SystemAuthorizer
from auth.engine.viewer import ID_IN_LIMIT, OwnRowCount, Viewer
from db.engine.entity import Entity
from db.engine.gate import Compiled, Gate, VisibilityForm
from db.engine.head import LogHead
from db.engine.model import Model
from db.engine.row import AnyColumn
from db.engine.sql import Concat, IntLiteral, Query, one_of
from db.engine.transaction import Driver, Row
from domain.access import (
    AttributeRights,
    EntityRights,
    ProfileRights,
    RowScope,
    StatusRestriction,
    WriteRights,
    WriteScope,
    rights,
)
from domain.setup import FEATURE_ENTITIES, AttributeKind, FeatureKey
from domain.staff import below, reports, shared_upwards

RightsRows: TypeAlias = Mapping[str, Sequence[Row]]
"""The rows from which rights are computed, by the names in RIGHTS_TABLES."""

Arrays = dict[str, tuple[UUID, ...] | tuple[str, ...]]


@dataclass(frozen=True)
class RoleGrants:
    """The rights shared by all users with the same roles."""

    rights: dict[str, EntityRights]
    arrays: Arrays


@dataclass(frozen=True)
class RightsSnapshot:
    """The input for the rights of all users of a tenant."""

    version: int
    rows: RightsRows
    roles: Mapping[UUID, frozenset[UUID]]
    """Role ids per user."""
    profiles: Mapping[UUID, Sequence[ProfileRights]]
    """Profiles per user, through all their roles."""
    employees: Mapping[UUID, UUID]
    """Employee id per user."""
    visible_entities: Mapping[UUID, frozenset[str] | None]
    """Per employee with a user: the entities that the user's profiles make visible; None for all."""
    reports: Mapping[UUID, Sequence[UUID]]
    """The direct reports of each employee."""
    off: Mapping[str, str]
    """Entities that are switched off, each with its feature."""
    attribute_types: Mapping[str, frozenset[UUID]]
    """Per attribute id, for attributes assigned to some types only: these types."""
    grants: dict[frozenset[UUID], RoleGrants] = field(default_factory=dict)
    """Cache of the rights per set of roles."""


async def version_of(connection: Driver, model: Model) -> int:
    """The access version, within a transaction of the tenant."""
    version: int = await connection.fetchval(_statements(model)["version"].sql)
    return version


async def snapshot_of(connection: Driver, model: Model) -> RightsSnapshot:
    """The input for rights, within a transaction of the tenant."""
    statements = _statements(model)
    # The version is read first: if rights change meanwhile, the next entry detects the newer
    # version.
    version = await version_of(connection, model)
    rows = {name: await connection.fetch(statements[name].sql) for name in RIGHTS_TABLES}
    roles: dict[UUID, set[UUID]] = defaultdict(set)
    for row in rows["assignments"]:
        roles[row["user_id"]].add(row["role_id"])
    profile_rights = _profiles(rows)
    of_role: dict[UUID, list[ProfileRights]] = defaultdict(list)
    for row in rows["role_profiles"]:
        if row["profile_id"] in profile_rights:
            of_role[row["role_id"]].append(profile_rights[row["profile_id"]])
    profiles = {
        user: [p for role in of_user for p in of_role[role]] for user, of_user in roles.items()
    }
    employees = {row["id"]: row["employee_id"] for row in rows["users"]}
    return RightsSnapshot(
        version=version,
        rows=rows,
        roles={user: frozenset(of_user) for user, of_user in roles.items()},
        profiles=profiles,
        employees=employees,
        visible_entities={
            one: _visible_entities(profiles.get(user, ())) for user, one in employees.items()
        },
        reports=reports({row["id"]: row["manager_id"] for row in rows["employees"]}),
        off=_off(rows),
        attribute_types=_types_per_attribute(rows),
    )


def _off(rows: RightsRows) -> dict[str, str]:
    """Entities that no user sees, because their feature is switched off."""
    off = [FeatureKey(row["key"]) for row in rows["features"] if not row["enabled"]]
    return {entity: feature.value for feature in off for entity in FEATURE_ENTITIES[feature]}


def _grantable(model: Model, rows: RightsRows) -> dict[str, frozenset[str]]:
    """Every entity that is not switched off, with all the fields that a profile can grant."""
    off = _off(rows)
    return {name: fields for name, fields in model.granted.items() if name not in off}


def _types_per_attribute(rows: RightsRows) -> dict[str, frozenset[UUID]]:
    found: dict[str, set[UUID]] = defaultdict(set)
    for row in rows["uses"]:
        attribute, *types = row.values()
        found[str(attribute)] |= {type_ for type_ in types if type_}
    return {id: frozenset(types) for id, types in found.items()}


async def load(connection: Driver, model: Model, policies: Policies, user: UUID) -> Viewer | None:
    """The viewer that a user is, within a transaction of their tenant; None if there is no such user."""
    return await viewer_of(connection, model, policies, await snapshot_of(connection, model), user)


async def viewer_of(
    connection: Driver,
    model: Model,
    policies: Policies,
    snapshot: RightsSnapshot,
    user: UUID,
    counts: Mapping[str, OwnRowCount] | None = None,
) -> Viewer | None:
    """The viewer from a loaded snapshot; `counts` are earlier counts of own rows of this user."""
    employee = snapshot.employees.get(user)
    if employee is None:
        return None
    own_rights, roles = snapshot.profiles.get(user, ()), snapshot.roles.get(user, frozenset())
    granted = snapshot.grants.get(roles)
    if granted is None:
        granted = await _grants_of_roles(
            connection, model, policies, snapshot.rows, own_rights, roles
        )
        snapshot.grants[roles] = granted
    under, visible = below(employee, snapshot.reports), snapshot.visible_entities
    viewer = Viewer(
        user=user,
        employee=employee,
        version=snapshot.version,
        rights=granted.rights,
        owners={n: shared_upwards(employee, under, visible, n) for n in granted.rights},
        arrays=granted.arrays,
        own_row_counts=counts or {},
        policies=policies,
        full=any(profile.full for profile in own_rights),
        roles=roles,
        off=snapshot.off,
        attribute_types=snapshot.attribute_types,
    )
    if counts is not None:
        return viewer
    return dataclasses.replace(
        viewer, own_row_counts=await _count_own_rows(connection, model, viewer)
    )


async def _grants_of_roles(
    connection: Driver,
    model: Model,
    policies: Policies,
    rows: RightsRows,
    profiles: Iterable[ProfileRights],
    roles: frozenset[UUID],
) -> RoleGrants:
    granted = rights(
        profiles, _rules(model, rows), _attributes(rows), _grantable(model, rows), model.computed
    )
    arrays = await _arrays(connection, model, policies, sorted(roles))
    full = any(p.full for p in profiles)
    return RoleGrants(granted, arrays | _readable_history(model, policies, granted, full))


async def rights_per_role(
    connection: Driver, model: Model, roles: Iterable[UUID]
) -> dict[UUID, tuple[bool, dict[str, EntityRights]]]:
    """What each role grants by itself, and whether that is full access."""
    statements = _statements(model)
    names = (
        *("role_profiles", "profiles", "object_permissions", "field_permissions"),
        *("attributes", "features"),
    )
    rows = {name: await connection.fetch(statements[name].sql) for name in names}
    profiles, attributes = _profiles(rows), _attributes(rows)
    found = {}
    for role in roles:
        ids = [row["profile_id"] for row in rows["role_profiles"] if row["role_id"] == role]
        own_rights = [profiles[id] for id in ids if id in profiles]
        granted = rights(own_rights, [], attributes, _grantable(model, rows), model.computed)
        found[role] = (any(profile.full for profile in own_rights), granted)
    return found


async def _arrays(
    connection: Driver, model: Model, policies: Policies, roles: list[UUID]
) -> Arrays:
    """The values that sharing rules share with the viewer's roles, by parameter."""
    gate, found = Gate(SystemAuthorizer()), {}
    for rules in policies.sharing_rules():
        seen = gate.see(model.by_table[rules.shared_value.table.name])
        of_these_roles = one_of(seen.column(rules.role.name), "roles", Uuid())
        shared_values = gate.compile(
            select(seen.column(rules.shared_value.name)).select_from(seen).where(of_these_roles)
        )
        rows = await connection.fetch(shared_values.sql, roles)
        found[rules.parameter] = tuple(sorted({row[0] for row in rows}))
    return found


def _readable_history(
    model: Model, policies: Policies, granted: dict[str, EntityRights], full: bool
) -> Arrays:
    """The keys of the history that may be read: always, and in certain statuses.

    A reference is readable if the viewer sees all possible targets: its id alone reveals that a record
    exists.
    """
    always, in_statuses = [], []
    for name, own_rights in granted.items():
        always += [
            f"{name}.",
            *(f"{name}.{attribute.id}" for attribute in own_rights.attributes.values()),
        ]
        for each in own_rights.fields:
            target = model.entities[name].targets.get(each)
            if target is not None and not _sees_all(granted, policies, target, full):
                continue
            statuses = own_rights.status_rules.get(each)
            always += [f"{name}.{each}"] if statuses is None else []
            in_statuses += [f"{name}.{each}:{status}" for status in statuses or ()]
    return {HISTORY_KEYS: tuple(always), HISTORY_KEYS_BY_STATUS: tuple(in_statuses)}


def _sees_all(
    granted: dict[str, EntityRights], policies: Policies, target: Entity, full: bool
) -> bool:
    own_rights = granted.get(target.name)
    restricted = policies.is_restricted(target.name, full=full)
    everything = own_rights is not None and own_rights.rows is RowScope.ALL and not restricted
    return everything and all(_sees_all(granted, policies, a, full) for a in target.parent_types)


def _profiles(rows: RightsRows) -> dict[UUID, ProfileRights]:
    entities: dict[UUID, dict[str, RowScope]] = defaultdict(dict)
    fields: dict[UUID, set[tuple[str, str]]] = defaultdict(set)
    writes: dict[UUID, dict[str, WriteRights]] = defaultdict(dict)
    writable: dict[UUID, set[tuple[str, str]]] = defaultdict(set)
    for row in rows["object_permissions"]:
        entities[row["profile_id"]][row["entity"]] = RowScope(row["rows"])
        writes[row["profile_id"]][row["entity"]] = WriteRights(
            row["creates"], _scope(row["edits"]), _scope(row["deletes"])
        )
    for row in rows["field_permissions"]:
        fields[row["profile_id"]].add((row["entity"], row["field"]))
        if row["writes"]:
            writable[row["profile_id"]].add((row["entity"], row["field"]))
    return {
        row["id"]: ProfileRights(
            row["full"],
            entities[row["id"]],
            frozenset(fields[row["id"]]),
            writes[row["id"]],
            frozenset(writable[row["id"]]),
        )
        for row in rows["profiles"]
    }


def _scope(word: str | None) -> WriteScope | None:
    return None if word is None else WriteScope(word)


def _rules(model: Model, rows: RightsRows) -> list[StatusRestriction]:
    """One rule per field with all statuses in which it is readable, for entities that have a status."""
    statuses: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows["rules"]:
        statuses[row["entity"], row["field"]].add(row["status"])
    return [
        StatusRestriction(*name, frozenset(allowed))
        for name, allowed in statuses.items()
        if name[0] in model.entities and model.entities[name[0]].status
    ]


def _attributes(rows: RightsRows) -> list[AttributeRights]:
    return [
        AttributeRights(
            str(row["id"]), row["entity"], row["key"], row["label"], AttributeKind(row["kind"])
        )
        for row in rows["attributes"]
    ]


def _visible_entities(profiles: Sequence[ProfileRights]) -> frozenset[str] | None:
    """The entities that profiles make visible; None for all."""
    if any(profile.full for profile in profiles):
        return None
    return frozenset(name for profile in profiles for name in profile.entities)


async def _count_own_rows(
    connection: Driver, model: Model, viewer: Viewer
) -> dict[str, OwnRowCount]:
    """Number of own rows per entity, counted up to the limit that matters, and table size (D-52).

    Entities that are visible through their parents have none of their own.
    """
    found = {}
    for name, granted in viewer.rights.items():
        entity = model.entities[name]
        is_root = not entity.parents and entity.record is None
        if granted.rows is RowScope.OWN and is_root:
            counted = _counting(entity, granted, viewer.policies)
            arguments = [viewer.value(each) for each in counted.parameters]
            row = await connection.fetchrow(counted.sql, *arguments)
            found[name] = OwnRowCount(*row) if row is not None else OwnRowCount(0, 0)
    return found


def _counting(entity: Entity, granted: EntityRights, policies: Policies) -> Compiled:
    no_user = UUID(int=0)
    gate = Gate(Viewer(no_user, no_user, 0, {entity.name: granted}, {}, {}, {}, policies))
    seen = gate.see(entity, VisibilityForm.ID_IN)
    few = (
        select(seen.column("id"))
        .select_from(seen)
        .limit(IntLiteral(ID_IN_LIMIT + 1))
        .subquery("few")
    )
    table = func.platform.rows(Concat([f'"{entity.table.name}"']))
    return gate.compile(select(func.count(), table).select_from(few))


RIGHTS_TABLES = {
    "users": ("User", "id", "employee_id"),
    "employees": ("Employee", "id", "manager_id"),
    "assignments": ("RoleAssignment", "user_id", "role_id"),
    "profiles": ("Profile", "id", "full"),
    "attributes": ("Attribute", "id", "entity", "key", "label", "kind"),
    "role_profiles": ("RoleProfile", "role_id", "profile_id"),
    "object_permissions": (
        "ObjectPermission",
        *("profile_id", "entity", "rows", "creates", "edits", "deletes"),
    ),
    "field_permissions": ("FieldPermission", "profile_id", "entity", "field", "writes"),
    "rules": ("StatusRule", "entity", "field", "status"),
    "features": ("Feature", "key", "enabled"),
    "uses": ("AttributeAssignment", "attribute_id"),
}
"""The tables and columns that rights are computed from, with those for shared parents and sharing rules."""


@cache
def _statements(model: Model) -> dict[str, Compiled]:
    """The statements that load the input for rights; the same for every tenant."""
    gate = Gate(SystemAuthorizer())

    def all_of(name: str, *columns: str) -> Compiled:
        entity = model.entities[name]
        seen = gate.see(entity)
        columns += tuple(each.column.key for each in entity.subjects)
        listed = [seen.column(column).label(column) for column in columns]
        return gate.compile(select(*listed).select_from(seen))

    return {
        "version": gate.compile(_plain(LogHead.access)),
        **{name: all_of(*each) for name, each in RIGHTS_TABLES.items()},
    }


def _plain(*columns: AnyColumn) -> Query:
    return select(*columns)

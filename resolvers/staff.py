"""What the staff's records have to say before they are kept: nobody gives away more than he has, and an administrator stays."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast
from uuid import UUID

from auth.engine.viewer import Viewer
from auth.rights import of_roles
from db import credentials, sessions
from db.administrators import administrators
from db.engine.plan.values import parse_id
from db.engine.write import statements as store
from db.engine.write.row_json import Row
from db.engine.write.unit_of_work import UnitOfWork
from db.sales import ShareRule
from db.setup import Feature, OpportunityType
from db.staff import (
    Employee,
    Profile,
    ProfileEntity,
    ProfileField,
    Role,
    RoleAssignment,
    RoleProfile,
    StatusRule,
    User,
)
from domain.access import exceeds
from domain.codes import Code, UserErrorCode
from domain.violations import Violation
from resolvers.engine.drafts import Draft
from resolvers.engine.presets import preset
from resolvers.engine.replacing import REPLACE
from resolvers.engine.settling import Deed, checks, settles
from resolvers.engine.trees import refuse_cycles
from resolvers.engine.values import NO_ID

ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\Z")
UNDER_HIMSELF = "Nobody reports to himself, nor to somebody who reports to him."
ADMINISTRATORS_ONLY = "Only an administrator with full access may do this."
NOT_ONESELF = "Nobody gives himself rights: ask another administrator."
MORE_THAN_MINE = (
    "The role grants more than you may do yourself: ask an administrator with full access."
)
SIGNS_IN = "Somebody else signs in with this employee's e-mail address: change that address first."
LAST = "Somebody must be able to administer: give another active user full access first."
ADMINISTRATORS = "administrators"


@settles(Employee)
async def employees(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """The tree has no cycles; who may not do everything hangs nobody elsewhere in it, for it says who sees what."""
    if deed is not Deed.SAVE:
        return
    await preset(unit, drafts, {"title": "default_title"})
    for draft in drafts:
        if not ADDRESS.match(draft.after["email"]):
            message = "Write an e-mail address such as anna@example.com."
            draft.fault(Violation(UserErrorCode.INVALID, message, "email"))
        moved = draft.before and draft.before["manager_id"] != draft.after["manager_id"]
        if moved and not _viewer(unit).full:
            draft.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY, "manager")
    await refuse_cycles(unit, drafts, "manager_id", UNDER_HIMSELF)


@settles(User)
async def users(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """A user signs in with the employee's address; one who may not sign in is signed out at once."""
    await _spare_administrators(unit, drafts, "id")
    met: set[str] = set()
    for draft in drafts:
        new = draft.before is None
        if (new or deed is Deed.RESTORE) and not _viewer(unit).full:
            draft.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY)  # he could be anybody
        if draft.failed:
            continue
        user: UUID = draft.after["id"]
        if deed is Deed.RESTORE:
            email = await credentials.address_of(unit.connection, user)
            await _enrol(unit, draft, met, email, partial(credentials.reclaim, user=user))
        elif new:
            email = await _address(unit, draft.after["employee_id"])
            await _enrol(unit, draft, met, email, partial(credentials.enrol, user=user))
        elif deed is Deed.DELETE or not draft.after["active"]:
            draft.besides.append(partial(credentials.end_all, user=user, at=unit.now))


async def _address(unit: UnitOfWork, employee: UUID) -> str:
    found = await store.look(unit.connection, unit.model.entities["Employee"], "id", [employee])
    return sessions.fold(found[0]["email"]) if found else ""


async def _enrol(
    unit: UnitOfWork, draft: Draft, met: set[str], email: str, keep: Callable[..., Awaitable[None]]
) -> None:
    """Let a user sign in with an address that nobody else has, of those who are there and of the list."""
    if email in met or await credentials.is_taken(unit.connection, email):
        draft.fault(Violation(UserErrorCode.DUPLICATE, SIGNS_IN, "employee_id"))
    met.add(email)
    draft.besides.append(partial(keep, email=email))


@settles(RoleAssignment)
async def assignments(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """A role is given and taken by those who may do all that it grants themselves."""
    viewer = _viewer(unit)
    await store.alone(unit.connection, ADMINISTRATORS)
    if viewer.full:
        return
    await _spare_administrators(unit, drafts, "user")
    roles = {each.after["role_id"] for each in drafts}
    granted = await of_roles(await unit.connection.direct(), unit.model, roles)
    opened: dict[UUID, set[UUID]] = defaultdict(set)
    for row in await store.look(
        unit.connection, unit.model.entities["ShareRule"], "role_id", roles
    ):
        opened[row["role_id"]].add(row["type_id"])
    seen = set(viewer.arrays.get("opened:share_rule.type_id", ()))
    for draft in drafts:
        full, rights = granted[draft.after["role_id"]]
        more = full or exceeds(rights, viewer.rights) or opened[draft.after["role_id"]] - seen
        if draft.after["user_id"] == viewer.user:
            draft.refuse(Code.FORBIDDEN, NOT_ONESELF)
        elif more:
            draft.refuse(Code.FORBIDDEN, MORE_THAN_MINE)


@settles(OpportunityType)
async def replaced_types(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """Opportunities come to no type that more roles see all of, unless an administrator decides so."""
    asked = [each for each in drafts if each.given.get(REPLACE) is not None]
    if deed is not Deed.DELETE or _viewer(unit).full or not asked:
        return
    wanted = {d.id: parse_id(d.given[REPLACE], d.entity.prefix) or NO_ID for d in asked}
    opened: dict[UUID | None, set[UUID]] = defaultdict(set)
    entity, types = unit.model.entities["ShareRule"], {*wanted, *wanted.values()} - {None}
    for row in await store.look(unit.connection, entity, "type_id", types):
        opened[row["type_id"]].add(row["role_id"])
    for draft in asked:
        if opened[wanted[draft.id]] - opened[draft.id]:
            draft.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY, REPLACE)


@settles(Role)
async def roles(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """A role is named by whoever may; what it opens goes and comes with it, so that is for administrators."""
    if deed is not Deed.SAVE:
        await administered(unit, deed, drafts)


async def administered(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """What roles and profiles open is said by those who may do everything, in words that mean something."""
    await store.alone(unit.connection, ADMINISTRATORS)
    for draft in drafts:
        if not _viewer(unit).full:
            draft.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY)
        elif deed is Deed.SAVE:
            draft.faults(_unknown(unit, draft.after))


def _unknown(unit: UnitOfWork, row: Row) -> list[Violation]:
    """What a row names that there is not: an entity, a field, or a status of its records."""
    if "entity" not in row or row["entity"] is None:
        return []
    entity = unit.model.entities.get(row["entity"])
    if entity is None:
        message = "There is no such type: write its name as the API does, such as Account."
        return [Violation(UserErrorCode.INVALID, message, "entity")]
    name = row.get("field")
    own = {each.id for each in _viewer(unit).attributes(entity.name)}
    if name is not None and name not in entity.granted and name not in own:
        message = f"{entity.name} has no such field: write its name as the API does."
        return [Violation(UserErrorCode.INVALID, message, "field")]
    status = row.get("status")
    if status is not None and status not in entity.statuses:
        message = f"The records of {entity.name} are never in this status."
        return [Violation(UserErrorCode.INVALID, message, "status")]
    return []


for _record in (
    *(Profile, RoleProfile, ProfileEntity, ProfileField, StatusRule, ShareRule),
    Feature,
):
    settles(_record)(administered)


@checks(User, Role, RoleAssignment, Profile, RoleProfile)
async def somebody_administers(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """At least one active user may do everything, whatever was done."""
    if not any((await administrators(unit.connection)).values()):
        for draft in drafts:
            draft.fault(Violation(UserErrorCode.LAST_ADMINISTRATOR, LAST))


async def _spare_administrators(unit: UnitOfWork, drafts: list[Draft], column: str) -> None:
    """Whoever may not do everything leaves those alone who may."""
    if _viewer(unit).full:
        await store.alone(unit.connection, ADMINISTRATORS)
        return
    spared = await administrators(unit.connection)
    for draft in drafts:
        if draft.after["user_id" if column == "user" else "id"] in spared:
            draft.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY)


def _viewer(unit: UnitOfWork) -> Viewer:
    return cast("Viewer", unit.guard)

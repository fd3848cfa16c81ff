"""What the staff's records have to say before they are kept: nobody gives away more than he has, and an administrator stays."""

from __future__ import annotations

from functools import partial
from typing import cast
from uuid import UUID

from auth.engine.viewer import Viewer
from auth.rights import of_roles
from db import credentials, sessions
from db.administrators import administrators
from db.engine.write import store
from db.engine.write.unit import Unit
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
from domain.codes import Code, Problem
from domain.faults import Fault
from resolvers.engine.drafts import Draft
from resolvers.engine.settling import Deed, checks, settles
from resolvers.engine.trees import refuse_cycles

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
async def employees(unit: Unit, deed: Deed, drafts: list[Draft]) -> None:
    """The tree has no cycles, and nobody puts others below himself to see what is theirs."""
    if deed is not Deed.SAVE:
        return
    viewer = _viewer(unit)
    for draft in drafts:
        if "@" not in draft.after["email"]:
            message = "Write an e-mail address such as anna@example.com."
            draft.fault(Fault(Problem.INVALID, message, "email"))
        before = draft.before["manager_id"] if draft.before else None
        manager = draft.after["manager_id"]
        if draft.before and not viewer.full and manager == viewer.employee != before:
            draft.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY, "manager")
    await refuse_cycles(unit, drafts, "manager_id", UNDER_HIMSELF)


@settles(User)
async def users(unit: Unit, deed: Deed, drafts: list[Draft]) -> None:
    """A user signs in with the employee's address; one who may not sign in is signed out at once."""
    await _spare_administrators(unit, drafts, "id")
    for draft in drafts:
        if draft.failed:
            continue
        user: UUID = draft.after["id"]
        if deed is Deed.SAVE and draft.before is None:
            await _enrol(unit, draft, user)
        elif deed is Deed.RESTORE and not await credentials.reclaim(unit.connection, user):
            draft.fault(Fault(Problem.DUPLICATE, SIGNS_IN))
        elif deed is Deed.DELETE or not draft.after["active"]:
            draft.besides.append(partial(credentials.end_all, user=user, at=unit.now))


async def _enrol(unit: Unit, draft: Draft, user: UUID) -> None:
    employee = draft.after["employee_id"]
    found = await store.look(unit.connection, unit.model.entities["Employee"], "id", [employee])
    email = sessions.fold(found[0]["email"]) if found else ""
    if await credentials.is_taken(unit.connection, email):
        draft.fault(Fault(Problem.DUPLICATE, SIGNS_IN, "employee_id"))
    draft.besides.append(partial(credentials.enrol, user=user, email=email))


@settles(RoleAssignment)
async def assignments(unit: Unit, deed: Deed, drafts: list[Draft]) -> None:
    """A role is given and taken by those who may do all that it grants themselves."""
    viewer = _viewer(unit)
    await store.alone(unit.connection, ADMINISTRATORS)
    if viewer.full:
        return
    await _spare_administrators(unit, drafts, "user")
    roles = {each.after["role_id"] for each in drafts}
    granted = await of_roles(await unit.connection.direct(), unit.model, roles)
    for draft in drafts:
        full, rights = granted[draft.after["role_id"]]
        if draft.after["user_id"] == viewer.user:
            draft.refuse(Code.FORBIDDEN, NOT_ONESELF)
        elif full or exceeds(rights, viewer.rights):
            draft.refuse(Code.FORBIDDEN, MORE_THAN_MINE)


@settles(Role)
async def roles(unit: Unit, deed: Deed, drafts: list[Draft]) -> None:
    """Roles are deleted and restored one after the other, so that the last administrator stays."""
    await store.alone(unit.connection, ADMINISTRATORS)


async def administered(unit: Unit, deed: Deed, drafts: list[Draft]) -> None:
    """What roles and profiles open is said by those who may do everything."""
    await store.alone(unit.connection, ADMINISTRATORS)
    if not _viewer(unit).full:
        for draft in drafts:
            draft.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY)


for _record in (Profile, RoleProfile, ProfileEntity, ProfileField, StatusRule):
    settles(_record)(administered)


@checks(User, Role, RoleAssignment, Profile, RoleProfile)
async def somebody_administers(unit: Unit, drafts: list[Draft]) -> None:
    """At least one active user may do everything, whatever was done."""
    if not any((await administrators(unit.connection)).values()):
        for draft in drafts:
            draft.fault(Fault(Problem.LAST_ADMINISTRATOR, LAST))


async def _spare_administrators(unit: Unit, drafts: list[Draft], column: str) -> None:
    """Whoever may not do everything leaves those alone who may."""
    if _viewer(unit).full:
        await store.alone(unit.connection, ADMINISTRATORS)
        return
    spared = await administrators(unit.connection)
    for draft in drafts:
        if draft.after["user_id" if column == "user" else "id"] in spared:
            draft.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY)


def _viewer(unit: Unit) -> Viewer:
    return cast("Viewer", unit.guard)

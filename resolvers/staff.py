"""The staff: the tree of employees, users and their credentials, and that nobody grants more than they have."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar
from uuid import UUID

from auth.rights import of_roles
from auth.sales import SHARED_TYPES
from db import credentials
from db.administrators import administrators
from db.engine.base import Record
from db.engine.hidden import Hidden
from db.engine.plan.values import parse_id
from db.engine.row import grouped
from db.engine.write.statements import advisory_lock
from db.sales import ShareRule
from db.sessions import fold
from db.setup import EmployeeType, Feature, OpportunityType
from db.staff import (
    Employee,
    FieldPermission,
    ObjectPermission,
    Profile,
    Role,
    RoleAssignment,
    RoleProfile,
    StatusRule,
    User,
)
from domain.access import exceeds
from domain.codes import Code, UserErrorCode
from domain.violations import Violation
from resolvers.engine.changeset import Action, AnyChangeset, Changeset, Saved
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save, verify
from resolvers.engine.presets import preset
from resolvers.engine.replace import REPLACE_WITH
from resolvers.engine.trees import refuse_cycles
from resolvers.engine.values import NO_ID

R = TypeVar("R", bound=Record)
ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\Z")
NO_ADDRESS = "The email address is missing. Enter an address such as anna@example.com."
UNDER_ITSELF = (
    "Employees cannot report to themselves or to anyone below them. Choose another manager."
)
ADMINISTRATORS_ONLY = "This requires full access. Ask an administrator with full access."
NOT_ONESELF = "You cannot grant rights to yourself. Ask another administrator."
MORE_THAN_MINE = (
    "The role grants rights that you do not have. Ask an administrator with full access."
)
SIGNS_IN = (
    "Another user signs in with this employee's email address. Change one of the addresses first."
)
LAST = "The tenant would have no active administrator. Give another active user full access first."
NO_ENTITY = "The type does not exist. Enter its name as in the API, such as Account."
NO_FIELD = "{entity} has no such field. Enter its name as in the API."
NO_STATUS = "Records of {entity} do not have this status. Choose one of their statuses."
ADMINISTRATORS = "administrators"
"""The lock under which rights and administrators change, one transaction at a time."""


# --- employees ------------------------------------------------------------------------------------


@before_save()
async def preset_employee(ctx: Context, items: Saved[Employee]) -> None:
    """The title that the type presets."""
    await preset(ctx, items, EmployeeType, {Employee.title: EmployeeType.default_title})


@before_save()
async def check_employee(ctx: Context, items: Saved[Employee]) -> None:
    """An e-mail address; and administrators alone move employees in the tree, which determines who sees what."""
    for item in items:
        if not ADDRESS.match(item.record.email):
            item.violation(Violation(UserErrorCode.INVALID, NO_ADDRESS, "email"))
        moved = item.before is not None and item.differs(Employee.manager_id)
        if moved and not ctx.viewer.full:
            item.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY, "manager")


@before_save(despite_errors=True)
async def refuse_employee_cycles(ctx: Context, items: Saved[Employee]) -> None:
    """No employee is above themselves."""
    await refuse_cycles(ctx, list(items), Employee.manager_id, UNDER_ITSELF)


# --- users ----------------------------------------------------------------------------------------


@before_save(*Action)
async def spare_users(ctx: Context, items: Saved[User]) -> None:
    """Users without full access change no user who has it."""
    if ctx.viewer.full:
        await advisory_lock(ctx.unit.connection, ADMINISTRATORS)
    else:
        await _spare(ctx, {each.record.id: [each] for each in items})


@before_save(Action.CREATE, Action.RESTORE)
async def administrators_add_users(ctx: Context, items: Saved[User]) -> None:
    """Only administrators add users: a new user could be anyone."""
    _refuse_others(ctx, items)


@before_save(Action.CREATE)
async def enrol(ctx: Context, items: Saved[User]) -> None:
    """A new user signs in with the e-mail address of their employee."""
    employees = await ctx.trusted(Employee).by_id(each.record.employee_id for each in items)
    met: set[str] = set()
    for item in items:
        employee = employees.get(item.record.employee_id)
        email = employee.map(_sign_in) if employee is not None else Hidden("")
        await _enrol(ctx, item, met, email, credentials.enrol)


def _sign_in(employee: Employee) -> str:
    return fold(employee.email)


@before_save(Action.RESTORE)
async def reclaim(ctx: Context, items: Saved[User]) -> None:
    """A restored user signs in with the e-mail address that they had."""
    met: set[str] = set()
    for item in items:
        email = await credentials.address_of(ctx.unit.connection, item.record.id)
        await _enrol(ctx, item, met, email, credentials.reclaim)


async def _enrol(
    ctx: Context,
    item: Changeset[User, object],
    met: set[str],
    email: Hidden[str],
    keep: Callable[..., Awaitable[None]],
) -> None:
    """Let a user sign in with an address that no other user has, of those that exist and of the list."""
    twice = email.decide(met.__contains__)
    if twice or await credentials.is_taken(ctx.unit.connection, email):
        item.violation(Violation(UserErrorCode.DUPLICATE, SIGNS_IN, "employee_id"))
    email.decide(met.add)
    item.side_effects.append(partial(keep, user=item.record.id, email=email))


@before_save(Action.UPDATE, Action.REPLACE, Action.DELETE)
async def end_sessions(ctx: Context, items: Saved[User]) -> None:
    """A user who may no longer sign in is signed out at once."""
    for item in items:
        if item.action is Action.DELETE or not item.record.active:
            end = partial(credentials.end_all, user=item.record.id, at=ctx.now)
            item.side_effects.append(end)


async def _spare(ctx: Context, by_user: dict[UUID, list[AnyChangeset]]) -> None:
    """Refuse the changesets that are about users with full access."""
    spared = await administrators(ctx.unit.connection)
    for user, items in by_user.items():
        if spared.decide(partial(_contains, user)):
            for item in items:
                item.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY)


def _contains(user: UUID, users: dict[UUID, bool]) -> bool:
    return user in users


def _refuse_others(ctx: Context, items: Saved[R]) -> None:
    """Refuse the command to callers without full access."""
    for item in items:
        if not ctx.viewer.full:
            item.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY)


# --- roles and profiles ---------------------------------------------------------------------------


@before_save(*Action)
async def spare_assignments(ctx: Context, items: Saved[RoleAssignment]) -> None:
    """Users without full access neither give roles to users who have it nor take them away."""
    await advisory_lock(ctx.unit.connection, ADMINISTRATORS)
    if not ctx.viewer.full:
        await _spare(ctx, grouped(items, lambda item: item.record.user_id))


@before_save(*Action, despite_errors=True)
async def grant_own_rights(ctx: Context, items: Saved[RoleAssignment]) -> None:
    """A role is given and taken by users who have all rights that it grants, and to others than themselves."""
    if ctx.viewer.full:
        return
    roles = {each.record.role_id for each in items}
    granted = await of_roles(await ctx.unit.connection.direct(), ctx.unit.model, roles)
    rules = await ctx.trusted(ShareRule).by(ShareRule.role_id, roles)
    seen = set(ctx.viewer.arrays[SHARED_TYPES.parameter])
    for item in items:
        role = item.record.role_id
        full, rights = granted[role]
        opened = {row.decide(lambda rule: rule.type_id) for row in rules[role]}
        if item.record.user_id == ctx.viewer.user:
            item.refuse(Code.FORBIDDEN, NOT_ONESELF)
        elif full or exceeds(rights, ctx.viewer.rights) or opened - seen:
            item.refuse(Code.FORBIDDEN, MORE_THAN_MINE)


@before_save(Action.DELETE)
async def administrators_open_types(ctx: Context, items: Saved[OpportunityType]) -> None:
    """Opportunities come to no type that more roles see all of, unless an administrator replaces their type."""
    asked = [each for each in items if each.params.get(REPLACE_WITH) is not None]
    if ctx.viewer.full or not asked:
        return
    wanted = {
        each.record.id: parse_id(each.params[REPLACE_WITH], each.entity.prefix) or NO_ID
        for each in asked
    }
    rules = await ctx.trusted(ShareRule).by(ShareRule.type_id, {*wanted, *wanted.values()})
    roles = {
        type_: {row.decide(lambda rule: rule.role_id) for row in rows}
        for type_, rows in rules.items()
    }
    for item in asked:
        if roles[wanted[item.record.id]] - roles[item.record.id]:
            item.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY, REPLACE_WITH)


@before_save(Action.DELETE, Action.RESTORE)
async def administrators_open_roles(ctx: Context, items: Saved[Role]) -> None:
    """A role is deleted and restored with all that it opens; only its name is for others to choose."""
    await advisory_lock(ctx.unit.connection, ADMINISTRATORS)
    _refuse_others(ctx, items)


@before_save(*Action)
async def administrators_only(ctx: Context, items: Saved[R]) -> None:
    """Only administrators change what roles and profiles open."""
    await advisory_lock(ctx.unit.connection, ADMINISTRATORS)
    _refuse_others(ctx, items)


@before_save()
async def check_entity(ctx: Context, items: Saved[ObjectPermission]) -> None:
    """A profile opens an entity that exists."""
    for item in items:
        item.violations(_unknown(ctx, item.record.entity))


@before_save()
async def check_field(ctx: Context, items: Saved[FieldPermission]) -> None:
    """A profile opens a field or an attribute that exists."""
    for item in items:
        item.violations(_unknown(ctx, item.record.entity, item.record.field))


@before_save()
async def check_status(ctx: Context, items: Saved[StatusRule]) -> None:
    """A rule names a field that exists, and a status of its entity."""
    for item in items:
        rule = item.record
        item.violations(_unknown(ctx, rule.entity, rule.field, rule.status))


def _unknown(
    ctx: Context, name: str | None, field: str | None = None, status: str | None = None
) -> list[Violation]:
    """What does not exist of an entity, a field and a status of its records; what is missing is reported elsewhere."""
    if name is None:
        return []
    entity = ctx.unit.model.entities.get(name)
    if entity is None:
        return [Violation(UserErrorCode.INVALID, NO_ENTITY, "entity")]
    own = {each.id for each in ctx.viewer.attributes(name)}
    if field is not None and field not in entity.granted and field not in own:
        return [Violation(UserErrorCode.INVALID, NO_FIELD.format(entity=name), "field")]
    if status is not None and status not in entity.statuses:
        return [Violation(UserErrorCode.INVALID, NO_STATUS.format(entity=name), "status")]
    return []


@verify(User, Role, RoleAssignment, Profile, RoleProfile)
async def keep_an_administrator(ctx: Context, items: list[AnyChangeset]) -> None:
    """At least one active user has full access, whatever the command did."""
    found = await administrators(ctx.unit.connection)
    if not found.decide(lambda users: any(users.values())):
        for item in items:
            item.violation(Violation(UserErrorCode.LAST_ADMINISTRATOR, LAST))


AREA = Area(
    "staff",
    before_save={
        Employee: (preset_employee, check_employee, refuse_employee_cycles),
        User: (spare_users, administrators_add_users, enrol, reclaim, end_sessions),
        Role: (administrators_open_roles,),
        RoleAssignment: (spare_assignments, grant_own_rights),
        Profile: (administrators_only,),
        RoleProfile: (administrators_only,),
        ObjectPermission: (administrators_only, check_entity),
        FieldPermission: (administrators_only, check_field),
        StatusRule: (administrators_only, check_status),
        ShareRule: (administrators_only,),
        Feature: (administrators_only,),
        OpportunityType: (administrators_open_types,),
    },
    verify=(keep_an_administrator,),
)

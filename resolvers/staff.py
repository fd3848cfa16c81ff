"""Hooks of the staff area: employee hierarchy, users and credentials, and limits on granting rights."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar
from uuid import UUID

from auth.rights import rights_per_role
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
from domain.message import Message
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
EMAIL = re.compile(r"[^\s@]+@[^\s@]+\Z")
NO_EMAIL = Message("The email address is missing. Enter an address such as anna@example.com.")
UNDER_ITSELF = Message(
    "Employees cannot report to themselves or to anyone below them. Choose another manager."
)
ADMINISTRATORS_ONLY = Message("This requires full access. Ask an administrator with full access.")
OWN_ROLE = Message("You cannot grant rights to yourself. Ask another administrator.")
EXCEEDS_RIGHTS = Message(
    "The role grants rights that you do not have. Ask an administrator with full access."
)
EMAIL_IN_USE = Message(
    "Another user signs in with this employee's email address. Change one of the addresses first."
)
LAST_ADMINISTRATOR = Message(
    "The tenant would have no active administrator. Give another active user full access first."
)
NO_ENTITY = Message("The type does not exist. Enter its name as in the API, such as Account.")
NO_FIELD = Message("{entity} has no such field. Enter its name as in the API.")
NO_STATUS = Message("Records of {entity} do not have this status. Choose one of their statuses.")
ADMINISTRATORS = "administrators"
"""Name of the advisory lock that serializes changes of rights and administrators."""


# --- employees ------------------------------------------------------------------------------------


@before_save(despite_errors=True)
async def preset_employee(ctx: Context, items: Saved[Employee]) -> None:
    """Set the title from the employee type."""
    await preset(ctx, items, EmployeeType, {Employee.title: EmployeeType.default_title})


@before_save(despite_errors=True)
async def check_employee(ctx: Context, items: Saved[Employee]) -> None:
    """Check the email address. Only administrators may change an employee's manager, because visibility depends on it."""
    for item in items:
        if not item.has_error("email") and not EMAIL.match(item.record.email):
            item.violation(Violation(UserErrorCode.INVALID, NO_EMAIL, "email"))
        moved = item.before is not None and item.differs(Employee.manager_id)
        if moved and not ctx.viewer.full:
            item.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY, "manager")


@before_save(despite_errors=True)
async def refuse_employee_cycles(ctx: Context, items: Saved[Employee]) -> None:
    """Refuse employees who would be their own manager, directly or indirectly."""
    await refuse_cycles(ctx, list(items), Employee.manager_id, UNDER_ITSELF)


# --- users ----------------------------------------------------------------------------------------


@before_save(*Action)
async def protect_administrators(ctx: Context, items: Saved[User]) -> None:
    """Refuse changes of users with full access to callers without it."""
    if ctx.viewer.full:
        await advisory_lock(ctx.unit.connection, ADMINISTRATORS)
    else:
        await _refuse_administrators(ctx, {each.record.id: [each] for each in items})


@before_save(Action.CREATE, Action.RESTORE)
async def administrators_add_users(ctx: Context, items: Saved[User]) -> None:
    """Refuse adding users to callers without full access."""
    _require_full_access(ctx, items)


@before_save(Action.CREATE)
async def create_credentials(ctx: Context, items: Saved[User]) -> None:
    """Create the credentials of new users, with the email address of their employee."""
    employees = await ctx.trusted(Employee).by_id(each.record.employee_id for each in items)
    addresses: set[str] = set()
    for item in items:
        employee = employees.get(item.record.employee_id)
        email = employee.map(_sign_in) if employee is not None else Hidden("")
        await _prepare_credentials(ctx, item, addresses, email, credentials.create_credential)


def _sign_in(employee: Employee) -> str:
    return fold(employee.email)


@before_save(Action.RESTORE)
async def restore_credentials(ctx: Context, items: Saved[User]) -> None:
    """Reactivate the credentials of restored users, with their previous email address."""
    addresses: set[str] = set()
    for item in items:
        email = await credentials.address_of(ctx.unit.connection, item.record.id)
        await _prepare_credentials(ctx, item, addresses, email, credentials.restore_credential)


async def _prepare_credentials(
    ctx: Context,
    item: Changeset[User, object],
    addresses: set[str],
    email: Hidden[str],
    save: Callable[..., Awaitable[None]],
) -> None:
    """Prepare the credentials of a user; the address must be unique among existing users and the list."""
    is_duplicate = email.decide(addresses.__contains__)
    if is_duplicate or await credentials.is_taken(ctx.unit.connection, email):
        item.violation(Violation(UserErrorCode.DUPLICATE, EMAIL_IN_USE, "employee_id"))
    email.decide(addresses.add)
    item.side_effects.append(partial(save, user=item.record.id, email=email))


@before_save(Action.UPDATE, Action.REPLACE, Action.DELETE)
async def end_sessions(ctx: Context, items: Saved[User]) -> None:
    """End the sessions of users who are deactivated or deleted."""
    for item in items:
        if item.action is Action.DELETE or not item.record.active:
            end = partial(credentials.end_all, user=item.record.id, at=ctx.now)
            item.side_effects.append(end)


async def _refuse_administrators(ctx: Context, by_user: dict[UUID, list[AnyChangeset]]) -> None:
    """Refuse the changesets of users with full access."""
    administrator_users = await administrators(ctx.unit.connection)
    for user, items in by_user.items():
        if administrator_users.decide(partial(_contains, user)):
            for item in items:
                item.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY)


def _contains(user: UUID, users: dict[UUID, bool]) -> bool:
    return user in users


def _require_full_access(ctx: Context, items: Saved[R]) -> None:
    """Refuse the changesets to callers without full access."""
    for item in items:
        if not ctx.viewer.full:
            item.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY)


# --- roles and profiles ---------------------------------------------------------------------------


@before_save(*Action)
async def protect_administrator_roles(ctx: Context, items: Saved[RoleAssignment]) -> None:
    """Refuse to change the roles of users with full access to callers without it."""
    await advisory_lock(ctx.unit.connection, ADMINISTRATORS)
    if not ctx.viewer.full:
        await _refuse_administrators(ctx, grouped(items, lambda item: item.record.user_id))


@before_save(*Action, despite_errors=True)
async def grant_own_rights(ctx: Context, items: Saved[RoleAssignment]) -> None:
    """Require all rights of a role to assign or remove it, and refuse assignments to oneself."""
    if ctx.viewer.full:
        return
    roles = {each.record.role_id for each in items}
    granted = await rights_per_role(await ctx.unit.connection.direct(), ctx.unit.model, roles)
    rules = await ctx.trusted(ShareRule).by(ShareRule.role_id, roles)
    shared_types = set(ctx.viewer.arrays[SHARED_TYPES.parameter])
    for item in items:
        role = item.record.role_id
        full, rights = granted[role]
        opened_types = {row.decide(lambda rule: rule.type_id) for row in rules[role]}
        if item.record.user_id == ctx.viewer.user:
            item.refuse(Code.FORBIDDEN, OWN_ROLE)
        elif full or exceeds(rights, ctx.viewer.rights) or opened_types - shared_types:
            item.refuse(Code.FORBIDDEN, EXCEEDS_RIGHTS)


@before_save(Action.DELETE)
async def administrators_open_types(ctx: Context, items: Saved[OpportunityType]) -> None:
    """Refuse a replacement type that is shared with more roles, unless the caller has full access."""
    replaced = [each for each in items if each.params.get(REPLACE_WITH) is not None]
    if ctx.viewer.full or not replaced:
        return
    replacements = {
        each.record.id: parse_id(each.params[REPLACE_WITH], each.entity.prefix) or NO_ID
        for each in replaced
    }
    rules = await ctx.trusted(ShareRule).by(
        ShareRule.type_id, {*replacements, *replacements.values()}
    )
    roles = {
        type_: {row.decide(lambda rule: rule.role_id) for row in rows}
        for type_, rows in rules.items()
    }
    for item in replaced:
        if roles[replacements[item.record.id]] - roles[item.record.id]:
            item.refuse(Code.FORBIDDEN, ADMINISTRATORS_ONLY, REPLACE_WITH)


@before_save(Action.DELETE, Action.RESTORE)
async def administrators_open_roles(ctx: Context, items: Saved[Role]) -> None:
    """Refuse to delete or restore roles to callers without full access; others may only rename them."""
    await advisory_lock(ctx.unit.connection, ADMINISTRATORS)
    _require_full_access(ctx, items)


@before_save(*Action)
async def administrators_only(ctx: Context, items: Saved[R]) -> None:
    """Refuse changes of profiles and sharing rules to callers without full access."""
    await advisory_lock(ctx.unit.connection, ADMINISTRATORS)
    _require_full_access(ctx, items)


@before_save(despite_errors=True)
async def check_entity(ctx: Context, items: Saved[ObjectPermission]) -> None:
    """Refuse permissions for unknown entities."""
    for item in items:
        item.violations(_unknown(ctx, item.record.entity))


@before_save(despite_errors=True)
async def check_field(ctx: Context, items: Saved[FieldPermission]) -> None:
    """Refuse permissions for unknown fields and attributes."""
    for item in items:
        item.violations(_unknown(ctx, item.record.entity, item.record.field))


@before_save(despite_errors=True)
async def check_status(ctx: Context, items: Saved[StatusRule]) -> None:
    """Refuse status rules for unknown fields or statuses."""
    for item in items:
        rule = item.record
        item.violations(_unknown(ctx, rule.entity, rule.field, rule.status))


def _unknown(
    ctx: Context, name: str | None, field: str | None = None, status: str | None = None
) -> list[Violation]:
    """Violations for an unknown entity, field or status. Missing values are reported elsewhere."""
    if name is None:
        return []
    entity = ctx.unit.model.entities.get(name)
    if entity is None:
        return [Violation(UserErrorCode.INVALID, NO_ENTITY, "entity")]
    attribute_ids = {each.id for each in ctx.viewer.attributes(name)}
    if field is not None and field not in entity.granted and field not in attribute_ids:
        return [Violation(UserErrorCode.INVALID, NO_FIELD.fill(entity=name), "field")]
    if status is not None and status not in entity.statuses:
        return [Violation(UserErrorCode.INVALID, NO_STATUS.fill(entity=name), "status")]
    return []


@verify(User, Role, RoleAssignment, Profile, RoleProfile)
async def require_administrator(ctx: Context, items: list[AnyChangeset]) -> None:
    """Require that at least one active user has full access after the command."""
    users_by_id = await administrators(ctx.unit.connection)
    if not users_by_id.decide(lambda users: any(users.values())):
        for item in items:
            item.violation(Violation(UserErrorCode.LAST_ADMINISTRATOR, LAST_ADMINISTRATOR))


AREA = Area(
    "staff",
    before_save={
        Employee: (preset_employee, check_employee, refuse_employee_cycles),
        User: (
            protect_administrators,
            administrators_add_users,
            create_credentials,
            restore_credentials,
            end_sessions,
        ),
        Role: (administrators_open_roles,),
        RoleAssignment: (protect_administrator_roles, grant_own_rights),
        Profile: (administrators_only,),
        RoleProfile: (administrators_only,),
        ObjectPermission: (administrators_only, check_entity),
        FieldPermission: (administrators_only, check_field),
        StatusRule: (administrators_only, check_status),
        ShareRule: (administrators_only,),
        Feature: (administrators_only,),
        OpportunityType: (administrators_open_types,),
    },
    verify=(require_administrator,),
)

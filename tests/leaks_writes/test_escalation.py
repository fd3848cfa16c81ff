"""Privilege escalation: a staff clerk without administrator rights tries to gain rights by writes to staff records."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.leaks_writes.expectations import USUAL_COMMANDS, input_name
from tests.leaks_writes.mutations import document, input_fields, rendered
from tests.leaks_writes.sandbox import Sandbox, public_id
from tests.support.covers import covers
from tests.support.world import Answer

CLERK = "manager"
"""The persona that additionally gets every right on staff records that a profile can grant."""
STAFF = tuple(
    kind
    for kind in USUAL_COMMANDS
    if kind not in {"Account", "Address", "Opportunity", "OpportunityShare"}
)
CLERK_PROFILE = """
INSERT INTO {s}.profile (id, name) VALUES ('00000000-0000-7000-8000-00000000c1e0', 'Clerk');
INSERT INTO {s}.role_profile (id, role_id, profile_id)
  SELECT gen_random_uuid(), id, '00000000-0000-7000-8000-00000000c1e0' FROM {s}.role WHERE name = 'Sales manager';
"""


@pytest.fixture(scope="module")
async def clerk_tenant(sandbox: Sandbox) -> Sandbox:
    clerk = UUID("00000000-0000-7000-8000-00000000c1e0")
    await sandbox.run(CLERK_PROFILE)
    for entity in STAFF:
        await sandbox.world.admin.execute(
            f"INSERT INTO {sandbox.schema}.object_permission (id, profile_id, entity, rows, creates, edits, deletes) "  # noqa: S608
            "VALUES (gen_random_uuid(), $1, $2, 'ALL', true, 'ALL', 'ALL')", clerk, entity,
        )  # fmt: skip
        names = {n for v in USUAL_COMMANDS[entity] for n in input_fields(input_name(entity, v))} - {
            "id",
            "version",
        }
        for name in sorted(names):
            await sandbox.world.admin.execute(
                f"INSERT INTO {sandbox.schema}.field_permission (id, profile_id, entity, field, writes) "  # noqa: S608
                "VALUES (gen_random_uuid(), $1, $2, $3, true)", clerk, entity, name,
            )  # fmt: skip
    await sandbox.world.bump_access_version(sandbox.tenant)
    await sandbox.save()
    await sandbox.reload()
    return sandbox


def id_by_name(sandbox: Sandbox, entity: str, name: str) -> str:
    """The id of a record by its name."""
    return next(
        public_id(entity, id)
        for id, row in sandbox.facts.live(entity).items()
        if row["name"] == name
    )


def user(sandbox: Sandbox, handle: str) -> str:
    return public_id("User", sandbox.facts.user_id(handle))


def employee(sandbox: Sandbox, handle: str) -> str:
    return public_id("Employee", sandbox.facts.employee_id(handle))


async def run_as_clerk(sandbox: Sandbox, kind: str, command: str, params: dict[str, Any]) -> Answer:
    return await sandbox.ask(CLERK, document(kind, command), params)


async def visible_count(sandbox: Sandbox) -> int:
    """Number of opportunities visible to the clerk."""
    answer = await sandbox.ask(CLERK, "{ opportunities { totalCount } }")
    return int(answer.data["opportunities"]["totalCount"])


async def test_clerk_may_write_staff_records(clerk_tenant: Sandbox) -> None:
    """The clerk has the ordinary rights on staff, so the refusals below are due to the escalation."""
    new = {"name": "New", "email": "new@new.example", "manager": employee(clerk_tenant, "director")}
    done = await run_as_clerk(clerk_tenant, "Employee", "Create", new)
    assert done.data["result"]["userErrors"] == []
    # Only an administrator creates users, as the creator could sign in as the new user.
    params = {"employee": done.data["result"]["id"]}
    assert (await run_as_clerk(clerk_tenant, "User", "Create", params)).codes == ["FORBIDDEN"]
    support = user(clerk_tenant, "support")
    done = await run_as_clerk(clerk_tenant, "Role", "Create", {"name": "Empty"})
    role = done.data["result"]["id"]
    done = await run_as_clerk(
        clerk_tenant, "RoleAssignment", "Create", {"user": support, "role": role}
    )
    assert done.data["result"]["userErrors"] == [], rendered(done)
    done = await run_as_clerk(
        clerk_tenant, "User", "Update", {"id": user(clerk_tenant, "rep2"), "active": True}
    )
    assert done.data["result"]["userErrors"] == [], rendered(done)
    await clerk_tenant.restore()


async def test_clerk_may_grant_own_rights(clerk_tenant: Sandbox) -> None:
    """The clerk may assign a role whose rights they have too, also if a status rule restricts both."""
    params = {
        "user": user(clerk_tenant, "support"),
        "role": id_by_name(clerk_tenant, "Role", "Sales representative"),
    }
    answer = await run_as_clerk(clerk_tenant, "RoleAssignment", "Create", params)
    await clerk_tenant.restore()
    assert answer.data["result"]["userErrors"] == [], rendered(answer)


def some_type(sandbox: Sandbox) -> str:
    """The public ID of an opportunity type."""
    return public_id("OpportunityType", sorted(sandbox.facts.live("OpportunityType"))[0])


def attacks(o: Sandbox) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Attempts to gain rights by name, each as (entity, command, input)."""
    clerk_user, sales, clerk = (
        user(o, CLERK),
        id_by_name(o, "Role", "Sales manager"),
        id_by_name(o, "Profile", "Clerk"),
    )
    boss, full_input = (
        id_by_name(o, "Role", "Administrator"),
        id_by_name(o, "Profile", "Full access"),
    )
    oskar, rep1, admin = employee(o, "oskar.weiss"), user(o, "rep1"), user(o, "admin")
    junior, support = (id_by_name(o, "Role", name) for name in ("Junior sales", "Customer support"))
    rows = {"profile": clerk, "entity": "Opportunity", "rows": "ALL"}
    field = {"profile": clerk, "entity": "Opportunity", "field": "status"}
    rule = {"entity": "Opportunity", "field": "commission", "status": "OPEN"}
    return {
        "a role for themselves": ("RoleAssignment", "Create", {"user": clerk_user, "role": junior}),
        "administrator role for another user": ("RoleAssignment", "Create", {"user": rep1, "role": boss}),
        "administrator role for a new user": (
            "User", "Create", {"employee": oskar, "roles": [{"role": boss}]},
        ),
        "a new full profile": ("Profile", "Create", {"name": "Mine", "full": True}),
        "own profile made full": ("Profile", "Update", {"id": clerk, "full": True}),
        "full access for own role": (
            "RoleProfile", "Create", {"role": sales, "profile": full_input},
        ),
        "a role with full access": (
            "Role", "Create", {"name": "Boss", "profiles": [{"profile": full_input}]},
        ),
        "more rows": ("ObjectPermission", "Create", rows),
        "another field": ("FieldPermission", "Create", field),
        "a rule per status": ("StatusRule", "Create", rule),
        "administrator deactivated": ("User", "Update", {"id": admin, "active": False}),
        "administrator deleted": ("User", "Delete", {"id": admin}),
        "all records of a type for own role": (
            "ShareRule", "Create", {"role": sales, "type": some_type(o)},
        ),
        "a role with more visible records for another user": (
            "RoleAssignment", "Create", {"user": rep1, "role": support},
        ),
        "an employee below themselves": (
            "Employee", "Update", {"id": oskar, "manager": employee(o, CLERK)},
        ),
        "an employee below their subordinate": (
            "Employee", "Update", {"id": oskar, "manager": employee(o, "rep1")},
        ),
    }  # fmt: skip


ATTACKS = (
    "a role for themselves", "administrator role for another user", "administrator role for a new user",
    "a new full profile", "own profile made full", "full access for own role",
    "a role with full access", "more rows", "another field", "a rule per status",
    "administrator deactivated", "administrator deleted", "all records of a type for own role",
    "a role with more visible records for another user", "an employee below themselves",
    "an employee below their subordinate",
)  # fmt: skip


@covers("D-09")
@pytest.mark.parametrize("name", ATTACKS)
async def test_escalation_is_refused(clerk_tenant: Sandbox, name: str) -> None:
    """Every attempt is FORBIDDEN, writes nothing, and shows no more opportunities."""
    await clerk_tenant.changed()
    before = await visible_count(clerk_tenant)
    answer = await run_as_clerk(clerk_tenant, *attacks(clerk_tenant)[name])
    codes, after = answer.codes, await visible_count(clerk_tenant)
    changed = await clerk_tenant.changed()
    if changed:
        await clerk_tenant.restore()
    assert after <= before, (
        f"visible opportunities rose from {before} to {after}: {rendered(answer)}"
    )
    assert set(codes) == {"FORBIDDEN"}, rendered(answer)
    assert changed == set()


async def test_employee_of_a_user_is_immutable(clerk_tenant: Sandbox) -> None:
    """The update input has no `employee`, so a user cannot become another employee."""
    params = {"id": user(clerk_tenant, "rep1"), "employee": employee(clerk_tenant, "region-north")}
    answer = await run_as_clerk(clerk_tenant, "User", "Update", params)
    assert answer.codes == ["BAD_USER_INPUT"], rendered(answer)


@covers("D-09")
async def test_restoring_deleted_administrator_is_forbidden(clerk_tenant: Sandbox) -> None:
    """The clerk cannot restore a user with more rights than their own."""
    other = public_id("User", clerk_tenant.facts.user_id("former"))
    full = id_by_name(clerk_tenant, "Role", "Administrator")
    params = {"user": other, "role": full}
    # An account manager cannot be deleted.
    await clerk_tenant.run(
        "UPDATE {s}.account_manager SET deleted_at = now() WHERE user_id = $1",
        clerk_tenant.facts.user_id("former"),
    )
    for kind, command, input in (
        ("RoleAssignment", "Create", params),
        ("User", "Delete", {"id": other}),
    ):
        made = await clerk_tenant.ask("admin", document(kind, command), input)
        assert made.data["result"]["userErrors"] == [], rendered(made)
    await clerk_tenant.changed()
    answer = await run_as_clerk(clerk_tenant, "User", "Restore", {"id": other})
    changed = await clerk_tenant.changed()
    await clerk_tenant.restore()
    assert answer.codes == ["FORBIDDEN"], rendered(answer)
    assert changed == set()


@covers("D-09")
async def test_password_reset_of_user_with_more_rights_is_forbidden(clerk_tenant: Sandbox) -> None:
    """A password reset token would give the rights of that user."""
    query = (
        "mutation ($input: RecordRefInput!) { result: userPasswordReset(input: $input) { token } }"
    )
    answer = await clerk_tenant.ask(CLERK, query, {"id": user(clerk_tenant, "admin")})
    assert answer.codes == ["FORBIDDEN"], rendered(answer)

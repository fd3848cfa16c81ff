"""Somebody who keeps the staff's records, but is no administrator, tries to become more than he is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.leaks_writes.asking import fields_of, said, text
from tests.leaks_writes.expectations import DEEDS, input_name
from tests.leaks_writes.place import Place, spelled
from tests.support.covers import covers
from tests.support.world import Answer

CLERK = "manager"
"""He also keeps the staff's records, with every right on them that a profile can give."""
STAFF = tuple(
    kind for kind in DEEDS if kind not in {"Account", "Address", "Opportunity", "OpportunityShare"}
)
MAKE = """
INSERT INTO {s}.profile (id, name) VALUES ('00000000-0000-7000-8000-00000000c1e0', 'Clerk');
INSERT INTO {s}.role_profile (id, role_id, profile_id)
  SELECT gen_random_uuid(), id, '00000000-0000-7000-8000-00000000c1e0' FROM {s}.role WHERE name = 'Sales manager';
"""


@pytest.fixture(scope="module")
async def office(here: Place) -> Place:
    clerk = UUID("00000000-0000-7000-8000-00000000c1e0")
    await here.run(MAKE)
    for entity in STAFF:
        await here.world.admin.execute(
            f"INSERT INTO {here.schema}.object_permission (id, profile_id, entity, rows, creates, edits, deletes) "  # noqa: S608
            "VALUES (gen_random_uuid(), $1, $2, 'ALL', true, 'ALL', 'ALL')", clerk, entity,
        )  # fmt: skip
        names = {n for v in DEEDS[entity] for n in fields_of(input_name(entity, v))} - {
            "id",
            "version",
        }
        for name in sorted(names):
            await here.world.admin.execute(
                f"INSERT INTO {here.schema}.field_permission (id, profile_id, entity, field, writes) "  # noqa: S608
                "VALUES (gen_random_uuid(), $1, $2, $3, true)", clerk, entity, name,
            )  # fmt: skip
    await here.world.rights_changed(here.tenant)
    await here.keep()
    await here.look()
    return here


def named(here: Place, entity: str, name: str) -> str:
    """The id of a record by its name."""
    return next(
        spelled(entity, id) for id, row in here.facts.live(entity).items() if row["name"] == name
    )


def user(here: Place, handle: str) -> str:
    return spelled("User", here.facts.user(handle))


def employee(here: Place, handle: str) -> str:
    return spelled("Employee", here.facts.me(handle))


async def deed(here: Place, kind: str, verb: str, given: dict[str, Any]) -> Answer:
    return await here.ask(CLERK, text(kind, verb), given)


async def sees(here: Place) -> int:
    """How many opportunities the clerk sees."""
    answer = await here.ask(CLERK, "{ opportunities { totalCount } }")
    return int(answer.data["opportunities"]["totalCount"])


async def test_the_clerk_keeps_the_staff(office: Place) -> None:
    """What follows is refused for what it is, not because he may do nothing."""
    new = {"name": "New", "email": "new@new.example", "manager": employee(office, "director")}
    done = await deed(office, "Employee", "Create", new)
    assert done.data["deed"]["userErrors"] == []
    # Whoever makes users could be anybody: an administrator does.
    given = {"employee": done.data["deed"]["id"]}
    assert (await deed(office, "User", "Create", given)).codes == ["FORBIDDEN"]
    whom = user(office, "support")
    done = await deed(office, "Role", "Create", {"name": "Empty"})
    role = done.data["deed"]["id"]
    done = await deed(office, "RoleAssignment", "Create", {"user": whom, "role": role})
    assert done.data["deed"]["userErrors"] == [], said(done)
    done = await deed(office, "User", "Update", {"id": user(office, "rep2"), "active": True})
    assert done.data["deed"]["userErrors"] == [], said(done)
    await office.restore()


async def test_he_gives_what_he_has(office: Place) -> None:
    """A role with nothing but what he has himself is his to give, also if a rule per status narrows it for both."""
    given = {"user": user(office, "support"), "role": named(office, "Role", "Sales representative")}
    answer = await deed(office, "RoleAssignment", "Create", given)
    await office.restore()
    assert answer.data["deed"]["userErrors"] == [], said(answer)


def some_type(here: Place) -> str:
    """A type of opportunity."""
    return spelled("OpportunityType", sorted(here.facts.live("OpportunityType"))[0])


def attacks(o: Place) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Ways up: by what they are called, a deed each."""
    me, sales, clerk = (
        user(o, CLERK),
        named(o, "Role", "Sales manager"),
        named(o, "Profile", "Clerk"),
    )
    boss, everything = named(o, "Role", "Administrator"), named(o, "Profile", "Full access")
    oskar, rep1, admin = employee(o, "oskar.weiss"), user(o, "rep1"), user(o, "admin")
    junior, support = (named(o, "Role", name) for name in ("Junior sales", "Customer support"))
    rows = {"profile": clerk, "entity": "Opportunity", "rows": "ALL"}
    field = {"profile": clerk, "entity": "Opportunity", "field": "status"}
    rule = {"entity": "Opportunity", "field": "commission", "status": "OPEN"}
    return {
        "a role for himself": ("RoleAssignment", "Create", {"user": me, "role": junior}),
        "administrator for a friend": ("RoleAssignment", "Create", {"user": rep1, "role": boss}),
        "administrator for somebody new": (
            "User", "Create", {"employee": oskar, "roles": [{"role": boss}]},
        ),
        "a profile of his own": ("Profile", "Create", {"name": "Mine", "full": True}),
        "his profile made full": ("Profile", "Update", {"id": clerk, "full": True}),
        "full access for his role": (
            "RoleProfile", "Create", {"role": sales, "profile": everything},
        ),
        "a role with full access": (
            "Role", "Create", {"name": "Boss", "profiles": [{"profile": everything}]},
        ),
        "more rows": ("ObjectPermission", "Create", rows),
        "another field": ("FieldPermission", "Create", field),
        "a rule per status": ("StatusRule", "Create", rule),
        "the administrator sent away": ("User", "Update", {"id": admin, "active": False}),
        "the administrator deleted": ("User", "Delete", {"id": admin}),
        "all of a type for his role": (
            "ShareRule", "Create", {"role": sales, "type": some_type(o)},
        ),
        "a role that sees more, for a friend": (
            "RoleAssignment", "Create", {"user": rep1, "role": support},
        ),
        "somebody below himself": (
            "Employee", "Update", {"id": oskar, "manager": employee(o, CLERK)},
        ),
        "somebody below one of his own": (
            "Employee", "Update", {"id": oskar, "manager": employee(o, "rep1")},
        ),
    }  # fmt: skip


ATTACKS = (
    "a role for himself", "administrator for a friend", "administrator for somebody new",
    "a profile of his own", "his profile made full", "full access for his role",
    "a role with full access", "more rows", "another field", "a rule per status",
    "the administrator sent away", "the administrator deleted", "all of a type for his role",
    "a role that sees more, for a friend", "somebody below himself",
    "somebody below one of his own",
)  # fmt: skip


@covers("D-09")
@pytest.mark.parametrize("name", ATTACKS)
async def test_nobody_raises_himself(office: Place, name: str) -> None:
    """Case 39: every way up is refused, and he sees no more afterwards than before."""
    await office.changed()
    before = await sees(office)
    answer = await deed(office, *attacks(office)[name])
    codes, after = answer.codes, await sees(office)
    changed = await office.changed()
    if changed:
        await office.restore()
    assert after <= before, f"he saw {before} and now sees {after}: {said(answer)}"
    assert set(codes) == {"FORBIDDEN"}, said(answer)
    assert changed == set()


async def test_a_user_stays_the_employee_he_is(office: Place) -> None:
    """Case 39: nobody becomes another employee, the one above him for instance: no input says so."""
    given = {"id": user(office, "rep1"), "employee": employee(office, "region-north")}
    answer = await deed(office, "User", "Update", given)
    assert answer.codes == ["BAD_USER_INPUT"], said(answer)


@covers("D-09")
async def test_an_administrator_in_the_bin(office: Place) -> None:
    """Case 39: he does not bring back somebody who may more than he."""
    other = spelled("User", office.facts.user("former"))
    full = named(office, "Role", "Administrator")
    given = {"user": other, "role": full}
    # Whoever looks after an account is not deleted.
    await office.run(
        "UPDATE {s}.account_manager SET deleted_at = now() WHERE user_id = $1",
        office.facts.user("former"),
    )
    for kind, verb, input in (
        ("RoleAssignment", "Create", given),
        ("User", "Delete", {"id": other}),
    ):
        made = await office.ask("admin", text(kind, verb), input)
        assert made.data["deed"]["userErrors"] == [], said(made)
    await office.changed()
    answer = await deed(office, "User", "Restore", {"id": other})
    changed = await office.changed()
    await office.restore()
    assert answer.codes == ["FORBIDDEN"], said(answer)
    assert changed == set()


@covers("D-09")
async def test_the_password_of_somebody_who_may_more(office: Place) -> None:
    """Case 39, 122: a token for another's password is a way to his rights."""
    query = (
        "mutation ($input: RecordRefInput!) { deed: userPasswordReset(input: $input) { token } }"
    )
    answer = await office.ask(CLERK, query, {"id": user(office, "admin")})
    assert answer.codes == ["FORBIDDEN"], said(answer)

"""Employees: they own records, have an email address, and are linked to users one to one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
)

from tests.commands.newcomer import PASSWORD, newcomer
from tests.support.covers import covers
from tests.writes.client import DONE, TenantClient, mutation_text, outcome_of, public_id, uuid_of

SCHEMA = build_schema((Path(__file__).parents[2] / "schema" / "schema.graphql").read_text())
LIST = "{ found: %s(first: 1%s) { nodes { id } } }"
OPEN = {"Opportunity": ", filter: { status: { eq: OPEN } }"}


def owned() -> list[str]:
    """The types of the printed schema whose records have an owner."""
    interface = SCHEMA.type_map["Owned"]
    assert isinstance(interface, GraphQLInterfaceType)
    return sorted(each.name for each in SCHEMA.get_possible_types(interface))


def camel(name: str) -> str:
    """The name of a type as the prefix of its mutations."""
    return name[0].lower() + name[1:]


def listing(type_name: str) -> str:
    """The query field that lists records of a type."""
    assert SCHEMA.query_type is not None
    fields = SCHEMA.query_type.fields.items()
    names = [n for n, f in fields if get_named_type(f.type).name == f"{type_name}Connection"]
    return str(names[0])


async def employee(tenant: TenantClient, **params: Any) -> str:
    """A new employee without a user."""
    email = f"{tenant.new_name().replace(' ', '-')}@staff.example"
    return await tenant.mutate(
        "admin", "employeeCreate", **{"name": "New", "email": email, **params}
    )


async def owner(tenant: TenantClient, type_name: str, id: str) -> Any:
    """The owner of a record and its type, as the API returns it."""
    query = f'{{ {camel(type_name)}(id: "{id}") {{ owner {{ __typename id }} }} }}'
    return (await tenant.ask("admin", query)).data[camel(type_name)]["owner"]


async def codes(tenant: TenantClient, mutation: str, **params: Any) -> list[tuple[str, str]]:
    """The error codes of an administrator's mutation, with the fields."""
    answer = await tenant.attempt("admin", mutation, **params)
    if answer.codes:
        return [(code, "") for code in answer.codes]
    errors = answer.data["done"]["userErrors"]
    return [(each["code"], each["path"][-1]) for each in errors]


@covers("VN-41")
@pytest.mark.parametrize("type_name", owned())
async def test_records_are_owned_by_employees_with_or_without_a_user(
    tenant: TenantClient, type_name: str
) -> None:
    """A user is refused as an owner and has no list of owned records."""
    answer = await tenant.ask("admin", LIST % (listing(type_name), OPEN.get(type_name, "")))
    id = answer.data["found"]["nodes"][0]["id"]
    update = f"{camel(type_name)}Update"
    someone = await employee(tenant)
    await tenant.mutate("admin", update, id=id, owner=someone)
    assert await owner(tenant, type_name, id) == {"__typename": "Employee", "id": someone}
    user = public_id("usr", await tenant.user_id("rep2"))
    assert outcome_of(await tenant.attempt("admin", update, id=id, owner=user)) == "NOT_FOUND"
    assert await owner(tenant, type_name, id) == {"__typename": "Employee", "id": someone}
    users = SCHEMA.type_map["User"]
    assert isinstance(users, GraphQLObjectType)
    lists = {get_named_type(each.type).name for each in users.fields.values()}
    assert f"{type_name}Connection" not in lists


@covers("VN-41")
async def test_the_employee_of_a_user_owns_what_they_create_and_keeps_it_without_the_user(
    tenant: TenantClient,
) -> None:
    someone = await newcomer(tenant, "owning")
    role = await tenant.value("SELECT id FROM role WHERE name = 'Sales representative'")
    params = {"user": someone.user, "role": public_id("rol", role)}
    await tenant.mutate("admin", "roleAssignmentCreate", **params)
    assert await someone.signs_in(PASSWORD)
    text = mutation_text("accountCreate").replace("$input", "$i")
    account = (await someone.post(text, 0, name="Mine")).data["done"]["id"]
    result = await tenant.value(
        'SELECT employee_id FROM "user" WHERE id = $1', uuid_of(someone.user)
    )
    mine = {"__typename": "Employee", "id": public_id("emp", result)}
    assert await owner(tenant, "Account", account) == mine
    await tenant.mutate("admin", "userDelete", id=someone.user)
    assert await owner(tenant, "Account", account) == mine


@covers("VN-43")
async def test_an_employee_without_an_email_address_is_refused(tenant: TenantClient) -> None:
    before = await tenant.value("SELECT count(*) FROM employee")
    for params in ({}, {"email": None}):
        answer = await tenant.attempt("admin", "employeeCreate", name="Nameless", **params)
        assert answer.codes == ["BAD_USER_INPUT"], answer.json
    for email in ("", " ", "anna", "@staff.example", "anna@", "anna b@staff.example"):
        code = "INVALID" if email.strip() else "REQUIRED"
        errors = await codes(tenant, "employeeCreate", name="Nameless", email=email)
        assert errors == [(code, "email")], email
    assert await tenant.value("SELECT count(*) FROM employee") == before


@covers("VN-43")
async def test_an_email_address_can_be_changed_but_not_cleared(tenant: TenantClient) -> None:
    id = await employee(tenant)
    await tenant.mutate("admin", "employeeUpdate", id=id, email="anna@staff.example")
    for email, code in (
        (None, "REQUIRED"),
        ("", "REQUIRED"),
        (" ", "REQUIRED"),
        ("anna", "INVALID"),
    ):
        errors = await codes(tenant, "employeeUpdate", id=id, email=email)
        assert errors == [(code, "email")], email
    assert (await tenant.row("employee", id))["email"] == "anna@staff.example"
    inputs = [{"name": "One", "email": "one@staff.example"}, {"name": "Two", "email": ""}]
    many = (await tenant.attempt_many("admin", "employeeCreate", inputs)).data["done"]
    assert many["results"] is None
    assert many["userErrors"] == [{"code": "REQUIRED", "path": ["inputs", "1", "email"]}]


@covers("VN-44")
async def test_a_user_and_an_employee_are_linked_one_to_one(tenant: TenantClient) -> None:
    id, other = await employee(tenant), await employee(tenant)
    user = await tenant.mutate("admin", "userCreate", employee=id)
    query = f"""{{ user(id: "{user}") {{ employee {{ id }} }}
      employee(id: "{id}") {{ users {{ nodes {{ id }} }} }}
      other: employee(id: "{other}") {{ users {{ nodes {{ id }} }} }} }}"""
    assert (await tenant.ask("admin", query)).data == {
        "user": {"employee": {"id": id}},
        "employee": {"users": {"nodes": [{"id": user}]}},
        "other": {"users": {"nodes": []}},
    }
    await tenant.mutate("admin", "employeeUpdate", id=id, email="another@staff.example")
    assert await codes(tenant, "userCreate", employee=id) == [("DUPLICATE", "employee")]
    assert (await tenant.attempt("admin", "userCreate")).codes == ["BAD_USER_INPUT"]
    assert await codes(tenant, "employeeDelete", id=id) == [("IN_USE", "id")]
    await tenant.mutate("admin", "userDelete", id=user)
    again = await tenant.mutate("admin", "userCreate", employee=id)
    assert again != user
    assert outcome_of(await tenant.attempt("admin", "userRestore", id=user)) == "DUPLICATE"
    assert outcome_of(await tenant.attempt("admin", "employeeDelete", id=other)) == DONE


@covers("VN-44")
async def test_the_employee_of_a_user_cannot_be_changed(tenant: TenantClient) -> None:
    update = SCHEMA.type_map["UserUpdateInput"]
    assert isinstance(update, GraphQLInputObjectType)
    assert "employee" not in update.fields
    user = public_id("usr", await tenant.user_id("rep2"))
    moved = await tenant.attempt("admin", "userUpdate", id=user, employee=await employee(tenant))
    assert moved.codes == ["BAD_USER_INPUT"]
    assert await tenant.user_id("rep2") == uuid_of(user)

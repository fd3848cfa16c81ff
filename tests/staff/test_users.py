"""Users and their employees."""

from __future__ import annotations

import pytest

from tests.support.covers import covers
from tests.writes.client import DONE, TenantClient, outcome_of

EMPLOYEES = "{ users(first: 100) { totalCount nodes { employee { id } } } }"
EMPLOYEE = "query ($id: ID!) { user(id: $id) { employee { id } } }"


async def employee(tenant: TenantClient) -> str:
    """A new employee without a user."""
    email = f"{tenant.new_name().replace(' ', '')}@staff.example"
    return await tenant.mutate("admin", "employeeCreate", name=tenant.new_name(), email=email)


@covers("VN-42")
@pytest.mark.parametrize("given", [{}, {"employee": None}, {"employee": f"emp_{'f' * 32}"}])
async def test_a_user_without_an_employee_is_refused(
    tenant: TenantClient, given: dict[str, None]
) -> None:
    before = (await tenant.ask("admin", EMPLOYEES)).data["users"]["totalCount"]
    code = "NOT_FOUND" if given.get("employee") else "BAD_USER_INPUT"
    assert outcome_of(await tenant.attempt("admin", "userCreate", **given)) == code
    users = (await tenant.ask("admin", EMPLOYEES)).data["users"]
    assert users["totalCount"] == len(users["nodes"]) == before > 0
    assert all(each["employee"] for each in users["nodes"]), "every user has an employee"


@covers("VN-42")
async def test_the_employee_of_a_user_cannot_be_changed_or_deleted(tenant: TenantClient) -> None:
    one = await employee(tenant)
    user = await tenant.mutate("admin", "userCreate", employee=one)
    assert (await tenant.ask("admin", EMPLOYEE, {"id": user})).data["user"]["employee"]["id"] == one
    for params in (None, await employee(tenant)):
        answer = await tenant.attempt("admin", "userUpdate", id=user, employee=params)
        assert outcome_of(answer) == "BAD_USER_INPUT"
    assert outcome_of(await tenant.attempt("admin", "employeeDelete", id=one)) == "IN_USE"
    await tenant.mutate("admin", "userDelete", id=user)
    await tenant.mutate("admin", "employeeDelete", id=one)
    assert outcome_of(await tenant.attempt("admin", "userRestore", id=user)) != DONE, (
        "its employee is deleted"
    )
    await tenant.mutate("admin", "employeeRestore", id=one)
    await tenant.mutate("admin", "userRestore", id=user)

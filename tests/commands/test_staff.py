"""Validation of permission and user records: rules name existing types, fields and statuses; an email address is unique."""

from __future__ import annotations

from typing import Any

import pytest

from tests.commands.newcomer import PASSWORD, Newcomer, newcomer
from tests.support.covers import covers
from tests.writes.client import TenantClient, uuid_of

NAMES: dict[str, tuple[dict[str, str], str | None]] = {
    "an existing field": ({"entity": "Opportunity", "field": "margin"}, None),
    "no such type": ({"entity": "Opportunities", "field": "margin"}, "entity"),
    "a type by its table": ({"entity": "opportunity", "field": "margin"}, "entity"),
    "a type without rights": ({"entity": "Credential", "field": "password"}, "entity"),
    "no such field": ({"entity": "Opportunity", "field": "margins"}, "field"),
    "a field by its column": ({"entity": "Opportunity", "field": "expected_close_on"}, "field"),
    "a field of another type": ({"entity": "Account", "field": "margin"}, "field"),
    "an attribute by its key": ({"entity": "Opportunity", "field": "tier"}, "field"),
}
STATUSES: dict[str, tuple[str, str, str | None]] = {
    "an existing status": ("Opportunity", "WON", None),
    "no such status": ("Opportunity", "SOLD", "status"),
    "a status in small letters": ("Opportunity", "won", "status"),
    "of a type without statuses": ("Account", "WON", "status"),
}


def path(answer: Any) -> str | None:
    """The last path segment of the INVALID errors, or None without errors."""
    errors = answer.data["done"]["userErrors"]
    assert all(each["code"] == "INVALID" for each in errors)
    return errors[0]["path"][-1] if errors else None


async def access(tenant: TenantClient) -> int:
    """The access version: how often rights were changed."""
    return int(await tenant.value("SELECT access FROM log_head"))


@covers("D-34", "D-33")
@pytest.mark.parametrize("name", NAMES)
async def test_a_field_permission_names_an_existing_field(tenant: TenantClient, name: str) -> None:
    params, expected = NAMES[name]
    profile = await tenant.mutate("admin", "profileCreate", name=tenant.new_name())
    before = await access(tenant)
    answer = await tenant.attempt("admin", "fieldPermissionCreate", profile=profile, **params)
    assert path(answer) == expected
    nested = await tenant.attempt(
        "admin", "profileCreate", name=tenant.new_name(), fieldPermissions=[params]
    )
    assert path(nested) == expected
    count = "SELECT count(*) FROM field_permission WHERE profile_id = $1 AND deleted_at IS NULL"
    assert await tenant.value(count, uuid_of(profile)) == (expected is None)
    if expected is not None:
        assert await access(tenant) == before
        return
    changed = await tenant.attempt(
        "admin", "fieldPermissionUpdate", id=answer.data["done"]["id"], field="no"
    )
    assert path(changed) == "field"


@covers("D-34", "D-33")
async def test_a_field_permission_names_attributes_by_id(tenant: TenantClient) -> None:
    """Because their keys may change."""
    profile = await tenant.mutate("admin", "profileCreate", name=tenant.new_name())
    id = await tenant.value("SELECT id::text FROM attribute WHERE key = 'tier'")
    for entity, expected in (("Opportunity", None), ("Account", "field")):
        params = {"profile": profile, "entity": entity, "field": id}
        assert path(await tenant.attempt("admin", "fieldPermissionCreate", **params)) == expected


@covers("D-34", "D-33", "D-51")
@pytest.mark.parametrize("name", STATUSES)
async def test_a_status_rule_names_an_existing_status(tenant: TenantClient, name: str) -> None:
    entity, status, expected = STATUSES[name]
    before = await access(tenant)
    params = {"entity": entity, "field": "name", "status": status}
    answer = await tenant.attempt("admin", "statusRuleCreate", **params)
    assert path(answer) == expected
    if expected is None:
        await tenant.mutate("admin", "statusRuleDelete", id=answer.data["done"]["id"])
    assert await access(tenant) == before + (0 if expected else 2)


@covers("D-34", "D-33", "D-51")
@pytest.mark.parametrize("name", [name for name, (_, expected) in NAMES.items() if expected])
async def test_a_status_rule_names_an_existing_field(tenant: TenantClient, name: str) -> None:
    params, expected = NAMES[name]
    before = await access(tenant)
    answer = await tenant.attempt("admin", "statusRuleCreate", **params, status="WON")
    assert path(answer) == expected
    assert await access(tenant) == before


async def employees(tenant: TenantClient, *emails: str) -> list[dict[str, Any]]:
    """Inputs for users of new employees with these addresses."""
    ids = [
        await tenant.mutate("admin", "employeeCreate", name=tenant.new_name(), email=each)
        for each in emails
    ]
    return [{"employee": id} for id in ids]


async def credentials(tenant: TenantClient, email: str) -> int:
    """The number of users with this address, including deleted ones."""
    return int(
        await tenant.value("SELECT count(*) FROM credential WHERE email LIKE $1 || '%'", email)
    )


@covers("D-33")
@pytest.mark.parametrize("emails", [("a@b.example",) * 2, ("Ada@b.example", "ada@B.example")])
async def test_the_address_of_a_user_is_unique(
    tenant: TenantClient, emails: tuple[str, str]
) -> None:
    """Also among several that are created at once."""
    inputs = await employees(tenant, *emails)
    both = await tenant.attempt_many("admin", "userCreate", inputs)
    expected = {"code": "DUPLICATE", "path": ["inputs", "1", "employee"]}
    assert both.data["done"]["userErrors"] == [expected]
    assert both.data["done"]["results"] is None
    assert await credentials(tenant, emails[0].lower()) == 0
    some = """mutation ($inputs: [UserCreateInput!]!) {
      done: userCreateMany(inputs: $inputs, allOrNone: false) { results { id } userErrors { code path } }
    }"""
    answer = await tenant.ask("admin", some, {"inputs": inputs})
    assert answer.data["done"]["userErrors"] == [expected]
    assert [bool(each["id"]) for each in answer.data["done"]["results"]] == [True, False]
    assert await credentials(tenant, emails[0].lower()) == 1
    again = await tenant.attempt("admin", "userCreate", **inputs[1])
    assert again.data["done"]["userErrors"] == [
        {"code": "DUPLICATE", "path": ["input", "employee"]}
    ]


async def test_restoring_a_user_whose_address_another_user_has_now_is_refused(
    tenant: TenantClient,
) -> None:
    old = await newcomer(tenant, "shared", PASSWORD)
    await tenant.mutate("admin", "userDelete", id=old.user)
    [params] = await employees(tenant, old.email)
    new = Newcomer(tenant, await tenant.mutate("admin", "userCreate", **params), old.email)
    assert (await new.reset(await new.token(), "words of the new one"))["changed"]
    answer = await tenant.attempt("admin", "userRestore", id=old.user)
    assert [each["code"] for each in answer.data["done"]["userErrors"]] == ["DUPLICATE"]
    assert await new.signs_in("words of the new one")
    assert not await old.signs_in(PASSWORD)
    await tenant.mutate("admin", "userDelete", id=new.user)
    await tenant.mutate("admin", "userRestore", id=old.user)
    assert await old.signs_in(PASSWORD)
    assert not await new.signs_in("words of the new one")
    assert await new.signed_in_devices() == [False]
    both = await tenant.attempt_many("admin", "userRestore", [{"id": new.user}, {"id": old.user}])
    assert [each["code"] for each in both.data["done"]["userErrors"]] == ["DUPLICATE"]


async def test_restoring_two_users_with_one_address_restores_none(tenant: TenantClient) -> None:
    users = []
    for input in await employees(tenant, "twice@b.example", "twice@b.example"):
        users.append(await tenant.mutate("admin", "userCreate", **input))
        await tenant.mutate("admin", "userDelete", id=users[-1])
    both = await tenant.attempt_many("admin", "userRestore", [{"id": id} for id in users])
    assert [each["code"] for each in both.data["done"]["userErrors"]] == ["DUPLICATE"]
    assert (
        await tenant.value(
            'SELECT count(*) FROM "user" WHERE id = ANY($1) AND deleted_at IS NULL',
            [uuid_of(id) for id in users],
        )
        == 0
    )
    await tenant.mutate("admin", "userRestore", id=users[0])

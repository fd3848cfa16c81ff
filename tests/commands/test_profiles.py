"""Profiles: sets of permissions that are defined once, reach users through roles, and add up."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.commands.newcomer import PASSWORD, Newcomer, newcomer
from tests.support.covers import covers
from tests.writes.client import DONE, TenantClient, mutation_text, outcome_of, uuid_of

EVERYTHING = {"creates": True, "edits": "ALL", "deletes": "ALL"}
FORBIDDEN, READ_ONLY, HIDDEN = "FORBIDDEN", "FIELD_READ_ONLY", "NOT_FOUND"


async def profile(tenant: TenantClient, *fields: str, **params: Any) -> str:
    """A profile that grants all accounts and these fields; `name!` is also writable."""
    opened = [
        {"entity": "Account", "field": each.rstrip("!"), "writes": each.endswith("!")}
        for each in fields
    ]
    entity = {"entity": "Account", "rows": "ALL", **params}
    name = tenant.new_name()
    return await tenant.mutate(
        "admin", "profileCreate", name=name, objectPermissions=[entity], fieldPermissions=opened
    )


async def role(tenant: TenantClient, *profiles: str) -> str:
    """A role with these profiles."""
    params = [{"profile": each} for each in profiles]
    return await tenant.mutate("admin", "roleCreate", name=tenant.new_name(), profiles=params)


async def user(tenant: TenantClient, *roles: str) -> Newcomer:
    """A new user with these roles, signed in."""
    made = await newcomer(tenant, tenant.new_name().replace(" ", "-"))
    for each in roles:
        await tenant.mutate("admin", "roleAssignmentCreate", user=made.user, role=each)
    assert await made.signs_in(PASSWORD)
    return made


async def account(tenant: TenantClient, **params: Any) -> str:
    """An account that the administrator owns."""
    params = {"name": tenant.new_name(), "phone": "+31201234567", "city": "Utrecht", **params}
    return await tenant.mutate("admin", "accountCreate", **params)


async def shown(someone: Newcomer, id: str) -> dict[str, Any] | None:
    """The name, phone and city of an account that the user can read; None if the account is hidden."""
    query = f'{{ account(id: "{id}") {{ name phone city }} }}'
    result: dict[str, Any] | None = (await someone.post(query, 0)).data["account"]
    return None if result is None else {k: v for k, v in result.items() if v is not None}


async def do(someone: Newcomer, mutation: str, **params: Any) -> str:
    """The outcome of a mutation of the user: DONE, or an error code."""
    return outcome_of(
        await someone.post(mutation_text(mutation).replace("$input", "$i"), 0, **params)
    )


async def tried(someone: Newcomer, id: str) -> dict[str, str]:
    """The outcome of each operation on accounts; the administrator reverts a deletion."""
    tenant = someone.tenant
    made = await someone.post(
        mutation_text("accountCreate").replace("$input", "$i"), 0, name=tenant.new_name()
    )
    result = {
        "read": HIDDEN if await shown(someone, id) is None else DONE,
        "create": outcome_of(made),
        "edit": await do(someone, "accountUpdate", id=id, name=tenant.new_name()),
        "delete": await do(someone, "accountDelete", id=id),
    }
    if result["delete"] == DONE:
        await tenant.mutate("admin", "accountRestore", id=id)
    return result


@covers("VT-26")
async def test_a_profile_is_defined_once_and_reused_by_roles_and_users(
    tenant: TenantClient,
) -> None:
    """The same operations with either role, and none without a role."""
    id = await account(tenant)
    everything = await profile(tenant, "name!", **EVERYTHING)
    reading = await profile(tenant, "name")
    roles = [await role(tenant, everything), await role(tenant, everything)]
    for each in [*roles, roles[0]]:
        someone = await user(tenant, each)
        assert set((await tried(someone, id)).values()) == {DONE}
    reader, without_role = await user(tenant, await role(tenant, reading)), await user(tenant)
    assert await tried(reader, id) == {
        "read": DONE, "create": FORBIDDEN, "edit": FORBIDDEN, "delete": FORBIDDEN,
    }  # fmt: skip
    assert DONE not in (await tried(without_role, id)).values()


@covers("VT-26", "VPM-18")
@pytest.mark.parametrize(
    ("creates", "edits", "deletes"), list(itertools.product((False, True), repeat=3))
)
async def test_creating_editing_and_deleting_accounts_are_separate_permissions(
    tenant: TenantClient, creates: bool, edits: bool, deletes: bool
) -> None:
    id = await account(tenant)
    params = {
        "creates": creates,
        "edits": "ALL" if edits else None,
        "deletes": "ALL" if deletes else None,
    }
    someone = await user(tenant, await role(tenant, await profile(tenant, "name!", **params)))
    assert await tried(someone, id) == {
        "read": DONE,
        "create": DONE if creates else FORBIDDEN,
        "edit": DONE if edits else FORBIDDEN,
        "delete": DONE if deletes else FORBIDDEN,
    }


@covers("VT-27")
async def test_a_change_of_a_profile_reaches_all_present_and_future_users(
    tenant: TenantClient,
) -> None:
    """Per field, row and operation, without any change to the users."""
    mine, others = tenant.new_name(), await account(tenant)
    granted = await profile(tenant, "name", "owner", rows="OWN")
    sellers = await role(tenant, granted)
    staff = [await user(tenant, sellers) for _ in range(2)]
    owner = await tenant.value(
        'SELECT employee_id FROM "user" WHERE id = $1', uuid_of(staff[0].user)
    )
    id = await account(tenant, name=mine, owner=f"emp_{owner.hex}")

    async def seen(someone: Newcomer) -> list[dict[str, Any] | None]:
        return [await shown(someone, each) for each in (id, others)]

    assert await seen(staff[0]) == [{"name": mine}, None]
    assert await seen(staff[1]) == [None, None]
    [entity] = await tenant.fetch(
        "SELECT id FROM object_permission WHERE profile_id = $1", uuid_of(granted)
    )
    await tenant.mutate("admin", "objectPermissionUpdate", id=f"pen_{entity['id'].hex}", rows="ALL")
    opened = {"profile": granted, "entity": "Account", "field": "phone"}
    field = await tenant.mutate("admin", "fieldPermissionCreate", **opened)
    staff.append(await user(tenant, sellers))
    full = {"name": mine, "phone": "+31201234567"}
    for someone in staff:
        assert (await seen(someone))[0] == full
        assert await do(someone, "accountUpdate", id=id, phone="+31207654321") == FORBIDDEN
    await tenant.mutate(
        "admin", "objectPermissionUpdate", id=f"pen_{entity['id'].hex}", edits="ALL"
    )
    for someone in staff:
        assert await do(someone, "accountUpdate", id=id, phone="+31207654321") == READ_ONLY
    await tenant.mutate("admin", "fieldPermissionUpdate", id=field, writes=True)
    for someone in staff:
        assert await do(someone, "accountUpdate", id=id, phone="+31207654321") == DONE
        assert await do(someone, "accountUpdate", id=id, name="Other") == READ_ONLY
    await tenant.mutate("admin", "fieldPermissionDelete", id=field)
    for someone in staff:
        assert (await seen(someone))[0] == {"name": mine}


@covers("VT-29")
async def test_a_role_has_several_profiles_and_a_user_several_roles(tenant: TenantClient) -> None:
    """Changes of a role apply to its users from their next request."""
    id = await account(tenant)
    name, phone, city = [await profile(tenant, each) for each in ("name", "phone", "city")]
    first, second = await role(tenant, name), await role(tenant, phone, city)
    someone, colleague = await user(tenant, first), await user(tenant, first, second)
    assert set(await shown(someone, id) or {}) == {"name"}
    assert set(await shown(colleague, id) or {}) == {"name", "phone", "city"}
    linked = await tenant.mutate("admin", "roleProfileCreate", role=first, profile=city)
    assert set(await shown(someone, id) or {}) == {"name", "city"}
    query = f"""{{ role(id: "{first}") {{ profiles {{ nodes {{ profile {{ id }} }} }}
      assignments {{ nodes {{ user {{ id }} }} }} }}
      user(id: "{colleague.user}") {{ roles {{ nodes {{ id role {{ id }} }} }} }} }}"""
    data = (await tenant.ask("admin", query)).data
    assert {e["profile"]["id"] for e in data["role"]["profiles"]["nodes"]} == {name, city}
    assigned_users = {each["user"]["id"] for each in data["role"]["assignments"]["nodes"]}
    assert assigned_users == {someone.user, colleague.user}
    assigned = {each["role"]["id"]: each["id"] for each in data["user"]["roles"]["nodes"]}
    assert assigned.keys() == {first, second}
    await tenant.mutate("admin", "roleAssignmentDelete", id=assigned[second])
    assert set(await shown(colleague, id) or {}) == {"name", "city"}
    await tenant.mutate("admin", "roleProfileDelete", id=linked)
    assert [set(await shown(each, id) or {}) for each in (someone, colleague)] == [{"name"}] * 2
    await tenant.mutate("admin", "roleAssignmentDelete", id=assigned[first])
    assert await shown(colleague, id) is None


@covers("VT-30")
@pytest.mark.parametrize("backwards", [False, True])
async def test_profiles_of_a_role_add_up_and_restrictions_win(
    tenant: TenantClient, backwards: bool
) -> None:
    """The union of rows, fields and operations, in either order (D-10)."""
    id = await account(tenant)
    narrow = await profile(tenant, "name!", "owner", rows="OWN", creates=True, edits="OWN")
    wide = await profile(tenant, "phone!", "city", rows="ALL", edits="ALL")
    both = [wide, narrow] if backwards else [narrow, wide]
    someone = await user(tenant, await role(tenant, *both))
    assert set(await shown(someone, id) or {}) == {"name", "phone", "city"}
    assert await tried(someone, id) == {
        "read": DONE, "create": DONE, "edit": DONE, "delete": FORBIDDEN,
    }  # fmt: skip
    assert await do(someone, "accountUpdate", id=id, phone="+31207654321") == DONE
    assert await do(someone, "accountUpdate", id=id, city="Gouda") == READ_ONLY
    narrow_user = await user(tenant, await role(tenant, narrow))
    assert await shown(narrow_user, id) is None


@covers("VT-30")
async def test_a_status_rule_restricts_what_several_profiles_grant(tenant: TenantClient) -> None:
    fields = [{"entity": "Opportunity", "field": each} for each in ("name", "status", "note")]
    entities = [{"entity": "Opportunity", "rows": "ALL"}]
    params = {"objectPermissions": entities, "fieldPermissions": fields}
    twice = [
        await tenant.mutate("admin", "profileCreate", name=tenant.new_name(), **params)
        for _ in range(2)
    ]
    someone = await user(tenant, await role(tenant, *twice))
    id = await tenant.opportunity("rep1", note="in confidence")
    query = f'{{ opportunity(id: "{id}") {{ status note }} }}'

    async def note() -> Any:
        return (await someone.post(query, 0)).data["opportunity"]["note"]

    assert await note() == "in confidence"
    rule = {"entity": "Opportunity", "field": "note", "status": "WON"}
    made = await tenant.mutate("admin", "statusRuleCreate", **rule)
    assert await note() is None
    await tenant.mutate("admin", "statusRuleDelete", id=made)
    assert await note() == "in confidence"

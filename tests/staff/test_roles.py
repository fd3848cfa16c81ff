"""The rights that roles and profiles grant per object type."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.commands.newcomer import PASSWORD, newcomer
from tests.support.covers import covers
from tests.support.world import Answer
from tests.writes.client import DONE, TenantClient, mutation_text, outcome_of, public_id

NONE: dict[str, Any] = {"creates": False, "edits": None, "deletes": None}
GRANTS: dict[str, dict[str, Any]] = {
    "view": NONE,
    "add": NONE | {"creates": True},
    "edit": NONE | {"edits": "ALL"},
    "delete": NONE | {"deletes": "ALL"},
    "all": {"creates": True, "edits": "ALL", "deletes": "ALL"},
}
OBJECT_TYPES = {"Account": "accounts", "Opportunity": "opportunities", "Person": "persons"}
"""Object types, each with the query field that lists its records."""
REFERENCED = ("Employee", "OpportunityType", "PipelineStage", "Stage")
"""Object types that an opportunity refers to."""
WRITTEN = {
    "Account": ("name", "owner"),
    "Opportunity": ("name", "account", "currency", "type", "owner", "stage", "probability"),
    "Person": ("lastName", "owner"),
}
ADMIN = """{
  viewer { typePermissions { type rows create update delete readable writable } }
  __schema { types { name kind interfaces { name } fields { name args { name } type { kind } } } }
}"""


@dataclass
class SignedInUser:
    """A signed-in user."""

    tenant: TenantClient
    token: str

    async def ask(self, query: str, id: str) -> Answer:
        """The response to a query with one variable, `$i`."""
        return await self._post({"query": query, "variables": {"i": id}})

    async def succeeds(self, name: str, /, **params: Any) -> bool:
        """Whether a mutation of the user succeeds; otherwise it is refused for lack of a right."""
        answer = await self._post({"query": mutation_text(name), "variables": {"input": params}})
        assert outcome_of(answer) in (DONE, "FORBIDDEN", "FIELD_FORBIDDEN", "NOT_FOUND"), (
            answer.json
        )
        return outcome_of(answer) == DONE

    async def _post(self, body: dict[str, Any]) -> Answer:
        sent = json.dumps(body).encode()
        return await self.tenant.world.post(sent, authorization=f"Bearer {self.token}")


async def fields(tenant: TenantClient, kind: str) -> dict[str, Any]:
    """Input fields of a new record."""
    if kind == "Opportunity":
        account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
        type = public_id("opt", await tenant.type_id("New business"))
        return {"name": tenant.new_name(), "account": account, "currency": "EUR", "type": type}
    return {"name": tenant.new_name()} if kind == "Account" else {"lastName": tenant.new_name()}


async def user_with_grant(tenant: TenantClient, kind: str) -> tuple[SignedInUser, str]:
    """A user whose role may only view records of one type, and the id of that grant."""
    referenced = [*REFERENCED, "Account"] if kind == "Opportunity" else ["Employee"]
    entities = [{"entity": each, "rows": "ALL"} for each in (kind, *referenced)]
    opened = [{"entity": kind, "field": each, "writes": True} for each in WRITTEN[kind]]
    profile = await tenant.mutate(
        "admin",
        "profileCreate",
        name=tenant.new_name(),
        objectPermissions=entities,
        fieldPermissions=opened,
    )
    role = await tenant.mutate(
        "admin", "roleCreate", name=tenant.new_name(), profiles=[{"profile": profile}]
    )
    user = await newcomer(tenant, f"{kind.lower()}s")
    await tenant.mutate("admin", "roleAssignmentCreate", user=user.user, role=role)
    assert await user.signs_in(PASSWORD)
    employed = SignedInUser(tenant, user.tokens[0]["accessToken"])
    query = """query ($p: ID!, $e: String!) { profile(id: $p) {
      objectPermissions(filter: { entity: { eq: $e } }) { nodes { id } } } }"""
    result = (await tenant.ask("admin", query, {"p": profile, "e": kind})).data["profile"]
    return employed, str(result["objectPermissions"]["nodes"][0]["id"])


async def allowed(tenant: TenantClient, user: SignedInUser, kind: str) -> dict[str, bool]:
    """Which of view, add, edit and delete succeed on a record of another user."""
    root, params = kind.lower(), await fields(tenant, kind)
    id = await tenant.mutate("admin", f"{root}Create", **params)
    [name] = {"name", "lastName"} & params.keys()
    listed = OBJECT_TYPES[kind]
    query = (
        f"query ($i: ID!) {{ {root}(id: $i) {{ id {name} }} {listed}(first: 1) {{ totalCount }} }}"
    )
    read = (await user.ask(query, id)).data
    assert (read[root] is None) == (read[listed] is None)
    result = {
        "view": read[root] == {"id": id, name: params[name]},
        "add": await user.succeeds(f"{root}Create", **params),
        "edit": await user.succeeds(f"{root}Update", id=id, **{name: "changed"}),
        "delete": await user.succeeds(f"{root}Delete", id=id),
    }
    changed = (await tenant.row(root, id))["name" if name == "name" else "last_name"]
    assert (changed == "changed") is result["edit"]
    return result


@covers("EP-330")
@pytest.mark.parametrize("kind", OBJECT_TYPES)
async def test_a_role_is_granted_view_add_edit_and_delete_separately(
    tenant: TenantClient, kind: str
) -> None:
    """Each one, all and none, for one object type while the others stay closed."""
    user, grant = await user_with_grant(tenant, kind)
    none = dict.fromkeys(("view", "add", "edit", "delete"), False)
    for name, params in GRANTS.items():
        await tenant.mutate("admin", "objectPermissionUpdate", id=grant, **params)
        granted = none.keys() if name == "all" else {"view", name}
        expected = none | dict.fromkeys(granted, True)
        assert await allowed(tenant, user, kind) == expected, name
        for other in OBJECT_TYPES.keys() - {kind}:
            if (kind, other) != ("Opportunity", "Account"):
                assert await allowed(tenant, user, other) == none, (name, other)
    await tenant.mutate("admin", "objectPermissionDelete", id=grant)
    assert await allowed(tenant, user, kind) == none


async def hideable_fields(tenant: TenantClient) -> dict[str, set[str]]:
    """The object types of the contract, each with its nullable fields, which a permission can hide."""
    types = (await tenant.ask("admin", ADMIN)).data["__schema"]["types"]
    result = {}
    for each in types:
        if {"name": "Node"} in (each["interfaces"] or ()) and each["kind"] == "OBJECT":
            result[each["name"]] = {
                field["name"]
                for field in each["fields"]
                if not field["args"] and field["type"]["kind"] not in ("NON_NULL", "LIST")
            }
    return result


@covers("EP-332")
async def test_an_administrator_has_all_rights_on_every_object_type(tenant: TenantClient) -> None:
    """Including types of the contract without any permission rows."""
    object_types = await hideable_fields(tenant)
    granted = (await tenant.ask("admin", ADMIN)).data["viewer"]["typePermissions"]
    assert {each["type"] for each in granted} == object_types.keys()
    for each in granted:
        all_rights = ("ALL", True, "ALL", "ALL")
        assert tuple(each[n] for n in ("rows", "create", "update", "delete")) == all_rights, each
        missing = object_types[each["type"]] - set(each["readable"])
        assert not missing, (each["type"], missing)


@covers("EP-332")
@pytest.mark.parametrize("kind", OBJECT_TYPES)
async def test_an_administrator_does_everything_with_records_of_others(
    tenant: TenantClient, kind: str
) -> None:
    root, params = kind.lower(), await fields(tenant, kind)
    [name] = {"name", "lastName"} & params.keys()
    key = f"new_{root}"
    attribute = {"entity": kind, "key": key, "label": key, "kind": "TEXT"}
    made = await tenant.ask("admin", mutation_text("attributeCreate"), {"input": attribute})
    assert outcome_of(made) == DONE
    query = f"query ($i: ID!) {{ {root}(id: $i) {{ {name} owner {{ id }} attributes {{ key text }} }} }}"
    for handle in ("rep1", "region-south", "support"):
        owner = public_id("emp", await tenant.employee_id(handle))
        id = await tenant.mutate("admin", f"{root}Create", **params, owner=owner)
        changed = {name: tenant.new_name(), "attributes": [{"key": key, "text": "new"}]}
        await tenant.mutate("admin", f"{root}Update", id=id, **changed)
        read = (await tenant.ask("admin", query, {"i": id})).data[root]
        assert (read[name], read["owner"]["id"]) == (changed[name], owner)
        assert {"key": key, "text": "new"} in read["attributes"]
        await tenant.mutate("admin", f"{root}Delete", id=id)
        await tenant.mutate("admin", f"{root}Restore", id=id)

"""What roles and profiles grant on each kind of record, asked over GraphQL."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.commands.newcomer import PASSWORD, newcomer
from tests.support.covers import covers
from tests.support.world import Answer
from tests.writes.parallel import DONE, Own, came, spelled, spoken

NONE: dict[str, Any] = {"creates": False, "edits": None, "deletes": None}
GRANTS: dict[str, dict[str, Any]] = {
    "view": NONE,
    "add": NONE | {"creates": True},
    "edit": NONE | {"edits": "ALL"},
    "delete": NONE | {"deletes": "ALL"},
    "all": {"creates": True, "edits": "ALL", "deletes": "ALL"},
}
KINDS = {"Account": "accounts", "Opportunity": "opportunities", "Person": "persons"}
"""Kinds of records, each with the field that lists them."""
NEEDED = ("Employee", "OpportunityType", "PipelineStage", "Stage")
"""What is viewed along with an opportunity."""
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
class Employed:
    """A user who is signed in."""

    own: Own
    token: str

    async def ask(self, query: str, id: str) -> Answer:
        """The answer to a query with one variable, `$i`."""
        return await self._post({"query": query, "variables": {"i": id}})

    async def does(self, name: str, /, **given: Any) -> bool:
        """Whether a mutation of the user is done; otherwise it is refused for want of a right."""
        answer = await self._post({"query": spoken(name), "variables": {"input": given}})
        assert came(answer) in (DONE, "FORBIDDEN", "FIELD_FORBIDDEN", "NOT_FOUND"), answer.json
        return came(answer) == DONE

    async def _post(self, body: dict[str, Any]) -> Answer:
        sent = json.dumps(body).encode()
        return await self.own.world.post(sent, authorization=f"Bearer {self.token}")


async def fields(own: Own, kind: str) -> dict[str, Any]:
    """What a new record of a kind is given."""
    if kind == "Opportunity":
        account = await own.done("admin", "accountCreate", name=own.name())
        type = spelled("opt", await own.type("New business"))
        return {"name": own.name(), "account": account, "currency": "EUR", "type": type}
    return {"name": own.name()} if kind == "Account" else {"lastName": own.name()}


async def hired(own: Own, kind: str) -> tuple[Employed, str]:
    """A user in a role that may only view records of one kind, and the id of that grant."""
    needed = [*NEEDED, "Account"] if kind == "Opportunity" else ["Employee"]
    entities = [{"entity": each, "rows": "ALL"} for each in (kind, *needed)]
    opened = [{"entity": kind, "field": each, "writes": True} for each in WRITTEN[kind]]
    profile = await own.done(
        "admin",
        "profileCreate",
        name=own.name(),
        objectPermissions=entities,
        fieldPermissions=opened,
    )
    role = await own.done("admin", "roleCreate", name=own.name(), profiles=[{"profile": profile}])
    user = await newcomer(own, f"{kind.lower()}s")
    await own.done("admin", "roleAssignmentCreate", user=user.user, role=role)
    assert await user.signs_in(PASSWORD)
    employed = Employed(own, user.tokens[0]["accessToken"])
    query = """query ($p: ID!, $e: String!) { profile(id: $p) {
      objectPermissions(filter: { entity: { eq: $e } }) { nodes { id } } } }"""
    found = (await own.ask("admin", query, {"p": profile, "e": kind})).data["profile"]
    return employed, str(found["objectPermissions"]["nodes"][0]["id"])


async def may(own: Own, user: Employed, kind: str) -> dict[str, bool]:
    """Which of the four the user may do with records of a kind, tried on a record of somebody else."""
    root, given = kind.lower(), await fields(own, kind)
    id = await own.done("admin", f"{root}Create", **given)
    [name] = {"name", "lastName"} & given.keys()
    listed = KINDS[kind]
    query = (
        f"query ($i: ID!) {{ {root}(id: $i) {{ id {name} }} {listed}(first: 1) {{ totalCount }} }}"
    )
    read = (await user.ask(query, id)).data
    assert (read[root] is None) == (read[listed] is None)
    found = {
        "view": read[root] == {"id": id, name: given[name]},
        "add": await user.does(f"{root}Create", **given),
        "edit": await user.does(f"{root}Update", id=id, **{name: "changed"}),
        "delete": await user.does(f"{root}Delete", id=id),
    }
    changed = (await own.row(root, id))["name" if name == "name" else "last_name"]
    assert (changed == "changed") is found["edit"]
    return found


@covers("EP-330")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_role_is_granted_view_add_edit_and_delete_separately(own: Own, kind: str) -> None:
    """Each alone, all and none, for one kind of record while the others stay closed."""
    user, grant = await hired(own, kind)
    nothing = dict.fromkeys(("view", "add", "edit", "delete"), False)
    for name, given in GRANTS.items():
        await own.done("admin", "objectPermissionUpdate", id=grant, **given)
        granted = nothing.keys() if name == "all" else {"view", name}
        expected = nothing | dict.fromkeys(granted, True)
        assert await may(own, user, kind) == expected, name
        for other in KINDS.keys() - {kind}:
            if (kind, other) != ("Opportunity", "Account"):
                assert await may(own, user, other) == nothing, (name, other)
    await own.done("admin", "objectPermissionDelete", id=grant)
    assert await may(own, user, kind) == nothing


async def contract(own: Own) -> dict[str, set[str]]:
    """The kinds of records, each with the fields that a right can hide: those that can be null."""
    types = (await own.ask("admin", ADMIN)).data["__schema"]["types"]
    found = {}
    for each in types:
        if {"name": "Node"} in (each["interfaces"] or ()) and each["kind"] == "OBJECT":
            found[each["name"]] = {
                field["name"]
                for field in each["fields"]
                if not field["args"] and field["type"]["kind"] not in ("NON_NULL", "LIST")
            }
    return found


@covers("EP-332")
async def test_an_administrator_has_all_rights_on_every_kind_of_record(own: Own) -> None:
    """On those that were added to the contract without a word about rights as well."""
    kinds = await contract(own)
    granted = (await own.ask("admin", ADMIN)).data["viewer"]["typePermissions"]
    assert {each["type"] for each in granted} == kinds.keys()
    for each in granted:
        everything = ("ALL", True, "ALL", "ALL")
        assert tuple(each[n] for n in ("rows", "create", "update", "delete")) == everything, each
        missing = kinds[each["type"]] - set(each["readable"])
        assert not missing, (each["type"], missing)


@covers("EP-332")
@pytest.mark.parametrize("kind", KINDS)
async def test_an_administrator_does_everything_with_records_of_others(own: Own, kind: str) -> None:
    root, given = kind.lower(), await fields(own, kind)
    [name] = {"name", "lastName"} & given.keys()
    key = f"new_{root}"
    attribute = {"entity": kind, "key": key, "label": key, "kind": "TEXT"}
    made = await own.ask("admin", spoken("attributeCreate"), {"input": attribute})
    assert came(made) == DONE
    query = f"query ($i: ID!) {{ {root}(id: $i) {{ {name} owner {{ id }} attributes {{ key text }} }} }}"
    for handle in ("rep1", "region-south", "support"):
        owner = spelled("emp", await own.employee(handle))
        id = await own.done("admin", f"{root}Create", **given, owner=owner)
        changed = {name: own.name(), "attributes": [{"key": key, "text": "new"}]}
        await own.done("admin", f"{root}Update", id=id, **changed)
        read = (await own.ask("admin", query, {"i": id})).data[root]
        assert (read[name], read["owner"]["id"]) == (changed[name], owner)
        assert {"key": key, "text": "new"} in read["attributes"]
        await own.done("admin", f"{root}Delete", id=id)
        await own.done("admin", f"{root}Restore", id=id)

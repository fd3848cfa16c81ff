"""The life of a case: its initial status, closing and reopening, and what cannot change while it is closed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.client import STATUSES, CaseClient, wrong
from tests.support.covers import covers
from tests.writes.client import DONE, outcome_of, public_id, uuid_of

CASE = """query ($id: ID!) { case(id: $id) {
  number subject description priority state closedAt status { name } type { name } owner { name }
  primaryAccount { id } activities { nodes { subject doneAt } } history { nodes { kind field before after } }
} }"""


@covers("VT-25")
async def test_a_complaint_is_recorded_worked_on_and_closed(client: CaseClient) -> None:
    tenant, account = client.tenant, await client.account()
    id = await client.case(account, persona="support", subject="It squeaks", description="Loudly.")
    await tenant.mutate("support", "caseUpdate", id=id, priority="HIGH")
    await tenant.mutate("support", "caseMove", id=id, status=client.statuses["busy"])
    call = await tenant.mutate("support", "activityCreate", case=id, subject="Called back")
    await tenant.mutate("support", "activityComplete", id=call)
    await tenant.mutate("support", "caseClose", id=id)
    result = (await tenant.ask("support", CASE, {"id": id})).data["case"]
    assert result["number"].startswith("C-")
    assert (result["subject"], result["description"]) == ("It squeaks", "Loudly.")
    assert (result["priority"], result["state"], result["status"]) == (
        "HIGH",
        "CLOSED",
        {"name": "settled"},
    )
    assert result["primaryAccount"] == {"id": account}
    assert result["closedAt"] is not None
    [called] = result["activities"]["nodes"]
    assert called["doneAt"] is not None
    fields = [each["field"] for each in result["history"]["nodes"] if each["kind"] == "UPDATED"]
    assert sorted(fields) == ["closedAt", "priority", "state", "status", "status"]


@covers("VN-31", "VN-40")
async def test_a_new_case_copies_the_defaults_of_its_type(client: CaseClient) -> None:
    tenant = client.tenant
    manager = public_id("emp", await tenant.employee_id("manager"))
    kind = await client.type(defaultPriority="URGENT", defaultOwner=manager)
    plain = await client.type()
    mine = public_id("emp", await tenant.employee_id("admin"))
    expected: list[tuple[dict[str, Any], str, str]] = [
        ({"type": kind}, "URGENT", manager),
        ({"type": kind, "priority": "LOW"}, "LOW", manager),
        ({"type": kind, "owner": mine}, "URGENT", mine),
        ({"type": plain}, "NORMAL", mine),
    ]
    for params, priority, owner in expected:
        row = await client.row(await client.case(persona="admin", **params))
        assert (row["priority"], row["owner_id"]) == (priority, uuid_of(owner)), params
        assert row["type_id"] == uuid_of(params["type"])
    id = await client.case(persona="admin", type=plain)
    await tenant.mutate("admin", "caseUpdate", id=id, type=kind)
    assert (await client.row(id))["priority"] == "NORMAL", "defaults apply to new cases only"


@covers("VN-31", "VN-39")
async def test_a_case_without_a_type_gets_the_default_type(client: CaseClient) -> None:
    tenant, kind = client.tenant, await client.type(defaultPriority="LOW")
    result = await tenant.ask("admin", "{ preferences { id defaultCaseType { id } } }")
    preferences = result.data["preferences"]
    before = preferences["defaultCaseType"] and preferences["defaultCaseType"]["id"]
    update = """mutation ($i: PreferencesUpdateInput!) {
      done: preferencesUpdate(input: $i) { userErrors { code } } }"""
    for preferred, priority in ((kind, "LOW"), (None, "NORMAL")):
        await tenant.ask(
            "admin", update, {"i": {"id": preferences["id"], "defaultCaseType": preferred}}
        )
        row = await client.row(await client.case())
        assert row["type_id"] == (uuid_of(kind) if preferred else None)
        assert row["priority"] == priority
    await tenant.ask("admin", update, {"i": {"id": preferences["id"], "defaultCaseType": before}})


@covers("VT-25", "D-33")
async def test_a_new_case_gets_the_first_open_status(client: CaseClient) -> None:
    id = await client.case()
    assert await client.status(id) == "new", "not `settled`, which is the first of all but closed"
    assert (await client.row(id))["state"] == "OPEN"
    other = await client.case(status=client.statuses["busy"])
    assert await client.status(other) == "busy"
    done = await client.case(status=client.statuses["dropped"])
    row = await client.row(done)
    assert (row["state"], row["closed_at"]) == ("CLOSED", row["created_at"])


@pytest.mark.parametrize("state", ["OPEN", "CLOSED"])
@covers("VT-25")
async def test_closing_and_reopening_set_the_first_or_the_given_status(
    client: CaseClient, state: str
) -> None:
    tenant, (mutation, inverse) = client.tenant, ("caseClose", "caseReopen")
    if state == "OPEN":
        mutation, inverse = inverse, mutation
    initial = {"OPEN": "dropped", "CLOSED": "busy"}[state]
    first, last = {"OPEN": ("new", "busy"), "CLOSED": ("settled", "dropped")}[state]
    id = await client.case(status=client.statuses[initial])
    await tenant.mutate("rep1", mutation, id=id)
    assert await client.status(id) == first, "the first status of the state"
    row = await client.row(id)
    assert (row["state"], row["closed_at"] is None) == (state, state == "OPEN")
    await tenant.mutate("rep1", mutation, id=id, status=client.statuses[last])
    assert await client.status(id) == last, "the given status"
    moved = await client.row(id)
    assert moved["closed_at"] == row["closed_at"], "the time of closing stays"
    await tenant.mutate("rep1", mutation, id=id)
    assert await client.row(id) == moved, "repeating it changes nothing"
    for name, (other, _) in STATUSES.items():
        answer = await tenant.attempt("rep1", mutation, id=id, status=client.statuses[name])
        valid = other == state
        assert wrong(answer) == ([] if valid else [("INVALID_TRANSITION", "status")]), name
    await tenant.mutate("rep1", inverse, id=id)
    assert (await client.row(id))["state"] != state


@covers("VT-25")
async def test_type_contract_and_accounts_of_a_closed_case_are_locked(client: CaseClient) -> None:
    tenant, account = client.tenant, await client.account()
    id = await client.case(account)
    kind, contract = await client.type(), await client.contract(account)
    manager = public_id("emp", await tenant.employee_id("manager"))
    await tenant.mutate("admin", "caseClose", id=id)
    for name, value in {"type": kind, "contract": contract}.items():
        answer = await tenant.attempt("admin", "caseUpdate", id=id, **{name: value})
        assert wrong(answer) == [("LOCKED", name)]
    for name, value in {
        "subject": "x",
        "description": "y",
        "priority": "LOW",
        "owner": manager,
    }.items():
        await tenant.mutate("admin", "caseUpdate", id=id, **{name: value})
    link = await client.link(id, account)
    other = await client.account()
    mutations: dict[str, dict[str, Any]] = {
        "caseAccountCreate": {"case": id, "account": other},
        "caseAccountUpdate": {"id": link, "primary": True},
        "caseAccountDelete": {"id": link},
    }
    for mutation, params in mutations.items():
        assert wrong(await tenant.attempt("admin", mutation, **params))[0][0] == "LOCKED", mutation
    await tenant.mutate("admin", "caseReopen", id=id)
    await tenant.mutate("admin", "caseUpdate", id=id, type=kind, contract=contract)
    await tenant.mutate("admin", "caseAccountCreate", case=id, account=other)


@covers("D-11")
async def test_the_type_of_closed_cases_can_be_replaced(client: CaseClient) -> None:
    tenant, old, new = client.tenant, await client.type(), await client.type()
    id = await client.case(type=old)
    await tenant.mutate("rep1", "caseClose", id=id)
    query = """mutation ($i: ReplaceInput!) { done: caseTypeDelete(input: $i) { userErrors { code } } }"""
    answer = await tenant.ask("admin", query, {"i": {"id": old, "replaceWith": new}})
    assert answer.data["done"]["userErrors"] == []
    assert (await client.row(id))["type_id"] == uuid_of(new)


@covers("D-11", "VT-25")
async def test_a_status_is_replaced_only_by_one_of_the_same_state(client: CaseClient) -> None:
    """Otherwise a change of the setup would close or reopen cases."""
    tenant = client.tenant
    last_status = await tenant.mutate(
        "admin", "caseStatusCreate", name=tenant.new_name(), state="OPEN", position=99
    )
    id = await client.case(status=last_status)
    query = """mutation ($i: ReplaceInput!) { done: caseStatusDelete(input: $i) { userErrors { code path } } }"""
    results = []
    for replacement in ("dropped", "busy"):
        params = {"id": last_status, "replaceWith": client.statuses[replacement]}
        answer = await tenant.ask("admin", query, {"i": params})
        results.append(answer.data["done"]["userErrors"])
    assert results == [[{"code": "INVALID", "path": ["input", "replaceWith"]}], []]
    row = await client.row(id)
    assert (row["status_id"], row["state"]) == (uuid_of(client.statuses["busy"]), "OPEN")


REFUSED = [
    ("caseMove", True),
    ("caseClose", True),
    ("caseClose", False),
    ("caseReopen", True),
    ("caseReopen", False),
]


@covers("D-34", "D-33")
@pytest.mark.parametrize("right", ["readable", "writable", "hidden"])
async def test_closing_requires_the_right_to_write_the_status(
    client: CaseClient, right: str
) -> None:
    tenant = client.tenant
    id = await client.case()
    sales = await tenant.value("SELECT id FROM profile WHERE name = 'Standard sales'")
    one = "SELECT id FROM field_permission WHERE entity = 'Case' AND field = 'status' AND profile_id = $1"
    profile, field = public_id("prf", sales), public_id("pfi", await tenant.value(one, sales))
    if right == "readable":
        await tenant.mutate("admin", "fieldPermissionUpdate", id=field, writes=False)
    elif right == "hidden":
        await tenant.mutate("admin", "fieldPermissionDelete", id=field)
    before = await client.row(id)
    for mutation, with_status in REFUSED:
        status = "settled" if mutation == "caseClose" else "busy"
        params = {"status": client.statuses[status]} if with_status else {}
        answer = await tenant.attempt("rep1", mutation, id=id, **params)
        expected = {"readable": "FIELD_READ_ONLY", "hidden": "FIELD_FORBIDDEN", "writable": DONE}
        assert outcome_of(answer) == expected[right], (mutation, with_status)
    if right != "writable":
        assert await client.row(id) == before
    if right == "readable":
        await tenant.mutate("admin", "fieldPermissionUpdate", id=field, writes=True)
    elif right == "hidden":
        permission: dict[str, Any] = {"entity": "Case", "field": "status", "writes": True}
        await tenant.mutate("admin", "fieldPermissionCreate", profile=profile, **permission)


@covers("D-34", "D-32")
async def test_a_case_is_closed_by_its_owner_a_manager_or_support_only(client: CaseClient) -> None:
    """Another seller does not see it, and junior sales has no right to cases."""
    tenant, id = client.tenant, await client.case()
    results = {
        persona: outcome_of(await tenant.attempt(persona, "caseClose", id=id))
        for persona in ("rep2", "limited", "manager", "support", "rep1")
    }
    assert results == {
        "rep2": "NOT_FOUND",
        "limited": "FORBIDDEN",
        "manager": DONE,
        "support": DONE,
        "rep1": DONE,
    }


async def test_a_restored_case_is_unchanged(client: CaseClient) -> None:
    tenant, account = client.tenant, await client.account()
    id = await client.case(account)
    await tenant.mutate("rep1", "caseClose", id=id)
    before = await client.row(id)
    await tenant.mutate("rep1", "caseDelete", id=id)
    await tenant.mutate("rep1", "caseRestore", id=id)
    after = await client.row(id)
    assert {n for n in before if before[n] != after[n]} == {"version", "updated_at"}
    assert await client.links(id) == {account: True}

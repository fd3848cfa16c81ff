"""A case from the complaint to its settlement: where it begins, how it goes on, and what stays once it is closed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.client import STATUSES, CaseClient, wrong
from tests.support.covers import covers
from tests.writes.parallel import DONE, came, kept, spelled

FOLLOWED = """query ($id: ID!) { case(id: $id) {
  number subject description priority state closedAt status { name } type { name } owner { name }
  primaryAccount { id } activities { nodes { subject doneAt } } history { nodes { kind field before after } }
} }"""


@covers("VT-25")
async def test_a_complaint_is_captured_followed_and_settled(client: CaseClient) -> None:
    own, account = client.own, await client.account()
    id = await client.case(account, persona="support", subject="It squeaks", description="Loudly.")
    await own.done("support", "caseUpdate", id=id, priority="HIGH")
    await own.done("support", "caseMove", id=id, status=client.statuses["busy"])
    call = await own.done("support", "activityCreate", case=id, subject="Called back")
    await own.done("support", "activityComplete", id=call)
    await own.done("support", "caseClose", id=id)
    found = (await own.ask("support", FOLLOWED, {"id": id})).data["case"]
    assert found["number"].startswith("C-")
    assert (found["subject"], found["description"]) == ("It squeaks", "Loudly.")
    assert (found["priority"], found["state"], found["status"]) == (
        "HIGH",
        "CLOSED",
        {"name": "settled"},
    )
    assert found["primaryAccount"] == {"id": account}
    assert found["closedAt"] is not None
    [called] = found["activities"]["nodes"]
    assert called["doneAt"] is not None
    fields = [each["field"] for each in found["history"]["nodes"] if each["kind"] == "UPDATED"]
    assert sorted(fields) == ["closedAt", "priority", "state", "status", "status"]


@covers("VN-31", "VN-40")
async def test_a_case_begins_as_its_type_says(client: CaseClient) -> None:
    own = client.own
    boss = spelled("emp", await own.employee("manager"))
    kind = await client.type(defaultPriority="URGENT", defaultOwner=boss)
    plain = await client.type()
    mine = spelled("emp", await own.employee("admin"))
    expected: list[tuple[dict[str, Any], str, str]] = [
        ({"type": kind}, "URGENT", boss),
        ({"type": kind, "priority": "LOW"}, "LOW", boss),
        ({"type": kind, "owner": mine}, "URGENT", mine),
        ({"type": plain}, "NORMAL", mine),
    ]
    for given, priority, owner in expected:
        row = await client.row(await client.case(persona="admin", **given))
        assert (row["priority"], row["owner_id"]) == (priority, kept(owner)), given
        assert row["type_id"] == kept(given["type"])
    id = await client.case(persona="admin", type=plain)
    await own.done("admin", "caseUpdate", id=id, type=kind)
    assert (await client.row(id))["priority"] == "NORMAL", "defaults are for new ones"


@covers("VN-31", "VN-39")
async def test_without_a_type_the_preferred_one_is_taken(client: CaseClient) -> None:
    own, kind = client.own, await client.type(defaultPriority="LOW")
    found = await own.ask("admin", "{ preferences { id defaultCaseType { id } } }")
    settled = found.data["preferences"]
    before = settled["defaultCaseType"] and settled["defaultCaseType"]["id"]
    update = """mutation ($i: PreferencesUpdateInput!) {
      done: preferencesUpdate(input: $i) { userErrors { code } } }"""
    for preferred, priority in ((kind, "LOW"), (None, "NORMAL")):
        await own.ask("admin", update, {"i": {"id": settled["id"], "defaultCaseType": preferred}})
        row = await client.row(await client.case())
        assert row["type_id"] == (kept(kind) if preferred else None)
        assert row["priority"] == priority
    await own.ask("admin", update, {"i": {"id": settled["id"], "defaultCaseType": before}})


@covers("VT-25", "D-33")
async def test_the_first_open_status_by_its_place(client: CaseClient) -> None:
    id = await client.case()
    assert await client.status(id) == "new", "not `settled`, which is first of all but closed"
    assert (await client.row(id))["state"] == "OPEN"
    other = await client.case(status=client.statuses["busy"])
    assert await client.status(other) == "busy"
    done = await client.case(status=client.statuses["dropped"])
    row = await client.row(done)
    assert (row["state"], row["closed_at"]) == ("CLOSED", row["created_at"])


@pytest.mark.parametrize("state", ["OPEN", "CLOSED"])
@covers("VT-25")
async def test_closing_and_reopening(client: CaseClient, state: str) -> None:
    own, (deed, back) = client.own, ("caseClose", "caseReopen")
    if state == "OPEN":
        deed, back = back, deed
    begins = {"OPEN": "dropped", "CLOSED": "busy"}[state]
    first, last = {"OPEN": ("new", "busy"), "CLOSED": ("settled", "dropped")}[state]
    id = await client.case(status=client.statuses[begins])
    await own.done("rep1", deed, id=id)
    assert await client.status(id) == first, "the first one there is"
    row = await client.row(id)
    assert (row["state"], row["closed_at"] is None) == (state, state == "OPEN")
    await own.done("rep1", deed, id=id, status=client.statuses[last])
    assert await client.status(id) == last, "it was named"
    moved = await client.row(id)
    assert moved["closed_at"] == row["closed_at"], "since it was closed, it was"
    await own.done("rep1", deed, id=id)
    assert await client.row(id) == moved, "nothing is left to do"
    for name, (other, _) in STATUSES.items():
        answer = await own.do("rep1", deed, id=id, status=client.statuses[name])
        fits = other == state
        assert wrong(answer) == ([] if fits else [("INVALID_TRANSITION", "status")]), name
    await own.done("rep1", back, id=id)
    assert (await client.row(id))["state"] != state


@covers("VT-25")
async def test_what_stays_while_a_case_is_closed(client: CaseClient) -> None:
    own, account = client.own, await client.account()
    id = await client.case(account)
    kind, contract = await client.type(), await client.contract(account)
    boss = spelled("emp", await own.employee("manager"))
    await own.done("admin", "caseClose", id=id)
    for name, value in {"type": kind, "contract": contract}.items():
        answer = await own.do("admin", "caseUpdate", id=id, **{name: value})
        assert wrong(answer) == [("LOCKED", name)]
    for name, value in {
        "subject": "x",
        "description": "y",
        "priority": "LOW",
        "owner": boss,
    }.items():
        await own.done("admin", "caseUpdate", id=id, **{name: value})
    link = await client.link(id, account)
    other = await client.account()
    deeds: dict[str, dict[str, Any]] = {
        "caseAccountCreate": {"case": id, "account": other},
        "caseAccountUpdate": {"id": link, "primary": True},
        "caseAccountDelete": {"id": link},
    }
    for deed, given in deeds.items():
        assert wrong(await own.do("admin", deed, **given))[0][0] == "LOCKED", deed
    await own.done("admin", "caseReopen", id=id)
    await own.done("admin", "caseUpdate", id=id, type=kind, contract=contract)
    await own.done("admin", "caseAccountCreate", case=id, account=other)


@covers("D-11")
async def test_a_type_can_be_replaced_where_cases_are_closed(client: CaseClient) -> None:
    own, old, new = client.own, await client.type(), await client.type()
    id = await client.case(type=old)
    await own.done("rep1", "caseClose", id=id)
    query = """mutation ($i: ReplaceInput!) { done: caseTypeDelete(input: $i) { userErrors { code } } }"""
    answer = await own.ask("admin", query, {"i": {"id": old, "replaceWith": new}})
    assert answer.data["done"]["userErrors"] == []
    assert (await client.row(id))["type_id"] == kept(new)


@covers("D-11", "VT-25")
async def test_a_status_is_replaced_by_one_that_means_the_same(client: CaseClient) -> None:
    """Else cases would be closed, or opened again, without anybody having done so."""
    own = client.own
    late = await own.done("admin", "caseStatusCreate", name=own.name(), state="OPEN", position=99)
    id = await client.case(status=late)
    query = """mutation ($i: ReplaceInput!) { done: caseStatusDelete(input: $i) { userErrors { code path } } }"""
    told = []
    for instead in ("dropped", "busy"):
        given = {"id": late, "replaceWith": client.statuses[instead]}
        answer = await own.ask("admin", query, {"i": given})
        told.append(answer.data["done"]["userErrors"])
    assert told == [[{"code": "INVALID", "path": ["input", "replaceWith"]}], []]
    row = await client.row(id)
    assert (row["status_id"], row["state"]) == (kept(client.statuses["busy"]), "OPEN")


REFUSED = [
    ("caseMove", True),
    ("caseClose", True),
    ("caseClose", False),
    ("caseReopen", True),
    ("caseReopen", False),
]


@covers("D-34", "D-33")
@pytest.mark.parametrize("right", ["readable", "writable", "shut"])
async def test_whoever_may_not_write_the_status_does_not_close(
    client: CaseClient, right: str
) -> None:
    own = client.own
    id = await client.case()
    sales = await own.value("SELECT id FROM profile WHERE name = 'Standard sales'")
    one = "SELECT id FROM field_permission WHERE entity = 'Case' AND field = 'status' AND profile_id = $1"
    profile, field = spelled("prf", sales), spelled("pfi", await own.value(one, sales))
    if right == "readable":
        await own.done("admin", "fieldPermissionUpdate", id=field, writes=False)
    elif right == "shut":
        await own.done("admin", "fieldPermissionDelete", id=field)
    before = await client.row(id)
    for deed, named in REFUSED:
        fitting = "settled" if deed == "caseClose" else "busy"
        given = {"status": client.statuses[fitting]} if named else {}
        answer = await own.do("rep1", deed, id=id, **given)
        expected = {"readable": "FIELD_READ_ONLY", "shut": "FIELD_FORBIDDEN", "writable": DONE}
        assert came(answer) == expected[right], (deed, named)
    if right != "writable":
        assert await client.row(id) == before
    if right == "readable":
        await own.done("admin", "fieldPermissionUpdate", id=field, writes=True)
    elif right == "shut":
        again: dict[str, Any] = {"entity": "Case", "field": "status", "writes": True}
        await own.done("admin", "fieldPermissionCreate", profile=profile, **again)


@covers("D-34", "D-32")
async def test_whose_case_it_is(client: CaseClient) -> None:
    """A seller sees and closes his own, a manager those of the team, junior sales none."""
    own, id = client.own, await client.case()
    told = {
        persona: came(await own.do(persona, "caseClose", id=id))
        for persona in ("rep2", "limited", "manager", "support", "rep1")
    }
    assert told == {
        "rep2": "NOT_FOUND",
        "limited": "FORBIDDEN",
        "manager": DONE,
        "support": DONE,
        "rep1": DONE,
    }


async def test_a_case_comes_back_as_it_was(client: CaseClient) -> None:
    own, account = client.own, await client.account()
    id = await client.case(account)
    await own.done("rep1", "caseClose", id=id)
    before = await client.row(id)
    await own.done("rep1", "caseDelete", id=id)
    await own.done("rep1", "caseRestore", id=id)
    after = await client.row(id)
    assert {n for n in before if before[n] != after[n]} == {"version", "updated_at"}
    assert await client.links(id) == {account: True}

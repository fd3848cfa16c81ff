"""The timeline of an account: planned and done activities of its visible records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cases.client import CaseClient, wrong
from tests.support.covers import covers
from tests.writes.client import TenantClient, public_id, uuid_of

EXAMPLE = Path(__file__).parents[2] / "docs/examples/account_timeline.graphql"
TIMELINE = """query ($id: ID!) {
  account(id: $id) {
    timeline(orderBy: [{plannedAt: ASC}]) {
      totalCount aggregate { count sum { hours } } nodes { subject customer { id } }
    }
  }
  activities(filter: {customer: {id: {eq: $id}}}) { totalCount }
  activitiesAggregate(filter: {customer: {id: {eq: $id}}}, groupBy: [{customer: {record: true}}]) {
    groups { key { customer { record { id } } } count sum { hours } }
  }
}"""


async def person(own: TenantClient, *accounts: str, **params: Any) -> str:
    """Create a person with affiliations to these accounts."""
    places = [{"account": each} for each in accounts]
    owner = public_id("emp", await own.employee("rep1"))
    names = {"lastName": own.name(), "owner": owner}
    return await own.done("admin", "personCreate", affiliations=places, **names, **params)


async def planned(own: TenantClient, persona: str = "rep1", **params: Any) -> str:
    """Create a planned activity."""
    params = {"subject": own.name(), "hours": "1", "plannedAt": "2026-03-20T09:00:00Z"} | params
    return await own.done(persona, "activityCreate", **params)


async def customer(own: TenantClient, activity: str) -> str | None:
    """Id of the account whose timeline contains the activity; None if no timeline does."""
    id = (await own.row("activity", activity))["customer_id"]
    return None if id is None else public_id("acc", id)


@covers("EP-023", "EP-083", "EP-199")
async def test_timeline_contains_the_activities_of_all_related_records(client: CaseClient) -> None:
    own, account, other = client.own, await client.account(), await client.account()
    opportunity = await own.opportunity("rep1", account=account)
    subjects = {
        "account": account,
        "opportunity": opportunity,
        "contract": await client.contract(account),
        "case": await client.case(account, other),
        "person": await person(own, account, other),
    }
    for name, id in subjects.items():
        assert await customer(own, await planned(own, "admin", **{name: id})) == account, name
    data = (await own.ask("admin", TIMELINE, {"id": account})).data
    assert data["account"]["timeline"]["totalCount"] == len(subjects)
    assert data["account"]["timeline"]["aggregate"]["sum"]["hours"] == "5.0000"
    unrelated = [await client.case(), await person(own)]
    for name, id in zip(("case", "person"), unrelated, strict=True):
        assert await customer(own, await planned(own, "admin", **{name: id})) is None


@covers("EP-023", "X-11")
async def test_nested_activities_appear_in_the_timeline(client: CaseClient) -> None:
    own, account = client.own, await client.account()
    places, links = [{"account": account}], [{"account": account}]
    commands: list[tuple[str, dict[str, Any]]] = [
        ("accountCreate", {"name": own.name()}),
        ("personCreate", {"lastName": own.name(), "affiliations": places}),
        ("caseCreate", {"subject": own.name(), "accounts": links}),
    ]
    for command, params in commands:
        record = await own.done("admin", command, activities=[{"subject": "Nested"}], **params)
        column = f"{command.removesuffix('Create')}_id"
        text = f"SELECT customer_id FROM activity WHERE {column} = $1"  # noqa: S608 - constant names
        expected = record if command == "accountCreate" else account
        assert await own.value(text, uuid_of(record)) == uuid_of(expected), command


@covers("EP-023")
async def test_timeline_follows_the_account_of_the_record(client: CaseClient) -> None:
    own, old, new = client.own, await client.account(), await client.account()
    opportunity = await own.opportunity("rep1", account=old)
    contract, case = await client.contract(old), await client.case(old, new)
    records = {"opportunity": opportunity, "contract": contract, "case": case}
    for name, id in records.items():
        mine = [await planned(own, "admin", **{name: id}) for _ in "ab"]
        trashed = await planned(own, "admin", **{name: id})
        await own.done("admin", "activityDelete", id=trashed)
        if name == "case":
            link = await client.link(case, new)
            await own.done("admin", "caseAccountUpdate", id=link, primary=True)
        else:
            await own.done("admin", f"{name}Update", id=id, account=new)
        assert [await customer(own, each) for each in mine] == [new, new], name
        assert await customer(own, trashed) == old, "trashed activities do not change"
        await own.done("admin", "activityRestore", id=trashed)
        assert await customer(own, trashed) == new, "restored activities are updated"
        row = await own.row("activity", mine[0])
        assert row["version"] == 2
    await own.done("admin", "caseAccountDelete", id=await client.link(case, new))
    text = "SELECT DISTINCT customer_id FROM activity WHERE case_id = $1"
    assert await own.value(text, uuid_of(case)) == uuid_of(old)


@covers("EP-023")
async def test_timeline_follows_the_longest_active_affiliation_of_a_person(
    client: CaseClient,
) -> None:
    own, first, second = client.own, await client.account(), await client.account()
    id = await person(own)
    call = await planned(own, "admin", person=id)
    assert await customer(own, call) is None
    late = await own.done("admin", "affiliationCreate", person=id, account=second)
    assert await customer(own, call) == second
    early = await own.done("admin", "affiliationCreate", person=id, account=first)
    assert await customer(own, call) == second, "the older affiliation counts"
    await own.done("admin", "affiliationUpdate", id=late, active=False)
    assert await customer(own, call) == first
    await own.done("admin", "affiliationUpdate", id=late, active=True)
    assert await customer(own, call) == second
    await own.done("admin", "accountDelete", id=second)
    assert await customer(own, call) == first
    await own.done("admin", "affiliationDelete", id=early)
    assert await customer(own, call) is None
    await own.done("admin", "accountRestore", id=second)
    assert await customer(own, call) == second


@covers("D-11", "EP-023")
async def test_activity_is_trashed_and_restored_with_its_record(client: CaseClient) -> None:
    own, account, other = client.own, await client.account(), await client.account()
    id = await person(own, account)
    records = {
        "opportunity": await own.opportunity("rep1", account=account),
        "case": await client.case(account, other),
        "person": id,
    }
    for name, subject in records.items():
        mine = await planned(own, "admin", **{name: subject})
        await own.done("admin", f"{name}Delete", id=subject)
        assert (await own.row("activity", mine))["deleted_at"] is not None
        if name == "case":
            await own.done("admin", "opportunityDelete", id=records["opportunity"])
            await own.done("admin", "accountDelete", id=account)
        await own.done("admin", f"{name}Restore", id=subject)
        row = await own.row("activity", mine)
        assert row["deleted_at"] is None
        expected = {"opportunity": account, "case": other, "person": account}[name]
        assert await customer(own, mine) == expected, name
        if name == "case":
            await own.done("admin", "accountRestore", id=account)


@covers("D-11", "EP-199")
async def test_activity_of_an_account_is_trashed_and_restored_with_it(client: CaseClient) -> None:
    own, account = client.own, await client.account()
    mine = await planned(own, account=account)
    await own.done("admin", "accountDelete", id=account)
    await own.done("admin", "accountRestore", id=account)
    assert await customer(own, mine) == account


@covers("EP-023", "D-32")
async def test_timeline_contains_only_activities_of_visible_records(client: CaseClient) -> None:
    """A sales user sees neither another one's opportunity, contract or case nor the activities on them."""
    own, account = client.own, await client.account("rep2")
    opportunity = await own.opportunity("rep1", account=account)
    await planned(own, opportunity=opportunity, hours="16")
    await planned(own, case=await client.case(account), hours="8")
    await planned(own, "admin", contract=await client.contract(account), hours="4")
    await planned(own, "rep2", account=account, hours="2")
    expected = {
        "admin": (4, 30),
        "rep1": (3, 26),
        "rep2": (1, 2),
        "support": (3, 14),
        "limited": (1, 2),
    }
    actual = {}
    for persona in expected:
        data = (await own.ask(persona, TIMELINE, {"id": account})).data
        timeline, [group] = data["account"]["timeline"], data["activitiesAggregate"]["groups"]
        counts = {
            timeline["totalCount"],
            len(timeline["nodes"]),
            timeline["aggregate"]["count"],
            data["activities"]["totalCount"],
            group["count"],
        }
        sums = {timeline["aggregate"]["sum"]["hours"], group["sum"]["hours"]}
        [count], [hours] = counts, sums
        actual[persona] = (count, round(float(hours)))
    assert actual == expected


@covers("EP-023", "VPM-15")
@pytest.mark.parametrize("persona", ["admin", "rep1", "rep2"])
async def test_timeline_example_includes_all_descendant_accounts(
    client: CaseClient, persona: str
) -> None:
    own, group = client.own, await client.account()
    child = await client.account(parent=group)
    grandchild = await client.account(parent=child)
    unrelated = await client.account()
    won = await own.opportunity("rep1", account=child)
    expected: list[str] = []
    for day, (record, visible) in enumerate(
        [
            ({"account": group}, True),
            ({"opportunity": won}, persona != "rep2"),
            ({"case": await client.case(grandchild)}, persona != "rep2"),
            ({"account": grandchild}, True),
            ({"account": unrelated}, False),
        ],
        start=1,
    ):
        subject = own.name()
        await planned(own, subject=subject, plannedAt=f"2026-04-0{day}T09:00:00Z", **record)
        expected += [subject] if visible else []
    done = await planned(own, account=child, subject="Done")
    await own.done("rep1", "activityComplete", id=done)
    params = {"account": group}
    data = (await own.ask(persona, EXAMPLE.read_text(), params)).data
    assert [each["subject"] for each in data["planned"]["nodes"]] == expected
    assert data["planned"]["totalCount"] == len(expected)
    assert [each["subject"] for each in data["done"]["nodes"]] == ["Done"]
    names = [each["account"]["id"] for each in data["opportunities"]["nodes"]]
    assert names == ([child] if persona != "rep2" else [])


@covers("D-39", "EP-023")
async def test_reassigning_too_many_activities_is_refused(
    client: CaseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.activities.MAX_MOVED", 2)
    own, account, other = client.own, await client.account(), await client.account()
    id = await own.opportunity("rep1", account=account)
    activities = [await planned(own, opportunity=id) for _ in "abc"]
    assert wrong(await own.do("rep1", "opportunityUpdate", id=id, account=other)) == [
        ("INVALID", "input")
    ]
    await own.done("rep1", "activityDelete", id=activities.pop())
    await own.done("rep1", "opportunityUpdate", id=id, account=other)
    assert [await customer(own, each) for each in activities] == [other, other]

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


async def person(tenant: TenantClient, *accounts: str, **params: Any) -> str:
    """Create a person with affiliations to these accounts."""
    places = [{"account": each} for each in accounts]
    owner = public_id("emp", await tenant.employee_id("rep1"))
    names = {"lastName": tenant.new_name(), "owner": owner}
    return await tenant.mutate("admin", "personCreate", affiliations=places, **names, **params)


async def planned(tenant: TenantClient, persona: str = "rep1", **params: Any) -> str:
    """Create a planned activity."""
    params = {
        "subject": tenant.new_name(),
        "hours": "1",
        "plannedAt": "2026-03-20T09:00:00Z",
    } | params
    return await tenant.mutate(persona, "activityCreate", **params)


async def customer(tenant: TenantClient, activity: str) -> str | None:
    """Id of the account whose timeline contains the activity; None if no timeline does."""
    id = (await tenant.row("activity", activity))["customer_id"]
    return None if id is None else public_id("acc", id)


@covers("EP-023", "EP-083", "EP-199")
async def test_timeline_contains_the_activities_of_all_related_records(client: CaseClient) -> None:
    tenant, account, other = client.tenant, await client.account(), await client.account()
    opportunity = await tenant.opportunity("rep1", account=account)
    subjects = {
        "account": account,
        "opportunity": opportunity,
        "contract": await client.contract(account),
        "case": await client.case(account, other),
        "person": await person(tenant, account, other),
    }
    for name, id in subjects.items():
        assert await customer(tenant, await planned(tenant, "admin", **{name: id})) == account, name
    data = (await tenant.ask("admin", TIMELINE, {"id": account})).data
    assert data["account"]["timeline"]["totalCount"] == len(subjects)
    assert data["account"]["timeline"]["aggregate"]["sum"]["hours"] == "5.0000"
    unrelated = [await client.case(), await person(tenant)]
    for name, id in zip(("case", "person"), unrelated, strict=True):
        assert await customer(tenant, await planned(tenant, "admin", **{name: id})) is None


@covers("EP-023", "X-11")
async def test_nested_activities_appear_in_the_timeline(client: CaseClient) -> None:
    tenant, account = client.tenant, await client.account()
    places, links = [{"account": account}], [{"account": account}]
    commands: list[tuple[str, dict[str, Any]]] = [
        ("accountCreate", {"name": tenant.new_name()}),
        ("personCreate", {"lastName": tenant.new_name(), "affiliations": places}),
        ("caseCreate", {"subject": tenant.new_name(), "accounts": links}),
    ]
    for command, params in commands:
        record = await tenant.mutate("admin", command, activities=[{"subject": "Nested"}], **params)
        column = f"{command.removesuffix('Create')}_id"
        text = f"SELECT customer_id FROM activity WHERE {column} = $1"  # noqa: S608 - constant names
        expected = record if command == "accountCreate" else account
        assert await tenant.value(text, uuid_of(record)) == uuid_of(expected), command


@covers("EP-023")
async def test_timeline_follows_the_account_of_the_record(client: CaseClient) -> None:
    tenant, old, new = client.tenant, await client.account(), await client.account()
    opportunity = await tenant.opportunity("rep1", account=old)
    contract, case = await client.contract(old), await client.case(old, new)
    records = {"opportunity": opportunity, "contract": contract, "case": case}
    for name, id in records.items():
        mine = [await planned(tenant, "admin", **{name: id}) for _ in "ab"]
        trashed = await planned(tenant, "admin", **{name: id})
        await tenant.mutate("admin", "activityDelete", id=trashed)
        if name == "case":
            link = await client.link(case, new)
            await tenant.mutate("admin", "caseAccountUpdate", id=link, primary=True)
        else:
            await tenant.mutate("admin", f"{name}Update", id=id, account=new)
        assert [await customer(tenant, each) for each in mine] == [new, new], name
        assert await customer(tenant, trashed) == old, "trashed activities do not change"
        await tenant.mutate("admin", "activityRestore", id=trashed)
        assert await customer(tenant, trashed) == new, "restored activities are updated"
        row = await tenant.row("activity", mine[0])
        assert row["version"] == 2
    await tenant.mutate("admin", "caseAccountDelete", id=await client.link(case, new))
    text = "SELECT DISTINCT customer_id FROM activity WHERE case_id = $1"
    assert await tenant.value(text, uuid_of(case)) == uuid_of(old)


@covers("EP-023")
async def test_timeline_follows_the_longest_active_affiliation_of_a_person(
    client: CaseClient,
) -> None:
    tenant, first, second = client.tenant, await client.account(), await client.account()
    id = await person(tenant)
    call = await planned(tenant, "admin", person=id)
    assert await customer(tenant, call) is None
    late = await tenant.mutate("admin", "affiliationCreate", person=id, account=second)
    assert await customer(tenant, call) == second
    early = await tenant.mutate("admin", "affiliationCreate", person=id, account=first)
    assert await customer(tenant, call) == second, "the older affiliation counts"
    await tenant.mutate("admin", "affiliationUpdate", id=late, active=False)
    assert await customer(tenant, call) == first
    await tenant.mutate("admin", "affiliationUpdate", id=late, active=True)
    assert await customer(tenant, call) == second
    await tenant.mutate("admin", "accountDelete", id=second)
    assert await customer(tenant, call) == first
    await tenant.mutate("admin", "affiliationDelete", id=early)
    assert await customer(tenant, call) is None
    await tenant.mutate("admin", "accountRestore", id=second)
    assert await customer(tenant, call) == second


@covers("D-11", "EP-023")
async def test_activity_is_trashed_and_restored_with_its_record(client: CaseClient) -> None:
    tenant, account, other = client.tenant, await client.account(), await client.account()
    id = await person(tenant, account)
    records = {
        "opportunity": await tenant.opportunity("rep1", account=account),
        "case": await client.case(account, other),
        "person": id,
    }
    for name, subject in records.items():
        mine = await planned(tenant, "admin", **{name: subject})
        await tenant.mutate("admin", f"{name}Delete", id=subject)
        assert (await tenant.row("activity", mine))["deleted_at"] is not None
        if name == "case":
            await tenant.mutate("admin", "opportunityDelete", id=records["opportunity"])
            await tenant.mutate("admin", "accountDelete", id=account)
        await tenant.mutate("admin", f"{name}Restore", id=subject)
        row = await tenant.row("activity", mine)
        assert row["deleted_at"] is None
        expected = {"opportunity": account, "case": other, "person": account}[name]
        assert await customer(tenant, mine) == expected, name
        if name == "case":
            await tenant.mutate("admin", "accountRestore", id=account)


@covers("D-11", "EP-199")
async def test_activity_of_an_account_is_trashed_and_restored_with_it(client: CaseClient) -> None:
    tenant, account = client.tenant, await client.account()
    mine = await planned(tenant, account=account)
    await tenant.mutate("admin", "accountDelete", id=account)
    await tenant.mutate("admin", "accountRestore", id=account)
    assert await customer(tenant, mine) == account


@covers("EP-023", "D-32")
async def test_timeline_contains_only_activities_of_visible_records(client: CaseClient) -> None:
    """A sales user sees neither another one's opportunity, contract or case nor the activities on them."""
    tenant, account = client.tenant, await client.account("rep2")
    opportunity = await tenant.opportunity("rep1", account=account)
    await planned(tenant, opportunity=opportunity, hours="16")
    await planned(tenant, case=await client.case(account), hours="8")
    await planned(tenant, "admin", contract=await client.contract(account), hours="4")
    await planned(tenant, "rep2", account=account, hours="2")
    expected = {
        "admin": (4, 30),
        "rep1": (3, 26),
        "rep2": (1, 2),
        "support": (3, 14),
        "limited": (1, 2),
    }
    actual = {}
    for persona in expected:
        data = (await tenant.ask(persona, TIMELINE, {"id": account})).data
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
    tenant, group = client.tenant, await client.account()
    child = await client.account(parent=group)
    grandchild = await client.account(parent=child)
    unrelated = await client.account()
    won = await tenant.opportunity("rep1", account=child)
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
        subject = tenant.new_name()
        await planned(tenant, subject=subject, plannedAt=f"2026-04-0{day}T09:00:00Z", **record)
        expected += [subject] if visible else []
    done = await planned(tenant, account=child, subject="Done")
    await tenant.mutate("rep1", "activityComplete", id=done)
    params = {"account": group}
    data = (await tenant.ask(persona, EXAMPLE.read_text(), params)).data
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
    tenant, account, other = client.tenant, await client.account(), await client.account()
    id = await tenant.opportunity("rep1", account=account)
    activities = [await planned(tenant, opportunity=id) for _ in "abc"]
    assert wrong(await tenant.attempt("rep1", "opportunityUpdate", id=id, account=other)) == [
        ("INVALID", "input")
    ]
    await tenant.mutate("rep1", "activityDelete", id=activities.pop())
    await tenant.mutate("rep1", "opportunityUpdate", id=id, account=other)
    assert [await customer(tenant, each) for each in activities] == [other, other]

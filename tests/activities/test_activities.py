"""Activities: the record they are on, categories, hours, completion and rights."""

from __future__ import annotations

from typing import Any

import pytest

from tests.activities.test_timeline import person, planned
from tests.cases.client import CaseClient, wrong
from tests.support.covers import covers
from tests.writes.client import DONE, outcome_of, public_id, uuid_of

NAMES = ("account", "person", "opportunity", "contract", "case")
DONE_AT = "2026-03-20T09:30:00Z"


async def subjects(client: CaseClient) -> dict[str, str]:
    """A record of each type that can have activities, by relation name."""
    tenant, account = client.tenant, await client.account()
    return {
        "account": account,
        "person": await person(tenant, account),
        "opportunity": await tenant.opportunity("rep1", account=account),
        "contract": await client.contract(account),
        "case": await client.case(account),
    }


@covers("EP-083", "EP-199", "EP-338")
@pytest.mark.parametrize("name", NAMES)
async def test_activity_is_listed_on_its_record(client: CaseClient, name: str) -> None:
    tenant, id = client.tenant, (await subjects(client))[name]
    category = await tenant.mutate("admin", "activityCategoryCreate", name=tenant.new_name())
    activity = await planned(
        tenant, "admin", **{name: id}, category=category, subject="A first talk"
    )
    await tenant.mutate("admin", "activityUpdate", id=activity, note="Bring the samples.")
    query = f"""query ($id: ID!) {{ {name}(id: $id) {{ activities {{
      nodes {{ id subject note plannedAt doneAt category {{ id }} owner {{ id }} }} }} }} }}"""
    data = (await tenant.ask("admin", query, {"id": id})).data[name]["activities"]["nodes"]
    assert data == [
        {
            "id": activity,
            "subject": "A first talk",
            "note": "Bring the samples.",
            "plannedAt": "2026-03-20T09:00:00.000000Z",
            "doneAt": None,
            "category": {"id": category},
            "owner": {"id": public_id("emp", await tenant.employee_id("admin"))},
        }
    ]
    await tenant.mutate("admin", "activityDelete", id=activity)
    data = (await tenant.ask("admin", query, {"id": id})).data[name]["activities"]["nodes"]
    assert data == []
    await tenant.mutate("admin", "activityRestore", id=activity)


async def test_activity_without_or_with_two_records_is_refused(client: CaseClient) -> None:
    tenant, records = client.tenant, await subjects(client)
    none = await tenant.attempt("admin", "activityCreate", subject="On nothing")
    assert wrong(none) == [("INVALID", "input")]
    two = {name: records[name] for name in ("account", "case")}
    both = await tenant.attempt("admin", "activityCreate", subject="On two", **two)
    assert wrong(both) == [("INVALID", "case")]
    values: dict[str, Any] = {
        "subject": "x",
        "activities": [{"subject": "y", "account": records["account"]}],
    }
    nested = await tenant.attempt("admin", "caseCreate", **values)
    assert wrong(nested)[0][0] == "INVALID"


@covers("EP-338", "D-11")
async def test_categories_are_unique_replaceable_and_restricted_to_administrators(
    client: CaseClient,
) -> None:
    tenant = client.tenant
    old, new = [
        await tenant.mutate("admin", "activityCategoryCreate", name=tenant.new_name()) for _ in "ab"
    ]
    call = await planned(tenant, account=await client.account(), category=old)
    name = (await tenant.row("activity_category", old))["name"]
    assert wrong(await tenant.attempt("admin", "activityCategoryCreate", name=name)) == [
        ("DUPLICATE", "name")
    ]
    assert wrong(await tenant.attempt("admin", "activityCategoryDelete", id=old)) == [
        ("IN_USE", "id")
    ]
    await tenant.mutate("admin", "activityCategoryDelete", id=old, replaceWith=new)
    assert (await tenant.row("activity", call))["category_id"] == uuid_of(new)
    assert (
        outcome_of(await tenant.attempt("rep1", "activityCategoryCreate", name=tenant.new_name()))
        == "FORBIDDEN"
    )


@covers("VPM-15")
async def test_complete_sets_done_at_hours_and_overtime(client: CaseClient) -> None:
    tenant, case = client.tenant, await client.case(await client.account())
    activity = await planned(tenant, case=case, hours=None)
    await tenant.mutate("rep1", "activityComplete", id=activity, hours="1.5", overtime=True)
    row = await tenant.row("activity", activity)
    assert row["done_at"] == row["updated_at"], "completed now"
    assert (str(row["hours"]), row["overtime"]) == ("1.5000", True)
    await tenant.mutate("rep1", "activityComplete", id=activity)
    again = await tenant.row("activity", activity)
    assert again == row, "completing again changes nothing"
    await tenant.mutate("rep1", "activityComplete", id=activity, doneAt=DONE_AT, hours=None)
    last = await tenant.row("activity", activity)
    assert last["done_at"].isoformat() == "2026-03-20T09:30:00+00:00"
    assert (last["hours"], last["overtime"]) == (None, True)
    negative = await tenant.attempt("rep1", "activityComplete", id=activity, hours="-1")
    assert wrong(negative) == [("INVALID", "hours")]
    await tenant.mutate("rep1", "activityUpdate", id=activity, doneAt=None)
    assert (await tenant.row("activity", activity))["done_at"] is None, "it is planned again"


SUMS = """query ($id: ID!) { case(id: $id) {
  all: activities { aggregate { count sum { hours } } }
  overtime: activities(filter: {overtime: {eq: true}}) { aggregate { count sum { hours } } }
  planned: activities(filter: {doneAt: {isNull: true}}) { totalCount }
} }"""


@covers("VN-34")
async def test_hours_and_overtime_of_a_case(client: CaseClient) -> None:
    tenant, case = client.tenant, await client.case(await client.account())
    for hours, overtime in (("1.25", False), ("2", True), ("0.5", True)):
        activity = await planned(tenant, case=case, hours=None)
        await tenant.mutate("rep1", "activityComplete", id=activity, hours=hours, overtime=overtime)
    await planned(tenant, case=case, hours="8")
    data = (await tenant.ask("rep1", SUMS, {"id": case})).data["case"]
    assert data == {
        "all": {"aggregate": {"count": 4, "sum": {"hours": "11.7500"}}},
        "overtime": {"aggregate": {"count": 2, "sum": {"hours": "2.5000"}}},
        "planned": {"totalCount": 1},
    }


@covers("D-34", "D-32")
async def test_only_owner_and_administrator_complete_an_activity(client: CaseClient) -> None:
    """Users who see the record see its activities; activities on invisible records are not found."""
    tenant = client.tenant
    activity = await planned(tenant, account=await client.account())
    outcomes = {}
    for persona in ("rep2", "support", "limited", "manager", "admin", "rep1"):
        outcomes[persona] = outcome_of(
            await tenant.attempt(persona, "activityComplete", id=activity)
        )
    others = dict.fromkeys(("rep2", "support", "limited", "manager"), "FORBIDDEN")
    assert outcomes == {**others, "admin": DONE, "rep1": DONE}
    hidden = await planned(tenant, opportunity=await tenant.opportunity("rep1"))
    assert outcome_of(await tenant.attempt("rep2", "activityComplete", id=hidden)) == "NOT_FOUND"


@covers("D-34", "D-33")
@pytest.mark.parametrize("explicit", [True, False])
async def test_complete_without_write_access_to_done_at_is_refused(
    client: CaseClient, explicit: bool
) -> None:
    tenant = client.tenant
    activity = await planned(tenant, account=await client.account())
    text = (
        "SELECT f.id FROM field_permission f JOIN profile p ON p.id = f.profile_id "
        "WHERE p.name = 'Standard sales' AND f.entity = 'Activity' AND f.field = 'doneAt'"
    )
    field = public_id("pfi", await tenant.value(text))
    await tenant.mutate("admin", "fieldPermissionUpdate", id=field, writes=False)
    params: dict[str, Any] = {"doneAt": DONE_AT} if explicit else {}
    answer = await tenant.attempt("rep1", "activityComplete", id=activity, **params)
    assert outcome_of(answer) == "FIELD_READ_ONLY"
    await tenant.mutate("admin", "fieldPermissionUpdate", id=field, writes=True)
    await tenant.mutate("rep1", "activityComplete", id=activity, **params)

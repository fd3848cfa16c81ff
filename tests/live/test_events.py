"""Live lists send ENTERED, UPDATED and LEFT when a record, its owner or only the access to it changes."""

from __future__ import annotations

from typing import Any

from tests.live.live_tenant import LIST, LiveTenant
from tests.live.wire import Rows, Wire
from tests.support.covers import covers
from tests.writes.client import public_id

VERSION = "query ($id: ID!) { opportunity(id: $id) { version } }"


async def employee(tenant: LiveTenant, persona: str) -> str:
    """The public id of the persona's employee."""
    return public_id("emp", await tenant.client.employee_id(persona))


async def version(tenant: LiveTenant, id: str) -> int:
    """The current `version` of an opportunity."""
    return int(
        (await tenant.client.ask("admin", VERSION, {"id": id})).data["opportunity"]["version"]
    )


async def listed(tenant: LiveTenant, name: str) -> dict[str, Any]:
    """The opportunities with a name that a query of rep1 returns, by id."""
    variables = {"filter": {"name": {"eq": name}}}
    nodes = (await tenant.client.ask("rep1", LIST, variables)).data["opportunities"]["nodes"]
    return {each["id"]: each for each in nodes}


async def next_changes(tenant: LiveTenant, rows: Rows, name: str) -> list[tuple[str, str]]:
    """The changes of the next event; after it the rows must equal the result of a query."""
    event = await rows.event()
    assert event["kind"] == "DELTA"
    assert rows.rows == await listed(tenant, name)
    for each in event["changes"]:
        assert (each["node"] is None) == (each["kind"] == "LEFT")
    return [(each["kind"], each["id"]) for each in event["changes"]]


async def empty_list(tenant: LiveTenant, ws: Wire, name: str) -> Rows:
    """A live list of rep1, filtered by a name that no record has yet."""
    rows = await tenant.open_list(ws, filter={"name": {"eq": name}})
    assert rows.rows == {}
    return rows


@covers("N3", "D-62")
async def test_record_enters_changes_and_leaves_by_the_filter(tenant: LiveTenant) -> None:
    name = tenant.new_name()
    async with tenant.wire("rep1") as ws:
        rows = await empty_list(tenant, ws, name)
        id = await tenant.client.opportunity("rep1", name=tenant.new_name())
        await tenant.client.mutate("rep1", "opportunityUpdate", id=id, name=name)
        assert await next_changes(tenant, rows, name) == [("ENTERED", id)]
        await tenant.client.mutate("rep1", "opportunityUpdate", id=id, amount="12.50")
        assert await next_changes(tenant, rows, name) == [("UPDATED", id)]
        await tenant.client.mutate("rep1", "opportunityUpdate", id=id, note="not selected")
        await tenant.client.mutate("rep1", "opportunityUpdate", id=id, name=tenant.new_name())
        assert await next_changes(tenant, rows, name) == [("LEFT", id)]


@covers("N3", "D-62")
async def test_record_enters_and_leaves_when_its_owner_changes(tenant: LiveTenant) -> None:
    name = tenant.new_name()
    async with tenant.wire("rep1") as ws:
        rows = await empty_list(tenant, ws, name)
        id = await tenant.client.opportunity("rep2", name=name)
        for persona, kind in (("rep1", "ENTERED"), ("rep2", "LEFT"), ("rep1", "ENTERED")):
            owner = await employee(tenant, persona)
            await tenant.client.mutate("admin", "opportunityUpdate", id=id, owner=owner)
            assert await next_changes(tenant, rows, name) == [(kind, id)]


@covers("N3", "D-62")
async def test_record_enters_and_leaves_when_only_access_changes(tenant: LiveTenant) -> None:
    """Sharing does not write the record, so subscribers who could already read it receive no event."""
    name = tenant.new_name()
    id = await tenant.client.opportunity("rep2", name=name)
    before = await version(tenant, id)
    async with tenant.wire("rep1") as ws, tenant.wire("rep2") as owners:
        rows = await empty_list(tenant, ws, name)
        theirs = await tenant.open_list(owners, filter={"name": {"eq": name}})
        assert theirs.rows.keys() == {id}
        params = {"opportunity": id, "employee": await employee(tenant, "rep1")}
        share = await tenant.client.mutate("admin", "opportunityShareCreate", **params)
        assert await next_changes(tenant, rows, name) == [("ENTERED", id)]
        await tenant.client.mutate("admin", "opportunityShareDelete", id=share)
        assert await next_changes(tenant, rows, name) == [("LEFT", id)]
        assert await version(tenant, id) == before
        await tenant.client.mutate("admin", "opportunityUpdate", id=id, amount="7.00")
        assert [each["kind"] for each in (await theirs.event())["changes"]] == ["UPDATED"]
        assert theirs.kinds == ["SNAPSHOT", "DELTA"]


@covers("N3", "D-62", "D-63")
async def test_role_permissions_remove_and_return_records(
    tenant: LiveTenant,
) -> None:
    """A new permission class gets another shared list, so the rows are sent as RESYNC without those no longer visible."""
    name = tenant.new_name()
    kind = public_id("opt", await tenant.client.type_id("Expansion"))
    id = await tenant.client.opportunity("rep2", name=name, type=kind)
    role = await tenant.client.value("SELECT id FROM role WHERE name = 'Sales representative'")
    async with tenant.wire("rep1") as ws:
        rows = await empty_list(tenant, ws, name)
        for _ in range(2):
            params = {"role": public_id("rol", role), "type": kind}
            share = await tenant.client.mutate("admin", "shareRuleCreate", **params)
            assert (await rows.event())["kind"] == "RESYNC"
            assert rows.rows == await listed(tenant, name)
            assert rows.rows.keys() == {id}
            await tenant.client.mutate("admin", "shareRuleDelete", id=share)
            assert (await rows.event())["kind"] == "RESYNC"
            assert rows.rows == await listed(tenant, name) == {}

"""Live lists announce what entered, changed and left: by a filter, by ownership, and by access alone."""

from __future__ import annotations

from typing import Any

from tests.live.live_tenant import LIST, LiveTenant
from tests.live.wire import Rows
from tests.support.covers import covers
from tests.writes.parallel import public_id

VERSION = "query ($id: ID!) { opportunity(id: $id) { version } }"


async def employee(here: LiveTenant, persona: str) -> str:
    """The id of the employee that a persona is."""
    return public_id("emp", await here.own.employee(persona))


async def version(here: LiveTenant, id: str) -> int:
    """How often an opportunity was changed."""
    return int((await here.own.ask("admin", VERSION, {"id": id})).data["opportunity"]["version"])


async def listed(here: LiveTenant, name: str) -> dict[str, Any]:
    """The opportunities of a name that rep1 sees when asking for them now."""
    given = {"filter": {"name": {"eq": name}}}
    nodes = (await here.own.ask("rep1", LIST, given)).data["opportunities"]["nodes"]
    return {each["id"]: each for each in nodes}


async def announced(here: LiveTenant, rows: Rows, name: str) -> list[tuple[str, str]]:
    """The changes of the next event, after which the list holds what a query returns."""
    event = await rows.event()
    assert event["kind"] == "DELTA"
    assert rows.rows == await listed(here, name)
    for each in event["changes"]:
        assert (each["node"] is None) == (each["kind"] == "LEFT")
    return [(each["kind"], each["id"]) for each in event["changes"]]


async def following(here: LiveTenant, opened: Any, name: str) -> Rows:
    """rep1's live list of the opportunities with a name, empty at first."""
    rows = await here.live(opened, filter={"name": {"eq": name}})
    assert rows.rows == {}
    return rows


@covers("N3", "D-62")
async def test_a_record_enters_changes_and_leaves_as_the_filter_says(here: LiveTenant) -> None:
    name = here.name()
    async with here.wire("rep1") as opened:
        rows = await following(here, opened, name)
        id = await here.own.opportunity("rep1", name=here.name())
        await here.own.done("rep1", "opportunityUpdate", id=id, name=name)
        assert await announced(here, rows, name) == [("ENTERED", id)]
        await here.own.done("rep1", "opportunityUpdate", id=id, amount="12.50")
        assert await announced(here, rows, name) == [("UPDATED", id)]
        await here.own.done("rep1", "opportunityUpdate", id=id, note="not selected")
        await here.own.done("rep1", "opportunityUpdate", id=id, name=here.name())
        assert await announced(here, rows, name) == [("LEFT", id)]


@covers("N3", "D-62")
async def test_a_record_enters_and_leaves_with_its_ownership(here: LiveTenant) -> None:
    name = here.name()
    async with here.wire("rep1") as opened:
        rows = await following(here, opened, name)
        id = await here.own.opportunity("rep2", name=name)
        for persona, kind in (("rep1", "ENTERED"), ("rep2", "LEFT"), ("rep1", "ENTERED")):
            owner = await employee(here, persona)
            await here.own.done("admin", "opportunityUpdate", id=id, owner=owner)
            assert await announced(here, rows, name) == [(kind, id)]


@covers("N3", "D-62")
async def test_a_record_enters_and_leaves_with_access_alone(here: LiveTenant) -> None:
    """It is shared and unshared: the record itself is not written, and those who saw it hear nothing."""
    name = here.name()
    id = await here.own.opportunity("rep2", name=name)
    before = await version(here, id)
    async with here.wire("rep1") as opened, here.wire("rep2") as owners:
        rows = await following(here, opened, name)
        theirs = await here.live(owners, filter={"name": {"eq": name}})
        assert theirs.rows.keys() == {id}
        given = {"opportunity": id, "employee": await employee(here, "rep1")}
        share = await here.own.done("admin", "opportunityShareCreate", **given)
        assert await announced(here, rows, name) == [("ENTERED", id)]
        await here.own.done("admin", "opportunityShareDelete", id=share)
        assert await announced(here, rows, name) == [("LEFT", id)]
        assert await version(here, id) == before
        await here.own.done("admin", "opportunityUpdate", id=id, amount="7.00")
        assert [each["kind"] for each in (await theirs.event())["changes"]] == ["UPDATED"]
        assert theirs.kinds == ["SNAPSHOT", "DELTA"]


@covers("N3", "D-62", "D-63")
async def test_role_permissions_remove_and_return_records(
    here: LiveTenant,
) -> None:
    """Another permission class holds another list: it is sent anew, without what is no longer visible."""
    name = here.name()
    kind = public_id("opt", await here.own.type("Expansion"))
    id = await here.own.opportunity("rep2", name=name, type=kind)
    role = await here.own.value("SELECT id FROM role WHERE name = 'Sales representative'")
    async with here.wire("rep1") as opened:
        rows = await following(here, opened, name)
        for _ in range(2):
            given = {"role": public_id("rol", role), "type": kind}
            share = await here.own.done("admin", "shareRuleCreate", **given)
            assert (await rows.event())["kind"] == "RESYNC"
            assert rows.rows == await listed(here, name)
            assert rows.rows.keys() == {id}
            await here.own.done("admin", "shareRuleDelete", id=share)
            assert (await rows.event())["kind"] == "RESYNC"
            assert rows.rows == await listed(here, name) == {}

"""Going on where one was: from the ring, from the log after a restart, and everything anew where neither can tell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.live.live_tenant import LIST, PIPELINE, LiveTenant
from tests.live.wire import Rows, Wire, wire
from tests.support.covers import covers
from tests.writes.parallel import in_second_process, served

WON = {"status": {"eq": "WON"}}
OPEN = {"status": {"eq": "OPEN"}}
Happens = Callable[[LiveTenant, list[str]], Awaitable[None]]


@asynccontextmanager
async def restarted(here: LiveTenant, persona: str = "admin") -> AsyncIterator[Wire]:
    """A socket to a process that remembers nothing of the one before."""
    async with in_second_process(here.own) as second, served(second) as port, wire(port) as opened:
        await opened.init(await here.token(persona))
        yield opened


async def listed(here: LiveTenant, persona: str, given: dict[str, Any]) -> dict[str, Any]:
    """What the list holds now, asked by a query."""
    text = LIST.replace("first: 100", "first: 100, after: $after").replace(
        "$filter: OpportunityFilter", "$filter: OpportunityFilter, $after: String"
    )
    text = text.replace("nodes {", "pageInfo { hasNextPage endCursor } nodes {")
    found: dict[str, Any] = {}
    after = None
    while True:
        answer = await here.own.ask(persona, text, {"filter": given, "after": after})
        page = answer.data["opportunities"]
        found |= {node["id"]: node for node in page["nodes"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def begun(
    here: LiveTenant, opened: Wire, given: dict[str, Any], after: str | None = None
) -> Rows:
    await opened.begin("live", PIPELINE, {"filter": given, "after": after})
    return Rows(opened, "live")


async def nothing(here: LiveTenant, ids: list[str]) -> None:
    """Nothing happens."""


async def all_kinds(here: LiveTenant, ids: list[str]) -> None:
    """Changed, changed and changed back, deleted; created and deleted, and restored."""
    own = here.own
    before = await own.ask("admin", "query($i:ID!){opportunity(id:$i){name}}", {"i": ids[1]})
    await here.rename(ids[0])
    await here.rename(ids[1])
    await own.done("admin", "opportunityUpdate", id=ids[1], name=before.data["opportunity"]["name"])
    await own.done("admin", "opportunityDelete", id=ids[2])
    kinds = "query($i:ID!){opportunity(id:$i){account{id} type{id} stage{id}}}"
    given = await own.ask("admin", kinds, {"i": ids[4]})
    linked = {name: link["id"] for name, link in given.data["opportunity"].items()}
    for _ in range(3):
        new = {"name": here.name(), "currency": "EUR", **linked}
        made = await own.done("admin", "opportunityCreate", **new)
        await own.done("admin", "opportunityDelete", id=made)
    await own.done("admin", "opportunityRestore", id=made)


async def account(here: LiveTenant, ids: list[str]) -> None:
    """An account that many of them show has another name."""
    await here.rename(ids[0])
    found = await here.own.ask(
        "admin", "query($i:ID!){opportunity(id:$i){account{id}}}", {"i": ids[0]}
    )
    id = found.data["opportunity"]["account"]["id"]
    await here.own.done("admin", "accountUpdate", id=id, name=here.name())


async def rights(here: LiveTenant, ids: list[str]) -> None:
    """Somebody's rights change."""
    role = await here.own.done("admin", "roleCreate", name=here.name())
    profile = await here.own.ask("admin", "{profiles(first:1){nodes{id}}}")
    id = profile.data["profiles"]["nodes"][0]["id"]
    await here.own.done("admin", "roleProfileCreate", role=role, profile=id)


async def swept(here: LiveTenant, ids: list[str]) -> None:
    """The log is cut off before what happened last."""
    await here.rename(ids[0])
    await here.rename(ids[0])
    log = f"{here.own.schema}.change_log"
    last = f"SELECT max(position) FROM {log}"  # noqa: S608 - a name of ours
    await here.own.fetch(f"DELETE FROM {log} WHERE position < ({last})")  # noqa: S608 - likewise


async def diverged(here: LiveTenant, ids: list[str]) -> None:
    """History diverged, as after a restore: positions of before mean nothing."""
    await here.own.fetch(f"UPDATE {here.own.schema}.log_head SET epoch = epoch + 1")  # noqa: S608 - likewise


@covers("D-61")
@pytest.mark.parametrize(
    ("happens", "kind"),
    [
        (nothing, "RESUMED"),
        (all_kinds, "RESUMED"),
        (account, "RESYNC"),
        (rights, "RESYNC"),
        (swept, "RESYNC"),
        (diverged, "RESYNC"),
    ],
)
@pytest.mark.parametrize("given", [{}, OPEN])
async def test_resume_after_a_restart(
    here: LiveTenant, happens: Happens, kind: str, given: dict[str, Any]
) -> None:
    async with here.wire("admin") as first:
        rows = await begun(here, first, given)
        await rows.event()
    await happens(here, sorted(rows.rows))
    async with restarted(here) as second:
        resumed = await begun(here, second, given, rows.cursor)
        resumed.rows = rows.rows
        assert (await resumed.event())["kind"] == kind
        expected = await listed(here, "admin", given)
        if resumed.rows != expected:
            event = await resumed.event()
            assert event["kind"] == "DELTA"
        assert resumed.rows == expected
        changed = await here.rename(next(iter(expected)))
        await resumed.until(next(iter(expected)), changed)  # and it goes on from there


@covers("D-61", "D-62")
async def test_resume_after_a_restart_hides_invisible_records(here: LiveTenant) -> None:
    seen = await listed(here, "rep1", {})
    unseen = sorted((await listed(here, "admin", {})).keys() - seen.keys())
    async with here.wire("rep1") as first:
        rows = await begun(here, first, {})
        await rows.event()
    await here.rename(unseen[0])
    await here.own.done("admin", "opportunityDelete", id=unseen[1])
    changed = await here.rename(min(seen))
    async with restarted(here, "rep1") as second:
        resumed = await begun(here, second, {}, rows.cursor)
        resumed.rows = rows.rows
        assert (await resumed.event())["kind"] == "RESUMED"
        told = await resumed.event()
        assert [(each["kind"], each["id"]) for each in told["changes"]] == [("UPDATED", min(seen))]
        assert resumed.rows[min(seen)]["name"] == changed


@covers("D-61", "D-64")
async def test_cursor_is_bound_to_list_and_permission_class(here: LiveTenant) -> None:
    async with here.wire("rep1") as opened, here.wire("rep2") as other:
        rows = await begun(here, opened, OPEN)
        cursor = (await rows.event())["cursor"]
        await opened.done("live")
        for wire_, given in ((opened, WON), (other, OPEN)):
            again = await begun(here, wire_, given, cursor)
            assert (await again.event())["kind"] == "RESYNC"
            await wire_.done("live")
        assert (await (await begun(here, opened, OPEN, cursor)).event())["kind"] == "RESUMED"


@covers("D-61")
async def test_invalid_cursor_is_refused(here: LiveTenant) -> None:
    page = "{ opportunities(first: 1) { pageInfo { endCursor } } }"
    of_a_list = (await here.own.ask("admin", page)).data["opportunities"]["pageInfo"]["endCursor"]
    async with here.wire("admin") as opened, wire(here.port) as elsewhere:
        await elsewhere.init(await here.world.token("admin", "acme"))
        rows = Rows(elsewhere, "live")
        await elsewhere.begin("live", PIPELINE)
        of_another_tenant = (await rows.event())["cursor"]
        for cursor in ("", "x", "é", "A" * 90, of_a_list, of_another_tenant):
            refused = await opened.refused("live", PIPELINE, {"after": cursor})
            assert refused == ["BAD_CURSOR"], cursor


@covers("D-61")
async def test_cursor_from_the_future_gets_a_resync(here: LiveTenant) -> None:
    async with here.wire("admin") as opened:
        rows = await begun(here, opened, {})
        await rows.event()
        await here.rename(min(rows.rows))
        await rows.event()
    # A database that lost its last transaction, and whose epoch nobody changed.
    await here.own.fetch(f"UPDATE {here.own.schema}.log_head SET position = position - 1")  # noqa: S608 - a name of ours
    log = f"{here.own.schema}.change_log"
    last = f"SELECT max(position) FROM {log}"  # noqa: S608 - likewise
    await here.own.fetch(f"DELETE FROM {log} WHERE position = ({last})")  # noqa: S608 - likewise
    async with restarted(here) as second:
        again = await begun(here, second, {}, rows.cursor)
        assert (await again.event())["kind"] == "RESYNC"


@covers("D-61")
async def test_subscribers_get_a_resync_when_history_diverged(here: LiveTenant) -> None:
    async with here.wire("admin") as opened:
        rows = await begun(here, opened, {})
        await rows.event()
        await diverged(here, [])
        assert (await rows.event())["kind"] == "RESYNC"
        assert rows.rows == await listed(here, "admin", {})


async def test_a_list_that_grows_too_large_ends(here: LiveTenant) -> None:
    count = len(await listed(here, "admin", WON))
    text = PIPELINE.replace("atMost: 1000", f"atMost: {count}")
    async with here.wire("admin") as opened:
        await opened.begin("live", text, {"filter": WON})
        rows = Rows(opened, "live")
        await rows.event()
        won = await here.own.ask("admin", "{stages(filter:{kind:{eq:WON}},first:1){nodes{id}}}")
        stage = won.data["stages"]["nodes"][0]["id"]
        others = {
            "status": {"eq": "OPEN"},
            "type": {"stages": {"some": {"stage": {"id": {"eq": stage}}}}},
        }
        await here.own.done(
            "admin", "opportunityMove", id=min(await listed(here, "admin", others)), stage=stage
        )
        assert await opened.error("live") == ["BAD_USER_INPUT"]
        assert await opened.refused("again", text, {"filter": WON}) == ["BAD_USER_INPUT"]
        await opened.alive()

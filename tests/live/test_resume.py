"""Resuming from a cursor: from the replay buffer, from the log after a restart, and by RESYNC where neither suffices."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.live.live_tenant import LIST, OPPORTUNITIES_SUBSCRIPTION, LiveTenant
from tests.live.wire import Rows, Wire, wire
from tests.support.covers import covers
from tests.writes.client import in_second_instance, serve

WON = {"status": {"eq": "WON"}}
OPEN = {"status": {"eq": "OPEN"}}
Change = Callable[[LiveTenant, list[str]], Awaitable[None]]


@asynccontextmanager
async def on_fresh_instance(tenant: LiveTenant, persona: str = "admin") -> AsyncIterator[Wire]:
    """A socket to another application instance, whose replay buffers are empty."""
    async with (
        in_second_instance(tenant.client) as second,
        serve(second) as port,
        wire(port) as ws,
    ):
        await ws.init(await tenant.token(persona))
        yield ws


async def listed(tenant: LiveTenant, persona: str, filter: dict[str, Any]) -> dict[str, Any]:
    """All current records of the list by id, from a query."""
    text = LIST.replace("first: 100", "first: 100, after: $after").replace(
        "$filter: OpportunityFilter", "$filter: OpportunityFilter, $after: String"
    )
    text = text.replace("nodes {", "pageInfo { hasNextPage endCursor } nodes {")
    records: dict[str, Any] = {}
    after = None
    while True:
        response = await tenant.client.ask(persona, text, {"filter": filter, "after": after})
        page = response.data["opportunities"]
        records |= {node["id"]: node for node in page["nodes"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return records


async def subscribe(
    tenant: LiveTenant, ws: Wire, filter: dict[str, Any], after: str | None = None
) -> Rows:
    await ws.subscribe("live", OPPORTUNITIES_SUBSCRIPTION, {"filter": filter, "after": after})
    return Rows(ws, "live")


async def no_change(tenant: LiveTenant, ids: list[str]) -> None:
    """No change."""


async def all_kinds(tenant: LiveTenant, ids: list[str]) -> None:
    """A change, a reverted change, a deletion, and records created, deleted and restored."""
    client = tenant.client
    before = await client.ask("admin", "query($i:ID!){opportunity(id:$i){name}}", {"i": ids[1]})
    await tenant.rename(ids[0])
    await tenant.rename(ids[1])
    await client.mutate(
        "admin", "opportunityUpdate", id=ids[1], name=before.data["opportunity"]["name"]
    )
    await client.mutate("admin", "opportunityDelete", id=ids[2])
    kinds = "query($i:ID!){opportunity(id:$i){account{id} type{id} stage{id}}}"
    response = await client.ask("admin", kinds, {"i": ids[4]})
    linked = {name: link["id"] for name, link in response.data["opportunity"].items()}
    for _ in range(3):
        new = {"name": tenant.new_name(), "currency": "EUR", **linked}
        created = await client.mutate("admin", "opportunityCreate", **new)
        await client.mutate("admin", "opportunityDelete", id=created)
    await client.mutate("admin", "opportunityRestore", id=created)


async def account(tenant: LiveTenant, ids: list[str]) -> None:
    """The name of an account that many of the records show changes."""
    await tenant.rename(ids[0])
    response = await tenant.client.ask(
        "admin", "query($i:ID!){opportunity(id:$i){account{id}}}", {"i": ids[0]}
    )
    id = response.data["opportunity"]["account"]["id"]
    await tenant.client.mutate("admin", "accountUpdate", id=id, name=tenant.new_name())


async def rights(tenant: LiveTenant, ids: list[str]) -> None:
    """A permission changes."""
    role = await tenant.client.mutate("admin", "roleCreate", name=tenant.new_name())
    profile = await tenant.client.ask("admin", "{profiles(first:1){nodes{id}}}")
    id = profile.data["profiles"]["nodes"][0]["id"]
    await tenant.client.mutate("admin", "roleProfileCreate", role=role, profile=id)


async def swept(tenant: LiveTenant, ids: list[str]) -> None:
    """All entries of the log but the last are deleted."""
    await tenant.rename(ids[0])
    await tenant.rename(ids[0])
    log = f"{tenant.client.schema}.change_log"
    last = f"SELECT max(position) FROM {log}"  # noqa: S608 - a constant name
    await tenant.client.fetch(f"DELETE FROM {log} WHERE position < ({last})")  # noqa: S608 - likewise


async def diverged(tenant: LiveTenant, ids: list[str]) -> None:
    """The epoch of the log changes, as after a restore: earlier positions become invalid."""
    await tenant.client.fetch(f"UPDATE {tenant.client.schema}.log_head SET epoch = epoch + 1")  # noqa: S608 - likewise


@covers("D-61")
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (no_change, "RESUMED"),
        (all_kinds, "RESUMED"),
        (account, "RESYNC"),
        (rights, "RESYNC"),
        (swept, "RESYNC"),
        (diverged, "RESYNC"),
    ],
)
@pytest.mark.parametrize("filter", [{}, OPEN])
async def test_resume_after_a_restart(
    tenant: LiveTenant, change: Change, kind: str, filter: dict[str, Any]
) -> None:
    async with tenant.wire("admin") as first:
        rows = await subscribe(tenant, first, filter)
        await rows.event()
    await change(tenant, sorted(rows.rows))
    async with on_fresh_instance(tenant) as second:
        resumed = await subscribe(tenant, second, filter, rows.cursor)
        resumed.rows = rows.rows
        assert (await resumed.event())["kind"] == kind
        expected = await listed(tenant, "admin", filter)
        if resumed.rows != expected:
            event = await resumed.event()
            assert event["kind"] == "DELTA"
        assert resumed.rows == expected
        changed = await tenant.rename(next(iter(expected)))
        await resumed.until(next(iter(expected)), changed)  # later changes arrive as well


@covers("D-61", "D-62")
async def test_resume_after_a_restart_hides_invisible_records(tenant: LiveTenant) -> None:
    seen = await listed(tenant, "rep1", {})
    unseen = sorted((await listed(tenant, "admin", {})).keys() - seen.keys())
    async with tenant.wire("rep1") as first:
        rows = await subscribe(tenant, first, {})
        await rows.event()
    await tenant.rename(unseen[0])
    await tenant.client.mutate("admin", "opportunityDelete", id=unseen[1])
    changed = await tenant.rename(min(seen))
    async with on_fresh_instance(tenant, "rep1") as second:
        resumed = await subscribe(tenant, second, {}, rows.cursor)
        resumed.rows = rows.rows
        assert (await resumed.event())["kind"] == "RESUMED"
        event = await resumed.event()
        assert [(each["kind"], each["id"]) for each in event["changes"]] == [("UPDATED", min(seen))]
        assert resumed.rows[min(seen)]["name"] == changed


@covers("D-61", "D-64")
async def test_cursor_is_bound_to_list_and_permission_class(tenant: LiveTenant) -> None:
    async with tenant.wire("rep1") as ws, tenant.wire("rep2") as other:
        rows = await subscribe(tenant, ws, OPEN)
        cursor = (await rows.event())["cursor"]
        await ws.complete("live")
        for wire_, filter in ((ws, WON), (other, OPEN)):
            again = await subscribe(tenant, wire_, filter, cursor)
            assert (await again.event())["kind"] == "RESYNC"
            await wire_.complete("live")
        assert (await (await subscribe(tenant, ws, OPEN, cursor)).event())["kind"] == "RESUMED"


@covers("D-61")
async def test_invalid_cursor_is_refused(tenant: LiveTenant) -> None:
    page = "{ opportunities(first: 1) { pageInfo { endCursor } } }"
    of_a_list = (await tenant.client.ask("admin", page)).data["opportunities"]["pageInfo"][
        "endCursor"
    ]
    async with tenant.wire("admin") as ws, wire(tenant.port) as elsewhere:
        await elsewhere.init(await tenant.world.token("admin", "acme"))
        rows = Rows(elsewhere, "live")
        await elsewhere.subscribe("live", OPPORTUNITIES_SUBSCRIPTION)
        of_another_tenant = (await rows.event())["cursor"]
        for cursor in ("", "x", "é", "A" * 90, of_a_list, of_another_tenant):
            refused = await ws.refusal_codes("live", OPPORTUNITIES_SUBSCRIPTION, {"after": cursor})
            assert refused == ["BAD_CURSOR"], cursor


@covers("D-61")
async def test_cursor_from_the_future_gets_a_resync(tenant: LiveTenant) -> None:
    async with tenant.wire("admin") as ws:
        rows = await subscribe(tenant, ws, {})
        await rows.event()
        await tenant.rename(min(rows.rows))
        await rows.event()
    # A database that lost its last transaction while its epoch stayed the same.
    await tenant.client.fetch(f"UPDATE {tenant.client.schema}.log_head SET position = position - 1")  # noqa: S608 - a constant name
    log = f"{tenant.client.schema}.change_log"
    last = f"SELECT max(position) FROM {log}"  # noqa: S608 - likewise
    await tenant.client.fetch(f"DELETE FROM {log} WHERE position = ({last})")  # noqa: S608 - likewise
    async with on_fresh_instance(tenant) as second:
        again = await subscribe(tenant, second, {}, rows.cursor)
        assert (await again.event())["kind"] == "RESYNC"


@covers("D-61")
async def test_subscribers_get_a_resync_when_history_diverged(tenant: LiveTenant) -> None:
    async with tenant.wire("admin") as ws:
        rows = await subscribe(tenant, ws, {})
        await rows.event()
        await diverged(tenant, [])
        assert (await rows.event())["kind"] == "RESYNC"
        assert rows.rows == await listed(tenant, "admin", {})


WINDOW = """
subscription ($filter: OpportunityFilter, $after: String) {
  opportunities(filter: $filter, orderBy: [{ name: DESC }], first: 3, after: $after) {
    kind cursor hasMore changes { kind id afterId node { name } }
  }
}
"""
DELETED, CREATED = "deleted", "created"
WINDOW_QUERY = """
query ($filter: OpportunityFilter) {
  opportunities(filter: $filter, orderBy: [{ name: DESC }], first: 3) {
    nodes { id name } pageInfo { hasNextPage }
  }
}
"""


@covers("D-61")
@pytest.mark.parametrize(
    ("records", "name", "kind"),
    [
        (5, "9", "RESUMED"),
        (5, "0", "RESUMED"),
        (5, DELETED, "RESUMED"),
        (4, DELETED, "RESUMED"),
        (5, CREATED, "RESYNC"),
        (2, CREATED, "RESUMED"),
    ],
    ids=[
        "moved",
        "moved out",
        "deleted",
        "the one that shows more follow",
        "pushed out",
        "entered",
    ],
)
async def test_window_is_resumed_from_the_log(
    tenant: LiveTenant, records: int, name: str, kind: str
) -> None:
    """Where a record was pushed out of the window, it is not known any more whether records followed."""
    mark, client = f"{tenant.new_name()} ", tenant.client
    filter = {"name": {"startsWith": mark}}
    ids = [await client.opportunity("admin", name=f"{mark}{n + 1}") for n in range(records)]
    async with tenant.wire("admin") as ws:
        await ws.subscribe("live", WINDOW, {"filter": filter})
        first = (await ws.next("live"))["data"]["opportunities"]
    if name == DELETED:
        await client.mutate("admin", "opportunityDelete", id=ids[1 if records == 5 else 0])
    elif name == CREATED:
        await client.opportunity("admin", name=f"{mark}8")
    else:
        await client.mutate("admin", "opportunityUpdate", id=ids[3], name=mark + name)
    expected = (await client.ask("admin", WINDOW_QUERY, {"filter": filter})).data["opportunities"]
    rows = [(each["id"], each["node"]["name"]) for each in first["changes"]]
    async with on_fresh_instance(tenant) as second:
        await second.subscribe("live", WINDOW, {"filter": filter, "after": first["cursor"]})
        message = (await second.next("live"))["data"]["opportunities"]
        assert message["kind"] == kind
        if kind == "RESUMED":
            assert (message["hasMore"], message["changes"]) == (first["hasMore"], [])
        rows = _applied([] if kind == "RESYNC" else rows, message["changes"])
        current = [(each["id"], each["name"]) for each in expected["nodes"]]
        if rows != current or message["hasMore"] != expected["pageInfo"]["hasNextPage"]:
            message = (await second.next("live"))["data"]["opportunities"]
            rows = _applied(rows, message["changes"])
        assert rows == current
        assert message["hasMore"] == expected["pageInfo"]["hasNextPage"]


@covers("D-61")
async def test_window_without_has_more_is_resumed_after_a_record_entered(
    tenant: LiveTenant,
) -> None:
    mark, client = f"{tenant.new_name()} ", tenant.client
    filter, text = {"name": {"startsWith": mark}}, WINDOW.replace("hasMore", "")
    ids = [await client.opportunity("admin", name=f"{mark}{n}") for n in range(5)]
    async with tenant.wire("admin") as ws:
        await ws.subscribe("live", text, {"filter": filter})
        cursor = (await ws.next("live"))["data"]["opportunities"]["cursor"]
    created = await client.opportunity("admin", name=f"{mark}8")
    async with on_fresh_instance(tenant) as second:
        await second.subscribe("live", text, {"filter": filter, "after": cursor})
        assert (await second.next("live"))["data"]["opportunities"]["kind"] == "RESUMED"
        changes = (await second.next("live"))["data"]["opportunities"]["changes"]
        expected = [("LEFT", ids[2], None), ("ENTERED", created, None)]
        assert [(each["kind"], each["id"], each["afterId"]) for each in changes] == expected


def _applied(rows: list[tuple[str, str]], changes: list[Any]) -> list[tuple[str, str]]:
    """The rows in order after the changes."""
    for each in changes:
        rows = [row for row in rows if row[0] != each["id"]]
        if each["kind"] != "LEFT":
            place = [None, *(id for id, _ in rows)].index(each["afterId"])
            rows.insert(place, (each["id"], each["node"]["name"]))
    return rows

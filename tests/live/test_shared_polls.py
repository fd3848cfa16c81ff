"""The exact statements that a feed sends per poll: their number does not depend on the number of subscribers."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from db.engine.transaction import CleanConnection
from subscriptions.engine.feed import POLL_SECONDS
from tests.live.live_tenant import OPPORTUNITIES_SUBSCRIPTION, LiveTenant
from tests.live.wire import Rows
from tests.support.covers import covers

STATEMENTS = {
    "begin": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "head": "ended($1) FROM log_head",
    "entries": "FROM change_log",
    "some": "opportunity_1.id = ANY",
    "all": "LIMIT 1001",
    "rights": "FROM profile",
    "end": "COMMIT",
}
IDLE_POLL = ["begin", "head", "end"]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Labels of the statements that the poller sends, in order."""
    labels: list[str] = []
    poller: set[int] = set()

    def record(name: str) -> None:
        original = getattr(CleanConnection, name)

        async def recorded(self: CleanConnection, query: str, *args: Any, **kw: Any) -> Any:
            if STATEMENTS["begin"] in query:
                poller.add(id(self))
            if id(self) in poller and not query.startswith(("RESET", "ROLLBACK")):
                label = next(
                    (label for label, text in STATEMENTS.items() if text in query), query[:90]
                )
                labels.append(re.sub(r"/\*\w+\*/ ", "", label))
            if "COMMIT" in query:
                poller.discard(id(self))
            return await original(self, query, *args, **kw)

        monkeypatch.setattr(CleanConnection, name, recorded)

    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        record(name)
    return labels


async def settled(statements: list[str]) -> None:
    """Wait until two polls in a row find nothing, then discard the recorded statements."""
    while statements[-2 * len(IDLE_POLL) :] != [*IDLE_POLL, *IDLE_POLL]:  # noqa: ASYNC110 - a poll has no event
        await asyncio.sleep(POLL_SECONDS / 5)
    statements.clear()


def polls(statements: list[str]) -> list[list[str]]:
    """The statements of each finished poll that found something."""
    grouped: list[list[str]] = []
    for label in statements:
        if label == "begin":
            grouped.append([])
        grouped[-1].append(label)
    return [each for each in grouped if each != IDLE_POLL and each[-1] == "end"]


@covers("D-64")
@pytest.mark.parametrize("count", [1, 100])
async def test_change_is_read_once_for_all_subscribers(
    tenant: LiveTenant, statements: list[str], count: int
) -> None:
    async with tenant.wire("admin") as one, tenant.wire("director") as two:
        wires = [one, two] if count > 1 else [one]
        rows = []
        for number in range(count):
            ws = wires[number % len(wires)]
            await ws.subscribe(str(number), OPPORTUNITIES_SUBSCRIPTION)
            rows.append(Rows(ws, str(number)))
            await rows[-1].event()
        await settled(statements)
        id = next(iter(rows[0].rows))
        name = await tenant.rename(id)
        for each in rows:
            await each.until(id, name)
        # An administrator and a director see the same rows but different fields, hence two shared lists.
        read = ["some"] * len(wires)
        assert polls(statements) == [["begin", "head", "entries", *read, "end"]]


@covers("D-64")
async def test_joining_subscriber_gets_the_shared_snapshot(
    tenant: LiveTenant, statements: list[str]
) -> None:
    async with tenant.wire("admin") as ws, tenant.wire("admin") as other:
        await tenant.open_list(ws)
        await settled(statements)
        joined = [await tenant.open_list(other, str(number)) for number in range(20)]
        assert len({tuple(each.rows) for each in joined}) == 1
        assert polls(statements) == []


@covers("D-63", "D-64")
async def test_share_change_needs_no_authorization_run(
    tenant: LiveTenant, statements: list[str]
) -> None:
    async with tenant.wire("rep1") as ws:
        rows = await tenant.open_list(ws)
        everything = await tenant.client.ask("admin", "{opportunities(first:100){nodes{id}}}")
        hidden = [
            n["id"] for n in everything.data["opportunities"]["nodes"] if n["id"] not in rows.rows
        ]
        me = await tenant.client.ask("rep1", "{viewer{employee{id}}}")
        employee = me.data["viewer"]["employee"]["id"]
        await settled(statements)
        share = await tenant.client.mutate(
            "admin", "opportunityShareCreate", opportunity=hidden[0], employee=employee
        )
        event = await rows.event()
        assert [(each["kind"], each["id"]) for each in event["changes"]] == [("ENTERED", hidden[0])]
        assert all("rights" not in poll for poll in polls(statements))
        await tenant.client.mutate("admin", "opportunityShareDelete", id=share)
        event = await rows.event()
        assert [(each["kind"], each["id"]) for each in event["changes"]] == [("LEFT", hidden[0])]
        assert rows.kinds == ["SNAPSHOT", "DELTA", "DELTA"]

"""How often the database is asked by those who listen, exactly: one of them or a hundred, it is as often (D-64)."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from db.engine.transaction import CleanConnection
from subscriptions.engine.feed import POLL_SECONDS
from tests.live.live_tenant import PIPELINE, LiveTenant
from tests.live.wire import Rows
from tests.support.covers import covers

WORDS = {
    "begin": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "head": "ended($1) FROM log_head",
    "entries": "FROM change_log",
    "some": "opportunity_1.id = ANY",
    "all": "LIMIT 1001",
    "rights": "FROM profile",
    "end": "COMMIT",
}
LOOK = ["begin", "head", "end"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every message of a look, by the words that tell what it is for."""
    found: list[str] = []
    poller: set[int] = set()

    def listen(name: str) -> None:
        original = getattr(CleanConnection, name)

        async def received(self: CleanConnection, query: str, *args: Any, **kw: Any) -> Any:
            if WORDS["begin"] in query:
                poller.add(id(self))
            if id(self) in poller and not query.startswith(("RESET", "ROLLBACK")):
                word = next((word for word, text in WORDS.items() if text in query), query[:90])
                found.append(re.sub(r"/\*\w+\*/ ", "", word))
            if "COMMIT" in query:
                poller.discard(id(self))
            return await original(self, query, *args, **kw)

        monkeypatch.setattr(CleanConnection, name, received)

    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        listen(name)
    return found


async def settled(asked: list[str]) -> None:
    """Go on when looks find nothing any more."""
    while asked[-2 * len(LOOK) :] != [*LOOK, *LOOK]:  # noqa: ASYNC110 - a look has no event
        await asyncio.sleep(POLL_SECONDS / 5)
    asked.clear()


def looks(asked: list[str]) -> list[list[str]]:
    """The looks that found something."""
    found: list[list[str]] = []
    for word in asked:
        if word == "begin":
            found.append([])
        found[-1].append(word)
    return [each for each in found if each != LOOK and each[-1] == "end"]


@covers("D-64")
@pytest.mark.parametrize("count", [1, 100])
async def test_a_change_is_read_once_for_all_subscribers(
    here: LiveTenant, asked: list[str], count: int
) -> None:
    async with here.wire("admin") as one, here.wire("director") as two:
        wires = [one, two] if count > 1 else [one]
        rows = []
        for number in range(count):
            opened = wires[number % len(wires)]
            await opened.begin(str(number), PIPELINE)
            rows.append(Rows(opened, str(number)))
            await rows[-1].event()
        await settled(asked)
        id = next(iter(rows[0].rows))
        name = await here.rename(id)
        for each in rows:
            await each.until(id, name)
        # An administrator and a director see all rows, but not the same fields: two lists.
        read = ["some"] * len(wires)
        assert looks(asked) == [["begin", "head", "entries", *read, "end"]]


@covers("D-64")
async def test_joining_subscriber_gets_the_shared_snapshot(
    here: LiveTenant, asked: list[str]
) -> None:
    async with here.wire("admin") as opened, here.wire("admin") as other:
        await here.live(opened)
        await settled(asked)
        joined = [await here.live(other, str(number)) for number in range(20)]
        assert len({tuple(each.rows) for each in joined}) == 1
        assert looks(asked) == []


@covers("D-63", "D-64")
async def test_share_change_needs_no_authorization_run(here: LiveTenant, asked: list[str]) -> None:
    async with here.wire("rep1") as opened:
        rows = await here.live(opened)
        everything = await here.own.ask("admin", "{opportunities(first:100){nodes{id}}}")
        hidden = [
            n["id"] for n in everything.data["opportunities"]["nodes"] if n["id"] not in rows.rows
        ]
        me = await here.own.ask("rep1", "{viewer{employee{id}}}")
        employee = me.data["viewer"]["employee"]["id"]
        await settled(asked)
        share = await here.own.done(
            "admin", "opportunityShareCreate", opportunity=hidden[0], employee=employee
        )
        told = await rows.event()
        assert [(each["kind"], each["id"]) for each in told["changes"]] == [("ENTERED", hidden[0])]
        assert all("rights" not in look for look in looks(asked))
        await here.own.done("admin", "opportunityShareDelete", id=share)
        told = await rows.event()
        assert [(each["kind"], each["id"]) for each in told["changes"]] == [("LEFT", hidden[0])]
        assert rows.kinds == ["SNAPSHOT", "DELTA", "DELTA"]

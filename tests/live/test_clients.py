"""The client graphql-ws as web pages use it: cut off, it resumes without loss; its session ended, it asks for another token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.live.clients import Client, Line, client, line
from tests.live.live_tenant import LIST, PIPELINE, LiveTenant, another_server
from tests.support.covers import covers

FILTER = {"name": {"startsWith": "changed"}}
"""What the tests name records; none of the demonstration is called so."""
REVOKE = "mutation ($id: ID!) { sessionRevoke(input: { id: $id }) { revoked } }"
RENAME = """mutation ($id: ID!, $name: String!) {
  opportunityUpdate(input: { id: $id, name: $name }) { userErrors { code } }
}"""


@asynccontextmanager
async def _listening(here: LiveTenant, port: int) -> AsyncIterator[tuple[Client, Line]]:
    """The client with a live list, over a line that can be cut."""
    async with line(port) as made:
        url = f"ws://127.0.0.1:{made.port}/graphql"
        async with client("live.mjs", url, PIPELINE, json.dumps(FILTER)) as listening:
            await listening.hear("asks")
            await listening.tell("token", token=await here.token("rep1"))
            assert (await listening.event())["kind"] == "SNAPSHOT"
            yield listening, made


async def _truth(here: LiveTenant) -> list[Any]:
    """What the list is, asked over HTTP."""
    answer = await here.own.ask("rep1", LIST, {"filter": FILTER})
    return list(answer.data["opportunities"]["nodes"])


def _sorted(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: (row["name"], row["id"]))


async def _ids(here: LiveTenant, many: int) -> list[str]:
    query = f"{{ opportunities(first: {many}) {{ nodes {{ id }} }} }}"
    nodes = (await here.own.ask("rep1", query)).data["opportunities"]["nodes"]
    return [str(node["id"]) for node in nodes]


async def _caught_up(here: LiveTenant, listening: Client, name: str) -> dict[str, Any]:
    """The event after which a record is called so; then the list is as it is over HTTP."""
    event = await listening.event(name)
    assert _sorted(event["rows"]) == _sorted(await _truth(here))
    return event


def _since_asked(listening: Client) -> list[dict[str, Any]]:
    """The events since a token was asked for last."""
    asked = max(place for place, news in enumerate(listening.told) if news["what"] == "asks")
    return [news for news in listening.told[asked:] if news["what"] == "event"]


async def _end(listening: Client) -> None:
    await listening.tell("end")
    await listening.hear("complete")


@covers("D-61", "D-62", "F3")
async def test_graphql_ws_receives_changes_and_runs_mutations(here: LiveTenant) -> None:
    id = await here.some("rep1")
    async with _listening(here, here.port) as (listening, _):
        entered = await _caught_up(here, listening, await here.rename(id))
        assert entered["kind"] == "DELTA"
        assert [change["kind"] for change in entered["changes"]] == ["ENTERED"]
        name = here.name()
        await listening.tell("ask", query=RENAME, variables={"id": id, "name": name})
        assert (await _caught_up(here, listening, name))["changes"][0]["kind"] == "UPDATED"
        await here.own.done("admin", "opportunityUpdate", id=id, name="called otherwise")
        left = await listening.hear("event")
        assert left["changes"] == [{"kind": "LEFT", "id": id, "node": None}]
        await _end(listening)
        answers = [news["answer"] for news in listening.told if news["what"] == "answer"]
        assert [each["data"] for each in answers] == [{"opportunityUpdate": {"userErrors": []}}]


@covers("D-61")
async def test_graphql_ws_resumes_where_it_was_cut_off(here: LiveTenant) -> None:
    kept, gone, came, twice = await _ids(here, 4)
    async with _listening(here, here.port) as (listening, made):
        for id in (kept, gone, twice):
            await _caught_up(here, listening, await here.rename(id))
        made.cut()
        assert (await listening.hear("closed"))["code"] == 1006
        await here.own.done("admin", "opportunityDelete", id=gone)
        first, second = await here.rename(twice), await here.rename(twice)
        last = await here.rename(came)
        made.mend()
        await listening.hear("asks")
        await listening.tell("token", token=await here.token("rep1"))
        await _caught_up(here, listening, last)
        events = _since_asked(listening)
        assert events[0]["kind"] == "RESUMED"
        told = {change["id"]: change["kind"] for event in events for change in event["changes"]}
        assert told == {gone: "LEFT", twice: "UPDATED", came: "ENTERED"}
        assert second in json.dumps(events)
        assert first not in json.dumps(events[-1]["rows"])
        await _caught_up(here, listening, await here.rename(kept))
        await _end(listening)


@covers("D-61")
async def test_graphql_ws_loses_nothing_over_repeated_disconnects(here: LiveTenant) -> None:
    ids = await _ids(here, 8)
    async with _listening(here, here.port) as (listening, made):
        for _ in range(5):
            changing = asyncio.create_task(_all_renamed(here, ids))
            await listening.hear("event")
            made.cut()
            made.mend()
            await listening.hear("asks")
            await listening.tell("token", token=await here.token("rep1"))
            await _caught_up(here, listening, await changing)
        kinds = [news["kind"] for news in listening.told if news["what"] == "event"]
        assert kinds.count("SNAPSHOT") == 1
        assert kinds.count("RESUMED") == 5
        assert "RESYNC" not in kinds
        await _end(listening)


async def _all_renamed(here: LiveTenant, ids: list[str]) -> str:
    """Give each another name; the last of them."""
    for id in ids:
        last = await here.rename(id)
    return last


@covers("D-61")
async def test_graphql_ws_resumes_after_a_freeze(here: LiveTenant) -> None:
    id = await here.some("rep1")
    async with _listening(here, here.port) as (listening, _):
        await listening.tell("terminate")
        assert (await listening.hear("closed"))["code"] == 4499
        name = await here.rename(id)
        await listening.hear("asks")
        await listening.tell("token", token=await here.token("rep1"))
        await _caught_up(here, listening, name)
        assert _since_asked(listening)[0]["kind"] == "RESUMED"
        await _end(listening)


@covers("D-63")
async def test_graphql_ws_asks_for_another_token_when_its_session_is_revoked(
    here: LiveTenant,
) -> None:
    id, (token, _) = await here.some("rep1"), await here.tokens("rep1")
    async with _listening(here, here.port) as (listening, made):
        made.cut()
        made.mend()
        await listening.hear("asks")
        await listening.tell("token", token=token)
        assert (await listening.event())["kind"] == "RESUMED"
        await here.own.ask("admin", REVOKE, {"id": here.session(token)})
        assert (await listening.hear("closed"))["code"] == 4403
        name = await here.rename(id)
        await listening.hear("asks")
        await listening.tell("token", token=token)  # it is of no use any more
        assert (await listening.hear("closed"))["code"] == 4403
        await listening.hear("asks")
        await listening.tell("token", token=await here.token("rep1"))
        await _caught_up(here, listening, name)
        assert _since_asked(listening)[0]["kind"] == "RESUMED"
        await _end(listening)


@covers("D-63", "D-61")
async def test_graphql_ws_resumes_at_another_server(here: LiveTenant) -> None:
    id = await here.some("rep1")
    async with another_server(here) as (service, port), _listening(here, port) as (listening, made):
        made.to = here.port
        service.should_exit = True
        assert (await listening.hear("closed"))["code"] == 1012
        name = await here.rename(id)
        await listening.hear("asks")
        await listening.tell("token", token=await here.token("rep1"))
        await _caught_up(here, listening, name)
        assert _since_asked(listening)[0]["kind"] == "RESUMED"
        await _end(listening)

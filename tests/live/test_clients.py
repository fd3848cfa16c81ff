"""The graphql-ws client as web pages use it: it resumes without loss and requests a new token when its session ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.live.live_tenant import LIST, OPPORTUNITIES_SUBSCRIPTION, LiveTenant, another_server
from tests.live.node_client import NodeClient, Proxy, node_client, proxy
from tests.support.covers import covers

FILTER = {"name": {"startsWith": "changed"}}
"""Matches the names that tests give; no record of the demonstration data has such a name."""
REVOKE = "mutation ($id: ID!) { sessionRevoke(input: { id: $id }) { revoked } }"
RENAME = """mutation ($id: ID!, $name: String!) {
  opportunityUpdate(input: { id: $id, name: $name }) { userErrors { code } }
}"""


@asynccontextmanager
async def _listening(tenant: LiveTenant, port: int) -> AsyncIterator[tuple[NodeClient, Proxy]]:
    """A client with a live list, connected through a proxy that can be cut."""
    async with proxy(port) as cable:
        url = f"ws://127.0.0.1:{cable.port}/graphql"
        async with node_client(
            "live.mjs", url, OPPORTUNITIES_SUBSCRIPTION, json.dumps(FILTER)
        ) as listening:
            await listening.receive("token_request")
            await listening.send("token", token=await tenant.token("rep1"))
            assert (await listening.live_event())["kind"] == "SNAPSHOT"
            yield listening, cable


async def _queried(tenant: LiveTenant) -> list[Any]:
    """The current rows of the list, queried over HTTP."""
    response = await tenant.client.ask("rep1", LIST, {"filter": FILTER})
    return list(response.data["opportunities"]["nodes"])


def _sorted(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: (row["name"], row["id"]))


async def _ids(tenant: LiveTenant, many: int) -> list[str]:
    query = f"{{ opportunities(first: {many}) {{ nodes {{ id }} }} }}"
    nodes = (await tenant.client.ask("rep1", query)).data["opportunities"]["nodes"]
    return [str(node["id"]) for node in nodes]


async def _caught_up(tenant: LiveTenant, listening: NodeClient, name: str) -> dict[str, Any]:
    """The event after which a record has the name; the list must then equal the result of a query."""
    event = await listening.live_event(name)
    assert _sorted(event["rows"]) == _sorted(await _queried(tenant))
    return event


def _since_reconnect(listening: NodeClient) -> list[dict[str, Any]]:
    """The live events since the last request for a token."""
    last = max(n for n, each in enumerate(listening.events) if each["type"] == "token_request")
    return [each for each in listening.events[last:] if each["type"] == "event"]


async def _end(listening: NodeClient) -> None:
    await listening.send("end")
    await listening.receive("complete")


@covers("D-61", "D-62", "F3")
async def test_graphql_ws_receives_changes_and_runs_mutations(tenant: LiveTenant) -> None:
    id = await tenant.any_opportunity("rep1")
    async with _listening(tenant, tenant.port) as (listening, _):
        entered = await _caught_up(tenant, listening, await tenant.rename(id))
        assert entered["kind"] == "DELTA"
        assert [change["kind"] for change in entered["changes"]] == ["ENTERED"]
        name = tenant.new_name()
        await listening.send("execute", query=RENAME, variables={"id": id, "name": name})
        assert (await _caught_up(tenant, listening, name))["changes"][0]["kind"] == "UPDATED"
        await tenant.client.mutate("admin", "opportunityUpdate", id=id, name="another name")
        left = await listening.receive("event")
        assert left["changes"] == [{"kind": "LEFT", "id": id, "node": None}]
        await _end(listening)
        results = [each["result"] for each in listening.events if each["type"] == "result"]
        assert [each["data"] for each in results] == [{"opportunityUpdate": {"userErrors": []}}]


@covers("D-61")
async def test_graphql_ws_resumes_after_a_disconnect(tenant: LiveTenant) -> None:
    kept, deleted, entered, twice = await _ids(tenant, 4)
    async with _listening(tenant, tenant.port) as (listening, cable):
        for id in (kept, deleted, twice):
            await _caught_up(tenant, listening, await tenant.rename(id))
        cable.cut()
        assert (await listening.receive("closed"))["code"] == 1006
        await tenant.client.mutate("admin", "opportunityDelete", id=deleted)
        first, second = await tenant.rename(twice), await tenant.rename(twice)
        last = await tenant.rename(entered)
        cable.restore()
        await listening.receive("token_request")
        await listening.send("token", token=await tenant.token("rep1"))
        await _caught_up(tenant, listening, last)
        events = _since_reconnect(listening)
        assert events[0]["kind"] == "RESUMED"
        changes = {change["id"]: change["kind"] for event in events for change in event["changes"]}
        assert changes == {deleted: "LEFT", twice: "UPDATED", entered: "ENTERED"}
        assert second in json.dumps(events)
        assert first not in json.dumps(events[-1]["rows"])
        await _caught_up(tenant, listening, await tenant.rename(kept))
        await _end(listening)


@covers("D-61")
async def test_graphql_ws_loses_nothing_over_repeated_disconnects(tenant: LiveTenant) -> None:
    ids = await _ids(tenant, 8)
    async with _listening(tenant, tenant.port) as (listening, cable):
        for _ in range(5):
            changing = asyncio.create_task(_rename_all(tenant, ids))
            await listening.receive("event")
            cable.cut()
            cable.restore()
            await listening.receive("token_request")
            await listening.send("token", token=await tenant.token("rep1"))
            await _caught_up(tenant, listening, await changing)
        kinds = [each["kind"] for each in listening.events if each["type"] == "event"]
        assert kinds.count("SNAPSHOT") == 1
        assert kinds.count("RESUMED") == 5
        assert "RESYNC" not in kinds
        await _end(listening)


async def _rename_all(tenant: LiveTenant, ids: list[str]) -> str:
    """Rename each record and return the last name."""
    for id in ids:
        last = await tenant.rename(id)
    return last


@covers("D-61")
async def test_graphql_ws_resumes_after_a_freeze(tenant: LiveTenant) -> None:
    id = await tenant.any_opportunity("rep1")
    async with _listening(tenant, tenant.port) as (listening, _):
        await listening.send("terminate")
        assert (await listening.receive("closed"))["code"] == 4499
        name = await tenant.rename(id)
        await listening.receive("token_request")
        await listening.send("token", token=await tenant.token("rep1"))
        await _caught_up(tenant, listening, name)
        assert _since_reconnect(listening)[0]["kind"] == "RESUMED"
        await _end(listening)


@covers("D-63")
async def test_graphql_ws_requests_a_new_token_when_its_session_is_revoked(
    tenant: LiveTenant,
) -> None:
    id, (token, _) = await tenant.any_opportunity("rep1"), await tenant.tokens("rep1")
    async with _listening(tenant, tenant.port) as (listening, cable):
        cable.cut()
        cable.restore()
        await listening.receive("token_request")
        await listening.send("token", token=token)
        assert (await listening.live_event())["kind"] == "RESUMED"
        await tenant.client.ask("admin", REVOKE, {"id": tenant.session_id(token)})
        assert (await listening.receive("closed"))["code"] == 4403
        name = await tenant.rename(id)
        await listening.receive("token_request")
        await listening.send("token", token=token)  # the token of the revoked session
        assert (await listening.receive("closed"))["code"] == 4403
        await listening.receive("token_request")
        await listening.send("token", token=await tenant.token("rep1"))
        await _caught_up(tenant, listening, name)
        assert _since_reconnect(listening)[0]["kind"] == "RESUMED"
        await _end(listening)


@covers("D-63", "D-61")
async def test_graphql_ws_resumes_at_another_server(tenant: LiveTenant) -> None:
    id = await tenant.any_opportunity("rep1")
    async with (
        another_server(tenant) as (service, port),
        _listening(tenant, port) as (listening, cable),
    ):
        cable.to = tenant.port
        service.should_exit = True
        assert (await listening.receive("closed"))["code"] == 1012
        name = await tenant.rename(id)
        await listening.receive("token_request")
        await listening.send("token", token=await tenant.token("rep1"))
        await _caught_up(tenant, listening, name)
        assert _since_reconnect(listening)[0]["kind"] == "RESUMED"
        await _end(listening)

"""Operations on a socket by the identifier of a trusted document."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from resolvers.engine.context import Caller
from schema.engine.manifests import identifier_of
from schema.engine.transport import GraphQLRequest
from subscriptions.engine.subscriber import Subscriber
from tenancy.engine.documents import set_documents
from tests.live.live_tenant import OPPORTUNITIES_SUBSCRIPTION, LiveTenant
from tests.live.wire import Closed, Wire, wire
from tests.writes.client import in_second_instance, serve

VIEWER = "query Viewer { viewer { id } }"
MANIFEST = {identifier_of(text): text for text in (OPPORTUNITIES_SUBSCRIPTION, VIEWER)}


@pytest.fixture
async def bound(tenant: LiveTenant) -> AsyncIterator[LiveTenant]:
    """The tenant while it accepts trusted documents only, served by a process without caches."""
    admin, one = tenant.world.admin, tenant.world.tenants[tenant.client.slug]
    await set_documents(admin, one, MANIFEST, only=True)
    async with in_second_instance(tenant.client) as second, serve(second) as port:
        yield LiveTenant(second, port)
    await set_documents(admin, one, {}, only=False)


async def send(socket: Wire, id: str, **payload: object) -> None:
    await socket.send({"id": id, "type": "subscribe", "payload": payload})


async def test_operations_are_started_by_identifier(bound: LiveTenant) -> None:
    async with wire(bound.port) as socket:
        await socket.init(await bound.token())
        await send(socket, "query", documentId=identifier_of(VIEWER))
        assert (await socket.receive("query"))["payload"]["data"]["viewer"]["id"]
        assert (await socket.receive("query"))["type"] == "complete"
        await send(socket, "list", documentId=identifier_of(OPPORTUNITIES_SUBSCRIPTION))
        first = (await socket.receive("list"))["payload"]["data"]["opportunities"]
        assert (first["kind"], bool(first["changes"])) == ("SNAPSHOT", True)


async def test_text_and_unknown_identifiers_are_refused(bound: LiveTenant) -> None:
    async with wire(bound.port) as socket:
        await socket.init(await bound.token())
        for payload, code in (
            ({"query": OPPORTUNITIES_SUBSCRIPTION}, "TRUSTED_DOCUMENT_REQUIRED"),
            ({"query": VIEWER}, "TRUSTED_DOCUMENT_REQUIRED"),
            ({"query": "{ __schema { queryType { name } } }"}, "TRUSTED_DOCUMENT_REQUIRED"),
            ({"documentId": "sha256:" + "0" * 64}, "DOCUMENT_NOT_FOUND"),
            ({"documentId": identifier_of(VIEWER), "query": VIEWER}, "BAD_REQUEST"),
        ):
            await send(socket, "1", **payload)
            message = await socket.receive("1")
            assert message["type"] == "error"
            assert [each["extensions"]["code"] for each in message["payload"]] == [code]


async def test_socket_that_closes_during_the_lookup_follows_no_list(
    bound: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, looked_up, closed = bound.world.endpoint, asyncio.Event(), asyncio.Event()
    resolve, joined = endpoint.resolve, list[Subscriber]()

    async def waiting(caller: Caller, request: GraphQLRequest) -> GraphQLRequest:
        resolved = await resolve(caller, request)
        looked_up.set()
        await closed.wait()
        return resolved

    monkeypatch.setattr(endpoint, "resolve", waiting)
    feed = endpoint.feeds.of(bound.world.tenants[bound.client.slug].id)
    monkeypatch.setattr(feed, "join", joined.append)
    access, _ = await bound.tokens("rep2")
    session = endpoint.app_context.tokens.verify_access(access, endpoint.app_context.now()).session
    async with wire(bound.port) as socket:
        await socket.init(access)
        await send(socket, "list", documentId=identifier_of(OPPORTUNITIES_SUBSCRIPTION))
        await looked_up.wait()
        async with bound.client.operator() as operator:
            await operator.execute("UPDATE session SET revoked_at = now() WHERE id = $1", session)
        with pytest.raises(Closed, match=r"^4403"):
            await socket.receive("list")
        closed.set()
        for _ in range(50):
            await asyncio.sleep(0)
    assert joined == []

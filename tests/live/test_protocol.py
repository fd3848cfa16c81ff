"""Conformance to graphql-transport-ws: which messages close the socket, and which only end an operation."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.http.leaks import CODES, INTERNAL
from tests.live.live_tenant import LIST, OPPORTUNITIES_SUBSCRIPTION, LiveTenant, another_server
from tests.live.wire import Message, Rows, wire
from tests.support.covers import covers

pytestmark = covers("F3")
Sent = Message | str | bytes
HELLO = "{ viewer { id } }"
PING: Message = {"type": "ping"}
BEGIN: Message = {"type": "subscribe", "id": "1", "payload": {"query": HELLO}}
LIVE: Message = {"type": "subscribe", "id": "1", "payload": {"query": OPPORTUNITIES_SUBSCRIPTION}}


def _without(key: str) -> Message:
    return {name: value for name, value in BEGIN.items() if name != key}


VIOLATIONS: dict[str, Sent] = {
    "nothing": "",
    "no JSON": "{",
    "JSON and more": '{"type": "ping"} {}',
    "not a number": '{"type": "ping", "payload": {"a": NaN}}',
    "deep": "[" * 30_000,
    "null": "null",
    "a list": "[]",
    "a number": "5",
    "a text": '"ping"',
    "no type": {"id": "1"},
    "a type that is null": {"type": None},
    "a type that is a number": {"type": 5},
    "a type that is a list": {"type": ["ping"]},
    "an unknown type": {"type": "dance"},
    "a type in capitals": {"type": "PING"},
    "a type of the legacy protocol": {"type": "start", "id": "1", "payload": {"query": HELLO}},
    "a message of servers": {"type": "next", "id": "1", "payload": {"data": {}}},
    "an acknowledgement": {"type": "connection_ack"},
    "an error": {"type": "error", "id": "1", "payload": []},
    "no id": _without("id"),
    "an id that is null": BEGIN | {"id": None},
    "an id that is a number": BEGIN | {"id": 1},
    "an id that is empty": BEGIN | {"id": ""},
    "nothing to complete": {"type": "complete"},
    "a number to complete": {"type": "complete", "id": 1},
    "a binary message": json.dumps(PING).encode(),
    "binary and empty": b"",
}


@pytest.mark.parametrize("message", VIOLATIONS.values(), ids=VIOLATIONS)
async def test_protocol_violation_closes_the_socket(tenant: LiveTenant, message: Sent) -> None:
    async with tenant.wire("rep1") as unaffected, tenant.wire("rep2") as ws:
        await ws.send(message)
        assert await ws.wait_closed() == 4400
        await unaffected.check_alive()


@pytest.mark.parametrize("payload", ["Bearer", ["Bearer"], 5, True])
async def test_connection_init_payload_must_be_an_object(tenant: LiveTenant, payload: Any) -> None:
    async with tenant.wire(None) as ws:
        await ws.send({"type": "connection_init", "payload": payload})
        assert await ws.wait_closed() == 4400


BEFORE_INIT: dict[str, tuple[list[Sent], int]] = {
    "a query": ([BEGIN], 4401),
    "a live list": ([PING, LIVE], 4401),
    "bad JSON": (["{"], 4400),
    "a binary message": ([b"{}"], 4400),
}


@covers("D-63")
@pytest.mark.parametrize(("messages", "code"), BEFORE_INIT.values(), ids=BEFORE_INIT)
async def test_subscribe_before_init_is_refused(
    tenant: LiveTenant, messages: list[Sent], code: int
) -> None:
    async with tenant.wire(None) as ws:
        for each in messages:
            await ws.send(each)
        assert await ws.wait_closed() == code
        assert {message["type"] for message in ws.received} <= {"pong"}


async def test_subscribe_before_ack_receives_nothing(tenant: LiveTenant) -> None:
    token = await tenant.token()
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
    async with tenant.wire(None) as ws:
        await ws.send(init)
        await ws.send(BEGIN)  # the server may have acknowledged by now, or not yet
        await ws.send("{")
        code = await ws.wait_closed()
        assert code in (4400, 4401)
        if code == 4401:
            assert {message["type"] for message in ws.received} <= {"connection_ack"}


@pytest.mark.parametrize("wait", [True, False], ids=["one after the other", "at once"])
async def test_second_connection_init_is_refused(tenant: LiveTenant, wait: bool) -> None:
    token = await tenant.token()
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
    async with tenant.wire(None) as ws:
        await ws.send(init)
        if wait:
            await ws.receive("connection_ack")
        await ws.send(init)
        assert await ws.wait_closed() == 4429


async def _invalid_payloads(tenant: LiveTenant) -> dict[str, Any]:
    """Payloads of `connection_init` that must be refused, by the reason."""
    good, refresh = await tenant.tokens()
    app_context, other = (
        tenant.world.endpoint.app_context,
        await tenant.world.token("rep1", "globex"),
    )
    expired = await tenant.expiring_token(good, left=timedelta(minutes=-1))
    just = await tenant.expiring_token(good, left=timedelta(seconds=-2))
    head, body, signature = good.split(".")
    access = app_context.tokens.verify_access(good, app_context.now())
    unknown = app_context.tokens.issue_access(
        access.session, access.user, access.session, app_context.now()
    )
    elsewhere = app_context.tokens.issue_access(
        tenant.world.tenants["globex"].id, access.user, access.session, app_context.now()
    )
    return {
        "no payload": None,
        "no token": {},
        "null": {"authorization": None},
        "a number": {"authorization": 5},
        "nothing": {"authorization": ""},
        "no scheme": {"authorization": good},
        "another scheme": {"authorization": f"Basic {good}"},
        "an empty token": {"authorization": "Bearer "},
        "nonsense": {"authorization": "Bearer nonsense"},
        "a wrong signature": {"authorization": f"Bearer {head}.{body}.{signature[::-1]}"},
        "a refresh token": {"authorization": f"Bearer {refresh}"},
        "expired": {"authorization": f"Bearer {expired}"},
        "just expired": {"authorization": f"Bearer {just}"},
        "of no tenant": {"authorization": f"Bearer {unknown}"},
        "of a session of another tenant": {"authorization": f"Bearer {elsewhere}"},
        "another tenant named": {
            "authorization": f"Bearer {other}",
            "x-tenant": tenant.client.slug,
        },
        "an unknown tenant named": {"authorization": f"Bearer {good}", "x-tenant": "nowhere"},
        "a tenant that is no text": {"authorization": f"Bearer {good}", "x-tenant": 5},
    }


@covers("D-63")
async def test_invalid_token_is_refused(tenant: LiveTenant) -> None:
    for what, payload in (await _invalid_payloads(tenant)).items():
        async with tenant.wire(None) as ws:
            init: Message = {"type": "connection_init"}
            await ws.send(init if payload is None else init | {"payload": payload})
            await ws.send(BEGIN)
            code = await ws.wait_closed()
            # A payload of a wrong type may also be refused as a violation of the protocol.
            typed = all(isinstance(value, str) for value in (payload or {}).values())
            assert code in ((4403, 4401) if typed else (4403, 4401, 4400)), what
            assert not ws.received, what
            assert not INTERNAL.search((ws.socket.close_reason or "").encode()), what


KEYS = [("authorization", "x-tenant"), ("Authorization", "X-Tenant"), ("AUTHORIZATION", "X-TENANT")]


@pytest.mark.parametrize(("token_key", "tenant_key"), KEYS)
async def test_payload_keys_are_case_insensitive(
    tenant: LiveTenant, token_key: str, tenant_key: str
) -> None:
    payload = {token_key: f"Bearer {await tenant.token()}", tenant_key: tenant.client.slug}
    async with tenant.wire(None) as ws:
        await ws.send({"type": "connection_init", "payload": payload})
        await ws.receive("connection_ack")
        await ws.execute("1", HELLO)


async def test_duplicate_operation_id_closes_the_socket(tenant: LiveTenant) -> None:
    async with tenant.wire() as ws:
        await tenant.open_list(ws, "1")
        await ws.subscribe("1", HELLO)
        assert await ws.wait_closed() == 4409


async def test_operation_id_can_be_reused_after_the_operation_ended(tenant: LiveTenant) -> None:
    async with tenant.wire() as ws:
        await tenant.open_list(ws, "1")
        await ws.complete("1")
        await ws.execute("1", HELLO)
        assert await ws.refusal_codes("1", "{") == ["GRAPHQL_PARSE_FAILED"]
        await ws.execute("1", HELLO)
        await tenant.open_list(ws, "1")


async def test_operation_id_can_be_reused_after_complete(tenant: LiveTenant) -> None:
    async with tenant.wire() as ws:
        await ws.subscribe("1", LIST)
        await ws.complete("1")
        result = await ws.execute("1", HELLO)
        assert list(result["data"]) == ["viewer"]


async def test_complete_of_an_unknown_id_is_ignored(tenant: LiveTenant) -> None:
    async with tenant.wire() as ws:
        await ws.complete("unknown")
        await ws.execute("1", HELLO)
        await ws.complete("1")  # as when it crosses the server's own `complete`
        await ws.execute("1", HELLO)


async def test_completed_operation_receives_nothing(tenant: LiveTenant) -> None:
    id = await tenant.any_opportunity()
    async with tenant.wire() as ws:
        await tenant.open_list(ws, "ended")
        active = await tenant.open_list(ws, "active")
        await ws.complete("ended")
        await ws.check_alive()
        await active.until(id, await tenant.rename(id))
        received = [message for message in ws.received if message.get("id") == "ended"]
        assert [message["type"] for message in received] == ["next"]


@pytest.mark.parametrize("authenticated", [True, False])
async def test_pings_are_answered(tenant: LiveTenant, authenticated: bool) -> None:
    async with tenant.wire("rep1" if authenticated else None) as ws:
        await ws.send(PING)
        assert (await ws.receive("pong"))["type"] == "pong"
        await ws.send({"type": "ping", "payload": {"at": 1}})
        assert (await ws.receive("pong"))["type"] == "pong"
        await ws.send({"type": "pong"})  # without a ping
        await ws.send({"type": "pong", "payload": {}})
        await ws.check_alive()


async def test_queries_are_answered_as_over_http(tenant: LiveTenant) -> None:
    denied = "{ opportunities(first: 5, orderBy: [{ name: ASC }]) { nodes { id name margin { amount } } } }"
    async with tenant.wire("limited") as ws:
        for query in (HELLO, LIST, denied):
            result = await ws.execute("1", query)
            expected = (await tenant.client.ask("limited", query)).json
            for each in (result, expected):  # each request reduces the budget
                del each["extensions"]["cost"]["remaining"]
            assert result == expected
        assert result["extensions"]["access"]["denied"], "the query must contain a hidden field"


async def test_mutations_over_the_socket_reach_subscribers(tenant: LiveTenant) -> None:
    id, name = await tenant.any_opportunity(), tenant.new_name()
    update = """mutation ($input: OpportunityUpdateInput!) {
      opportunityUpdate(input: $input) { opportunity { name } userErrors { code } }
    }"""
    async with tenant.wire("admin") as ws:
        rows = await tenant.open_list(ws, "rows")
        done = await ws.execute("update", update, {"input": {"id": id, "name": name}})
        assert done["data"]["opportunityUpdate"] == {
            "opportunity": {"name": name},
            "userErrors": [],
        }
        await rows.until(id, name)
        wrong = await ws.execute("update", update, {"input": {"id": id, "name": " "}})
        assert wrong["data"]["opportunityUpdate"]["userErrors"]


def _live(selection: str, arguments: str = "") -> str:
    return f"subscription {{ opportunities{arguments} {{ {selection} }} }}"


SEVERAL = "query A { viewer { id } } query B { viewer { id } }"
INSIDE = "kind changes { node { account { opportunities(first: 1) { edges { cursor } } } } }"
PAGED = "kind changes { node { account { opportunities(first: 1) { pageInfo { endCursor } } } } }"
REFUSED: dict[str, tuple[Any, set[str]]] = {
    "nothing": (None, {"BAD_REQUEST"}),
    "a list": ([HELLO], {"BAD_REQUEST"}),
    "a text": (HELLO, {"BAD_REQUEST"}),
    "no query": ({}, {"BAD_REQUEST"}),
    "a query that is a number": ({"query": 5}, {"BAD_REQUEST"}),
    "a query that is null": ({"query": None}, {"BAD_REQUEST"}),
    "an empty query": ({"query": ""}, {"BAD_REQUEST", "GRAPHQL_PARSE_FAILED"}),
    "variables in a list": ({"query": HELLO, "variables": []}, {"BAD_REQUEST"}),
    "a name that is a number": ({"query": HELLO, "operationName": 5}, {"BAD_REQUEST"}),
    "no such operation": (
        {"query": HELLO, "operationName": "X"},
        {"BAD_REQUEST", "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"},
    ),
    "no name for one of several": (
        {"query": SEVERAL},
        {"BAD_REQUEST", "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"},
    ),
    "a syntax error": ({"query": "{"}, {"GRAPHQL_PARSE_FAILED"}),
    "no such field": ({"query": _live("dance")}, {"GRAPHQL_VALIDATION_FAILED"}),
    "no such list": ({"query": "subscription { x }"}, {"GRAPHQL_VALIDATION_FAILED"}),
    "two lists": (
        {"query": "subscription { a: opportunities { kind } b: opportunities { kind } }"},
        {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"},
    ),
    "a variable that is missing": (
        {"query": "query ($id: ID!) { node(id: $id) { id } }"},
        {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"},
    ),
    "a variable of another type": (
        {"query": OPPORTUNITIES_SUBSCRIPTION, "variables": {"filter": 5}},
        {"BAD_USER_INPUT"},
    ),
    "first below its minimum": ({"query": _live("kind", "(first: 0)")}, {"BAD_USER_INPUT"}),
    "first above its maximum": ({"query": _live("kind", "(first: 1001)")}, {"LIST_TOO_LONG"}),
    "no cursor": (
        {"query": OPPORTUNITIES_SUBSCRIPTION, "variables": {"after": "no cursor"}},
        {"BAD_CURSOR"},
    ),
    "an empty cursor": (
        {"query": OPPORTUNITIES_SUBSCRIPTION, "variables": {"after": ""}},
        {"BAD_CURSOR"},
    ),
    "cursors in nodes": ({"query": _live(INSIDE)}, {"BAD_USER_INPUT"}),
    "pages in nodes": ({"query": _live(PAGED)}, {"BAD_USER_INPUT"}),
    "signing out": ({"query": "mutation { signOut { signedOut } }"}, CODES),
    "revoking": (
        {"query": 'mutation { sessionRevoke(input: {id: "ses_1"}) { revoked } }'},
        CODES,
    ),
    "signing in": (
        {
            "query": "mutation ($i: SignInInput!) { signIn(input: $i) { accessToken } }",
            "variables": {"i": {"tenant": "acme", "email": "a@b.example", "password": "x"}},
        },
        CODES,
    ),
    "refreshing": (
        {"query": 'mutation { refresh(input: {refreshToken: "x"}) { accessToken } }'},
        CODES,
    ),
}


@pytest.mark.parametrize(("payload", "codes"), REFUSED.values(), ids=REFUSED)
async def test_refused_operation_leaves_other_operations_open(
    tenant: LiveTenant, payload: Any, codes: set[str]
) -> None:
    id = await tenant.any_opportunity()
    async with tenant.wire("admin") as ws:
        rows = await tenant.open_list(ws, "rows")
        await ws.send({"type": "subscribe", "id": "bad", "payload": payload})
        [code] = await ws.error_codes("bad")
        assert code in codes & CODES - {"INTERNAL"}
        assert not INTERNAL.search(json.dumps(ws.received[-1]).encode())
        await rows.until(id, await tenant.rename(id))
        await ws.execute("bad", HELLO)  # the id can be reused


@covers("D-31")
async def test_filter_on_a_hidden_field_is_refused(tenant: LiveTenant) -> None:
    hidden = {"margin": {"gt": "1"}}
    async with tenant.wire("limited") as ws:
        rows = await tenant.open_list(ws, "rows")
        codes = await ws.refusal_codes("bad", OPPORTUNITIES_SUBSCRIPTION, {"filter": hidden})
        assert codes == ["FIELD_FORBIDDEN"]
        id = next(iter(rows.rows))
        await rows.until(id, await tenant.rename(id))


async def test_stopping_server_sends_its_close_code(tenant: LiveTenant) -> None:
    async with another_server(tenant) as (service, port), wire(port) as ws:
        await ws.init(await tenant.token())
        rows = await tenant.open_list(ws)
        service.should_exit = True
        assert await ws.wait_closed() == 1012
    async with tenant.wire() as ws:
        await ws.subscribe("again", OPPORTUNITIES_SUBSCRIPTION, {"after": rows.cursor})
        again = Rows(ws, "again", dict(rows.rows))
        event = await again.event()
        assert (event["kind"], event["changes"]) == ("RESUMED", [])

"""The protocol graphql-transport-ws, word by word: what closes a socket, and what only ends an operation."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.http.leaks import CODES, INTERNAL
from tests.live.live_tenant import LIST, PIPELINE, LiveTenant, another_server
from tests.live.wire import Message, Rows, wire
from tests.support.covers import covers

pytestmark = covers("F3")
Said = Message | str | bytes
HELLO = "{ viewer { id } }"
PING: Message = {"type": "ping"}
BEGIN: Message = {"type": "subscribe", "id": "1", "payload": {"query": HELLO}}
LIVE: Message = {"type": "subscribe", "id": "1", "payload": {"query": PIPELINE}}


def _without(key: str) -> Message:
    return {name: value for name, value in BEGIN.items() if name != key}


NOT_OF_THE_PROTOCOL: dict[str, Said] = {
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
    "what only servers say": {"type": "next", "id": "1", "payload": {"data": {}}},
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


@pytest.mark.parametrize("said", NOT_OF_THE_PROTOCOL.values(), ids=NOT_OF_THE_PROTOCOL)
async def test_protocol_violation_closes_the_socket(here: LiveTenant, said: Said) -> None:
    async with here.wire("rep1") as beside, here.wire("rep2") as opened:
        await opened.say(said)
        assert await opened.closed() == 4400
        await beside.alive()


@pytest.mark.parametrize("payload", ["Bearer", ["Bearer"], 5, True])
async def test_connection_init_payload_must_be_an_object(here: LiveTenant, payload: Any) -> None:
    async with here.wire(None) as opened:
        await opened.say({"type": "connection_init", "payload": payload})
        assert await opened.closed() == 4400


BEFORE: dict[str, tuple[list[Said], int]] = {
    "a query": ([BEGIN], 4401),
    "a live list": ([PING, LIVE], 4401),
    "bad JSON": (["{"], 4400),
    "a binary message": ([b"{}"], 4400),
}


@covers("D-63")
@pytest.mark.parametrize(("said", "code"), BEFORE.values(), ids=BEFORE)
async def test_subscribe_before_init_is_refused(
    here: LiveTenant, said: list[Said], code: int
) -> None:
    async with here.wire(None) as opened:
        for each in said:
            await opened.say(each)
        assert await opened.closed() == code
        assert {message["type"] for message in opened.received} <= {"pong"}


async def test_subscribe_before_ack_receives_nothing(here: LiveTenant) -> None:
    token = await here.token()
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
    async with here.wire(None) as opened:
        await opened.say(init)
        await opened.say(BEGIN)  # it may be acknowledged by now, or not yet
        await opened.say("{")
        code = await opened.closed()
        assert code in (4400, 4401)
        if code == 4401:
            assert {message["type"] for message in opened.received} <= {"connection_ack"}


@pytest.mark.parametrize("waited", [True, False], ids=["one after the other", "at once"])
async def test_second_connection_init_is_refused(here: LiveTenant, waited: bool) -> None:
    token = await here.token()
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
    async with here.wire(None) as opened:
        await opened.say(init)
        if waited:
            await opened.hear("connection_ack")
        await opened.say(init)
        assert await opened.closed() == 4429


async def _texts(here: LiveTenant) -> dict[str, Any]:
    """Introductions that nobody is let in with, by what is wrong with them."""
    good, refresh = await here.tokens()
    app_context, other = here.world.endpoint.app_context, await here.world.token("rep1", "globex")
    expired = await here.expiring(good, left=timedelta(minutes=-1))
    just = await here.expiring(good, left=timedelta(seconds=-2))
    head, body, seal = good.split(".")
    given = app_context.tokens.verify_access(good, app_context.now())
    nobody = app_context.tokens.issue_access(
        given.session, given.user, given.session, app_context.now()
    )
    elsewhere = app_context.tokens.issue_access(
        here.world.tenants["globex"].id, given.user, given.session, app_context.now()
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
        "a seal that is wrong": {"authorization": f"Bearer {head}.{body}.{seal[::-1]}"},
        "a refresh token": {"authorization": f"Bearer {refresh}"},
        "expired": {"authorization": f"Bearer {expired}"},
        "just expired": {"authorization": f"Bearer {just}"},
        "of no tenant": {"authorization": f"Bearer {nobody}"},
        "of a session elsewhere": {"authorization": f"Bearer {elsewhere}"},
        "another tenant said": {"authorization": f"Bearer {other}", "x-tenant": here.own.slug},
        "no such tenant said": {"authorization": f"Bearer {good}", "x-tenant": "nowhere"},
        "a tenant that is no text": {"authorization": f"Bearer {good}", "x-tenant": 5},
    }


@covers("D-63")
async def test_invalid_token_is_refused(here: LiveTenant) -> None:
    for what, payload in (await _texts(here)).items():
        async with here.wire(None) as opened:
            said: Message = {"type": "connection_init"}
            await opened.say(said if payload is None else said | {"payload": payload})
            await opened.say(BEGIN)
            code = await opened.closed()
            # Where types are wrong, it may as well be said that this is not of the protocol.
            typed = all(isinstance(value, str) for value in (payload or {}).values())
            assert code in ((4403, 4401) if typed else (4403, 4401, 4400)), what
            assert not opened.received, what
            assert not INTERNAL.search((opened.socket.close_reason or "").encode()), what


KEYS = [("authorization", "x-tenant"), ("Authorization", "X-Tenant"), ("AUTHORIZATION", "X-TENANT")]


@pytest.mark.parametrize(("key", "tenant"), KEYS)
async def test_payload_keys_are_case_insensitive(here: LiveTenant, key: str, tenant: str) -> None:
    payload = {key: f"Bearer {await here.token()}", tenant: here.own.slug}
    async with here.wire(None) as opened:
        await opened.say({"type": "connection_init", "payload": payload})
        await opened.hear("connection_ack")
        await opened.ask("1", HELLO)


async def test_an_id_is_used_by_one_operation_at_a_time(here: LiveTenant) -> None:
    async with here.wire() as opened:
        await here.live(opened, "1")
        await opened.begin("1", HELLO)
        assert await opened.closed() == 4409


async def test_an_id_is_free_again_when_its_operation_has_ended(here: LiveTenant) -> None:
    async with here.wire() as opened:
        await here.live(opened, "1")
        await opened.done("1")
        await opened.ask("1", HELLO)
        assert await opened.refused("1", "{") == ["GRAPHQL_PARSE_FAILED"]
        await opened.ask("1", HELLO)
        await here.live(opened, "1")


async def test_an_id_is_free_again_after_complete(here: LiveTenant) -> None:
    async with here.wire() as opened:
        await opened.begin("1", LIST)
        await opened.done("1")
        told = await opened.ask("1", HELLO)
        assert list(told["data"]) == ["viewer"]


async def test_complete_of_an_unknown_id_is_ignored(here: LiveTenant) -> None:
    async with here.wire() as opened:
        await opened.done("nothing")
        await opened.ask("1", HELLO)
        await opened.done("1")  # it crossed the server's own `complete`
        await opened.ask("1", HELLO)


async def test_completed_operation_receives_nothing(here: LiveTenant) -> None:
    id = await here.some()
    async with here.wire() as opened:
        await here.live(opened, "ended")
        going_on = await here.live(opened, "going on")
        await opened.done("ended")
        await opened.alive()
        await going_on.until(id, await here.rename(id))
        told = [message for message in opened.received if message.get("id") == "ended"]
        assert [message["type"] for message in told] == ["next"]


@pytest.mark.parametrize("introduced", [True, False])
async def test_pings_are_answered(here: LiveTenant, introduced: bool) -> None:
    async with here.wire("rep1" if introduced else None) as opened:
        await opened.say(PING)
        assert (await opened.hear("pong"))["type"] == "pong"
        await opened.say({"type": "ping", "payload": {"at": 1}})
        assert (await opened.hear("pong"))["type"] == "pong"
        await opened.say({"type": "pong"})  # nobody asked
        await opened.say({"type": "pong", "payload": {}})
        await opened.alive()


async def test_queries_are_answered_as_over_http(here: LiveTenant) -> None:
    denied = "{ opportunities(first: 5, orderBy: [{ name: ASC }]) { nodes { id name margin { amount } } } }"
    async with here.wire("limited") as opened:
        for query in (HELLO, LIST, denied):
            told = await opened.ask("1", query)
            expected = (await here.own.ask("limited", query)).json
            for answer in (told, expected):  # of which each took some
                del answer["extensions"]["cost"]["remaining"]
            assert told == expected
        assert told["extensions"]["access"]["denied"], "nothing was hidden, so nothing is shown"


async def test_mutations_over_the_socket_reach_subscribers(here: LiveTenant) -> None:
    id, name = await here.some(), here.name()
    deed = """mutation ($input: OpportunityUpdateInput!) {
      opportunityUpdate(input: $input) { opportunity { name } userErrors { code } }
    }"""
    async with here.wire("admin") as opened:
        rows = await here.live(opened, "rows")
        done = await opened.ask("deed", deed, {"input": {"id": id, "name": name}})
        assert done["data"]["opportunityUpdate"] == {
            "opportunity": {"name": name},
            "userErrors": [],
        }
        await rows.until(id, name)
        wrong = await opened.ask("deed", deed, {"input": {"id": id, "name": " "}})
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
    "which of several": (
        {"query": SEVERAL},
        {"BAD_REQUEST", "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"},
    ),
    "a mistake in the grammar": ({"query": "{"}, {"GRAPHQL_PARSE_FAILED"}),
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
        {"query": PIPELINE, "variables": {"filter": 5}},
        {"BAD_USER_INPUT"},
    ),
    "less than one at most": ({"query": _live("kind", "(atMost: 0)")}, {"BAD_USER_INPUT"}),
    "too many at most": ({"query": _live("kind", "(atMost: 1001)")}, {"BAD_USER_INPUT"}),
    "more than there may be": ({"query": _live("kind", "(atMost: 1)")}, {"BAD_USER_INPUT"}),
    "no cursor": ({"query": PIPELINE, "variables": {"after": "no cursor"}}, {"BAD_CURSOR"}),
    "an empty cursor": ({"query": PIPELINE, "variables": {"after": ""}}, {"BAD_CURSOR"}),
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
    here: LiveTenant, payload: Any, codes: set[str]
) -> None:
    id = await here.some()
    async with here.wire("admin") as opened:
        rows = await here.live(opened, "rows")
        await opened.say({"type": "subscribe", "id": "bad", "payload": payload})
        [code] = await opened.error("bad")
        assert code in codes & CODES - {"INTERNAL"}
        assert not INTERNAL.search(json.dumps(opened.received[-1]).encode())
        await rows.until(id, await here.rename(id))
        await opened.ask("bad", HELLO)  # the id is free again


@covers("D-31")
async def test_a_filter_on_a_hidden_field_is_refused(here: LiveTenant) -> None:
    hidden = {"margin": {"gt": "1"}}
    async with here.wire("limited") as opened:
        rows = await here.live(opened, "rows")
        codes = await opened.refused("bad", PIPELINE, {"filter": hidden})
        assert codes == ["FIELD_FORBIDDEN"]
        id = next(iter(rows.rows))
        await rows.until(id, await here.rename(id))


async def test_stopping_server_sends_its_close_code(here: LiveTenant) -> None:
    async with another_server(here) as (service, port), wire(port) as opened:
        await opened.init(await here.token())
        rows = await here.live(opened)
        service.should_exit = True
        assert await opened.closed() == 1012
    async with here.wire() as opened:
        await opened.begin("again", PIPELINE, {"after": rows.cursor})
        again = Rows(opened, "again", dict(rows.rows))
        event = await again.event()
        assert (event["kind"], event["changes"]) == ("RESUMED", [])

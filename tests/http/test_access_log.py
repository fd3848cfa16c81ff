"""The access log: one line per request with caller and duration, without its content; off by default."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest

from app import application
from schema.engine.reads import ReadService
from tests.http.asgi import Sent, send
from tests.live.wire import wire
from tests.support.covers import covers
from tests.support.world import SIGN_IN, World, endpoint_on
from tests.writes.client import TenantClient, serve

CANARY = "canary-5f3a9b"
LINE = {
    *("event", "level", "timestamp", "request_id", "ms", "method", "kind", "operation"),
    *("tenant", "user", "status"),
}
NAMED = (
    "query Named($f: AccountFilter) { accounts(filter: $f, first: 1) { nodes { hidden: name } } }"
)
FILTER = {"f": {"name": {"eq": CANARY}}}


@pytest.fixture(scope="module")
async def logging_world(world: World) -> AsyncIterator[World]:
    """The application with the access log enabled."""
    async with endpoint_on(world.servers) as endpoint:
        app = application(endpoint, logs_requests=True)
        yield replace(world, app=app, endpoint=endpoint)


def lines(logged: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logged.getvalue().splitlines()]


async def ask(logging_world: World, query: str, variables: Any = None) -> Sent:
    """Return a request of rep1."""
    token = await logging_world.token("rep1")
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    return Sent(body).with_header(b"authorization", f"Bearer {token}".encode())


@covers("F22")
async def test_log_line_has_the_caller_and_not_the_content(
    logging_world: World, logged: StringIO
) -> None:
    sent = await ask(logging_world, NAMED, FILTER)
    logged.truncate(0)
    logged.seek(0)
    got = await send(logging_world.app, sent)
    assert got.status == 200
    [line] = lines(logged)
    assert line.keys() == LINE
    assert (line["method"], line["kind"], line["operation"]) == ("POST", "query", "Named")
    assert (line["tenant"], line["status"], line["level"]) == ("acme", 200, "info")
    app_context = logging_world.endpoint.app_context
    token = await logging_world.token("rep1")
    assert line["user"] == str(app_context.tokens.verify_access(token, app_context.now()).user)
    for secret in (CANARY, "hidden", "accounts", token, token.rpartition(".")[2]):
        assert secret not in logged.getvalue()


@covers("F22")
@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"query {CANARY.replace('-', '_')} {{ nowhere }}", 200),
        (f"{{ {CANARY}", 200),
        ("mutation Made { accountCreate(input: { name: 5 }) { id } }", 200),
    ],
)
async def test_content_of_an_unparsed_request_is_not_logged(
    logging_world: World, logged: StringIO, query: str, status: int
) -> None:
    got = await send(logging_world.app, await ask(logging_world, query))
    line = lines(logged)[-1]
    assert (got.status, line["status"], line["operation"]) == (status, status, None)
    assert line["tenant"] == "acme"
    assert "canary" not in logged.getvalue()


@covers("F22", "D-40")
async def test_sign_in_is_logged_without_a_user(logging_world: World, logged: StringIO) -> None:
    params = {"tenant": "acme", "email": "rep1@acme.example", "password": CANARY}
    await send(
        logging_world.app,
        Sent(json.dumps({"query": SIGN_IN, "variables": {"input": params}}).encode()),
    )
    await send(logging_world.app, Sent(b"{"))
    logged_lines = lines(logged)
    assert [line["status"] for line in logged_lines] == [200, 401]
    assert {(line["tenant"], line["user"], line["operation"]) for line in logged_lines} == {
        (None, None, None)
    }
    assert CANARY not in logged.getvalue()
    assert "rep1" not in logged.getvalue()


@covers("D-35")
async def test_internal_error_is_logged_with_the_request_id(
    logging_world: World, logged: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> bytes:
        raise KeyError("boom")

    sent = await ask(logging_world, NAMED, FILTER)
    monkeypatch.setattr(ReadService, "answer", fail)
    got = await send(logging_world.app, sent)
    failed, line = lines(logged)[-2:]
    assert failed["event"] == "request failed"
    assert failed["request_id"] == line["request_id"]
    assert (failed["tenant"], failed["operation"]) == ("acme", "Named")
    assert got.json["errors"][0]["extensions"]["requestId"] == line["request_id"]
    assert line["status"] == 500


@covers("F22")
async def test_operation_on_a_socket_is_logged(logging_world: World, logged: StringIO) -> None:
    async with serve(TenantClient(logging_world, "acme")) as port, wire(port) as socket:
        await socket.init(await logging_world.token("rep1"))
        await socket.execute("one", NAMED, FILTER)
    [line] = [each for each in lines(logged) if each["method"] == "SOCKET"]
    assert (line["operation"], line["tenant"], line["status"]) == ("Named", "acme", None)
    assert CANARY not in logged.getvalue()


async def test_requests_are_not_logged_by_default(world: World, logged: StringIO) -> None:
    assert (await send(world.app, await ask(world, NAMED, FILTER))).status == 200
    assert not logged.getvalue()

"""Internal errors: the response contains a request id only, the log contains the details without secrets."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from io import StringIO
from typing import Any

import asyncpg
import pytest
import structlog

from auth.engine.tokens import TokenIssuer
from db.engine import transaction
from db.engine.transaction import EntryRejected, RejectReason, StatementTimeout
from resolvers import sessions
from schema.engine.reads import ReadService
from tests.http.asgi import Got, Sent, over_socket, send
from tests.http.leaks import INTERNAL
from tests.support.covers import covers
from tests.support.world import Answer, World

DSN = "postgres://u:hunter2@db.internal/relata"
CANARY = "canary-5f3a9b"
SIGN_IN = "mutation ($i: SignInInput!) { signIn(input: $i) { accessToken userErrors { code } } }"
WHO = {"tenant": "nowhere", "email": "who@nowhere.example", "password": CANARY}
READ = "query ($f: AccountFilter) { accounts(filter: $f, first: 1) { nodes { name } } }"


def sign_in(**more: Any) -> Sent:
    return Sent(json.dumps({"query": SIGN_IN, "variables": {"i": WHO | more}}).encode())


def internal_error_id(got: Got | Answer) -> str:
    """Return the request id, and check that the response contains nothing else."""
    assert got.status == 500
    assert not INTERNAL.search(got.body)
    assert not re.search(rb"hunter2|db\.internal|canary|boom", got.body)
    (error,) = got.json["errors"]
    assert error["extensions"].keys() == {"code", "requestId"}
    assert error["extensions"]["code"] == "INTERNAL"
    request_id: str = error["extensions"]["requestId"]
    assert request_id in error["message"]
    return request_id


def one_line(logged: StringIO) -> dict[str, Any]:
    (line,) = logged.getvalue().splitlines()
    read: dict[str, Any] = json.loads(line)
    return read


@covers("D-35", "F22")
async def test_exception_in_a_read_is_logged_and_not_sent(
    world: World, logged: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: ReadService, caller: object, request: Any) -> bytes:
        secret = request.variables  # a local variable, which a traceback with variables would log
        raise RuntimeError(f"cannot reach {DSN}" if secret else "boom")

    await world.token("rep1")
    monkeypatch.setattr(ReadService, "answer", fail)
    variables = {"f": {"name": {"eq": CANARY}}}
    request_id = internal_error_id(await world.ask("rep1", READ, variables))
    line = one_line(logged)
    assert line["request_id"] == request_id
    assert (line["tenant"], line["kind"]) == ("acme", "query")
    assert line["level"] == "error"
    assert "RuntimeError: cannot reach postgres://***@db.internal/relata" in line["exception"]
    output = logged.getvalue()
    for secret in (CANARY, "hunter2", await world.token("rep1")):
        assert secret not in output


@covers("D-35", "F22")
@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("boom"),
        asyncpg.DataError("boom"),
        KeyError(DSN),
        RecursionError("boom"),
        AssertionError(),
        asyncio.IncompleteReadError(b"boom", 9),
        MemoryError("boom"),
    ],
    ids=repr,
)
async def test_exception_in_sign_in_logs_no_password(
    world: World, logged: StringIO, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fail(
        app_context: object, address: str, tenant: str, email: str, password: str
    ) -> None:
        raise error

    monkeypatch.setattr(sessions, "sign_in", fail)
    request_id = internal_error_id(await send(world.app, sign_in()))
    assert one_line(logged)["request_id"] == request_id
    assert type(error).__name__ in one_line(logged)["exception"]
    assert CANARY not in logged.getvalue()
    assert "hunter2" not in logged.getvalue()


@covers("F22")
async def test_failed_sign_in_is_not_logged(world: World, logged: StringIO) -> None:
    strange: list[Sent] = [
        sign_in(),
        sign_in(tenant="acme", email="rep1@acme.example"),
        sign_in(tenant=5),
        sign_in(unknown="x"),
        sign_in(email="\0"),
        sign_in(password=f"{CANARY}\ud800"),
        sign_in(password=[CANARY]),
        sign_in().with_header(b"content-type", b"text/plain"),
        Sent(sign_in().body[:-2]),
        Sent(sign_in().body.replace(b"userErrors", b"userErrrors")),
        Sent(sign_in().body.replace(b"mutation", b"subscription")),
    ]
    for sent in strange:
        got = await send(world.app, sent)
        assert got.status in (200, 400, 401)
        assert got.json.get("data", {"signIn": {}})["signIn"].get("accessToken") is None
    assert not logged.getvalue()


@covers("F22")
async def test_request_over_a_socket_is_not_logged(
    world: World, port: int, logged: StringIO
) -> None:
    for sent in (sign_in(), sign_in(tenant=5), Sent(method="GET", query=CANARY.encode())):
        assert (await over_socket(port, sent.raw())).status in (200, 401)
    assert not logged.getvalue()
    bad = b"GET /" + CANARY.encode() + b" HTTP/9.9\r\nauthorization: Bearer " + CANARY.encode()
    assert (await over_socket(port, bad + b"\r\n\r\n")).status == 400
    assert one_line(logged)["level"] == "warning"
    assert CANARY not in logged.getvalue()


@covers("F22")
async def test_library_messages_are_logged_as_json_lines(logged: StringIO) -> None:
    secret = CANARY
    try:
        raise RuntimeError(f"at {DSN}\nand on") if secret else None  # type: ignore[misc]
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("several\nlines %s", DSN)
        structlog.get_logger().error("several\nlines", exc_info=True, at=DSN)
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert len(lines) == 2
    for line in lines:
        assert line["event"].startswith("several\nlines")
        assert "RuntimeError" in line["exception"]
    assert "hunter2" not in logged.getvalue()
    assert CANARY not in logged.getvalue()


async def test_disconnect_is_not_logged_as_an_error(world: World, logged: StringIO) -> None:
    parts = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def receive() -> dict[str, Any]:
        return parts.pop() if parts else {"type": "http.disconnect"}

    async def reply(message: Any) -> None:
        raise OSError("connection refused")

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [],
    }
    for headers in ([], [(b"authorization", f"Bearer {await world.token('rep1')}".encode())]):
        parts[:] = [{"type": "http.request", "body": b"{", "more_body": True}]
        with pytest.raises(OSError, match="connection refused"):
            await world.app(scope | {"headers": headers}, receive, reply)
    assert not logged.getvalue()


# --- errors of the database ------------------------------------------------------------------

ANSWERS = {
    EntryRejected(RejectReason.FENCED): (503, "RETRYABLE"),
    EntryRejected(RejectReason.MOVED): (503, "RETRYABLE"),
    EntryRejected(RejectReason.STALE): (503, "RETRYABLE"),
    EntryRejected(RejectReason.REVOKED): (401, "UNAUTHENTICATED"),
    StatementTimeout(): (503, "TIMEOUT"),
}


@covers("D-35")
@pytest.mark.parametrize("raised", ANSWERS, ids=repr)
@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_database_errors_have_codes(
    world: World, logged: StringIO, monkeypatch: pytest.MonkeyPatch, raised: Exception, accept: str
) -> None:
    async def fail(*_: object) -> Any:
        raise raised

    await world.token("rep1")
    monkeypatch.setattr(ReadService, "answer", fail)
    monkeypatch.setattr(sessions, "sign_out", fail)
    for query in (READ, "mutation { signOut { signedOut } }"):
        got = await world.ask("rep1", query, accept=accept)
        assert (got.status, got.codes) == (ANSWERS[raised][0], [ANSWERS[raised][1]])
        assert not INTERNAL.search(got.body)
    assert not logged.getvalue()


async def test_slow_statement_is_cancelled(
    world: World, logged: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = "nodes { id account { opportunities(first: 9) { nodes { account { name } } } } }"
    page = 'opportunities(first: 50, filter: {note: {contains: "e"}}) { totalCount ' + lists + " }"
    query = "{ " + " ".join(f"a{i}: {page}" for i in range(3)) + " }"
    assert (await world.ask("admin", query)).status == 200
    with monkeypatch.context() as patch:
        patch.setattr(transaction, "STATEMENT_MS", 1)
        got = await world.ask("admin", query)
    assert (got.status, got.codes) == (503, ["TIMEOUT"])
    assert not logged.getvalue()
    assert (await world.ask("admin", "{ viewer { id } }")).status == 200


async def test_token_of_an_ended_session_is_refused(world: World) -> None:
    world.tokens.pop(("rep2", "acme"), None)
    assert (await world.ask("rep2", "{ viewer { id } }")).status == 200
    out = await world.ask("rep2", "mutation { signOut { signedOut } }")
    assert out.data == {"signOut": {"signedOut": True}}
    got = await world.ask("rep2", "{ viewer { id } }")
    assert (got.status, got.codes) == (401, ["UNAUTHENTICATED"])
    world.tokens.pop(("rep2", "acme"))


async def test_exception_before_parsing_is_an_internal_error(
    world: World, logged: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: TokenIssuer, token: str, now: object) -> None:
        raise ValueError(f"boom {DSN}")

    await world.token("rep1")
    monkeypatch.setattr(TokenIssuer, "verify_access", fail)
    request_id = internal_error_id(await world.ask("rep1", "{ viewer { id } }"))
    assert one_line(logged)["request_id"] == request_id
    assert await world.token("rep1") not in logged.getvalue()

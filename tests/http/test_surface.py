"""Responses of the endpoint to unusual requests: authentication, errors, limits, HTTP and timeouts."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import pytest

import app
from schema.engine import transport
from tests.http.asgi import TIMEOUT_SECONDS, Got, Sent, over_socket, send
from tests.http.leaks import wrong
from tests.support.covers import covers
from tests.support.world import World

JSON = (b"content-type", b"application/json")
SIGN_IN = (
    "mutation ($i: SignInInput!) { signIn(input: $i) { accessToken userErrors { code message } } }"
)
UNKNOWN_USER = {"tenant": "nowhere", "email": "who@nowhere.example", "password": "wrong"}
REFRESH = 'mutation { refresh(input: {refreshToken: "no"}) { userErrors { code } } }'


def body_of(query: Any, **more: Any) -> bytes:
    return json.dumps({"query": query, **more}).encode()


class Asker:
    """Sends requests as a user, or without a token."""

    def __init__(self, world: World, token: str | None) -> None:
        self.app = world.app
        self.headers = (JSON, (b"authorization", b"Bearer " + token.encode())) if token else (JSON,)

    async def send(self, sent: Sent) -> Got:
        for name, value in self.headers:
            if not any(each == name for each, _ in sent.headers):
                sent = sent.with_header(name, value)
        got = await send(self.app, sent)
        assert not wrong(got), (sent, got)
        return got

    async def post(self, body: bytes, *headers: tuple[bytes, bytes]) -> Got:
        return await self.send(Sent(body, headers=headers))

    async def ask(self, query: Any, **more: Any) -> Got:
        return await self.post(body_of(query, **more))


@pytest.fixture
async def seller(world: World) -> Asker:
    return Asker(world, await world.token("rep1"))


@pytest.fixture
async def anonymous(world: World) -> Asker:
    return Asker(world, None)


# --- without a token ----------------------------------------------------------------------------

WITHOUT_TOKEN = {
    "a read": body_of("{ viewer { id } }"),
    "introspection": body_of("{ __schema { types { name } } }"),
    "introspection of the public schema": body_of('{ __type(name: "SignInInput") { name } }'),
    "__typename": body_of("{ __typename }"),
    "__typename of a mutation": body_of("mutation { __typename }"),
    "a skipped sign-in": body_of(
        "mutation ($i: SignInInput!) "
        "{ __typename signIn(input: $i) @skip(if: true) { accessToken } }",
        variables={"i": UNKNOWN_USER},
    ),
    "SDL": body_of("{ _service { sdl } }"),
    "the public query": body_of("{ signedIn }"),
    "signing out": body_of("mutation { signOut { signedOut } }"),
    "an unknown mutation": body_of("mutation { signin { a } }"),
    "a subscription": body_of("subscription { a }"),
    "sign-in twice, by aliases": body_of(
        "mutation ($i: SignInInput!) "
        "{ a: signIn(input: $i) { accessToken } b: signIn(input: $i) { accessToken } }",
        variables={"i": UNKNOWN_USER},
    ),
    "sign-in twice, by fragments": body_of(
        "mutation ($i: SignInInput!) { ...F b: signIn(input: $i) { accessToken } } "
        "fragment F on PublicMutation { a: signIn(input: $i) { accessToken } }",
        variables={"i": UNKNOWN_USER},
    ),
    "sign-in and refresh": body_of(
        SIGN_IN[:-2] + ' refresh(input: {refreshToken: "x"}) { accessToken } }',
        variables={"i": UNKNOWN_USER},
    ),
    "several operations, none chosen": body_of(
        REFRESH.replace("mutation", "mutation A") + REFRESH.replace("mutation", "mutation B")
    ),
    "several operations, a wrong one": body_of(
        REFRESH.replace("mutation", "mutation A") + " query B { signedIn }", operationName="B"
    ),
    "a sign-in and a read": body_of(
        SIGN_IN + " query Q { viewer { id } }", variables={"i": UNKNOWN_USER}
    ),
    "a batch": b"[" + body_of(SIGN_IN, variables={"i": UNKNOWN_USER}) + b"]",
    "a sign-in of more than 4 KiB": body_of(SIGN_IN, variables={"i": UNKNOWN_USER}) + b" " * 4_096,
    "more than 1 MiB": b" " * (1024 * 1024 + 1),
    "no GraphQL": body_of("{"),
    "no JSON": b"{",
    "nothing": b"",
    "a number": b"5",
    "variables of a wrong type": body_of(SIGN_IN, variables=5),
    "a persisted query": json.dumps({"extensions": {"persistedQuery": {"version": 1}}}).encode(),
}


@covers("D-40", "F2")
@pytest.mark.parametrize("case", WITHOUT_TOKEN)
async def test_request_without_a_token_gets_one_constant_refusal(
    world: World, anonymous: Asker, case: str
) -> None:
    got = await anonymous.post(WITHOUT_TOKEN[case])
    same = await anonymous.ask("{ nothing like it }")
    assert got.status == 401
    assert (got.headers, got.body) == (same.headers, same.body)
    assert got.codes == ["UNAUTHENTICATED"]
    assert got.headers["www-authenticate"] == "Bearer"


@covers("D-40")
async def test_get_without_a_token_is_refused_even_for_sign_in(anonymous: Asker) -> None:
    same = await anonymous.ask("{ viewer { id } }")
    for query in (b"query={__typename}", b"query=" + REFRESH.encode(), b"", b"query=\xff"):
        got = await anonymous.send(Sent(method="GET", query=query))
        assert (got.status, got.body) == (401, same.body)


@covers("D-40")
async def test_refusal_without_a_token_is_equal_for_all_media_types(anonymous: Asker) -> None:
    for kind in (b"text/plain", b"application/json; charset=utf-16", b""):
        got = await anonymous.post(body_of(REFRESH), (b"content-type", kind))
        assert got.status == 401


@covers("D-40")
async def test_sign_in_and_refresh_need_no_token(anonymous: Asker) -> None:
    got = await anonymous.ask(SIGN_IN, variables={"i": UNKNOWN_USER})
    assert got.status == 200
    assert got.json["data"]["signIn"]["accessToken"] is None
    assert [e["code"] for e in got.json["data"]["signIn"]["userErrors"]] == ["INVALID_CREDENTIALS"]
    got = await anonymous.ask(REFRESH)
    assert got.json == {"data": {"refresh": {"userErrors": [{"code": "INVALID_TOKEN"}]}}}
    named = REFRESH.replace("mutation", "mutation A") + " mutation B { __typename }"
    assert (await anonymous.ask(named, operationName="A")).status == 200


@covers("D-40")
@pytest.mark.parametrize(
    "value",
    [b"Bearer x", b"Bearer a.b.c", b"Bearer eyJhbGciOiJub25lIn0.e30.", b"Bearer " + b"a" * 9_999],
)
async def test_invalid_token_is_refused_even_for_sign_in(anonymous: Asker, value: bytes) -> None:
    got = await anonymous.post(body_of(REFRESH), (b"authorization", value))
    assert (got.status, got.codes) == (401, ["UNAUTHENTICATED"])


# --- errors -------------------------------------------------------------------------------------

MISSPELLED: dict[str, tuple[str, dict[str, Any]]] = {
    "field": ("{ viewer { actvie } }", {}),
    "root field": ("{ acounts { totalCount } }", {}),
    "argument": ("{ accounts(frist: 1) { totalCount } }", {}),
    "type": ("query ($f: AcountFilter) { accounts(filter: $f) { totalCount } }", {}),
    "fragment's type": ("{ ... on Acount { id } }", {}),
    "fragment": ("{ ...Fo } fragment Foo on Query { viewer { id } }", {}),
    "directive": ("{ viewer @skpi(if: true) { id } }", {}),
    "enum": ("{ accounts(orderBy: [{name: ASD}]) { totalCount } }", {}),
    "input field": ('{ accounts(filter: {nmae: {eq: "a"}}) { totalCount } }', {}),
    "input field in a variable": (
        "query ($f: AccountFilter) { accounts(filter: $f) { totalCount } }",
        {"f": {"nmae": {"eq": "a"}}},
    ),
    "enum in a variable": (
        "query ($o: [AccountOrder!]) { accounts(orderBy: $o) { totalCount } }",
        {"o": [{"name": "ASD"}]},
    ),
    "subfields missing": ("{ viewer }", {}),
    "subfields of a leaf": ("{ viewer { active { id } } }", {}),
    "variable": ("query ($ab: ID!) { node(id: $abc) { id } }", {}),
    "mutation's input in a variable": (SIGN_IN, {"i": {"tennant": "a"}}),
    "introspected name": ('{ __type(nmae: "Account") { name } }', {}),
}


SUGGESTED = {
    "field": "active",
    "root field": "accounts",
    "argument": "first",
    "type": "AccountFilter",
    "fragment's type": "Account",
    "input field": "name",
    "input field in a variable": "name",
    "mutation's input in a variable": "tenant",
}
"""The names that are suggested; the other mistakes get a remedy without a name."""


@covers("F2")
@pytest.mark.parametrize("case", MISSPELLED)
async def test_misspelled_names_get_the_most_similar_name(seller: Asker, case: str) -> None:
    query, variables = MISSPELLED[case]
    got = await seller.ask(query, variables=variables)
    messages = [error["message"] for error in got.json["errors"]]
    suggested = [text for text in messages if "Did you mean" in text]
    if case in SUGGESTED:
        assert any(f"`{SUGGESTED[case]}`" in m or f" {SUGGESTED[case]}?" in m for m in suggested)
    else:
        assert suggested == []


@covers("D-40")
async def test_mistake_in_a_public_mutation_is_explained_without_a_token(
    anonymous: Asker,
) -> None:
    got = await anonymous.ask(SIGN_IN, variables={"i": {**UNKNOWN_USER, "pasword": "x"}})
    assert (got.status, got.codes) == (200, ["BAD_USER_INPUT"])
    assert got.json["errors"] == [
        {
            "message": "SignInInput has no field `pasword`. Did you mean `password`?",
            "extensions": {"code": "BAD_USER_INPUT", "input": ["i", "pasword"]},
        }
    ]
    wrong = "mutation { signIn(inptu: {}) { accesToken } }"
    got = await anonymous.ask(wrong)
    assert set(got.codes) == {"GRAPHQL_VALIDATION_FAILED"}
    text = " ".join(error["message"] for error in got.json["errors"])
    assert "`input`" in text
    assert "`accessToken`" in text


@covers("D-40")
async def test_mistake_without_a_token_reveals_no_name_of_the_full_schema(
    anonymous: Asker,
) -> None:
    for text in (
        "mutation { signIn(input: {}) { acount { id } } }",
        "mutation { signIn(input: {}) { ... on Acount { id } } }",
        "mutation ($i: AccountCreateInpt!) { signIn(input: $i) { accessToken } }",
    ):
        got = await anonymous.ask(text)
        assert b"Account" not in got.body.replace(b"AccountCreateInpt", b"")


@covers("D-35")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"5", "BAD_REQUEST"),
        (body_of("{"), "GRAPHQL_PARSE_FAILED"),
        (body_of("{ nothing }"), "GRAPHQL_VALIDATION_FAILED"),
        (body_of("{ accounts(first: 0) { totalCount } }"), "BAD_USER_INPUT"),
        (body_of('{ accounts(after: "x") { totalCount } }'), "BAD_CURSOR"),
        (
            body_of("{" + " ".join(f"a{i}: __typename" for i in range(31)) + "}"),
            "QUERY_TOO_COMPLEX",
        ),
        (body_of("query ($i: ID!) { node(id: $i) { id } }"), "BAD_USER_INPUT"),
        (body_of(SIGN_IN), "BAD_USER_INPUT"),
    ],
)
async def test_request_error_has_code_and_message_and_no_data(
    seller: Asker, body: bytes, code: str
) -> None:
    for media in (b"application/json", b"application/graphql-response+json"):
        got = await seller.post(body, (b"accept", media))
        assert set(got.json) == {"errors"}
        assert len(got.json["errors"]) == 1
        (error,) = got.json["errors"]
        assert error["extensions"]["code"] == code
        assert set(error) <= {"message", "locations", "extensions"}
        assert got.status == (
            400 if code == "BAD_REQUEST" or media.endswith(b"response+json") else 200
        )
        assert got.headers["content-type"] == media.decode() + "; charset=utf-8"


# --- limits -------------------------------------------------------------------------------------


@covers("F18", "D-39")
async def test_document_longer_than_15_000_characters_is_refused(seller: Asker) -> None:
    base = "{ __typename }"
    assert (await seller.ask(base + "#" * (15_000 - len(base)))).status == 200
    got = await seller.ask(base + "#" * (15_001 - len(base)))
    assert got.codes == ["QUERY_TOO_COMPLEX"]
    assert "15,000" in got.json["errors"][0]["message"]
    flood = "{ __typename }" + "#\n" * 8_000
    assert (await seller.ask(flood)).codes == ["QUERY_TOO_COMPLEX"]
    long = '{ accounts(filter: {name: {eq: "' + "x" * 15_000 + '"}}) { totalCount } }'
    assert (await seller.ask(long)).codes == ["QUERY_TOO_COMPLEX"]


@covers("F18", "D-39")
@pytest.mark.parametrize(
    ("most", "write"),
    [
        (30, lambda n: "{" + " ".join(f"a{i}: __typename" for i in range(n)) + "}"),
        (20, lambda n: "{ __typename " + "@include(if: true) " * n + "}"),
        (498, lambda n: "{ viewer {" + "...{id}" * n + "} }"),
        (10, lambda n: " ".join(f"query Q{i} {{ __typename }}" for i in range(n))),
    ],
    ids=["aliases", "directives", "tokens", "operations"],
)
async def test_limit_passes_and_one_more_is_refused(seller: Asker, most: int, write: Any) -> None:
    name = "Q0" if most == 10 else None
    fine = await seller.ask(write(most), operationName=name)
    # A directive may occur only once per location: that is a different rule than the limit.
    assert fine.codes in ([], ["GRAPHQL_VALIDATION_FAILED"])
    for more in (most + 1, most * 5):
        got = await seller.ask(write(more), operationName=name)
        assert got.codes == ["QUERY_TOO_COMPLEX"]


@covers("F18")
@pytest.mark.parametrize("count", [10, 100, 1_000])
async def test_many_unknown_directives_are_one_error(seller: Asker, count: int) -> None:
    got = await seller.ask("query cop { __typename " + "@aa" * count + " }")
    assert len(got.json["errors"]) == 1


FIRST_ARGUMENTS = {
    "0": None,
    "-1": None,
    "101": None,
    "100000": None,
    "1000000": None,
    "2147483647": None,
    "2147483648": None,
    "-2147483648": None,
    "1.5": None,
    '"5"': None,
    "true": None,
    "[1]": 1,
    "{}": None,
    "ASC": None,
    "null": 25,
    "": 25,
    "1": 1,
    "2": 2,
    "100": 100,
}
"""Values of `first` with the resulting page size; None if the value is refused."""


@covers("F18", "D-39")
@pytest.mark.parametrize("argument", FIRST_ARGUMENTS)
async def test_first_accepts_1_to_100(world: World, seller: Asker, argument: str) -> None:
    known = (await seller.ask("{ opportunities { totalCount } }")).json
    total = known["data"]["opportunities"]["totalCount"]
    assert total > 25
    arguments = f"(first: {argument})" if argument else ""
    got = await seller.ask(f"{{ opportunities{arguments} {{ nodes {{ id }} }} }}")
    _check_page(got, None if argument == "[1]" else FIRST_ARGUMENTS[argument], total)
    if argument == "ASC":
        return
    query = "query ($n: Int) { opportunities(first: $n) { nodes { id } } }"
    variables = {"n": json.loads(argument)} if argument else {}
    got = await seller.ask(query, variables=variables)
    _check_page(got, None if argument == "[1]" else FIRST_ARGUMENTS[argument], total)


def _check_page(got: Got, most: int | None, total: int) -> None:
    if most is None:
        assert got.codes[0] in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED")
        assert len(got.json["errors"]) == 1
    else:
        assert len(got.json["data"]["opportunities"]["nodes"]) == min(most, total)


@covers("F18")
@pytest.mark.parametrize(
    "query",
    [
        "{ accounts(first: 1) { nodes { id ... @defer { name } } } }",
        "{ accounts(first: 1) { nodes @stream(initialCount: 1) { id } } }",
    ],
)
async def test_defer_and_stream_are_refused(seller: Asker, query: str) -> None:
    assert (await seller.ask(query)).codes == ["GRAPHQL_VALIDATION_FAILED"]


# --- HTTP ---------------------------------------------------------------------------------------


@covers("F2")
async def test_batches_are_refused(seller: Asker) -> None:
    one = body_of("{ __typename }")
    for body in (b"[" + one + b"]", b"[" + b",".join([one] * 10) + b"]", b"[]", b"[5]"):
        got = await seller.post(body)
        assert (got.status, got.codes) == (400, ["BAD_REQUEST"])


@covers("F1")
async def test_persisted_query_hash_registers_nothing(seller: Asker) -> None:
    query = "{ viewer { id } }"
    right = hashlib.sha256(query.encode()).hexdigest()
    for known in (right, "0" * 64):
        extensions = {"persistedQuery": {"version": 1, "sha256Hash": known}}
        got = await seller.ask(query, extensions=extensions)
        assert "viewer" in got.json["data"]
        for body in ({"extensions": extensions}, {"query": "", "extensions": extensions}):
            got = await seller.post(json.dumps(body).encode())
            assert got.codes[0] in ("DOCUMENT_NOT_FOUND", "GRAPHQL_PARSE_FAILED")


@covers("F1", "F2")
async def test_get_runs_queries_and_refuses_mutations(world: World) -> None:
    """A separate session shows that `signOut` does not run: the next request still succeeds."""
    world.tokens.pop(("rep2", "acme"), None)
    asker = Asker(world, await world.token("rep2"))
    got = await asker.send(Sent(method="GET", query=b"query={viewer{id}}"))
    assert got.status == 200
    assert got.json["data"]["viewer"]["id"]
    query = b"query=query($i:Boolean!){viewer{id+active@skip(if:$i)}}&variables={%22i%22:true}"
    got = await asker.send(Sent(method="GET", query=query))
    assert set(got.json["data"]["viewer"]) == {"id"}
    for document in (b"mutation{signOut{signedOut}}", b"mutation%20A{signOut{signedOut}}"):
        got = await asker.send(Sent(method="GET", query=b"query=" + document))
        assert (got.status, got.headers["allow"]) == (405, "POST")
    assert (await asker.ask("{ viewer { id } }")).status == 200


@pytest.mark.parametrize(
    "kind",
    [
        b"",
        b"text/plain",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"application/json; charset=utf-16",
        b"application/json; charset=latin-1",
        b"application/graphql",
        b"application/jsonx",
        b"text/json",
    ],
)
async def test_other_content_types_and_charsets_are_refused(seller: Asker, kind: bytes) -> None:
    got = await seller.post(body_of("{ __typename }"), (b"content-type", kind))
    assert (got.status, got.codes) == (415, ["BAD_REQUEST"])


@pytest.mark.parametrize(
    "kind",
    [
        b"application/json",
        b"APPLICATION/JSON",
        b"application/json;charset=utf-8",
        b'application/json; charset="UTF-8"',
        b"application/json; charset=utf8; profile=x",
    ],
)
async def test_content_type_variants_of_json_are_accepted(seller: Asker, kind: bytes) -> None:
    got = await seller.post(body_of("{ __typename }"), (b"content-type", kind))
    assert got.status == 200


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (b"*/*", "application/json"),
        (b"application/*", "application/json"),
        (b"text/html, application/json;q=0.5", "application/json"),
        (b"application/json, application/graphql-response+json", "application/json"),
        (b"application/json;q=0.5, application/graphql-response+json", transport.GRAPHQL),
        (b"application/graphql-response+json; charset=utf-8", transport.GRAPHQL),
        (b"multipart/mixed;deferSpec=20220824, application/json", "application/json"),
        (b"text/html", None),
        (b"multipart/mixed", None),
        (b"text/event-stream", None),
        (b"application/json;q=0", None),
        (b"application/json; charset=utf-16", None),
        (b"nonsense", None),
    ],
)
async def test_response_has_an_accepted_media_type(
    seller: Asker, accept: bytes, media: str | None
) -> None:
    got = await seller.post(body_of("{ __typename }"), (b"accept", accept))
    assert got.status == (200 if media else 406)
    assert got.headers["content-type"] == (media or "application/json") + "; charset=utf-8"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "X"])
async def test_other_methods_are_refused(
    world: World, seller: Asker, anonymous: Asker, method: str
) -> None:
    for asker in (seller, anonymous):
        got = await asker.send(Sent(body_of("{ viewer { id } }"), method))
        assert got.status == 405
        assert {"GET", "POST"} <= set(got.headers["allow"].split(", "))


async def test_response_to_head_has_no_body(world: World, port: int) -> None:
    got = await over_socket(port, Sent(method="HEAD").raw())
    assert (got.status, got.body) == (405, b"")
    got = await over_socket(port, Sent(method="HEAD", path="/health/live").raw())
    assert (got.status, got.body) == (200, b"")


PATHS = [
    "/",
    "/graphql/",
    "/graphql/x",
    "//graphql",
    "/GraphQL",
    "/graphiql",
    "/playground",
    "/metrics",
    "/docs",
    "/redoc",
    "/openapi.json",
    "/schema",
    "/schema.graphql",
    "/health",
    "/health/",
    "/health/live/",
    "/debug",
    "/admin",
    "/.env",
    "/.git/config",
    "/favicon.ico",
    "/%2e%2e/app.py",
    "/static/../app.py",
]


@covers("F2")
@pytest.mark.parametrize("path", PATHS)
async def test_unknown_path_is_not_found(seller: Asker, anonymous: Asker, path: str) -> None:
    same = await anonymous.send(Sent(method="GET", path="/no-such-path"))
    for asker in (seller, anonymous):
        for method in ("GET", "POST", "OPTIONS"):
            sent = Sent(
                b"{}", method, path, headers=((b"accept", b"text/html"), (b"host", b"evil"))
            )
            got = await asker.send(sent)
            assert (got.status, got.body, got.headers) == (404, same.body, same.headers)
            assert got.codes == ["NOT_FOUND"]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_health_returns_only_ok(world: World, path: str) -> None:
    for query in (b"", b"verbose=1&debug=true"):
        got = await send(world.app, Sent(method="GET", path=path, query=query))
        assert (got.status, got.body) == (200, b"ok\n")
        assert set(got.headers) == {
            "cache-control",
            "vary",
            "x-content-type-options",
            "content-length",
            "content-type",
        }
    got = await send(world.app, Sent(method="POST", path=path))
    assert got.status == 405
    assert not wrong(got)


@pytest.mark.parametrize(
    "origin",
    [
        b"null",
        b"https://evil-acme.com",
        b"https://acme.com.evil.example",
        b"http://relata.example",
        b"*",
    ],
)
async def test_no_cors_headers_without_configured_origins(
    seller: Asker, anonymous: Asker, origin: bytes
) -> None:
    preflight = (
        (b"access-control-request-method", b"POST"),
        (b"access-control-request-headers", b"authorization"),
    )
    for asker in (seller, anonymous):
        for method in ("POST", "GET", "OPTIONS"):
            sent = Sent(
                body_of("{ __typename }"), method, headers=(*preflight, (b"origin", origin))
            )
            got = await asker.send(sent)
            assert not [name for name in got.headers if name.startswith("access-control-")]
            assert "Origin" in got.headers["vary"]


async def test_every_response_has_the_security_headers(
    seller: Asker, anonymous: Asker, port: int
) -> None:
    answers = [
        await seller.ask("{ viewer { id } }"),
        await seller.ask("{"),
        await seller.post(b"5"),
        await seller.send(Sent(path="/nope")),
        await seller.send(Sent(method="PUT")),
        await anonymous.ask("{ viewer { id } }"),
        await anonymous.ask(REFRESH),
        await over_socket(port, Sent(body_of(REFRESH)).raw()),
        await over_socket(port, Sent(method="GET", path="/nope").raw()),
    ]
    for got in answers:
        assert got.headers["cache-control"] == "no-store"
        assert got.headers["x-content-type-options"] == "nosniff"
        assert (
            got.headers["vary"]
            == "Accept, Accept-Encoding, Accept-Language, Authorization, Cookie, Origin, x-session"
        )
        assert not {"server", "set-cookie", "x-powered-by", "etag"} & set(got.headers)


# --- sizes and time -----------------------------------------------------------------------------


@covers("F18")
async def test_body_larger_than_1_mib_is_refused(seller: Asker) -> None:
    base = body_of("{ __typename }")
    assert (await seller.post(base + b" " * (transport.BODY - len(base)))).status == 200
    more = base + b" " * (transport.BODY - len(base) + 1)
    for chunks in (1, 100):
        got = await seller.send(Sent(more, chunks=chunks))
        assert (got.status, got.codes) == (413, ["PAYLOAD_TOO_LARGE"])
        assert got.headers["connection"] == "close"


@covers("F18")
async def test_wrong_content_length_is_refused(seller: Asker, port: int) -> None:
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    head += b"".join(b"%b: %b\r\n" % each for each in seller.headers[1:])
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    flood = head + b"transfer-encoding: chunked\r\n\r\n" + chunk * 40 + b"0\r\n\r\n"
    got = await over_socket(port, flood)
    assert got.status in (413, 0)  # 0: refused while the body was still being sent
    body = body_of("{ __typename }")
    # Too short: the rest is parsed as another request, which is invalid.
    got = await over_socket(port, head + b"content-length: 5\r\n\r\n" + body)
    assert got.status == 400
    for both in (
        b"content-length: 4\r\ntransfer-encoding: chunked",
        b"content-length: 4\r\ncontent-length: 5",
        b"content-length: -1",
        b"transfer-encoding: chunked\r\ntransfer-encoding: identity",
    ):
        smuggled = b"0\r\n\r\nGET /graphql?query={__typename} HTTP/1.1\r\nhost: x\r\n\r\n"
        got = await over_socket(port, head + both + b"\r\n\r\n" + smuggled)
        assert got.status == 400, both
        assert b"data" not in got.body


async def test_missing_body_times_out(
    seller: Asker, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "BODY_SECONDS", 0.05)
    raw = Sent(body_of("{ __typename }"), headers=seller.headers).raw()
    got = await over_socket(port, raw[:-3], finished=False)
    assert (got.status, got.codes) == (408, ["BAD_REQUEST"])
    assert not wrong(got)


async def test_missing_head_times_out(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "REQUEST_HEAD_SECONDS", 0.05)
    for raw in (b"", b"GET", b"GET /graphql HTTP/1.1\r\nhost: x\r\n"):
        assert await over_socket(port, raw, finished=False) == Got()


async def test_head_larger_than_64_kib_is_refused(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Refused for its length: the time limit is longer than the test.
    monkeypatch.setattr(app, "REQUEST_HEAD_SECONDS", 1_000)
    for endless in (
        b"GET /?",
        b"GET / HTTP/1.1\r\nx: ",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 9_999,
    ):
        got = await over_socket(port, endless + b"x" * 2_000_000, finished=False)
        assert got.status in (400, 0)
        assert got.body in (b"", b"The request head is too large.")


async def test_web_socket_without_a_known_subprotocol_is_closed(port: int) -> None:
    headers = (
        (b"upgrade", b"websocket"),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-key", b"MDEyMzQ1Njc4OTAxMjM0NQ=="),
    )
    raw = Sent(method="GET", headers=headers).raw()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw.replace(b"connection: close", b"connection: upgrade"))
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT_SECONDS)
    assert answer.split()[1] == b"101"
    closing = await asyncio.wait_for(reader.readexactly(4), TIMEOUT_SECONDS)
    assert closing[0] == 0x88
    assert int.from_bytes(closing[2:], "big") == 4406
    writer.close()

"""The thirteen probes of graphql-cop, reimplemented from their description (F2)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.http.asgi import Got, Sent, send
from tests.support.covers import covers
from tests.support.world import World

Ask = Callable[[Sent], Awaitable[Got]]
DIALECTS = (
    "/graphql",
    "/",
    "/graphiql",
    "/playground",
    "/graphql/",
    "/console",
    "/altair",
    "/voyager",
)
"""Usual paths of web consoles. This application's is the third, if enabled (tests/web)."""
CIRCLE = (
    "query cop { __schema { types { fields { type { fields { type { fields { type { fields "
    "{ type { name } } } } } } } } } } }"
)


def read(got: Got) -> Any:
    try:
        return got.json
    except ValueError:
        return {}


def data(got: Got) -> dict[str, Any]:
    response = read(got)
    return (response.get("data") or {}) if isinstance(response, dict) else {}


def post(query: Any) -> Sent:
    return Sent(json.dumps({"query": query}).encode())


def get(query: str) -> Sent:
    return Sent(method="GET", query=f"query={quote(query)}".encode(), headers=())


async def alias_overloading(ask: Ask) -> bool:
    query = "query cop { " + " ".join(f"alias{i}: __typename" for i in range(101)) + " }"
    return "alias100" in data(await ask(post(query)))


async def batch_queries(ask: Ask) -> bool:
    body = json.dumps([{"query": "query cop { __typename }"}] * 10).encode()
    response = read(await ask(Sent(body)))
    return isinstance(response, list) and len(response) >= 10


async def get_queries(ask: Ask) -> bool:
    return "__typename" in data(await ask(get("query cop { __typename }")))


async def urlencoded_posts(ask: Ask) -> bool:
    body = b"query=" + quote("query cop { __typename }").encode()
    kind = (b"content-type", b"application/x-www-form-urlencoded")
    return "__typename" in data(await ask(Sent(body, headers=(kind,))))


async def tracing(ask: Ask) -> bool:
    got = await ask(post("query cop { __typename }"))
    return bool({"tracing", "debug"} & set(read(got).get("extensions", {})))


async def field_duplication(ask: Ask) -> bool:
    return "__typename" in data(await ask(post("query cop { " + "__typename " * 500 + "}")))


async def field_suggestions(ask: Ask) -> bool:
    got = await ask(post("query cop { __schema { directive } }"))
    return b"did you mean" in got.body.lower()


async def graphiql(ask: Ask) -> bool:
    for path in DIALECTS:
        got = await ask(Sent(method="GET", path=path, headers=((b"accept", b"text/html"),)))
        if "html" in got.headers["content-type"] or b"<" in got.body:
            return True
    return False


async def introspection(ask: Ask) -> bool:
    return bool(data(await ask(post("query cop { __schema { types { name } } }"))))


async def directive_overloading(ask: Ask) -> bool:
    got = await ask(post("query cop { __typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa }"))
    return len(read(got).get("errors", [])) >= 10


async def circular_introspection(ask: Ask) -> bool:
    schema = data(await ask(post(CIRCLE))).get("__schema", {})
    return len(schema.get("types", [])) > 25


async def get_mutations(ask: Ask) -> bool:
    return bool(data(await ask(get("mutation cop { __typename }"))))


async def unhandled_errors(ask: Ask) -> bool:
    got = await ask(post("qwerty cop { abc }"))
    output = got.body.lower()
    return got.status >= 500 or b"exception" in output or b"stacktrace" in output


PROBES = [
    alias_overloading,
    batch_queries,
    get_queries,
    urlencoded_posts,
    tracing,
    field_duplication,
    field_suggestions,
    graphiql,
    introspection,
    directive_overloading,
    circular_introspection,
    get_mutations,
    unhandled_errors,
]
DECIDED = {
    introspection: "signed-in users may read the schema (D-40 closes it to all others)",
    get_queries: "browsers never send a bearer token automatically",
    field_suggestions: "users with a token may read the whole schema anyway",
    field_duplication: "repeated fields are merged into one in linear time (F4)",
}
"""Findings with a token, and why they are accepted."""


@covers("F2")
async def test_there_are_thirteen_probes() -> None:
    assert len(set(PROBES)) == 13


@covers("F2", "D-40")
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
async def test_probes_without_a_token_find_nothing(
    world: World, probe: Callable[[Ask], Awaitable[bool]]
) -> None:
    assert not await probe(lambda sent: send(world.app, sent))


@covers("F2")
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
async def test_probes_with_a_token_find_only_accepted_findings(
    world: World, probe: Callable[[Ask], Awaitable[bool]]
) -> None:
    bearer = b"Bearer " + (await world.token("rep1")).encode()

    async def ask(sent: Sent) -> Got:
        return await send(world.app, sent.with_header(b"authorization", bearer))

    assert await probe(ask) == (probe in DECIDED)

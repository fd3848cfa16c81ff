"""GraphiQL over HTTP: security headers, caching, routes, and the responses while it is unavailable."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app import application, graphiql_page
from settings import Settings
from tests.http.asgi import Got, Sent, over_socket, send
from tests.support.covers import covers
from tests.support.world import World
from tests.writes.client import TenantClient, serve
from web.served import HEADERS, WebPage, examples

DEFAULT = Path(__file__).resolve().parents[2] / "web" / "src" / "default_query.graphql"
HTML = (b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8")


@pytest.fixture(scope="module")
async def port(world: World, page: WebPage) -> AsyncIterator[int]:
    """Port of the served page on the loopback interface."""
    world_with_page = replace(world, app=application(world.endpoint, page=page))
    async with serve(TenantClient(world_with_page, "acme")) as port:
        yield port


async def get(port: int, path: str, *headers: tuple[bytes, bytes]) -> Got:
    return await over_socket(port, Sent(method="GET", path=path, headers=headers).raw())


def protected(got: Got) -> bool:
    return HEADERS.items() <= {name: got.headers.get(name.lower()) for name in HEADERS}.items()


def policy(got: Got) -> dict[str, list[str]]:
    directives = (each.split() for each in got.headers["content-security-policy"].split(";"))
    return {name: values for name, *values in directives}


@covers("F2")
async def test_content_security_policy_allows_this_server_only(port: int) -> None:
    got = await get(port, "/graphiql", HTML)
    assert got.status == 200
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["x-frame-options"] == "DENY"
    directives = policy(got)
    assert (
        directives["default-src"]
        == directives["frame-ancestors"]
        == directives["base-uri"]
        == ["'none'"]
    )
    assert (
        directives["script-src"]
        == directives["connect-src"]
        == directives["worker-src"]
        == ["'self'"]
    )
    assert "unsafe-eval" not in got.headers["content-security-policy"]
    allowed = {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert {value for values in directives.values() for value in values} <= allowed
    assert "'unsafe-inline'" not in directives["script-src"]
    assert not re.findall(
        rb"<script(?![^>]*\bsrc=)|\bon\w+=|(?:src|href)=\"(?:https?:)?//", got.body
    )


async def test_browsers_are_redirected_to_the_page_and_other_clients_are_not(port: int) -> None:
    got = await get(port, "/", HTML)
    assert (got.status, got.headers["location"]) == (307, "graphiql")
    assert protected(got)
    other = await get(port, "/", (b"accept", b"application/json"))
    assert (other.status, other.codes) == (404, ["NOT_FOUND"])


async def test_files_are_cached_forever_and_the_page_is_revalidated(port: int) -> None:
    first = await get(port, "/graphiql", HTML)
    assert first.headers["cache-control"] == "no-cache"
    again = await get(port, "/graphiql", (b"if-none-match", first.headers["etag"].encode()))
    assert (again.status, again.body) == (304, b"")
    assets = re.findall(r'(?:src|href)="(graphiql/[^"]+)"', first.body.decode())
    assert len(assets) == 2
    for asset in assets:
        got = await get(port, f"/{asset}")
        assert got.status == 200
        assert protected(got)
        assert got.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert got.headers["content-type"].partition(";")[0] in {"text/css", "text/javascript"}
        packed = await get(port, f"/{asset}", (b"accept-encoding", b"gzip"))
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == got.body


@pytest.mark.parametrize(
    "name",
    ["../settings.py", "..%2fsettings.py", "%2e%2e/settings.py", "..%5csettings.py", "/etc/passwd",
     "%2fetc%2fpasswd", "....//settings.py", "page.html%00.js", "package.json", "page.html/", "",
     "..", ".", "%c0%ae%c0%ae/settings.py", "__init__.py", "demo.json/../../settings.py"],
)  # fmt: skip
async def test_no_path_reaches_the_disk(port: int, name: str) -> None:
    got = await get(port, f"/graphiql/{name}")
    assert (got.status, got.codes) == (404, ["NOT_FOUND"])


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_methods_other_than_get_are_refused(port: int, method: str) -> None:
    got = await over_socket(port, Sent(method=method, path="/graphiql", headers=()).raw())
    assert (got.status, got.codes) == (405, ["BAD_REQUEST"])


async def test_the_page_does_not_relax_the_api_checks(world: World, port: int) -> None:
    form = (b"content-type", b"application/x-www-form-urlencoded")
    sent = Sent(b"query=%7B__typename%7D", headers=(form,))
    assert (await over_socket(port, sent.raw())).status == 401
    bearer = (b"authorization", b"Bearer " + (await world.token("rep1")).encode())
    assert (await over_socket(port, sent.with_header(*bearer).raw())).status == 415
    bare = Sent(b'{"query": "{ __schema { types { name } } }"}')
    assert (await over_socket(port, bare.raw())).codes == ["UNAUTHENTICATED"]


async def test_demo_users_are_served_only_with_a_demo(world: World, port: int) -> None:
    demo = json.loads((await get(port, "/graphiql/demo.json")).body)
    for tenant in demo["tenants"]:
        handles = [each["handle"] for each in tenant["personas"]]
        assert handles[:2] == ["admin", "director"]
    page = graphiql_page(Settings(database_url="postgresql://u:p@h/d", graphiql=True))
    app = application(world.endpoint, page=page)
    got = await send(app, Sent(method="GET", path="/graphiql/demo.json", headers=()))
    assert got.json is None


# --- without the page ---------------------------------------------------------------------------


async def _without(world: World, error: str | None) -> Got:
    app = application(world.endpoint, page=WebPage(error=error))
    return await send(app, Sent(method="GET", path="/graphiql", headers=(HTML,)))


async def test_without_a_page_the_remedy_is_shown(world: World) -> None:
    got = await _without(world, "npm ci failed: <no registry>")
    assert got.status == 503
    assert protected(got)
    assert b"Run <code>python3 dev web</code>" in got.body
    assert b"no registry" not in got.body, "npm output is shown to the operator only"
    assert b"refresh" not in got.body


async def test_the_page_reloads_while_it_is_built(world: World) -> None:
    got = await _without(world, None)
    assert (got.status, got.headers["retry-after"]) == (503, "3")
    assert b'http-equiv="refresh"' in got.body


@covers("F2", "D-40")
async def test_without_graphiql_its_routes_answer_not_found(world: World) -> None:
    for path in ("/", "/graphiql", "/graphiql/demo.json", "/graphiql/examples.json"):
        got = await send(world.app, Sent(method="GET", path=path, headers=(HTML,)))
        assert (got.status, got.codes) == (404, ["NOT_FOUND"])


def test_an_external_database_gets_graphiql_only_by_setting() -> None:
    assert Settings(database_url=None, graphiql=None).serves_page
    own = "postgresql://u:p@h/d"
    assert not Settings(database_url=own, graphiql=None).serves_page
    assert Settings(database_url=own, graphiql=True).serves_page
    assert not Settings(database_url=None, graphiql=False).serves_page


def test_example_reads_its_name_persona_variables_and_lookup(tmp_path: Path) -> None:
    (tmp_path / "lookups").mkdir()
    (tmp_path / "lookups" / "a.graphql").write_text("{ a: as { nodes { id } } }")
    (tmp_path / "b-second.graphql").write_text("{ b }\n")
    (tmp_path / "a.graphql").write_text(
        "# The first example.\n# Persona: rep1\nquery A($a: ID!) { a }\n"
    )
    (tmp_path / "a.json").write_text('{"a": "1"}')
    (tmp_path / "notes.md").write_text("no")
    read: list[dict[str, Any]] = list(examples(tmp_path))
    assert [each["name"] for each in read] == ["The first example", "b second"]
    assert [each.get("variables") for each in read] == ['{"a": "1"}', None]
    assert [each.get("persona") for each in read] == ["rep1", None]
    assert [each.get("lookup") for each in read] == ["{ a: as { nodes { id } } }", None]
    assert examples(tmp_path / "nowhere") == []


async def test_the_default_query_and_the_examples_are_served_and_valid(
    world: World, port: int
) -> None:
    shipped = graphiql_page(Settings()).examples
    lookups = [each["lookup"] for each in shipped if "lookup" in each]
    for query in [DEFAULT.read_text(), *lookups, *(each["query"] for each in shipped)]:
        world.endpoint.documents.get(query)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        examples = (await client.get("/graphiql/examples.json")).json()
    assert [each["name"] for each in examples] == ["One account"]

"""Sessions in cookies in a real browser: a permitted page uses them, and pages of other origins cannot."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from app import SignalFreeServer, uvicorn_config
from tests.examples.pages import ROOT, blocks
from tests.support.cookies import with_cookies
from tests.support.node import run
from tests.support.world import World
from tests.web.test_browser import HAS_BROWSER, HERE, NODE, SECONDS
from tests.writes.client import TenantClient, own_tenant, serve

SLUG = "cookie-pages"

pytestmark = pytest.mark.skipif(
    not HAS_BROWSER, reason="the packaged Chromium is for Linux on x86-64 only"
)


async def _page(_: Request) -> HTMLResponse:
    return HTMLResponse(
        "<!doctype html><title>Page</title><link rel=icon href=data:,><body></body>"
    )


@asynccontextmanager
async def blank_page() -> AsyncIterator[int]:
    """A server of one page, and its port."""
    app = Starlette(routes=[Route("/", _page)])
    service = SignalFreeServer(uvicorn_config(app, "127.0.0.1", 0))
    serving = asyncio.create_task(service.serve())
    while not service.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.01)
    try:
        yield service.servers[0].sockets[0].getsockname()[1]
    finally:
        service.should_exit = True
        await serving


@pytest.fixture(scope="module")
async def seen(world: World) -> AsyncIterator[Any]:
    """What the scenario of cookies.mjs saw, and the database afterwards."""
    async with AsyncExitStack() as stack:
        tenant = await stack.enter_async_context(own_tenant(world, SLUG))
        ports = [await stack.enter_async_context(blank_page()) for _ in "12"]
        permitted, other = (f"http://127.0.0.1:{port}" for port in ports)
        elsewhere = f"http://localhost:{ports[1]}"  # another site than 127.0.0.1
        served = await stack.enter_async_context(with_cookies(world, permitted))
        port = await stack.enter_async_context(serve(TenantClient(served, SLUG)))
        api = f"http://127.0.0.1:{port}"
        [program] = [
            each.text for each in blocks(ROOT / "docs/guide/sessions.md") if each.language == "js"
        ]
        script = program.replace("https://api.app.example", api)
        assert api in script
        arguments = (api, permitted, other, elsewhere, SLUG, script)
        output = await run("cookies.mjs", *arguments, clients=HERE, oldest=NODE, seconds=SECONDS)
        forged = await tenant.value("SELECT count(*) FROM account WHERE name = 'forged'")
        yield {**json.loads(output), "forged": forged}


def _who(answer: Any) -> str:
    return str(answer["body"]["data"]["viewer"]["employee"]["name"])


async def test_a_session_survives_a_reload_and_is_refreshed(seen: Any) -> None:
    for answer in (seen["signedIn"], seen["refreshed"]):
        payload = answer["body"]["data"]["done"]
        assert payload.pop("expiresAt")
        assert payload == {"accessToken": None, "refreshToken": None, "userErrors": []}
    assert _who(seen["reloaded"])
    assert _who(seen["after"]) == _who(seen["reloaded"])


async def test_scripts_cannot_read_the_cookies(seen: Any) -> None:
    assert json.loads(seen["stored"]) == [{}, {}, ""]
    common = {"domain": "127.0.0.1", "httpOnly": True, "secure": True, "sameSite": "Strict"}
    assert sorted(seen["cookies"], key=lambda each: str(each["name"])) == [
        {"name": "__Host-relata-access", "path": "/", **common},
        {"name": "__Secure-relata-refresh", "path": "/graphql/session", **common},
    ]


async def test_the_refresh_cookie_is_sent_to_its_path_only(seen: Any) -> None:
    assert seen["paths"]["/graphql"], "requests were recorded"
    for names in seen["paths"]["/graphql"]:
        assert "__Secure-relata-refresh" not in names
    assert "__Secure-relata-refresh" in seen["paths"]["/graphql/session"][-1]


async def test_a_live_list_follows_by_the_cookie(seen: Any) -> None:
    assert seen["followed"] == ["connection_ack", "SNAPSHOT", "DELTA", "followed"]


async def test_a_permitted_page_needs_the_header_too(seen: Any) -> None:
    assert seen["without"]["status"] == 401


@pytest.mark.parametrize("site", ["other", "elsewhere"])
async def test_other_origins_read_and_change_nothing(seen: Any, site: str) -> None:
    attack = seen["attacks"][site]
    assert attack["learned"] == {
        "header": "TypeError",
        "json": "TypeError",
        "simple": "TypeError",
        "opaque": "opaque ",
        "get": "TypeError",
        "opaqueGet": "opaque ",
        "refresh": "opaque ",
        "socket": "refused",
    }
    assert {each["status"] for each in attack["forms"]} == {401}
    assert len(attack["received"]) >= 6
    # The preflights are refused with 400, everything else as a request without a token.
    assert {each["status"] for each in attack["received"] if each["method"] != "OPTIONS"} <= {
        200,
        401,
    }
    assert seen["forged"] == 0


async def test_the_header_protects_where_the_browser_attaches_the_cookie(seen: Any) -> None:
    """Another port is the same site, so `SameSite` does not keep the cookie from its requests; elsewhere it does."""
    attached = {
        site: [each["cookie"] for each in seen["attacks"][site]["forms"]]
        for site in ("other", "elsewhere")
    }
    assert attached == {"other": [True, True], "elsewhere": [False, False]}


async def test_signing_out_removes_the_cookies(seen: Any) -> None:
    assert seen["signedOut"]["body"]["data"]["signOut"]["signedOut"] is True
    assert seen["left"] == 0
    assert seen["ended"]["status"] == 401


async def test_the_program_of_the_guide_runs(seen: Any) -> None:
    signed_in, viewer, refreshed, signed_out = (each["data"] for each in seen["guide"])
    assert signed_in["signIn"]["expiresAt"]
    assert viewer["viewer"]["id"]
    assert refreshed["refresh"]["expiresAt"]
    assert signed_out["signOut"]["signedOut"] is True

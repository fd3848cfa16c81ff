"""Sockets that are authenticated by the access cookie of their handshake, which only pages of permitted origins may use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from schema.engine.cookies import ACCESS
from tests.live.live_tenant import LiveTenant
from tests.live.wire import Closed, Wire, status, wire
from tests.support.cookies import SIGN_OUT, Browser, with_cookies
from tests.writes.client import TenantClient, serve

OURS = "https://app.example"
VIEWER = "{ viewer { employee { name } } }"


@dataclass
class Site:
    """A server that permits cookies, and a browser in which rep1 is signed in."""

    port: int
    browser: Browser
    live: LiveTenant

    def connect(self, origin: str | None = OURS, **more: Any) -> Any:
        """A connection with the browser's access cookie."""
        headers = {"cookie": f"{ACCESS}={self.browser.access}"}
        return wire(self.port, origin=origin, headers=headers, **more)


@pytest.fixture
async def site(tenant: LiveTenant) -> AsyncIterator[Site]:
    async with with_cookies(tenant.world, OURS) as world:
        client = TenantClient(world, tenant.client.slug)
        browser = Browser(world)
        await browser.sign_in("rep1", client.slug)
        async with serve(client) as port:
            yield Site(port, browser, LiveTenant(client, port))


async def init(ws: Wire, **payload: object) -> None:
    await ws.send({"type": "connection_init", "payload": payload})


async def name(ws: Wire) -> str:
    payload = await ws.execute("who", VIEWER)
    return str(payload["data"]["viewer"]["employee"]["name"])


async def test_a_live_list_is_authenticated_by_the_cookie(site: Site) -> None:
    async with site.connect() as ws:
        await init(ws, **{"X-Session": "cookie"})
        await ws.receive("connection_ack")
        rows = await site.live.open_list(ws)
        id = next(iter(rows.rows))
        await rows.until(id, await site.live.rename(id))
        assert await name(ws) == "Priya Raman"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:{port}", OURS], ids=["own", "listed"])
async def test_permitted_origins_may_use_the_cookie(site: Site, origin: str) -> None:
    async with site.connect(origin.format(port=site.port)) as ws:
        await init(ws, **{"x-session": "cookie"})
        await ws.receive("connection_ack")
        assert await name(ws) == "Priya Raman"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost:{port}"]
)
async def test_other_origins_cannot_connect(site: Site, origin: str) -> None:
    headers = {"cookie": f"{ACCESS}={site.browser.access}"}
    assert await status(site.port, origin=origin.format(port=site.port), headers=headers) == 403


@pytest.mark.parametrize("payload", [{}, {"x-session": "cookies"}, {"authorization": "Bearer no"}])
async def test_the_cookie_alone_does_not_authenticate(
    site: Site, payload: dict[str, object]
) -> None:
    async with site.connect() as ws:
        await init(ws, **payload)
        assert await ws.wait_closed() == 4403


async def test_a_program_without_origin_cannot_use_the_cookie(site: Site) -> None:
    async with site.connect(None) as ws:
        await init(ws, **{"x-session": "cookie"})
        assert await ws.wait_closed() == 4403


async def test_the_cookie_is_ignored_unless_enabled(site: Site, tenant: LiveTenant) -> None:
    headers = {"cookie": f"{ACCESS}={site.browser.access}"}
    origin = f"http://127.0.0.1:{tenant.port}"
    async with wire(tenant.port, origin=origin, headers=headers) as ws:
        await init(ws, **{"x-session": "cookie"})
        assert await ws.wait_closed() == 4403


async def test_a_bearer_token_wins_over_the_cookie(site: Site) -> None:
    async with site.connect() as ws:
        await ws.init(await site.live.token("rep2"), **{"x-session": "cookie"})
        assert await name(ws) == "Jonas Lindqvist"


async def test_signing_out_closes_the_socket(site: Site) -> None:
    async with site.connect() as ws:
        await init(ws, **{"x-session": "cookie"})
        await ws.receive("connection_ack")
        await site.live.open_list(ws)
        await site.browser.send(SIGN_OUT)
        assert await ws.wait_closed() == 4403


async def test_an_ended_session_cannot_connect_by_its_cookie(site: Site) -> None:
    stolen = site.browser.access
    await site.browser.send(SIGN_OUT)
    site.browser.access = stolen
    async with site.connect() as ws:
        await init(ws, **{"x-session": "cookie"})
        with pytest.raises(Closed, match="4403"):
            await ws.receive("connection_ack")

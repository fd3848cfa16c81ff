"""GraphiQL, built from its lock file and served as `python3 dev run` serves it, with a separate tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app import application, graphiql_page
from settings import Settings
from tenancy.demo.staff import personas
from tests.support.world import World
from tests.writes.client import own_tenant, serve
from web.build import build
from web.served import WebPage, load_files

SLUG = "shown"
EXAMPLE = "# One account.\nquery One($id: ID!) {\n  found: account(id: $id) { name }\n}\n"
LOOKUP = "{ id: accounts(first: 1, orderBy: [{ name: ASC }]) { nodes { id } } }"


@pytest.fixture(scope="module")
async def page() -> WebPage:
    """The page with two demo tenants; the first build takes half a minute."""
    demo_page = graphiql_page(Settings(database_url=None, demo=True))
    assert demo_page.demo is not None
    files = load_files(await asyncio.to_thread(build, lambda _: None))
    tenants = [
        {"slug": slug, "name": slug.title(), "personas": personas(slug)} for slug in ("acme", SLUG)
    ]
    demo = {**demo_page.demo, "tenants": tenants}
    example = {
        "name": "One account",
        "query": EXAMPLE,
        "persona": "rep1",
        "lookup": LOOKUP,
        "variables": '{"id": "$id"}',
    }
    return WebPage(demo=demo, examples=[example], files=files)


@pytest.fixture(scope="module")
async def url(world: World, page: WebPage) -> AsyncIterator[str]:
    """Address of the page."""
    world_with_page = replace(world, app=application(world.endpoint, page=page))
    async with own_tenant(world_with_page, SLUG) as tenant, serve(tenant) as port:
        yield f"http://127.0.0.1:{port}/"

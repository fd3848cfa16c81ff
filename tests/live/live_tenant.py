"""A tenant with demonstration data that is served over a real socket, with helpers to subscribe to and write its records."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app import SignalFreeServer, application, uvicorn_config
from auth.engine.tokens import ACCESS_LIFETIME
from tests.live.wire import Rows, Wire, wire
from tests.support.world import SIGN_IN, World
from tests.writes.client import TenantClient, own_tenant, serve

CHANGES = """
  kind cursor changes { kind id node { id name amount { amount currency } account { name } } }
"""
OPPORTUNITIES_SUBSCRIPTION = f"""
subscription Pipeline($after: String, $filter: OpportunityFilter) {{
  opportunities(filter: $filter, after: $after, first: 1000) {{ {CHANGES} }}
}}
"""
LIST = """
query List($filter: OpportunityFilter) {
  opportunities(filter: $filter, first: 100, orderBy: [{ name: ASC }]) {
    nodes { id name amount { amount currency } account { name } }
  }
}
"""
DEMO_PASSWORD = "relata-demo"
MAX_SOCKETS = 20
"""Limit of sockets per user, and of unauthenticated sockets per address."""


@dataclass
class LiveTenant:
    """A tenant with demonstration data and the port of the server that serves it."""

    client: TenantClient
    port: int
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def world(self) -> World:
        return self.client.world

    async def token(self, persona: str = "rep1") -> str:
        """The access token of a persona, who signs in once per tenant."""
        return await self.world.token(persona, self.client.slug)

    async def tokens(self, persona: str = "rep1", password: str = DEMO_PASSWORD) -> tuple[str, str]:
        """Access and refresh token of a new session."""
        email = f"{persona}@{self.client.slug}.example"
        credentials = {"tenant": self.client.slug, "email": email, "password": password}
        body = {"query": SIGN_IN, "variables": {"input": credentials}}
        result = (await self.world.post(json.dumps(body).encode())).data["signIn"]
        assert not result["userErrors"], result
        return result["accessToken"], result["refreshToken"]

    async def expiring_token(self, token: str, *, left: timedelta) -> str:
        """Another access token of the same session that expires after `left`."""
        tokens, now = self.world.endpoint.app_context.tokens, self.world.endpoint.app_context.now()
        access = tokens.verify_access(token, now)
        issued = now - ACCESS_LIFETIME + left
        return tokens.issue_access(access.tenant, access.user, access.session, issued)

    def session_id(self, token: str) -> str:
        """The public id of the session of a token."""
        app_context = self.world.endpoint.app_context
        return f"ses_{app_context.tokens.verify_access(token, app_context.now()).session.hex}"

    @asynccontextmanager
    async def wire(self, persona: str | None = "rep1", **options: Any) -> AsyncIterator[Wire]:
        """A socket that is authenticated as a persona, or not authenticated if the persona is None."""
        token = await self.token(persona) if persona else None
        async with wire(self.port, **options) as ws:
            if token:
                await ws.init(token)
            yield ws

    async def open_list(self, ws: Wire, id: str = "live", **variables: Any) -> Rows:
        """Subscribe to the list of opportunities and receive its snapshot."""
        await ws.subscribe(id, OPPORTUNITIES_SUBSCRIPTION, variables)
        rows = Rows(ws, id)
        assert (await rows.event())["kind"] == "SNAPSHOT"
        return rows

    def new_name(self) -> str:
        """A name that no record of the tenant has."""
        return f"changed {next(self.numbers)}"

    async def rename(self, id: str, persona: str = "admin") -> str:
        """Give an opportunity a new name and return the name."""
        name = self.new_name()
        await self.client.mutate(persona, "opportunityUpdate", id=id, name=name)
        return name

    async def any_opportunity(self, persona: str = "rep1") -> str:
        """The id of an opportunity that the persona can read."""
        query = "{ opportunities(first: 1) { nodes { id } } }"
        return str((await self.client.ask(persona, query)).data["opportunities"]["nodes"][0]["id"])


@asynccontextmanager
async def live_tenant(world: World, slug: str) -> AsyncIterator[LiveTenant]:
    """A new tenant with demonstration data, served over a socket and dropped when the block ends."""
    async with own_tenant(world, slug) as client, serve(client) as port:
        yield LiveTenant(client, port)


@asynccontextmanager
async def another_server(
    tenant: LiveTenant, origins: Sequence[str] = ()
) -> AsyncIterator[tuple[SignalFreeServer, int]]:
    """A second server of the same application, which a test may stop, and its port."""
    service = SignalFreeServer(
        uvicorn_config(application(tenant.world.endpoint, origins), "127.0.0.1", 0)
    )
    serving = asyncio.create_task(service.serve())
    while not service.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.01)
    try:
        yield service, service.servers[0].sockets[0].getsockname()[1]
    finally:
        service.should_exit = True
        await serving

"""A tenant per test module behind a real socket, with its subscribers and writers."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app import Service, application, configured
from auth.engine.tokens import ACCESS_LIFETIME
from tests.live.wire import Rows, Wire, wire
from tests.support.world import SIGN_IN, World
from tests.writes.parallel import TenantClient, own_tenant, served

CHANGES = """
  kind cursor changes { kind id node { id name amount { amount currency } account { name } } }
"""
PIPELINE = f"""
subscription Pipeline($after: String, $filter: OpportunityFilter) {{
  opportunities(filter: $filter, after: $after, atMost: 1000) {{ {CHANGES} }}
}}
"""
LIST = """
query List($filter: OpportunityFilter) {
  opportunities(filter: $filter, first: 100, orderBy: [{ name: ASC }]) {
    nodes { id name amount { amount currency } account { name } }
  }
}
"""
DEMO = "relata-demo"
MOST = 20
"""Sockets of one user, and sockets of one address that have not introduced themselves."""


@dataclass
class LiveTenant:
    """The tenant, and the port it is asked at."""

    own: TenantClient
    port: int
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def world(self) -> World:
        return self.own.world

    async def token(self, persona: str = "rep1") -> str:
        """The access token of a persona; he signs in once."""
        return await self.world.token(persona, self.own.slug)

    async def tokens(self, persona: str = "rep1", password: str = DEMO) -> tuple[str, str]:
        """Access and refresh token of a session that is begun for this test."""
        email = f"{persona}@{self.own.slug}.example"
        given = {"tenant": self.own.slug, "email": email, "password": password}
        body = {"query": SIGN_IN, "variables": {"input": given}}
        told = (await self.world.post(json.dumps(body).encode())).data["signIn"]
        assert not told["userErrors"], told
        return told["accessToken"], told["refreshToken"]

    async def expiring(self, token: str, *, left: timedelta) -> str:
        """Another token of the same session, of whose time only so much is left."""
        tokens, now = self.world.endpoint.app_context.tokens, self.world.endpoint.app_context.now()
        access = tokens.verify_access(token, now)
        issued = now - ACCESS_LIFETIME + left
        return tokens.issue_access(access.tenant, access.user, access.session, issued)

    def session(self, token: str) -> str:
        """The session of a token, as the API spells it."""
        app_context = self.world.endpoint.app_context
        return f"ses_{app_context.tokens.verify_access(token, app_context.now()).session.hex}"

    @asynccontextmanager
    async def wire(self, persona: str | None = "rep1", **how: Any) -> AsyncIterator[Wire]:
        """A socket of a persona who has introduced himself, or of nobody yet."""
        token = await self.token(persona) if persona else None
        async with wire(self.port, **how) as opened:
            if token:
                await opened.init(token)
            yield opened

    async def live(self, opened: Wire, id: str = "live", **variables: Any) -> Rows:
        """A live list that has begun."""
        await opened.begin(id, PIPELINE, variables)
        rows = Rows(opened, id)
        assert (await rows.event())["kind"] == "SNAPSHOT"
        return rows

    def name(self) -> str:
        """A name that nothing else has."""
        return f"changed {next(self.numbers)}"

    async def rename(self, id: str, persona: str = "admin") -> str:
        """Give an opportunity another name, and tell which."""
        name = self.name()
        await self.own.done(persona, "opportunityUpdate", id=id, name=name)
        return name

    async def some(self, persona: str = "rep1") -> str:
        """An opportunity that the persona sees."""
        query = "{ opportunities(first: 1) { nodes { id } } }"
        return str((await self.own.ask(persona, query)).data["opportunities"]["nodes"][0]["id"])


@asynccontextmanager
async def here_as(world: World, slug: str) -> AsyncIterator[LiveTenant]:
    """A tenant with the demonstration's rows behind a socket; gone when the block ends."""
    async with own_tenant(world, slug) as own, served(own) as port:
        yield LiveTenant(own, port)


@asynccontextmanager
async def another_server(
    here: LiveTenant, origins: Sequence[str] = ()
) -> AsyncIterator[tuple[Service, int]]:
    """A server more for the same house, which a test may stop, and the port of it."""
    service = Service(configured(application(here.world.endpoint, origins), "127.0.0.1", 0))
    serving = asyncio.create_task(service.serve())
    while not service.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.01)
    try:
        yield service, service.servers[0].sockets[0].getsockname()[1]
    finally:
        service.should_exit = True
        await serving

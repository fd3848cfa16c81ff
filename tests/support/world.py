"""The application with two demonstration tenants on real servers; requests go over ASGI instead of HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
from starlette.applications import Starlette

from app import application, open_endpoint
from auth.engine.passwords import Passwords
from auth.engine.tokens import ACCESS_LIFETIME
from cli.servers.embedded import Servers, embedded
from schema.endpoint import Endpoint
from schema.engine.cookies import NO_COOKIES, CookieSettings
from tenancy.demo import ensure_demo
from tenancy.engine.migrate import bring_up_to_date
from tenancy.engine.provision import Tenant, tenants

PERSONAS = ("admin", "director", "manager", "rep1", "rep2", "support", "limited")
TODAY = date(2026, 3, 14)
"""The day of the demonstration, so that its rows are the same in every run."""
SECRET = b"a secret of thirty-two bytes ..."
UNMETERED = 10**12
"""Cost budget per minute that no test exceeds; tests/schema/test_budget.py covers the real limits."""
CHEAP = {"passes": 1, "memory_kib": 8}
"""Cheap argon2 parameters, because tests sign in hundreds of times; tests/auth uses the product's parameters."""
SIGN_IN = """
mutation ($input: SignInInput!) {
  signIn(input: $input) { accessToken refreshToken expiresAt userErrors { code message path } }
}
"""


@dataclass(frozen=True)
class Answer:
    """A response: status, headers and body, with accessors for JSON data and error codes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        """The data of a response, which must not have errors."""
        read = self.json
        assert "errors" not in read, read["errors"]
        return read["data"]

    @property
    def codes(self) -> list[str]:
        """The codes of all errors in the response."""
        return [error["extensions"]["code"] for error in self.json.get("errors", [])]


@dataclass
class World:
    """The running application: `ask` sends requests as a client, `admin` is the operator's connection."""

    app: Starlette
    endpoint: Endpoint
    admin: asyncpg.Connection[Any]
    tenants: dict[str, Tenant]
    client: httpx2.AsyncClient
    servers: Servers
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    issued: dict[str, datetime] = field(default_factory=dict)

    async def post(self, body: bytes, **headers: str) -> Answer:
        """Send a request body to /graphql."""
        sent = {
            "content-type": "application/json",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        response = await self.client.post("/graphql", content=body, headers=sent)
        return Answer(response.status_code, response.headers, response.content)

    async def token(self, persona: str, tenant: str = "acme") -> str:
        """An access token of a persona, who signs in once per world."""
        key = (persona, tenant)
        if key not in self.tokens:
            credentials = {
                "tenant": tenant,
                "email": f"{persona}@{tenant}.example",
                "password": "relata-demo",
            }
            body = json.dumps({"query": SIGN_IN, "variables": {"input": credentials}}).encode()
            answer = await self.post(body)
            self.tokens[key] = answer.data["signIn"]["accessToken"]
        self._renew(key)
        return self.tokens[key]

    def _renew(self, key: tuple[str, str]) -> None:
        """Replace a token after a third of its lifetime by a new one of the same session, without a write."""
        tokens, now, token = (
            self.endpoint.app_context.tokens,
            self.endpoint.app_context.now(),
            self.tokens[key],
        )
        issued = self.issued.setdefault(token, now)
        if now - issued > ACCESS_LIFETIME / 3:
            access = tokens.verify_access(token, issued)
            renewed = tokens.issue_access(access.tenant, access.user, access.session, now)
            self.tokens[key] = renewed
            self.issued[renewed] = now
            del self.issued[token]

    async def ask(
        self,
        persona: str,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        tenant: str = "acme",
        operation: str | None = None,
        **headers: str,
    ) -> Answer:
        """Send an operation as a persona; returns the response."""
        sent: dict[str, Any] = {"query": query, "variables": variables or {}}
        if operation:
            sent["operationName"] = operation
        token = await self.token(persona, tenant)
        return await self.post(
            json.dumps(sent).encode(), authorization=f"Bearer {token}", **headers
        )

    def schema(self, tenant: str = "acme") -> str:
        """The Postgres schema of a tenant, for statements of an operator."""
        return self.tenants[tenant].placement.schema

    async def bump_access_version(self, tenant: str = "acme") -> None:
        """Increment the access version, as every change of rights does."""
        await self.admin.execute(f"UPDATE {self.schema(tenant)}.log_head SET access = access + 1")  # noqa: S608


async def install_demo(servers: Servers) -> None:
    """Migrate a database and add the demonstration if it is missing."""
    admin = await asyncpg.connect(servers.database_url)
    await bring_up_to_date(admin, SECRET, lambda _: None)
    passwords = Passwords(**CHEAP)
    hashed = await passwords.hash("relata-demo", demo=True)
    passwords.close()
    await ensure_demo(admin, password_hash=hashed, now=TODAY)
    await admin.close()


@asynccontextmanager
async def endpoint_on(
    servers: Servers, cookies: CookieSettings = NO_COOKIES
) -> AsyncIterator[Endpoint]:
    """An endpoint of the application on these servers, with a budget that no test exceeds."""
    urls = (servers.database_url, servers.redis_url)
    async with open_endpoint(
        *urls, SECRET, UNMETERED, Passwords(**CHEAP), cookies=cookies
    ) as endpoint:
        yield endpoint


@asynccontextmanager
async def world_on(servers: Servers) -> AsyncIterator[World]:
    """The application on these servers, migrated and with its demonstration."""
    await install_demo(servers)
    admin = await asyncpg.connect(servers.database_url)
    async with endpoint_on(servers) as endpoint:
        app = application(endpoint)
        transport = httpx2.ASGITransport(app)
        # Uncompressed, so that tests compare the length of responses; tests/http tests compression.
        headers = {"accept-encoding": "identity"}
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://relata.example", headers=headers
        ) as client:
            known = {tenant.slug: tenant for tenant, _ in await tenants(admin)}
            yield World(app, endpoint, admin, known, client, servers)
    await admin.close()


@asynccontextmanager
async def world_alone(directory: Path) -> AsyncIterator[World]:
    """The application on newly started servers with their data in this directory."""
    async with embedded(directory, durable=False) as servers, world_on(servers) as world:
        yield world

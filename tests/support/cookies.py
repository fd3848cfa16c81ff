"""The application with sessions in cookies, and requests as a browser sends them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx2

from app import application
from schema.engine.cookies import ACCESS, REFRESH, SESSION_PATH, CookieSettings
from tests.support.world import World, endpoint_on

SIGN_IN = """mutation ($input: SignInInput!) {
  done: signIn(input: $input) { accessToken refreshToken expiresAt userErrors { code } }
}"""
REFRESH_MUTATION = """mutation {
  done: refresh(input: {}) { accessToken refreshToken expiresAt userErrors { code } }
}"""
SIGN_OUT = "mutation { done: signOut { signedOut } }"
VIEWER = "{ viewer { employee { name } } }"
BY_COOKIE = {"x-session": "cookie"}


@asynccontextmanager
async def with_cookies(world: World, *origins: str) -> AsyncIterator[World]:
    """The same tenants in a process that permits cookies, to these origins besides its own."""
    settings = CookieSettings(True, frozenset(origins))
    async with endpoint_on(world.servers, settings) as endpoint:
        app = application(endpoint, origins)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="https://relata.example"
        ) as client:
            yield replace(world, app=app, endpoint=endpoint, client=client)


def set_cookies(response: httpx2.Response) -> dict[str, Morsel[str]]:
    """The cookies that a response sets, by name."""
    jar: SimpleCookie = SimpleCookie()
    for each in response.headers.get_list("set-cookie"):
        jar.load(each)
    return dict(jar)


@dataclass
class Browser:
    """A client that stores cookies and sends them by their path, with or without `X-Session`."""

    world: World
    access: str | None = field(default=None, repr=False)
    refresh: str | None = field(default=None, repr=False)

    async def send(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        path: str = "/graphql",
        headers: Mapping[str, str] = BY_COOKIE,
        method: str = "POST",
    ) -> httpx2.Response:
        """Send a request with the cookies that belong to the path, and store those of the response."""
        cookies = {ACCESS: self.access, REFRESH: self.refresh if path == SESSION_PATH else None}
        text = "; ".join(f"{name}={value}" for name, value in cookies.items() if value)
        sent = {**({"cookie": text} if text else {}), **headers}
        client = self.world.client
        client.cookies.clear()
        if method == "GET":
            response = await client.get(path, params={"query": query}, headers=sent)
        else:
            body = json.dumps({"query": query, "variables": variables or {}})
            sent["content-type"] = "application/json"
            response = await client.post(path, content=body, headers=sent)
        client.cookies.clear()
        self._store(response)
        return response

    def _store(self, response: httpx2.Response) -> None:
        changed = set_cookies(response)
        if ACCESS in changed:
            self.access = changed[ACCESS].value or None
        if REFRESH in changed:
            self.refresh = changed[REFRESH].value or None

    async def sign_in(
        self, persona: str = "rep1", tenant: str = "acme", **more: Any
    ) -> httpx2.Response:
        """Sign in as a persona, for a session in cookies."""
        email, password = f"{persona}@{tenant}.example", more.pop("password", "relata-demo")
        credentials = {"tenant": tenant, "email": email, "password": password}
        return await self.send(SIGN_IN, {"input": credentials}, path=SESSION_PATH, **more)

    async def name(self, **more: Any) -> str | None:
        """The name of the user who is signed in; None if the request is not authenticated."""
        response = await self.send(VIEWER, **more)
        if response.status_code == 401:
            return None
        return str(response.json()["data"]["viewer"]["employee"]["name"])

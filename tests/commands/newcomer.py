"""A new user who chose a password with a reset token from an administrator and signs in as clients do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.world import SIGN_IN, Answer
from tests.writes.client import TenantClient, public_id

PASSWORD = "four words are enough"
RESET = "mutation ($i: PasswordResetInput!) { done: passwordReset(input: $i) { changed userErrors { code path } } }"
CHANGE = "mutation ($i: PasswordChangeInput!) { done: passwordChange(input: $i) { changed userErrors { code path } } }"
ISSUE = "mutation ($i: RecordRefInput!) { done: userPasswordReset(input: $i) { token expiresAt } }"
REVOKE = "mutation ($i: RecordRefInput!) { done: sessionRevoke(input: $i) { revoked } }"
REFRESH = "mutation ($i: RefreshInput!) { signIn: refresh(input: $i) { accessToken userErrors { code } } }"
DONE = {"changed": True, "userErrors": []}


def wrong(code: str, place: str) -> dict[str, Any]:
    """The payload of a password mutation that was refused."""
    return {"changed": False, "userErrors": [{"code": code, "path": ["input", place]}]}


@dataclass
class Newcomer:
    """A user of the tenant with an address, signed in on no, one or several devices."""

    tenant: TenantClient
    user: str
    email: str
    tokens: list[dict[str, Any]] = field(default_factory=list)

    async def post(self, query: str, device: int | None = None, /, **params: Any) -> Answer:
        """The response to a request with the token of a device, or without a token."""
        token = None if device is None else self.tokens[device]["accessToken"]
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        body = json.dumps({"query": query, "variables": {"i": params}}).encode()
        return await self.tenant.world.post(body, **headers)

    async def signs_in(self, password: str) -> bool:
        """Sign in on a new device; whether it succeeded."""
        params = {"tenant": self.tenant.slug, "email": self.email, "password": password}
        body = json.dumps({"query": SIGN_IN, "variables": {"input": params}}).encode()
        result = (await self.tenant.world.post(body)).data["signIn"]
        if result["accessToken"] is not None:
            self.tokens.append(result)
        return not result["userErrors"]

    async def signed_in_devices(self) -> list[bool]:
        """For each device, whether it is still signed in."""
        query = "query { viewer { id } }"
        return [not (await self.post(query, n)).codes for n in range(len(self.tokens))]

    def session(self, device: int) -> str:
        """The session of a device, as an id of the API."""
        app_context = self.tenant.world.endpoint.app_context
        access = app_context.tokens.verify_access(
            self.tokens[device]["accessToken"], app_context.now()
        )
        return public_id("ses", access.session)

    async def sessions(self, device: int = 0) -> set[str]:
        """The ids of the user's sessions that have not ended."""
        query = "query { sessions(filter: { revokedAt: { isNull: true } }) { nodes { id } } }"
        return {each["id"] for each in (await self.post(query, device)).data["sessions"]["nodes"]}

    async def token(self) -> str:
        """A reset token, issued by an administrator."""
        issued = await self.tenant.ask("admin", ISSUE, {"i": {"id": self.user}})
        return str(issued.data["done"]["token"])

    async def reset(self, token: str, password: str = PASSWORD) -> Any:
        """The payload of a password reset with a token."""
        return (await self.post(RESET, token=token, password=password)).data["done"]

    async def change(self, current: str, password: str, device: int = 0) -> Any:
        """The payload of a password change."""
        answer = await self.post(CHANGE, device, current=current, password=password)
        return answer.data["done"]


async def newcomer(tenant: TenantClient, name: str, password: str = PASSWORD) -> Newcomer:
    """A new user who has chosen a password and is not signed in."""
    email = f"{name}@new.example"
    employee = await tenant.mutate("admin", "employeeCreate", name=name, email=email)
    made = Newcomer(tenant, await tenant.mutate("admin", "userCreate", employee=employee), email)
    assert await made.reset(await made.token(), password) == DONE
    return made

"""Somebody new, who chose a password of his own with what an administrator handed over: he signs in as clients do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.world import SIGN_IN, Answer
from tests.writes.parallel import Own, spelled

WORDS = "four words are enough"
RESET = "mutation ($i: PasswordResetInput!) { done: passwordReset(input: $i) { changed userErrors { code path } } }"
CHANGE = "mutation ($i: PasswordChangeInput!) { done: passwordChange(input: $i) { changed userErrors { code path } } }"
ISSUE = "mutation ($i: RecordRefInput!) { done: userPasswordReset(input: $i) { token expiresAt } }"
REVOKE = "mutation ($i: RecordRefInput!) { done: sessionRevoke(input: $i) { revoked } }"
REFRESH = "mutation ($i: RefreshInput!) { signIn: refresh(input: $i) { accessToken userErrors { code } } }"
DONE = {"changed": True, "userErrors": []}


def wrong(code: str, place: str) -> dict[str, Any]:
    """The payload of a password that was not changed."""
    return {"changed": False, "userErrors": [{"code": code, "path": ["input", place]}]}


@dataclass
class Newcomer:
    """A user of the tenant with an address, signed in on no, one or several devices."""

    own: Own
    user: str
    email: str
    tokens: list[dict[str, Any]] = field(default_factory=list)

    async def post(self, query: str, device: int | None = None, /, **given: Any) -> Answer:
        """What is answered to a request with a device's token, or without any."""
        token = None if device is None else self.tokens[device]["accessToken"]
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        body = json.dumps({"query": query, "variables": {"i": given}}).encode()
        return await self.own.world.post(body, **headers)

    async def signs_in(self, password: str) -> bool:
        """Whether a new device was signed in."""
        given = {"tenant": self.own.slug, "email": self.email, "password": password}
        body = json.dumps({"query": SIGN_IN, "variables": {"input": given}}).encode()
        found = (await self.own.world.post(body)).data["signIn"]
        if found["accessToken"] is not None:
            self.tokens.append(found)
        return not found["userErrors"]

    async def stands(self) -> list[bool]:
        """Which of his devices are still signed in."""
        asked = "query { viewer { id } }"
        return [not (await self.post(asked, n)).codes for n in range(len(self.tokens))]

    def session(self, device: int) -> str:
        """The session of a device, as the API spells it."""
        app_context = self.own.world.endpoint.app_context
        access = app_context.tokens.verify_access(
            self.tokens[device]["accessToken"], app_context.now()
        )
        return spelled("ses", access.session)

    async def sessions(self, device: int = 0) -> set[str]:
        """The sessions that he sees, of those that have not ended."""
        asked = "query { sessions(filter: { revokedAt: { isNull: true } }) { nodes { id } } }"
        return {each["id"] for each in (await self.post(asked, device)).data["sessions"]["nodes"]}

    async def token(self) -> str:
        """A reset token, as an administrator gets it."""
        issued = await self.own.ask("admin", ISSUE, {"i": {"id": self.user}})
        return str(issued.data["done"]["token"])

    async def reset(self, token: str, password: str = WORDS) -> Any:
        """What is answered to choosing a password with a token."""
        return (await self.post(RESET, token=token, password=password)).data["done"]

    async def change(self, current: str, password: str, device: int = 0) -> Any:
        """What is answered to taking another password."""
        answer = await self.post(CHANGE, device, current=current, password=password)
        return answer.data["done"]


async def newcomer(own: Own, name: str, password: str = WORDS) -> Newcomer:
    """A new user who has chosen a password, and is signed in nowhere yet."""
    email = f"{name}@new.example"
    employee = await own.done("admin", "employeeCreate", name=name, email=email)
    made = Newcomer(own, await own.done("admin", "userCreate", employee=employee), email)
    assert await made.reset(await made.token(), password) == DONE
    return made

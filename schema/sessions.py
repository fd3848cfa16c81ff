"""Signing in and out in the API: the only mutations that are answered without a token (D-40)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import strawberry

from domain.codes import Code, Problem, Refused
from resolvers import staff
from resolvers.engine.context import Caller, House
from schema.engine.errors import SIGN_IN
from schema.engine.scalars import DateTimeText
from schema.engine.words import UserError

PUBLIC = frozenset({"signIn", "refresh"})
"""Root fields that need no token."""
SAYS = {
    Problem.INVALID_CREDENTIALS: "Tenant, e-mail address and password do not belong together.",
    Problem.INVALID_TOKEN: "This refresh token is not good any more: sign in again.",
}


@dataclass(frozen=True)
class Deed:
    """What a mutation is given: the house, who calls if anybody is signed in, and from where."""

    house: House
    caller: Caller | None
    address: str


Info = strawberry.Info[Deed, None]
F = TypeVar("F", bound=Callable[..., Any])


@strawberry.input(description="Who signs in, and where.")
class SignInInput:
    tenant: str = strawberry.field(description="The short name of the organisation.")
    email: str = strawberry.field(description="The user's e-mail address.")
    password: str = strawberry.field(description="The user's password.")


@strawberry.input(description="The refresh token that was handed out last.")
class RefreshInput:
    refreshToken: str = strawberry.field(description="Good once: the answer holds the next one.")


@strawberry.type(description="Tokens, or why there are none.")
class SignInPayload:
    accessToken: str | None = strawberry.field(description="Send it as `Authorization: Bearer …`.")
    refreshToken: str | None = strawberry.field(description="Good once, for the next tokens.")
    expiresAt: DateTimeText | None = strawberry.field(description="When the access token ends.")
    userErrors: list[UserError] = strawberry.field(description="Why there are no tokens.")


@strawberry.type(description="Whether the session was ended.")
class SignOutPayload:
    signedOut: bool = strawberry.field(
        description="Always true: a session that has ended stays so."
    )


def _payload(found: staff.Tokens | Problem) -> SignInPayload:
    if isinstance(found, Problem):
        error = UserError(code=found.value, message=SAYS[found], path=["input"])
        return SignInPayload(
            accessToken=None, refreshToken=None, expiresAt=None, userErrors=[error]
        )
    ends = found.expires_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return SignInPayload(
        accessToken=found.access,
        refreshToken=found.refresh,
        expiresAt=ends,  # type: ignore[arg-type]  # moments are spoken as text
        userErrors=[],
    )


def mutation(doc: str) -> Callable[[F], F]:
    """A mutation, typed as what it decorates: strawberry's own decorator is not."""
    decorate: Any = strawberry.mutation(description=doc)
    return cast("Callable[[F], F]", decorate)


@strawberry.type(description="Everything that can be done without being signed in.")
class PublicMutation:
    @mutation("Begin a session.")
    async def signIn(self, info: Info, input: SignInInput) -> SignInPayload:
        deed = info.context
        return _payload(
            await staff.sign_in(deed.house, deed.address, input.tenant, input.email, input.password)
        )

    @mutation("Go on with a session; an old token ends it.")
    async def refresh(self, info: Info, input: RefreshInput) -> SignInPayload:
        deed = info.context
        return _payload(await staff.refresh(deed.house, deed.address, input.refreshToken))


@strawberry.type(description="What is done about one's own sessions and passwords.")
class SessionMutation(PublicMutation):
    @mutation("End the session; its tokens are refused from now on.")
    async def signOut(self, info: Info) -> SignOutPayload:
        deed = info.context
        if deed.caller is None:
            raise Refused(Code.UNAUTHENTICATED, SIGN_IN)
        await staff.sign_out(deed.house, deed.caller)
        return SignOutPayload(signedOut=True)


@strawberry.type(description="What can be asked without being signed in: nothing.")
class PublicQuery:
    signedIn: bool = strawberry.field(description="Whether you are signed in.", default=False)

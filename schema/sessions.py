"""Signing in and out in the API: the only mutations that are answered without a token (D-40)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

import strawberry

from auth.viewers import Viewers
from domain.codes import Code, Refused, UserErrorCode
from resolvers import passwords, sessions
from resolvers.engine.context import AppContext, Caller
from schema.engine.errors import SIGN_IN
from schema.engine.scalars import DateTimeText
from schema.engine.type_registry import UserError

PUBLIC = frozenset({"signIn", "refresh", "passwordReset"})
"""Root fields that need no token."""
ALONE = PUBLIC | {"passwordChange", "userPasswordReset", "sessionRevoke", "signOut"}
"""Root fields of which a request may hold one: what guesses must not be tried many at a time."""
SAYS = {
    UserErrorCode.INVALID_CREDENTIALS: "Tenant, email address and password do not match.",
    UserErrorCode.INVALID_TOKEN: "The refresh token is invalid or was used before. Sign in again.",
    UserErrorCode.DEMO_ONLY: "The password of a demonstration user cannot be changed. Use a tenant of your own.",
    UserErrorCode.WEAK_PASSWORD: "The password is too weak. Choose at least 10 characters, such as a few words.",
}


@dataclass(frozen=True)
class SessionCommand:
    """What a mutation is given: the house, who calls if anybody is signed in, and from where."""

    app_context: AppContext
    caller: Caller | None
    address: str
    viewers: Viewers


Info = strawberry.Info[SessionCommand, None]
F = TypeVar("F", bound=Callable[..., Any])


@strawberry.input(description="Who signs in, and where.")
class SignInInput:
    tenant: str = strawberry.field(description="The short name of the organization.")
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


def _moment(at: datetime) -> DateTimeText:
    return cast("DateTimeText", at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))  # moments are spoken as text


def _payload(found: sessions.Tokens | UserErrorCode) -> SignInPayload:
    if isinstance(found, UserErrorCode):
        error = UserError(code=found.value, message=SAYS[found], path=["input"])
        return SignInPayload(
            accessToken=None, refreshToken=None, expiresAt=None, userErrors=[error]
        )
    return SignInPayload(
        accessToken=found.access,
        refreshToken=found.refresh,
        expiresAt=_moment(found.expires_at),
        userErrors=[],
    )


def mutation(doc: str) -> Callable[[F], F]:
    """A mutation, typed as what it decorates: strawberry's own decorator is not."""
    decorate: Any = strawberry.mutation(description=doc)
    return cast("Callable[[F], F]", decorate)


@strawberry.input(description="The password of today, and the one that is to be.")
class PasswordChangeInput:
    current: str = strawberry.field(description="The password of today.")
    password: str = strawberry.field(description="The new one, of 10 characters at least.")


@strawberry.input(description="A token from an administrator, and the password that is to be.")
class PasswordResetInput:
    token: str = strawberry.field(description="Good once, for a day.")
    password: str = strawberry.field(description="The new password, of 10 characters at least.")


@strawberry.input(description="ID of a record.")
class RecordRefInput:
    id: strawberry.ID = strawberry.field(description="ID of the record.")


@strawberry.type(description="Whether the password was changed.")
class PasswordPayload:
    changed: bool = strawberry.field(description="Whether it was.")
    userErrors: list[UserError] = strawberry.field(description="Why it was not.")


@strawberry.type(description="With this the user chooses a new password. Hand it over safely.")
class UserPasswordResetPayload:
    token: str = strawberry.field(description="Good once, for `passwordReset`.")
    expiresAt: DateTimeText = strawberry.field(description="Until when it is good.")


@strawberry.type(description="Whether the session was ended.")
class SessionRevokePayload:
    revoked: bool = strawberry.field(description="Always true: a session that has ended stays so.")


def _changed(problem: UserErrorCode | None, place: str) -> PasswordPayload:
    said = {
        UserErrorCode.INVALID_CREDENTIALS: "The current password is incorrect.",
        UserErrorCode.INVALID_TOKEN: "The reset token is invalid, expired or was used before. Request a new one.",
    }
    if problem is None:
        return PasswordPayload(changed=True, userErrors=[])
    path = ["input", "password" if problem is UserErrorCode.WEAK_PASSWORD else place]
    message = said.get(problem) or SAYS[problem]
    error = UserError(code=problem.value, message=message, path=path)
    return PasswordPayload(changed=False, userErrors=[error])


def _caller(info: Info) -> Caller:
    if info.context.caller is None:
        raise Refused(Code.UNAUTHENTICATED, SIGN_IN)
    return info.context.caller


@strawberry.type(description="Everything that can be done without being signed in.")
class PublicMutation:
    @mutation("Begin a session.")
    async def signIn(self, info: Info, input: SignInInput) -> SignInPayload:
        deed = info.context
        return _payload(
            await sessions.sign_in(
                deed.app_context, deed.address, input.tenant, input.email, input.password
            )
        )

    @mutation("Go on with a session; an old token ends it.")
    async def refresh(self, info: Info, input: RefreshInput) -> SignInPayload:
        deed = info.context
        return _payload(await sessions.refresh(deed.app_context, deed.address, input.refreshToken))

    @mutation("Choose a password with a reset token; all sessions of the user end.")
    async def passwordReset(self, info: Info, input: PasswordResetInput) -> PasswordPayload:
        deed = info.context
        problem = await passwords.reset(deed.app_context, deed.address, input.token, input.password)
        return _changed(problem, "token")


@strawberry.type(description="What is done about one's own sessions and passwords.")
class SessionMutation(PublicMutation):
    @mutation("End the session; its tokens are refused from now on.")
    async def signOut(self, info: Info) -> SignOutPayload:
        await sessions.sign_out(info.context.app_context, _caller(info))
        return SignOutPayload(signedOut=True)

    @mutation("Take another password; all your other sessions end.")
    async def passwordChange(self, info: Info, input: PasswordChangeInput) -> PasswordPayload:
        app_context, caller = info.context.app_context, _caller(info)
        problem = await passwords.change(app_context, caller, input.current, input.password)
        return _changed(problem, "current")

    @mutation(
        "A token with which a user chooses a new password, for administrators with full access."
    )
    async def userPasswordReset(
        self, info: Info, input: RecordRefInput
    ) -> UserPasswordResetPayload:
        deed = info.context
        reset = await passwords.issue_reset(deed.app_context, deed.viewers, _caller(info), input.id)
        return UserPasswordResetPayload(token=reset.token, expiresAt=_moment(reset.expires_at))

    @mutation("End a session: one of your own, or as an administrator anybody's.")
    async def sessionRevoke(self, info: Info, input: RecordRefInput) -> SessionRevokePayload:
        deed = info.context
        await passwords.revoke(deed.app_context, deed.viewers, _caller(info), input.id)
        return SessionRevokePayload(revoked=True)


@strawberry.type(description="What can be asked without being signed in: nothing.")
class PublicQuery:
    signedIn: bool = strawberry.field(description="Whether you are signed in.", default=False)

"""Mutations of sessions and passwords; some of them are the only ones that need no token (D-40)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar, cast

import strawberry

from auth.viewers import Viewers
from domain.codes import Code, Refused, UserErrorCode
from domain.message import Message
from resolvers import passwords, sessions
from resolvers.engine.context import AppContext, Caller
from schema.engine.cookies import SessionCookies
from schema.engine.errors import SIGN_IN
from schema.engine.scalars import DateTimeText, MessageParams
from schema.engine.type_registry import UserError

PUBLIC = frozenset({"signIn", "refresh", "passwordReset"})
"""Root fields that need no token."""
ALONE = PUBLIC | {"passwordChange", "userPasswordReset", "sessionRevoke", "signOut"}
"""Root fields that are limited to one per request, so that secrets cannot be guessed in batches."""
MESSAGES = {
    UserErrorCode.INVALID_CREDENTIALS: Message("Tenant, email address and password do not match."),
    UserErrorCode.INVALID_TOKEN: Message(
        "The refresh token is invalid or was used before. Sign in again."
    ),
    UserErrorCode.DEMO_ONLY: Message(
        "The password of a demonstration user cannot be changed. Use a tenant of your own."
    ),
    UserErrorCode.WEAK_PASSWORD: Message(
        "The password is too weak. Choose at least 10 characters, such as a few words."
    ),
}


@dataclass(frozen=True)
class SessionContext:
    """Context of a session mutation: the application, the signed-in caller if any, and the client address.

    `cookies` are those of a browser that holds its session in them; None for clients with tokens.
    """

    app_context: AppContext
    caller: Caller | None
    address: str
    viewers: Viewers
    cookies: SessionCookies | None = None


Info = strawberry.Info[SessionContext, None]
F = TypeVar("F", bound=Callable[..., Any])


@strawberry.input(description="Credentials.")
class SignInInput:
    tenant: str = strawberry.field(description="Short name of the tenant.")
    email: str = strawberry.field(description="Email address of the user.")
    password: str = strawberry.field(description="Password of the user.")


@strawberry.input(description="Refresh token.")
class RefreshInput:
    refreshToken: str | None = strawberry.field(
        default=None,
        description="Most recent refresh token; valid once, and again within 30 seconds for the same answer. "
        "Omit it to use the session in the browser's cookies.",
    )


@strawberry.type(description="Tokens of a session, or errors.")
class SignInPayload:
    accessToken: str | None = strawberry.field(
        description="Access token; send it as `Authorization: Bearer …`. Null if the session is in cookies."
    )
    refreshToken: str | None = strawberry.field(
        description="Refresh token; valid once, for 30 days. Null if the session is in cookies."
    )
    expiresAt: DateTimeText | None = strawberry.field(
        description="Expiry time of the access token."
    )
    userErrors: list[UserError] = strawberry.field(
        description="Validation errors; empty on success."
    )


@strawberry.type(description="Result of `signOut`.")
class SignOutPayload:
    signedOut: bool = strawberry.field(description="Always true, also for an ended session.")


def _moment(at: datetime) -> DateTimeText:
    return cast("DateTimeText", at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))  # a moment is text in JSON


def _user_error(code: UserErrorCode, message: Message, path: list[str]) -> UserError:
    return UserError(code=code, message=message, path=path, params=MessageParams(message.values()))


def _payload(
    found: sessions.Tokens | UserErrorCode, cookies: SessionCookies | None
) -> SignInPayload:
    if isinstance(found, UserErrorCode):
        error = _user_error(found, MESSAGES[found], ["input"])
        return SignInPayload(
            accessToken=None, refreshToken=None, expiresAt=None, userErrors=[error]
        )
    if cookies is not None:
        cookies.keep(found)
    return SignInPayload(
        accessToken=found.access if cookies is None else None,
        refreshToken=found.refresh if cookies is None else None,
        expiresAt=_moment(found.expires_at),
        userErrors=[],
    )


def mutation(doc: str) -> Callable[[F], F]:
    """Declare a mutation. Unlike strawberry's decorator, it keeps the type of the function."""
    decorate: Any = strawberry.mutation(description=doc)
    return cast("Callable[[F], F]", decorate)


@strawberry.input(description="Current and new password.")
class PasswordChangeInput:
    current: str = strawberry.field(description="Current password.")
    password: str = strawberry.field(description="New password, at least 10 characters.")


@strawberry.input(description="Reset token and new password.")
class PasswordResetInput:
    token: str = strawberry.field(
        description="Reset token from an administrator; valid once, for one day."
    )
    password: str = strawberry.field(description="New password, at least 10 characters.")


@strawberry.input(description="ID of a record.")
class RecordRefInput:
    id: strawberry.ID = strawberry.field(description="ID of the record.")


INPUT = strawberry.argument(description="Input of the mutation.")
SignInArgument = Annotated[SignInInput, INPUT]
RefreshArgument = Annotated[RefreshInput, INPUT]
PasswordResetArgument = Annotated[PasswordResetInput, INPUT]
PasswordChangeArgument = Annotated[PasswordChangeInput, INPUT]
RecordRefArgument = Annotated[RecordRefInput, INPUT]


@strawberry.type(description="Result of a change of password.")
class PasswordPayload:
    changed: bool = strawberry.field(description="Whether the password was changed.")
    userErrors: list[UserError] = strawberry.field(
        description="Validation errors; empty on success."
    )


@strawberry.type(description="Token with which a user resets their password. Deliver it securely.")
class UserPasswordResetPayload:
    token: str = strawberry.field(description="Token for `passwordReset`; valid once.")
    expiresAt: DateTimeText = strawberry.field(description="Expiry time of the token.")


@strawberry.type(description="Result of `sessionRevoke`.")
class SessionRevokePayload:
    revoked: bool = strawberry.field(description="Always true, also for an ended session.")


def _changed(problem: UserErrorCode | None, place: str) -> PasswordPayload:
    messages = {
        UserErrorCode.INVALID_CREDENTIALS: Message("The current password is incorrect."),
        UserErrorCode.INVALID_TOKEN: Message(
            "The reset token is invalid, expired or was used before. Request a new one."
        ),
    }
    if problem is None:
        return PasswordPayload(changed=True, userErrors=[])
    path = ["input", "password" if problem is UserErrorCode.WEAK_PASSWORD else place]
    message = messages.get(problem) or MESSAGES[problem]
    error = _user_error(problem, message, path)
    return PasswordPayload(changed=False, userErrors=[error])


def _caller(info: Info) -> Caller:
    if info.context.caller is None:
        raise Refused(Code.UNAUTHENTICATED, SIGN_IN)
    return info.context.caller


@strawberry.type(description="Mutations that need no access token.")
class PublicMutation:
    @mutation("Start a session with credentials.")
    async def signIn(self, info: Info, input: SignInArgument) -> SignInPayload:
        context = info.context
        tokens = await sessions.sign_in(
            context.app_context, context.address, input.tenant, input.email, input.password
        )
        return _payload(tokens, context.cookies)

    @mutation(
        "Exchange a refresh token for new tokens. Used again within 30 seconds, it returns the same ones; "
        "later it ends the session."
    )
    async def refresh(self, info: Info, input: RefreshArgument) -> SignInPayload:
        context = info.context
        token = input.refreshToken
        if token is None and context.cookies is not None:
            token = context.cookies.refresh
        tokens = await sessions.refresh(context.app_context, context.address, token or "")
        return _payload(tokens, context.cookies)

    @mutation("Set a password with a reset token. Ends all sessions of the user.")
    async def passwordReset(self, info: Info, input: PasswordResetArgument) -> PasswordPayload:
        context = info.context
        problem = await passwords.reset(
            context.app_context, context.address, input.token, input.password
        )
        return _changed(problem, "token")


@strawberry.type(description="Mutations of sessions and passwords.")
class SessionMutation(PublicMutation):
    @mutation("End the caller's session and invalidate its tokens.")
    async def signOut(self, info: Info) -> SignOutPayload:
        await sessions.sign_out(info.context.app_context, _caller(info))
        if info.context.cookies is not None:
            info.context.cookies.clear()
        return SignOutPayload(signedOut=True)

    @mutation("Change the caller's password. Ends their other sessions.")
    async def passwordChange(self, info: Info, input: PasswordChangeArgument) -> PasswordPayload:
        app_context, caller = info.context.app_context, _caller(info)
        problem = await passwords.change(app_context, caller, input.current, input.password)
        return _changed(problem, "current")

    @mutation("Issue a token to reset a user's password. Requires full access.")
    async def userPasswordReset(
        self, info: Info, input: RecordRefArgument
    ) -> UserPasswordResetPayload:
        context = info.context
        reset = await passwords.issue_reset(
            context.app_context, context.viewers, _caller(info), input.id
        )
        return UserPasswordResetPayload(token=reset.token, expiresAt=_moment(reset.expires_at))

    @mutation("End one of the caller's sessions or, as an administrator, any session.")
    async def sessionRevoke(self, info: Info, input: RecordRefArgument) -> SessionRevokePayload:
        context = info.context
        await passwords.revoke(context.app_context, context.viewers, _caller(info), input.id)
        return SessionRevokePayload(revoked=True)


@strawberry.type(description="Root query type of the schema without access token.")
class PublicQuery:
    signedIn: bool = strawberry.field(
        description="Whether the caller is signed in; always false here.", default=False
    )

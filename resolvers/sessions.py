"""Signs users in and out. Neither the message nor the duration of a failure reveals its cause."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from auth.engine.passwords import is_demo
from auth.engine.tokens import ACCESS_LIFETIME, REFRESH_LIFETIME, RefreshToken
from db import sessions
from db.engine.transaction import Driver, EntryRejected, RejectReason, TransactionStart
from domain.codes import Code, Refused, UserErrorCode
from domain.message import Message
from domain.sessions import RefreshOutcome, refresh_outcome
from resolvers.engine.context import AppContext, Caller
from tenancy.engine.provision import Tenant

FAILURE_SECONDS = 0.25
"""The duration of failures is rounded up to a multiple of this, which exceeds the time on an idle machine."""
MAX_EMAIL = 320
CLOSED = "closed"

T = TypeVar("T")


@dataclass(frozen=True)
class Tokens:
    """Tokens of a client: the access token is valid until `expires_at`, the refresh token for one use."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime


async def sign_in(
    app_context: AppContext, address: str, tenant: str, email: str, password: str
) -> Tokens | UserErrorCode:
    """Begin a session, or return INVALID_CREDENTIALS. Raises Refused(RATE_LIMITED, RETRYABLE).

    Unknown or closed tenants, unknown or inactive users and wrong passwords give the same response after
    one password verification each. Unknown tenants and users need fewer queries, so the response time of
    every failure is rounded up.
    """
    started = app_context.monotonic()
    slug, email = sessions.fold(tenant), sessions.fold(email)
    attempt = await app_context.throttle.sign_in(address, slug, email)
    tokens = await _authenticate(app_context, slug, email, password)
    if tokens is None:
        await _round_up(app_context, started)
        return UserErrorCode.INVALID_CREDENTIALS
    await app_context.throttle.forgive(attempt)
    return tokens


async def refresh(app_context: AppContext, address: str, token: str) -> Tokens | UserErrorCode:
    """The next tokens of a session, or INVALID_TOKEN. Raises Refused(RATE_LIMITED, RETRYABLE).

    A refresh token is valid once. Within REPEAT_WINDOW, a second use returns the same tokens again: two tabs
    refreshed at once, or the answer was lost. Later it means that the token was stolen, by this caller or
    the previous one, so the session ends, including its newest tokens.
    """
    credential = app_context.tokens.verify_refresh(token)
    if credential is None:
        return UserErrorCode.INVALID_TOKEN
    attempt = await app_context.throttle.refresh(address)
    tenant = await app_context.directory.by_id(credential.tenant)
    if tenant is None or tenant.state == CLOSED:
        return UserErrorCode.INVALID_TOKEN
    now = app_context.now()
    tokens = await _renew(app_context, tenant, credential, now)
    if tokens is None:
        return UserErrorCode.INVALID_TOKEN
    await app_context.throttle.forgive(attempt)
    return tokens


async def sign_out(app_context: AppContext, caller: Caller) -> None:
    """End the caller's session and revoke its tokens. Raises Refused(RETRYABLE)."""

    async def end(connection: Driver) -> None:
        await sessions.revoke(connection, caller.session, app_context.now())

    await _write(app_context, caller.tenant, TransactionStart(), end)


async def _authenticate(
    app_context: AppContext, slug: str, email: str, password: str
) -> Tokens | None:
    tenant = await app_context.directory.by_slug(slug)
    if tenant is not None and tenant.state == CLOSED:
        tenant = None
    # Invalid addresses are not sent to Postgres, which raises on NUL characters.
    is_valid = len(email) <= MAX_EMAIL and email.isprintable()
    credential = await _credential(app_context, tenant, email) if tenant and is_valid else None
    matches = await app_context.passwords.verify(credential.hash if credential else None, password)
    if tenant is None or credential is None or not matches:
        return None
    if is_demo(password) and not tenant.demo:
        return None
    return await _begin_session(app_context, tenant, credential, password)


async def _credential(
    app_context: AppContext, tenant: Tenant, email: str
) -> sessions.StoredCredential | None:
    async def find(connection: Driver) -> sessions.StoredCredential | None:
        return await sessions.find_credential(connection, email)

    return await _write(app_context, tenant, TransactionStart(), find)


async def _begin_session(
    app_context: AppContext, tenant: Tenant, credential: sessions.StoredCredential, password: str
) -> Tokens | None:
    outdated = app_context.passwords.outdated(credential.hash)
    hash = await app_context.passwords.hash(password, demo=tenant.demo) if outdated else None
    session, now = app_context.new_id(), app_context.now()

    async def begin(connection: Driver) -> bool:
        if not await sessions.lock_credential(connection, credential):
            return False
        await sessions.begin(connection, session, credential.user, now, now + REFRESH_LIFETIME)
        if hash is not None:
            await sessions.set_hash(connection, credential.user, hash)
        return True

    try:
        if not await _write(app_context, tenant, TransactionStart(), begin):
            return None
    except EntryRejected:  # the user is not active
        return None
    return _tokens(app_context, tenant, credential.user, session, sessions.FIRST, now)


async def _renew(
    app_context: AppContext, tenant: Tenant, credential: RefreshToken, now: datetime
) -> Tokens | None:
    """The tokens that replace `credential`; None if it is void, and then reuse has ended the session."""
    session = credential.session

    async def renew(connection: Driver) -> Tokens | None:
        stored = await sessions.lock(connection, session)
        if stored is None:
            return None
        outcome = refresh_outcome(credential.generation, stored.generation, stored.rotated_at, now)
        if outcome is RefreshOutcome.ROTATE:
            expires_at, generation = now + REFRESH_LIFETIME, stored.generation + 1
            await sessions.rotate(connection, session, generation, now, expires_at)
            return _tokens(app_context, tenant, stored.user, session, generation, now)
        if outcome is RefreshOutcome.REPEAT and stored.rotated_at is not None:
            # From the time of the rotation, so that the tokens are the same.
            issued_at = stored.rotated_at
            return _tokens(app_context, tenant, stored.user, session, stored.generation, issued_at)
        if outcome is RefreshOutcome.REUSED:
            # Return instead of raising, because an exception would roll the revocation back.
            await sessions.revoke(connection, session, now)
        return None

    try:
        return await _write(app_context, tenant, TransactionStart(session=session), renew)
    except EntryRejected:  # the session has ended, or its user is not active
        return None


async def _write(
    app_context: AppContext,
    tenant: Tenant,
    entry: TransactionStart,
    action: Callable[[Driver], Awaitable[T]],
) -> T:
    """Run an action in a transaction of the tenant. Raises EntryRejected(REVOKED), Refused(RETRYABLE)."""
    for moved_before in (False, True):
        try:
            async with app_context.database.write(tenant.placement, entry) as connection:
                return await action(connection)
        except EntryRejected as rejection:
            if rejection.reason is RejectReason.REVOKED:
                raise
            if rejection.reason is not RejectReason.MOVED or moved_before:
                break
        app_context.directory.forget(tenant.id)
        tenant = await app_context.directory.by_id(tenant.id) or tenant
    raise Refused(
        Code.RETRYABLE,
        Message("The tenant's data is being moved. Try again in 5 seconds."),
        retryAfter=5,
    )


async def _round_up(app_context: AppContext, started: float) -> None:
    """Wait until the elapsed time is a multiple of FAILURE_SECONDS, so that it reveals nothing under load either."""
    elapsed = max(0.0, app_context.monotonic() - started)
    periods = math.floor(elapsed / FAILURE_SECONDS) + 1
    await app_context.sleep(periods * FAILURE_SECONDS - elapsed)


def _tokens(
    app_context: AppContext,
    tenant: Tenant,
    user: UUID,
    session: UUID,
    generation: int,
    now: datetime,
) -> Tokens:
    return Tokens(
        app_context.tokens.issue_access(tenant.id, user, session, now),
        app_context.tokens.issue_refresh(tenant.id, session, generation),
        now + ACCESS_LIFETIME,
    )

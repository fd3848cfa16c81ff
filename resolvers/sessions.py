"""Signs staff in and out; a failure tells neither by its words nor by its time what failed."""

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
from resolvers.engine.context import AppContext, Caller
from tenancy.engine.provision import Tenant

FAILURE_SECONDS = 0.25
"""Failures are answered at a multiple of this: longer than failing takes on an idle machine."""
LONGEST_EMAIL = 320
CLOSED = "closed"

T = TypeVar("T")


@dataclass(frozen=True)
class Tokens:
    """What a client holds: the access token is good until `expires_at`, the refresh token once."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime


async def sign_in(
    app_context: AppContext, address: str, tenant: str, email: str, password: str
) -> Tokens | UserErrorCode:
    """Begin a session, or INVALID_CREDENTIALS. Raises Refused(RATE_LIMITED, RETRYABLE).

    An unknown tenant, a closed one, an unknown or inactive user and a wrong password are answered
    alike, and each costs one verification. What remains is that a tenant or a user who does not
    exist needs fewer questions to the database: so every failure waits for the same moment.
    """
    begun = app_context.monotonic()
    slug, email = sessions.fold(tenant), sessions.fold(email)
    attempt = await app_context.throttle.sign_in(address, slug, email)
    tokens = await _signed_in(app_context, slug, email, password)
    if tokens is None:
        await _next_moment(app_context, begun)
        return UserErrorCode.INVALID_CREDENTIALS
    await app_context.throttle.forgive(attempt)
    return tokens


async def refresh(app_context: AppContext, address: str, token: str) -> Tokens | UserErrorCode:
    """The next tokens of a session, or INVALID_TOKEN. Raises Refused(RATE_LIMITED, RETRYABLE).

    A token is good once. Used a second time, it was stolen before or is stolen now: nobody can
    tell which of the two is asking, so the session ends for both, the newest tokens included.
    """
    known = app_context.tokens.verify_refresh(token)
    if known is None:
        return UserErrorCode.INVALID_TOKEN
    attempt = await app_context.throttle.refresh(address)
    tenant = await app_context.directory.by_id(known.tenant)
    if tenant is None or tenant.state == CLOSED:
        return UserErrorCode.INVALID_TOKEN
    now = app_context.now()
    user = await _renewed(app_context, tenant, known, now)
    if user is None:
        return UserErrorCode.INVALID_TOKEN
    await app_context.throttle.forgive(attempt)
    return _tokens(app_context, tenant, user, known.session, known.generation + 1, now)


async def sign_out(app_context: AppContext, caller: Caller) -> None:
    """End the caller's session; his tokens are refused from now on. Raises Refused(RETRYABLE)."""

    async def end(connection: Driver) -> None:
        await sessions.revoke(connection, caller.session, app_context.now())

    await _write(app_context, caller.tenant, TransactionStart(), end)


async def _signed_in(
    app_context: AppContext, slug: str, email: str, password: str
) -> Tokens | None:
    tenant = await app_context.directory.by_slug(slug)
    if tenant is not None and tenant.state == CLOSED:
        tenant = None
    # What is no address, such as one with a NUL, is not asked of Postgres, which would raise.
    sane = len(email) <= LONGEST_EMAIL and email.isprintable()
    known = await _credential(app_context, tenant, email) if tenant and sane else None
    matches = await app_context.passwords.verify(known.hash if known else None, password)
    if tenant is None or known is None or not matches:
        return None
    if is_demo(password) and not tenant.demo:
        return None
    return await _begun(app_context, tenant, known, password)


async def _credential(
    app_context: AppContext, tenant: Tenant, email: str
) -> sessions.StoredCredential | None:
    async def find(connection: Driver) -> sessions.StoredCredential | None:
        return await sessions.find_credential(connection, email)

    return await _write(app_context, tenant, TransactionStart(), find)


async def _begun(
    app_context: AppContext, tenant: Tenant, known: sessions.StoredCredential, password: str
) -> Tokens | None:
    outdated = app_context.passwords.outdated(known.hash)
    hash = await app_context.passwords.hash(password, demo=tenant.demo) if outdated else None
    session, now = app_context.new_id(), app_context.now()

    async def begin(connection: Driver) -> bool:
        if not await sessions.lock_credential(connection, known):
            return False
        await sessions.begin(connection, session, known.user, now, now + REFRESH_LIFETIME)
        if hash is not None:
            await sessions.set_hash(connection, known.user, hash)
        return True

    try:
        if not await _write(app_context, tenant, TransactionStart(), begin):
            return None
    except EntryRejected:  # the user is not active
        return None
    return _tokens(app_context, tenant, known.user, session, sessions.FIRST, now)


async def _renewed(
    app_context: AppContext, tenant: Tenant, known: RefreshToken, now: datetime
) -> UUID | None:
    async def renew(connection: Driver) -> UUID | None:
        until = now + REFRESH_LIFETIME
        user = await sessions.renew(connection, known.session, known.generation, until)
        if user is None and await sessions.is_reused(connection, known.session, known.generation):
            # Answered, not raised: an exception would take the revocation back.
            await sessions.revoke(connection, known.session, now)
        return user

    try:
        return await _write(app_context, tenant, TransactionStart(session=known.session), renew)
    except EntryRejected:  # the session has ended, or its user is not active
        return None


async def _write(
    app_context: AppContext,
    tenant: Tenant,
    entry: TransactionStart,
    deed: Callable[[Driver], Awaitable[T]],
) -> T:
    """Do it in a transaction of the tenant. Raises TurnedAway(REVOKED), Refused(RETRYABLE)."""
    for moved_before in (False, True):
        try:
            async with app_context.database.write(tenant.placement, entry) as connection:
                return await deed(connection)
        except EntryRejected as turned:
            if turned.reason is RejectReason.REVOKED:
                raise
            if turned.reason is not RejectReason.MOVED or moved_before:
                break
        app_context.directory.forget(tenant.id)
        tenant = await app_context.directory.by_id(tenant.id) or tenant
    raise Refused(
        Code.RETRYABLE, "The tenant's data is being moved. Try again in 5 seconds.", retryAfter=5
    )


async def _next_moment(app_context: AppContext, begun: float) -> None:
    """Wait for a whole number of FAILURE_SECONDS; "at least" one would tell when we are busy."""
    elapsed = max(0.0, app_context.monotonic() - begun)
    moments = math.floor(elapsed / FAILURE_SECONDS) + 1
    await app_context.sleep(moments * FAILURE_SECONDS - elapsed)


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

"""Changes and resets passwords, and ends sessions. A new password ends the user's other sessions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from auth.engine.passwords import MAX_PASSWORD_LENGTH, is_demo
from auth.engine.viewer import Viewer
from auth.viewers import Viewers
from db import credentials, sessions
from db.api import MODEL
from db.engine.plan.values import parse_id
from db.engine.transaction import EntryRejected, RejectReason, TransactionStart
from db.engine.write import locking
from db.engine.write.connection import TenantConnection
from db.engine.write.locking import Lock
from domain.codes import Code, Refused, UserErrorCode
from resolvers.engine.changeset import NOT_FOUND
from resolvers.engine.context import AppContext, Caller, refuse_suspended
from resolvers.engine.permissions import NOT_EDITABLE
from resolvers.engine.values import NO_ID
from resolvers.sessions import sign_out

MIN_LENGTH = 10
"""Minimum characters of a new password."""
RESET_LIFETIME = timedelta(hours=24)

T = TypeVar("T")


@dataclass(frozen=True)
class Reset:
    """A single-use token to choose a new password."""

    token: str = field(repr=False)
    expires_at: datetime


async def change(
    app_context: AppContext, caller: Caller, current: str, password: str
) -> UserErrorCode | None:
    """Change the caller's password, and end their other sessions. Raises Refused(RATE_LIMITED)."""
    refuse_suspended(caller.tenant)
    attempt = await app_context.throttle.sign_in(
        caller.address, caller.tenant.slug, caller.user.hex
    )
    if caller.tenant.demo and is_demo(current):
        return UserErrorCode.DEMO_ONLY  # the demo password is shared by all visitors
    if _is_weak(password):
        return UserErrorCode.WEAK_PASSWORD
    placement, entry = caller.tenant.placement, TransactionStart(session=caller.session)
    async with app_context.database.read(placement, entry) as connection:
        credential = await credentials.credential_of(
            TenantConnection(connection, placement.schema), caller.user
        )
    if (
        not await app_context.passwords.verify(credential.hash if credential else None, current)
        or credential is None
    ):
        return UserErrorCode.INVALID_CREDENTIALS
    await app_context.throttle.forgive(attempt)
    hash = await app_context.passwords.hash(password)
    async with app_context.database.write(placement, entry) as connection:
        if not await sessions.lock_credential(connection, credential):
            return UserErrorCode.INVALID_CREDENTIALS  # another request changed the password first
        await sessions.set_hash(connection, caller.user, hash)
        await sessions.revoke_all(connection, caller.user, app_context.now(), but=caller.session)
    return None


async def issue_reset(app_context: AppContext, viewers: Viewers, caller: Caller, id: str) -> Reset:
    """Issue a reset token for a user; requires full access. Raises Refused(NOT_FOUND, FORBIDDEN)."""
    refuse_suspended(caller.tenant)
    user, number = parse_id(id, "usr") or NO_ID, app_context.new_id()
    expires_at = app_context.now() + RESET_LIFETIME

    async def issue(connection: TenantConnection, viewer: Viewer) -> None:
        entity = MODEL.entities["User"]
        locked = await locking.lock_visible(connection, viewer, entity, [user], Lock.UPDATE)
        if user not in locked:
            raise Refused(Code.NOT_FOUND, NOT_FOUND, input=["input", "id"])
        # With a new password the caller could sign in as a user with more rights.
        if not viewer.full:
            raise Refused(Code.FORBIDDEN, NOT_EDITABLE, input=["input", "id"])
        await credentials.set_reset(connection, user, number, expires_at)

    await _with_rights(viewers, caller, issue)
    return Reset(app_context.tokens.issue_reset(caller.tenant.id, user, number), expires_at)


async def reset(
    app_context: AppContext, address: str, token: str, password: str
) -> UserErrorCode | None:
    """Set a password with a reset token, and end all sessions of the user. Raises Refused(RATE_LIMITED)."""
    attempt = await app_context.throttle.refresh(address)
    credential = app_context.tokens.verify_reset(token)
    tenant = await app_context.directory.by_id(credential.tenant) if credential else None
    if credential is None or tenant is None or tenant.state == "closed":
        return UserErrorCode.INVALID_TOKEN
    refuse_suspended(tenant)
    if _is_weak(password):
        return UserErrorCode.WEAK_PASSWORD
    hash, now = await app_context.passwords.hash(password), app_context.now()
    async with app_context.database.write(tenant.placement, TransactionStart()) as connection:
        tenant_connection = TenantConnection(connection, tenant.placement.schema)
        if not await credentials.use_reset(
            tenant_connection, credential.user, credential.number, hash, now
        ):
            return UserErrorCode.INVALID_TOKEN
        await sessions.revoke_all(connection, credential.user, now)
    await app_context.throttle.forgive(attempt)
    return None


async def revoke(app_context: AppContext, viewers: Viewers, caller: Caller, id: str) -> None:
    """End a visible session: the caller's own ones; administrators with full access end those of every user."""
    session = parse_id(id, "ses") or NO_ID
    if session == caller.session:  # needs no right; afterwards there is no session to check
        await sign_out(app_context, caller)
        return

    async def end(connection: TenantConnection, viewer: Viewer) -> None:
        entity = MODEL.entities["Session"]
        if session not in await locking.visible(connection, viewer, entity, [session]):
            raise Refused(Code.NOT_FOUND, NOT_FOUND, input=["input", "id"])
        owner = await credentials.user_of(connection, session)
        if owner != viewer.user and not viewer.full:
            raise Refused(Code.FORBIDDEN, NOT_EDITABLE, input=["input", "id"])
        await sessions.revoke(await connection.direct(), session, app_context.now())

    await _with_rights(viewers, caller, end)


async def _with_rights(
    viewers: Viewers, caller: Caller, action: Callable[[TenantConnection, Viewer], Awaitable[T]]
) -> T:
    """Run an action with the caller's rights, and repeat it once if the rights changed in between."""
    placement = caller.tenant.placement
    for changed_before in (False, True):
        viewer = await viewers.of(placement, caller.user, caller.session)
        try:
            async with viewers.write(placement, viewer, caller.session) as connection:
                tenant_connection = TenantConnection(connection, placement.schema)
                result = await action(tenant_connection, viewer)
                # A transaction that this one waited for may have revoked the right or the session.
                await viewers.reenter(tenant_connection, placement, viewer, caller.session)
                return result
        except EntryRejected as rejection:
            if rejection.reason is not RejectReason.STALE or changed_before:
                raise
    raise AssertionError("unreachable")  # pragma: no cover - the second time returns or raises


def _is_weak(password: str) -> bool:
    """Whether a password is too short, too long, or the demo password. There are no rules on its characters."""
    return not MIN_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH or is_demo(password)

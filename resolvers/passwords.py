"""Changes and resets passwords, and ends sessions: each ends what the old password had begun."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from auth.engine.passwords import LONGEST, is_demo
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

SHORTEST = 10
"""Characters of a new password."""
RESET_LIFETIME = timedelta(hours=24)

T = TypeVar("T")


@dataclass(frozen=True)
class Reset:
    """With this a user chooses a new password, once."""

    token: str = field(repr=False)
    expires_at: datetime


async def change(
    app_context: AppContext, caller: Caller, current: str, chosen: str
) -> UserErrorCode | None:
    """Take another password, and end the user's other sessions. Raises Refused(RATE_LIMITED)."""
    refuse_suspended(caller.tenant)
    attempt = await app_context.throttle.sign_in(
        caller.address, caller.tenant.slug, caller.user.hex
    )
    if caller.tenant.demo and is_demo(current):
        return UserErrorCode.DEMO_ONLY  # it is everybody's, so nobody takes it from the others
    if _is_weak(chosen):
        return UserErrorCode.WEAK_PASSWORD
    placement, entry = caller.tenant.placement, TransactionStart(session=caller.session)
    async with app_context.database.read(placement, entry) as connection:
        known = await credentials.credential_of(
            TenantConnection(connection, placement.schema), caller.user
        )
    if (
        not await app_context.passwords.verify(known.hash if known else None, current)
        or known is None
    ):
        return UserErrorCode.INVALID_CREDENTIALS
    await app_context.throttle.forgive(attempt)
    hash = await app_context.passwords.hash(chosen)
    async with app_context.database.write(placement, entry) as connection:
        if not await sessions.lock_credential(connection, known):
            return UserErrorCode.INVALID_CREDENTIALS  # somebody was quicker
        await sessions.set_hash(connection, caller.user, hash)
        await sessions.revoke_all(connection, caller.user, app_context.now(), but=caller.session)
    return None


async def issue_reset(app_context: AppContext, viewers: Viewers, caller: Caller, id: str) -> Reset:
    """A token for a user; an administrator with full access asks for it. Raises Refused(NOT_FOUND, FORBIDDEN)."""
    refuse_suspended(caller.tenant)
    user, number = parse_id(id, "usr") or NO_ID, app_context.new_id()
    until = app_context.now() + RESET_LIFETIME

    async def issue(connection: TenantConnection, viewer: Viewer) -> None:
        entity = MODEL.entities["User"]
        found = await locking.lock_visible(connection, viewer, entity, [user], Lock.UPDATE)
        if user not in found:
            raise Refused(Code.NOT_FOUND, NOT_FOUND, input=["input", "id"])
        if (
            not viewer.full
        ):  # with a new password the caller could sign in as a user who has more rights
            raise Refused(Code.FORBIDDEN, NOT_EDITABLE, input=["input", "id"])
        await credentials.set_reset(connection, user, number, until)

    await _as_viewer(viewers, caller, issue)
    return Reset(app_context.tokens.issue_reset(caller.tenant.id, user, number), until)


async def reset(
    app_context: AppContext, address: str, token: str, chosen: str
) -> UserErrorCode | None:
    """Choose a password with a reset token, which ends all sessions. Raises Refused(RATE_LIMITED)."""
    attempt = await app_context.throttle.refresh(address)
    known = app_context.tokens.verify_reset(token)
    tenant = await app_context.directory.by_id(known.tenant) if known else None
    if known is None or tenant is None or tenant.state == "closed":
        return UserErrorCode.INVALID_TOKEN
    refuse_suspended(tenant)
    if _is_weak(chosen):
        return UserErrorCode.WEAK_PASSWORD
    hash, now = await app_context.passwords.hash(chosen), app_context.now()
    async with app_context.database.write(tenant.placement, TransactionStart()) as connection:
        tagged = TenantConnection(connection, tenant.placement.schema)
        if not await credentials.use_reset(tagged, known.user, known.number, hash, now):
            return UserErrorCode.INVALID_TOKEN
        await sessions.revoke_all(connection, known.user, now)
    await app_context.throttle.forgive(attempt)
    return None


async def revoke(app_context: AppContext, viewers: Viewers, caller: Caller, id: str) -> None:
    """End a session that the caller sees: one of the caller's own; administrators end those of every user."""
    session = parse_id(id, "ses") or NO_ID
    if session == caller.session:  # which needs no right, and leaves none to be asked about
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

    await _as_viewer(viewers, caller, end)


async def _as_viewer(
    viewers: Viewers, caller: Caller, deed: Callable[[TenantConnection, Viewer], Awaitable[T]]
) -> T:
    """Do it under the caller's rights, and once more if they changed in between."""
    placement = caller.tenant.placement
    for changed_before in (False, True):
        viewer = await viewers.of(placement, caller.user, caller.session)
        try:
            async with viewers.write(placement, viewer, caller.session) as connection:
                tagged = TenantConnection(connection, placement.schema)
                done = await deed(tagged, viewer)
                # What was waited for may have taken the right away, or ended the session.
                await viewers.reenter(tagged, placement, viewer, caller.session)
                return done
        except EntryRejected as away:
            if away.reason is not RejectReason.STALE or changed_before:
                raise
    raise AssertionError("unreachable")  # pragma: no cover - the second time returns or raises


def _is_weak(password: str) -> bool:
    """Long passwords are good ones; no other rule makes people choose better."""
    return not SHORTEST <= len(password) <= LONGEST or is_demo(password)

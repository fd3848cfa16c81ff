"""What the operator of an installation does with a tenant's users: the same deeds as theirs, under nobody's name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import auth.api  # noqa: F401 - policies are remembered when they are imported
import resolvers.api  # noqa: F401 - and so is what the areas have to say
from auth.engine.viewer import Viewer
from auth.rights import load
from db import sessions
from db.administrators import administrators
from db.api import MODEL
from db.engine.transaction import (
    LOST,
    Collided,
    Database,
    Entry,
    Occupied,
    TookTooLong,
    TurnedAway,
)
from db.engine.write.connection import TenantConnection
from db.engine.write.unit_of_work import MOMENT, UnitOfWork
from resolvers.engine.deeds import Wish, do
from resolvers.engine.drafts import Draft
from resolvers.engine.outcomes import outcome
from tenancy.engine.provision import Tenant, TenantError

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[Any]

BUSY = "Somebody is changing the same in {slug} just now: try again in a moment."
AWAY = "The tenant {slug} cannot be entered now: it is being moved, or the database is away."
NO_ADMINISTRATOR = "Nobody in {slug} has full access, so nobody's rights can be used to do this."
NOBODY = "Nobody signs in to {slug} as {email}: `user list --tenant {slug}` tells who does."

THERE = "{email} signs in to {slug} already: `user password {email} --tenant {slug}` gives another password."


@dataclass(frozen=True)
class Desk:
    """Where the operator works: one tenant, at one moment."""

    database: Database
    tenant: Tenant
    now: datetime
    new_id: Callable[[], UUID]

    def say(self, sentence: str, **words: str) -> TenantError:
        """A sentence that names the tenant, to be raised."""
        return TenantError(sentence.format(slug=self.tenant.slug, **words))


async def create_user(
    desk: Desk, email: str, name: str | None, roles: Sequence[str], hash: str
) -> None:
    """Make an employee, unless there is one with this address, and his user. Raises TenantError."""
    async with _unit(desk) as unit:
        if await _signs_in(unit, email):
            raise desk.say(THERE, email=email)
        known = await unit.found(MODEL.entities["Role"], "name", roles)
        if strange := [each for each in roles if each not in known]:
            raise desk.say("There is no role {role!r} in {slug}.", role=strange[0])
        there = await unit.found(MODEL.entities["Employee"], "email", [email])
        employee = there.get(email) or await _done(
            unit, "Employee", "Create", name=name or email.partition("@")[0], email=email
        )
        given = [{"role": f"rol_{known[each].hex}"} for each in dict.fromkeys(roles)]
        user = await _done(unit, "User", "Create", employee=f"emp_{employee.hex}", roles=given)
        await sessions.set_hash(await unit.connection.direct(), user, hash)


async def set_active(desk: Desk, email: str, active: bool) -> None:
    """Let a user sign in, or not; then his sessions end. Raises TenantError."""
    async with _unit(desk) as unit:
        user = await _user(desk, unit, email)
        await _done(unit, "User", "Update", id=f"usr_{user.hex}", active=active)


async def set_password(desk: Desk, email: str, hash: str) -> None:
    """Another password, which ends all sessions and every reset that was handed out. Raises TenantError."""
    async with _unit(desk) as unit:
        user = await _user(desk, unit, email)
        connection = await unit.connection.direct()
        await sessions.set_hash(connection, user, hash)
        await sessions.revoke_all(connection, user, desk.now)


@asynccontextmanager
async def _unit(desk: Desk) -> AsyncIterator[UnitOfWork]:
    """One transaction with an administrator's rights, though in nobody's name; kept if the block ends well."""
    session = desk.new_id()
    async with entered(desk) as connection:
        viewer = await administrator(desk, connection)
        # Every write ends by asking whether the caller's session still stands; this one stands as long.
        await sessions.lend(connection, session, viewer.user, desk.now)
        async with unit_in(desk, connection, viewer, session) as unit:
            yield unit
    async with entered(desk) as connection:
        await sessions.take_back(connection, session)


@asynccontextmanager
async def entered(desk: Desk) -> AsyncIterator[Connection]:
    """A transaction that writes in the tenant. Raises TenantError where that cannot be."""
    try:
        async with desk.database.write(desk.tenant.placement, Entry()) as connection:
            yield connection
    except (Collided, Occupied, TookTooLong) as error:
        raise desk.say(BUSY) from error
    except TurnedAway as error:
        raise desk.say(AWAY) from error
    except LOST as error:
        raise desk.say(AWAY) from error


async def administrator(desk: Desk, connection: Connection) -> Viewer:
    """Somebody with full access, whose rights the operator works with."""
    tagged = TenantConnection(connection, desk.tenant.placement.schema)
    able = [user for user, active in (await administrators(tagged)).items() if active]
    viewer = await load(connection, MODEL, min(able)) if able else None
    if viewer is None:
        raise desk.say(NO_ADMINISTRATOR)
    return viewer


@asynccontextmanager
async def unit_in(
    desk: Desk, connection: Connection, viewer: Viewer, session: UUID
) -> AsyncIterator[UnitOfWork]:
    """The writes of a transaction, noted when the block ends well."""
    tagged = TenantConnection(connection, desk.tenant.placement.schema)
    unit = UnitOfWork(tagged, viewer, MODEL, None, viewer.version, session, desk.now, desk.new_id)
    yield unit
    if await unit.note():
        connection.note()  # type: ignore[attr-defined]  # ours, see transaction.py


async def _user(desk: Desk, unit: UnitOfWork, email: str) -> UUID:
    user = await _signs_in(unit, email)
    if user is None:
        raise desk.say(NOBODY, email=email)
    return user


async def _signs_in(unit: UnitOfWork, email: str) -> UUID | None:
    known = await sessions.find_credential(await unit.connection.direct(), sessions.fold(email))
    there = await unit.seen(MODEL.entities["User"], [known.user]) if known else ()
    return known.user if known and there else None


async def _done(unit: UnitOfWork, entity: str, verb: str, **given: Any) -> UUID:
    """Do one deed. Raises TenantError with everything that is wrong with it, which takes back the rest."""
    unit.now += MOMENT
    [draft] = await do(unit, _viewer(unit), _wish(entity, verb, given))
    if sentences := wrong(draft):
        raise TenantError(" ".join(sentences))
    id: UUID = draft.after["id"]
    return id


def _wish(entity: str, verb: str, given: Mapping[str, Any]) -> Wish:
    return Wish(MODEL.entities[entity], verb, ((("input",), given),))


def wrong(draft: Draft) -> list[str]:
    """What is wrong with what was to be done, in sentences."""
    came = outcome(draft)
    told = [each["message"] for each in (*came.told, *came.refused)]
    return list(dict.fromkeys(told))


def _viewer(unit: UnitOfWork) -> Any:
    return unit.guard

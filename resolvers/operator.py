"""What the operator of an installation does with a tenant's users: by the same commands as theirs, in no user's name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth.api import POLICIES
from auth.engine.viewer import Viewer
from auth.rights import load
from db import sessions
from db.administrators import administrators
from db.api import MODEL
from db.engine.base import Record, Standard
from db.engine.transaction import (
    LOST,
    Database,
    Driver,
    EntryRejected,
    LockTimeout,
    SerializationConflict,
    StatementTimeout,
    TransactionStart,
)
from db.engine.write.connection import TenantConnection
from db.engine.write.unit_of_work import MOMENT, UnitOfWork
from db.staff import Employee, Role, User
from resolvers.areas import REGISTRY
from resolvers.engine.changeset import AnyChangeset
from resolvers.engine.context import Context
from resolvers.engine.execute import CommandRequest, execute
from resolvers.engine.results import outcome
from tenancy.engine.provision import Tenant, TenantError

BUSY = "Another transaction in {slug} is changing the same records. Try again in a moment."
AWAY = "The tenant {slug} is not available: it is being moved, or the database cannot be reached."
NO_ADMINISTRATOR = (
    "No active user of {slug} has full access, and this command needs the rights of one."
)
NOBODY = "{slug} has no user {email}. `user list --tenant {slug}` lists the users."

THERE = "{slug} already has a user {email}. `user password {email} --tenant {slug}` resets the password."


@dataclass(frozen=True)
class OperatorSession:
    """Where the operator works: one tenant, at one moment."""

    database: Database
    tenant: Tenant
    now: datetime
    new_id: Callable[[], UUID]

    def say(self, sentence: str, **words: str) -> TenantError:
        """A sentence that names the tenant, to be raised."""
        return TenantError(sentence.format(slug=self.tenant.slug, **words))


async def create_user(
    operator: OperatorSession, email: str, name: str | None, roles: Sequence[str], hash: str
) -> None:
    """Make an employee, unless there is one with this address, and their user. Raises TenantError."""
    async with _context(operator) as ctx:
        if await _signs_in(ctx, email):
            raise operator.say(THERE, email=email)
        known = await ctx.unit.find_by_text(MODEL.of(Role), Role.name.key, roles)
        if strange := [each for each in roles if each not in known]:
            raise operator.say("There is no role {role!r} in {slug}.", role=strange[0])
        there = await ctx.unit.find_by_text(MODEL.of(Employee), Employee.email.key, [email])
        employee = there.get(email) or await _execute(
            ctx, Employee, Standard.CREATE, name=name or email.partition("@")[0], email=email
        )
        given = [{"role": f"rol_{known[each].hex}"} for each in dict.fromkeys(roles)]
        user = await _execute(
            ctx, User, Standard.CREATE, employee=f"emp_{employee.hex}", roles=given
        )
        await sessions.set_hash(await ctx.unit.connection.direct(), user, hash)


async def set_active(operator: OperatorSession, email: str, active: bool) -> None:
    """Let a user sign in, or not; then their sessions end. Raises TenantError."""
    async with _context(operator) as ctx:
        user = await _user(operator, ctx, email)
        await _execute(ctx, User, Standard.UPDATE, id=f"usr_{user.hex}", active=active)


async def set_password(operator: OperatorSession, email: str, hash: str) -> None:
    """Another password, which ends all sessions and every reset that was handed out. Raises TenantError."""
    async with _context(operator) as ctx:
        user = await _user(operator, ctx, email)
        connection = await ctx.unit.connection.direct()
        await sessions.set_hash(connection, user, hash)
        await sessions.revoke_all(connection, user, operator.now)


@asynccontextmanager
async def _context(operator: OperatorSession) -> AsyncIterator[Context]:
    """One transaction with an administrator's rights, though in no user's name; kept if the block ends well."""
    session = operator.new_id()
    async with entered(operator) as connection:
        viewer = await administrator(operator, connection)
        # Every write ends by asking whether the caller's session still stands; this one stands as long.
        await sessions.lend(connection, session, viewer.user, operator.now)
        async with context_in(operator, connection, viewer, session) as ctx:
            yield ctx
    async with entered(operator) as connection:
        await sessions.take_back(connection, session)


@asynccontextmanager
async def entered(operator: OperatorSession) -> AsyncIterator[Driver]:
    """A transaction that writes in the tenant. Raises TenantError where that cannot be."""
    try:
        async with operator.database.write(
            operator.tenant.placement, TransactionStart()
        ) as connection:
            yield connection
    except (SerializationConflict, LockTimeout, StatementTimeout) as error:
        raise operator.say(BUSY) from error
    except EntryRejected as error:
        raise operator.say(AWAY) from error
    except LOST as error:
        raise operator.say(AWAY) from error


async def administrator(operator: OperatorSession, connection: Driver) -> Viewer:
    """Somebody with full access, whose rights the operator works with."""
    tenant = TenantConnection(connection, operator.tenant.placement.schema)
    user = (await administrators(tenant)).decide(_first_active)
    viewer = await load(connection, MODEL, POLICIES, user) if user else None
    if viewer is None:
        raise operator.say(NO_ADMINISTRATOR)
    return viewer


def _first_active(users: Mapping[UUID, bool]) -> UUID | None:
    return min((user for user, active in users.items() if active), default=None)


@asynccontextmanager
async def context_in(
    operator: OperatorSession, connection: Driver, viewer: Viewer, session: UUID
) -> AsyncIterator[Context]:
    """The writes of a transaction, with their history written when the block ends well."""
    tenant = TenantConnection(connection, operator.tenant.placement.schema)
    unit = UnitOfWork(
        tenant, viewer, MODEL, None, viewer.version, session, operator.now, operator.new_id
    )
    yield Context(unit, viewer, REGISTRY.hooks)
    if await unit.write_history():
        connection.append_on_commit()  # type: ignore[attr-defined]  # ours, see transaction.py


async def _user(operator: OperatorSession, ctx: Context, email: str) -> UUID:
    user = await _signs_in(ctx, email)
    if user is None:
        raise operator.say(NOBODY, email=email)
    return user


async def _signs_in(ctx: Context, email: str) -> UUID | None:
    known = await sessions.find_credential(await ctx.unit.connection.direct(), sessions.fold(email))
    there = await ctx.unit.visible(MODEL.of(User), [known.user]) if known else ()
    return known.user if known and there else None


async def _execute(
    ctx: Context, record: type[Record], operation: Standard, **params: object
) -> UUID:
    """Carry out one command. Raises TenantError with everything that is wrong with it, which rolls back the rest."""
    ctx.unit.now += MOMENT
    command = REGISTRY.standard(record, operation)
    [item] = await execute(ctx, CommandRequest(command, ((("input",), params),)))
    if sentences := wrong(ctx, item):
        raise TenantError(" ".join(sentences))
    id: UUID = item.record.id
    return id


def wrong(ctx: Context, item: AnyChangeset) -> list[str]:
    """What is wrong with a changeset, in sentences."""
    result = outcome(ctx, item)
    messages = [each["message"] for each in (*result.errors, *result.refused)]
    return list(dict.fromkeys(messages))

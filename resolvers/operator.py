"""Operator actions on a tenant's users. They run the same commands as the API, and the history names no user."""

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
from db.engine.write.unit_of_work import CLOCK_TICK, UnitOfWork
from db.staff import Employee, Role, User
from resolvers.areas import REGISTRY
from resolvers.engine.changeset import AnyChangeset
from resolvers.engine.context import Context
from resolvers.engine.execute import CommandRequest, execute
from resolvers.engine.results import outcome
from tenancy.engine.provision import Tenant, TenantError

BUSY = "Another transaction in {slug} is changing the same records. Try again in a moment."
UNAVAILABLE = (
    "The tenant {slug} is not available: it is being moved, or the database cannot be reached."
)
NO_ADMINISTRATOR = (
    "No active user of {slug} has full access, and this command needs the rights of one."
)
UNKNOWN_USER = "{slug} has no user {email}. `user list --tenant {slug}` lists the users."

EXISTS = "{slug} already has a user {email}. `user password {email} --tenant {slug}` resets the password."


@dataclass(frozen=True)
class OperatorSession:
    """One action of the operator in a tenant, with its time."""

    database: Database
    tenant: Tenant
    now: datetime
    new_id: Callable[[], UUID]

    def error(self, message: str, **values: str) -> TenantError:
        """The error with a message that names the tenant."""
        return TenantError(message.format(slug=self.tenant.slug, **values))


async def create_user(
    operator: OperatorSession, email: str, name: str | None, roles: Sequence[str], hash: str
) -> None:
    """Create a user, with a new employee unless there is one with this email address. Raises TenantError."""
    async with _context(operator) as ctx:
        if await _find_user(ctx, email):
            raise operator.error(EXISTS, email=email)
        role_ids = await ctx.unit.find_by_text(MODEL.of(Role), Role.name.key, roles)
        if unknown_roles := [each for each in roles if each not in role_ids]:
            raise operator.error("There is no role {role!r} in {slug}.", role=unknown_roles[0])
        employees = await ctx.unit.find_by_text(MODEL.of(Employee), Employee.email.key, [email])
        employee = employees.get(email) or await _execute(
            ctx, Employee, Standard.CREATE, name=name or email.partition("@")[0], email=email
        )
        assignments = [{"role": f"rol_{role_ids[each].hex}"} for each in dict.fromkeys(roles)]
        user = await _execute(
            ctx, User, Standard.CREATE, employee=f"emp_{employee.hex}", roles=assignments
        )
        await sessions.set_hash(await ctx.unit.connection.direct(), user, hash)


async def set_active(operator: OperatorSession, email: str, active: bool) -> None:
    """Activate or deactivate a user; deactivating ends their sessions. Raises TenantError."""
    async with _context(operator) as ctx:
        user = await _require_user(operator, ctx, email)
        await _execute(ctx, User, Standard.UPDATE, id=f"usr_{user.hex}", active=active)


async def set_password(operator: OperatorSession, email: str, hash: str) -> None:
    """Set a user's password, which ends their sessions and invalidates reset tokens. Raises TenantError."""
    async with _context(operator) as ctx:
        user = await _require_user(operator, ctx, email)
        connection = await ctx.unit.connection.direct()
        await sessions.set_hash(connection, user, hash)
        await sessions.revoke_all(connection, user, operator.now)


@asynccontextmanager
async def _context(operator: OperatorSession) -> AsyncIterator[Context]:
    """A transaction with an administrator's rights and no user in the history; committed if the block succeeds."""
    session = operator.new_id()
    async with entered(operator) as connection:
        viewer = await administrator(operator, connection)
        # Every commit checks the caller's session, so the operator needs a temporary one.
        await sessions.create_temporary(connection, session, viewer.user, operator.now)
        async with context_in(operator, connection, viewer, session) as ctx:
            yield ctx
    async with entered(operator) as connection:
        await sessions.delete_temporary(connection, session)


@asynccontextmanager
async def entered(operator: OperatorSession) -> AsyncIterator[Driver]:
    """A write transaction in the tenant. Raises TenantError if the tenant is busy or not available."""
    try:
        async with operator.database.write(
            operator.tenant.placement, TransactionStart()
        ) as connection:
            yield connection
    except (SerializationConflict, LockTimeout, StatementTimeout) as error:
        raise operator.error(BUSY) from error
    except EntryRejected as error:
        raise operator.error(UNAVAILABLE) from error
    except LOST as error:
        raise operator.error(UNAVAILABLE) from error


async def administrator(operator: OperatorSession, connection: Driver) -> Viewer:
    """The rights of an active user with full access, which the operator uses. Raises TenantError without such a user."""
    tenant = TenantConnection(connection, operator.tenant.placement.schema)
    user = (await administrators(tenant)).decide(_first_active)
    viewer = await load(connection, MODEL, POLICIES, user) if user else None
    if viewer is None:
        raise operator.error(NO_ADMINISTRATOR)
    return viewer


def _first_active(users: Mapping[UUID, bool]) -> UUID | None:
    return min((user for user, active in users.items() if active), default=None)


@asynccontextmanager
async def context_in(
    operator: OperatorSession, connection: Driver, viewer: Viewer, session: UUID
) -> AsyncIterator[Context]:
    """The command context of a transaction; writes the history if the block succeeds."""
    tenant = TenantConnection(connection, operator.tenant.placement.schema)
    unit = UnitOfWork(
        tenant, viewer, MODEL, None, viewer.version, session, operator.now, operator.new_id
    )
    yield Context(unit, viewer, REGISTRY.hooks)
    if await unit.write_history():
        connection.append_on_commit()  # type: ignore[attr-defined]  # ours, see transaction.py


async def _require_user(operator: OperatorSession, ctx: Context, email: str) -> UUID:
    user = await _find_user(ctx, email)
    if user is None:
        raise operator.error(UNKNOWN_USER, email=email)
    return user


async def _find_user(ctx: Context, email: str) -> UUID | None:
    known = await sessions.find_credential(await ctx.unit.connection.direct(), sessions.fold(email))
    visible = await ctx.unit.visible(MODEL.of(User), [known.user]) if known else ()
    return known.user if known and visible else None


async def _execute(
    ctx: Context, record: type[Record], operation: Standard, **params: object
) -> UUID:
    """Execute one command. Raises TenantError with all errors, which rolls back the transaction."""
    ctx.unit.now += CLOCK_TICK
    command = REGISTRY.standard(record, operation)
    [item] = await execute(ctx, CommandRequest(command, ((("input",), params),)))
    if messages := error_messages(ctx, item):
        raise TenantError(" ".join(messages))
    id: UUID = item.record.id
    return id


def error_messages(ctx: Context, item: AnyChangeset) -> list[str]:
    """The distinct messages of a changeset's errors."""
    result = outcome(ctx, item)
    messages = [each["message"] for each in (*result.errors, *result.refused)]
    return list(dict.fromkeys(messages))

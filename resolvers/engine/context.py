"""Context of commands: the application's services, and the caller."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, cast
from uuid import UUID

from auth.engine.passwords import Passwords
from auth.engine.throttle import Throttle
from auth.engine.tokens import TokenIssuer
from auth.engine.viewer import Viewer
from db.engine.base import Record
from db.engine.gate import FieldAccess
from db.engine.row import AnyColumn
from db.engine.transaction import Database
from db.engine.write.trusted import TrustedReader
from db.engine.write.unit_of_work import UnitOfWork
from domain.codes import Code, Refused
from domain.message import ENGLISH, Language, Message
from tenancy.directory import Directory
from tenancy.engine.provision import Tenant

if TYPE_CHECKING:
    from resolvers.engine.hooks import Hooks

SUSPENDED = Message("The tenant is suspended. Records can be read but not changed.")


@dataclass(frozen=True)
class AppContext:
    """Services that commands use, created once in app.py."""

    database: Database
    directory: Directory
    tokens: TokenIssuer
    passwords: Passwords
    throttle: Throttle
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]
    monotonic: Callable[[], float] = time.monotonic
    """Seconds of a clock that is never set back, for measuring durations."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    on_commit: Callable[[UUID], None] = lambda tenant: None
    """Called with the tenant after every write, so that its live lists are read immediately."""


@dataclass(frozen=True)
class Caller:
    """The signed-in user from the verified access token, and the origin of the request."""

    tenant: Tenant
    user: UUID
    session: UUID
    address: str
    language: Language = ENGLISH
    """The language of messages."""


@dataclass(frozen=True)
class Context:
    """Arguments of command handlers and hooks: the unit of work, the caller's rights, and the hooks."""

    unit: UnitOfWork
    viewer: Viewer
    hooks: Hooks

    @property
    def trusted(self) -> TrustedReader:
        """Reads without the caller's rights; all results are hidden values."""
        return self.unit.trusted

    def may_read(self, column: AnyColumn) -> bool:
        """Whether the caller may read a column of visible records in every status."""
        entity = self.unit.model.of(cast("type[Record]", column.class_))
        return self.viewer.right(entity.name, entity.named[column.key].name) is FieldAccess.READABLE

    @property
    def now(self) -> datetime:
        """Time of the command, in UTC."""
        return self.unit.now

    @property
    def today(self) -> date:
        """Date of the command, in UTC."""
        return self.unit.now.date()


def refuse_suspended(tenant: Tenant) -> None:
    """Raise Refused if the tenant is suspended, which makes it read-only (D-18)."""
    if tenant.state == "suspended":
        raise Refused(Code.TENANT_SUSPENDED, SUSPENDED)

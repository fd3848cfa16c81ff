"""What deeds are given: the parts of the house, and who calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth.engine.passwords import Passwords
from auth.engine.throttle import Throttle
from auth.engine.tokens import TokenIssuer
from db.engine.transaction import Database
from domain.codes import Code, Refused
from tenancy.directory import Directory
from tenancy.engine.provision import Tenant

SUSPENDED = "Your organisation's account is suspended: records can be read, but not changed."


@dataclass(frozen=True)
class House:
    """The parts that deeds work with, put together once at app.py."""

    database: Database
    directory: Directory
    tokens: TokenIssuer
    passwords: Passwords
    throttle: Throttle
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]
    monotonic: Callable[[], float] = time.monotonic
    """Seconds, for what lasts; `now` may be set back."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    heard: Callable[[UUID], None] = lambda tenant: None
    """Called with a tenant in which something was written, so that those who listen are told at once."""


@dataclass(frozen=True)
class Caller:
    """Somebody signed in, as the verified access token says, and where the request came from."""

    tenant: Tenant
    user: UUID
    session: UUID
    address: str


def refuse_suspended(tenant: Tenant) -> None:
    """Raises Refused where a tenant may only be read (D-18)."""
    if tenant.state == "suspended":
        raise Refused(Code.TENANT_SUSPENDED, SUSPENDED)

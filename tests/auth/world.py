"""Test environment with real servers: two tenants, their users and the services that commands use."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from auth.engine.passwords import DEMO_PASSWORD, Passwords
from auth.engine.throttle import Throttle
from auth.engine.tokens import TokenIssuer
from db.engine.transaction import Database, EntryRejected, TransactionStart
from db.sessions import fold
from resolvers.engine.context import AppContext, Caller
from resolvers.sessions import Tokens
from tenancy.directory import Directory
from tenancy.engine.provision import Tenant

ADDRESS = "192.0.2.7"
PASSWORD = "correct horse battery staple"
SECRET = bytes(range(32))


class Counting(Passwords):
    """Passwords that count the argon2 verifications."""

    verified = 0

    def _matches(self, hash: str, text: bytes) -> bool:
        self.verified += 1
        return super()._matches(hash, text)


@dataclass
class World:
    """Two tenants in a separate database; `acme` is an ordinary tenant, `demo` a demo tenant."""

    admin: asyncpg.Connection[Any]
    database: Database
    redis_url: str
    passwords: Counting
    acme: Tenant
    demo: Tenant
    hashes: dict[str, str]
    slept: list[float] = field(default_factory=list)
    open: list[Throttle] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        """Record the duration instead of sleeping."""
        self.slept.append(seconds)

    def throttle(
        self, url: str | None = None, clock: Callable[[], float] | None = None
    ) -> Throttle:
        """A throttle with separate counters; a random secret makes its keys unique."""
        throttle = Throttle(url or self.redis_url, secrets.token_bytes(32), clock or time.monotonic)
        self.open.append(throttle)
        return throttle

    def app_context(
        self,
        *,
        throttle: Throttle | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> AppContext:
        return AppContext(
            database=self.database,
            directory=Directory(self.database.pool, time.monotonic),
            tokens=TokenIssuer(SECRET),
            passwords=self.passwords,
            throttle=throttle or self.throttle(),
            now=now,
            new_id=uuid4,
            monotonic=monotonic,
            sleep=sleep or self.sleep,
        )

    async def run(self, tenant: Tenant, sql: str, *values: object) -> list[asyncpg.Record]:
        """Execute SQL as the database administrator, in the tenant's schema."""
        await self.admin.execute(f"SET search_path = {tenant.placement.schema}")
        try:
            return await self.admin.fetch(sql, *values)
        finally:
            await self.admin.execute("SET search_path = ''")

    async def user(
        self, tenant: Tenant, *, password: str = PASSWORD, active: bool = True
    ) -> tuple[UUID, str]:
        """Create a user with a credential; return the email address to sign in with."""
        employee, user = uuid4(), uuid4()
        email = f"{user.hex[:12]}@Example.com"
        if password not in self.hashes:
            self.hashes[password] = await self.passwords.hash(
                password, demo=password == DEMO_PASSWORD
            )
        await self.run(
            tenant,
            "INSERT INTO employee (id, name, email) VALUES ($1, 'Ada', $2)",
            employee,
            email,
        )
        await self.run(
            tenant,
            'INSERT INTO "user" (id, employee_id, active) VALUES ($1, $2, $3)',
            user,
            employee,
            active,
        )
        await self.run(
            tenant,
            "INSERT INTO credential (user_id, email, password) VALUES ($1, $2, $3)",
            user,
            fold(email),
            self.hashes[password],
        )
        return user, email

    async def enters(self, app_context: AppContext, tokens: Tokens) -> bool:
        """Whether the session of these tokens is accepted in a request."""
        access = app_context.tokens.verify_access(tokens.access, app_context.now())
        tenant = await app_context.directory.by_id(access.tenant)
        assert tenant is not None
        try:
            async with self.database.read(
                tenant.placement, TransactionStart(session=access.session)
            ):
                return True
        except EntryRejected:
            return False

    async def caller(self, app_context: AppContext, tokens: Tokens) -> Caller:
        access = app_context.tokens.verify_access(tokens.access, app_context.now())
        tenant = await app_context.directory.by_id(access.tenant)
        assert tenant is not None
        return Caller(tenant, access.user, access.session, ADDRESS)

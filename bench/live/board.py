"""Prepares the data of the benchmark: an account with opportunities, and users who may read all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from auth.engine.tokens import TokenIssuer
from bench.tenant import SECRET, Filled
from settings import Settings, secret

ACCOUNT = "Account of the live board"
NOTE = "They called back twice, and want to see the desks."

# ruff: noqa: S608 - the SQL texts contain only constant names


@dataclass(frozen=True)
class Board:
    """The opportunities of the live list, and the sessions of its subscribers."""

    records: Sequence[UUID]
    sessions: Sequence[tuple[UUID, UUID]]
    """User and session ids. All users are administrators, so that all receive the same events."""
    tenant: UUID

    def tokens(self) -> list[str]:
        """An authorization header for each user, valid for 15 minutes."""
        settings = Settings(secret=SecretStr(SECRET.decode()))
        issuer, now = TokenIssuer(secret(settings)), datetime.now(UTC)
        return [
            f"Bearer {issuer.issue_access(self.tenant, user, session, now)}"
            for user, session in self.sessions
        ]


async def _list(admin: asyncpg.Connection[Any], schema: str, count: int) -> Sequence[UUID]:
    """The first `count` opportunities of the account; missing ones are created."""
    account = await admin.fetchval(f"SELECT id FROM {schema}.account WHERE name = $1", ACCOUNT)
    if account is None:
        account = uuid7()
        await admin.execute(
            f"INSERT INTO {schema}.account (id, name, number, owner_id) "
            f"SELECT $1, $2, 'WALL', id FROM {schema}.employee ORDER BY id LIMIT 1",
            *(account, ACCOUNT),
        )
    listed = f"SELECT id FROM {schema}.opportunity WHERE account_id = $1 ORDER BY id"
    missing = count - len(await admin.fetch(listed, account))
    await admin.execute(
        f"""
        INSERT INTO {schema}.opportunity (id, name, account_id, owner_id, type_id, stage_id, status,
            probability, currency, amount, expected_close_on, note)
        SELECT uuidv7(), 'Chairs and desks ' || n, a.id, a.owner_id, p.type_id, p.stage_id, 'OPEN',
            p.probability, 'EUR', 100 * n + 0.50, DATE '2026-09-30', $3
        FROM generate_series(1, $2::bigint) n, {schema}.account a, (
            SELECT * FROM {schema}.pipeline_stage WHERE position = 1 ORDER BY id LIMIT 1
        ) p WHERE a.id = $1
        """,
        *(account, missing, NOTE),
    )
    return [row["id"] for row in (await admin.fetch(listed, account))[:count]]


async def _user(admin: asyncpg.Connection[Any], schema: str, name: str) -> UUID:
    """Create a user with the roles of the administrator."""
    employee, user = uuid7(), uuid7()
    await admin.execute(
        f"INSERT INTO {schema}.employee (id, name, email) VALUES ($1, $2, $2 || '@bench.example')",
        *(employee, name),
    )
    await admin.execute(
        f'INSERT INTO {schema}."user" (id, employee_id) VALUES ($1, $2)', user, employee
    )
    await admin.execute(
        f"""
        INSERT INTO {schema}.role_assignment (id, user_id, role_id)
        SELECT uuidv7(), $1, r.role_id FROM {schema}.role_assignment r
        JOIN {schema}.credential c ON c.user_id = r.user_id
        WHERE c.email LIKE 'admin@%' AND r.deleted_at IS NULL
        """,
        user,
    )
    return user


async def _sessions(
    admin: asyncpg.Connection[Any], schema: str, count: int
) -> list[tuple[UUID, UUID]]:
    """The users of the benchmark, each with a new session."""
    sessions = []
    until = datetime.now(UTC) + timedelta(days=1)
    for number in range(count):
        name, session = f"subscriber{number}", uuid7()
        user = await admin.fetchval(
            f'SELECT u.id FROM {schema}."user" u JOIN {schema}.employee e ON e.id = u.employee_id '
            "WHERE e.name = $1",
            name,
        )
        user = user or await _user(admin, schema, name)
        await admin.execute(
            f"INSERT INTO {schema}.session (id, user_id, generation, created_at, expires_at) "
            "VALUES ($1, $2, 1, now(), $3)",
            *(session, user, until),
        )
        sessions.append((user, session))
    return sessions


async def board(admin: asyncpg.Connection[Any], filled: Filled, records: int, users: int) -> Board:
    """Prepare the data; existing records and users are reused."""
    tenant, schema = filled.tenant, filled.tenant.placement.schema
    async with admin.transaction():
        listed = await _list(admin, schema, records)
        sessions = await _sessions(admin, schema, users)
        # These rows bypass the change log, so the server must be made to reload permissions.
        await admin.execute(f"UPDATE {schema}.log_head SET access = access + 1")
    await admin.execute(f"VACUUM (ANALYZE) {schema}.opportunity")
    return Board(listed, sessions, tenant.id)

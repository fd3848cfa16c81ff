"""The tenants of the write benchmark: a large one and fifty small ones, with the ids that writes refer to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from auth.engine.passwords import Passwords
from bench.tenant import DEMO, SLUG, Filled, Report
from tenancy.engine.provision import Tenant, create, tenants
from tenancy.starter import insert_initial_rows

SMALL = 50
PASSWORD = "for the benchmark only"  # noqa: S105 - of temporary tenants
ACCOUNTS = 20
RECORDS = 400
"""Maximum number of opportunities per tenant that are updated."""

# ruff: noqa: S608 - nothing of a user's is in any of these texts


@dataclass(frozen=True)
class WriteTarget:
    """A tenant with the user who writes."""

    tenant: Tenant
    password: str
    user: UUID
    employee: UUID
    type: UUID
    accounts: Sequence[UUID]
    records: Sequence[UUID]
    """Open opportunities, which only the benchmark updates."""

    @property
    def email(self) -> str:
        """E-mail address of the user."""
        return f"admin@{self.tenant.slug}.example"

    @property
    def schema(self) -> str:
        """Schema of the tenant."""
        return self.tenant.placement.schema


async def _small(admin: asyncpg.Connection[Any], slug: str, hashed: str) -> Tenant:
    """Create a tenant with a few accounts and opportunities."""
    made = await create(admin, slug, slug)
    await insert_initial_rows(admin, made, f"admin@{slug}.example", hashed, uuid7)
    schema = made.placement.schema
    await admin.execute(
        f"INSERT INTO {schema}.account (id, name, number, owner_id) "
        f"SELECT uuidv7(), 'Account ' || n, 'A-' || n, e.id "
        f"FROM generate_series(1, {ACCOUNTS}) n, {schema}.employee e"
    )
    await admin.execute(
        f"""
        INSERT INTO {schema}.opportunity (id, name, account_id, owner_id, type_id, stage_id, status,
            probability, currency, amount)
        SELECT uuidv7(), 'Opportunity ' || n, a.id, a.owner_id, p.type_id, p.stage_id, 'OPEN',
            p.probability, 'EUR', 100 * n
        FROM generate_series(1, 40) n, (SELECT * FROM {schema}.account ORDER BY id LIMIT 1) a,
            {schema}.pipeline_stage p
        WHERE p.position = 1
        """
    )
    return made


async def _place(admin: asyncpg.Connection[Any], tenant: Tenant, password: str) -> WriteTarget:
    schema = tenant.placement.schema
    (who,) = await admin.fetch(
        f'SELECT u.id, u.employee_id FROM {schema}.credential c JOIN {schema}."user" u '
        "ON u.id = c.user_id WHERE c.email = $1",
        f"admin@{tenant.slug}.example",
    )
    kind = await admin.fetchval(f"SELECT type_id FROM {schema}.pipeline_stage ORDER BY id LIMIT 1")
    accounts = await admin.fetch(
        f"SELECT id FROM {schema}.account WHERE deleted_at IS NULL ORDER BY id LIMIT {ACCOUNTS}"
    )
    records = await admin.fetch(
        f"SELECT id FROM {schema}.opportunity WHERE deleted_at IS NULL AND status = 'OPEN' "
        f"AND amount IS NOT NULL AND currency = 'EUR' ORDER BY created_at, id LIMIT {RECORDS}"
    )
    ids = [[row["id"] for row in rows] for rows in (accounts, records)]
    return WriteTarget(tenant, password, who["id"], who["employee_id"], kind, *ids)


async def targets(
    admin: asyncpg.Connection[Any], filled: Filled, report: Report
) -> list[WriteTarget]:
    """The large tenant, then the small ones; existing ones are reused."""
    known = {tenant.slug: tenant for tenant, _ in await tenants(admin)}
    wanted = [f"bench-{number:02}" for number in range(SMALL)]
    if missing := [slug for slug in wanted if slug not in known]:
        report(f"creating {len(missing)} small tenants ...")
        passwords = Passwords()
        try:
            hashed = await passwords.hash(PASSWORD)
        finally:
            passwords.close()
        for slug in missing:
            async with admin.transaction():
                known[slug] = await _small(admin, slug, hashed)
    await admin.execute("ANALYZE")
    large = await _place(admin, known[SLUG], DEMO)
    assert large.schema == filled.tenant.placement.schema  # noqa: S101
    return [large, *[await _place(admin, known[slug], PASSWORD) for slug in wanted]]

"""Puts the demonstration into the database: all of a tenant's rows in one transaction, or none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import asyncpg

from db.api import METADATA
from tenancy.demo.accounts import accounts
from tenancy.demo.rows import Rows
from tenancy.demo.sales import sales
from tenancy.demo.setup import setup
from tenancy.demo.staff import staff
from tenancy.engine.provision import Tenant, create

TENANTS = {"acme": "Acme Desk & Paper", "globex": "Globex Workspaces"}
LOCK = 4243


def rows(slug: str, now: date, password_hash: str) -> Rows:
    """Every row of a tenant, by table. The same arguments give the same rows."""
    return {
        **setup(slug, now),
        **staff(slug, now, password_hash),
        **accounts(slug, now),
        **sales(slug, now),
    }


async def seed(
    admin: asyncpg.Connection[Any], tenant: Tenant, *, password_hash: str, now: date
) -> None:
    """Fill a tenant that was provisioned and has no rows yet."""
    schema, made = tenant.placement.schema, rows(tenant.slug, now, password_hash)
    async with admin.transaction():
        for table in METADATA.sorted_tables:  # what is pointed at comes first
            if not (records := made.get(table.name)):
                continue
            columns = list(records[0])
            await admin.copy_records_to_table(
                table.name,
                schema_name=schema,
                columns=columns,
                records=[tuple(record[column] for column in columns) for record in records],
            )
            await admin.execute(f'ANALYZE {schema}."{table.name}"')


async def ensure_demo(
    admin: asyncpg.Connection[Any],
    *,
    password_hash: str,
    now: date | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Make the demonstration's tenants where they do not exist; those that do are left alone.

    Safe to run again, and by several processes at once. Without `now`, the database's day counts.
    """
    for slug, name in TENANTS.items():
        async with admin.transaction():
            await admin.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            if await admin.fetchval("SELECT true FROM catalog.tenant WHERE slug = $1", slug):
                continue
            tell(f"filling the demonstration's tenant {slug} ...")
            today = now or await admin.fetchval("SELECT current_date")
            tenant = await create(admin, slug, name, demo=True)
            await seed(admin, tenant, password_hash=password_hash, now=today)

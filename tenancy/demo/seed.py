"""Inserts the demonstration data, each tenant in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from sqlalchemy import Table

from db.api import METADATA
from db.engine.transaction import Driver
from tenancy.demo.accounts import accounts
from tenancy.demo.activities import activities
from tenancy.demo.around import around
from tenancy.demo.cases import cases
from tenancy.demo.contracts import contracts
from tenancy.demo.labels import labels
from tenancy.demo.lists import lists
from tenancy.demo.persons import people
from tenancy.demo.products import products
from tenancy.demo.quotes import quotes
from tenancy.demo.rows import Row, Rows
from tenancy.demo.sales import sales
from tenancy.demo.setup import setup
from tenancy.demo.staff import staff
from tenancy.engine.provision import Tenant, create

TENANTS = {"acme": "Acme Desk & Paper", "globex": "Globex Workspaces"}
LOCK = 4243
WITH_TENANT = ("feature", "preferences")
"""Tables that the migrations of a new tenant fill."""


def rows(slug: str, now: date, password_hash: str) -> Rows:
    """All rows of a tenant, by table. Deterministic: equal arguments give equal rows."""
    made: dict[str, Sequence[Row]] = {
        **setup(slug, now),
        **lists(slug, now),
        **products(slug, now),
        **staff(slug, now, password_hash),
        **accounts(slug, now),
        **sales(slug, now),
    }
    for area in (people, around, quotes, contracts, cases, activities, labels):
        made |= area(slug, now, made)
    return made


async def seed(admin: Driver, tenant: Tenant, *, password_hash: str, now: date) -> None:
    """Insert the rows of a newly created tenant."""
    schema, made = tenant.placement.schema, rows(tenant.slug, now, password_hash)
    async with admin.transaction():
        for name in WITH_TENANT:  # replaced by the demonstration's rows
            await admin.execute(f"DELETE FROM {schema}.{name}")  # noqa: S608 - constant names
        filled = [(each, made[each.name]) for each in METADATA.sorted_tables if made.get(each.name)]
        for table, records in filled:  # referenced tables come first
            deferred = {key.parent.name for key in table.foreign_keys if key.use_alter}
            columns = [column for column in records[0] if column not in deferred]
            await admin.copy_records_to_table(
                table.name,
                schema_name=schema,
                columns=columns,
                records=[tuple(record[column] for column in columns) for record in records],
            )
        for table, records in filled:
            await _fill_deferred(admin, schema, table, records)
            await admin.execute(f'ANALYZE {schema}."{table.name}"')


async def _fill_deferred(admin: Driver, schema: str, table: Table, records: Sequence[Row]) -> None:
    """Set the foreign keys that refer to rows of later tables."""
    for key in table.foreign_keys:
        column = key.parent.name
        if key.use_alter and column in records[0]:
            values = [(row["id"], row[column]) for row in records if row[column]]
            await admin.executemany(
                f'UPDATE {schema}."{table.name}" SET {column} = $2 WHERE id = $1',  # noqa: S608 - constant names
                values,
            )


async def ensure_demo(
    admin: Driver,
    *,
    password_hash: str,
    now: date | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> None:
    """Create the demonstration tenants that do not exist.

    Idempotent, and safe for concurrent processes. `now` defaults to the current date of the database.
    """
    for slug, name in TENANTS.items():
        async with admin.transaction():
            await admin.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            if await admin.fetchval("SELECT true FROM catalog.tenant WHERE slug = $1", slug):
                continue
            report(f"Creating the demo tenant {slug} ...")
            today = now or await admin.fetchval("SELECT current_date")
            tenant = await create(admin, slug, name, demo=True)
            await seed(admin, tenant, password_hash=password_hash, now=today)

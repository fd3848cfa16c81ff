"""An application whose tenant has 10,000 more opportunities, in a separate database with fixed statistics."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bench.data import fill
from cli.servers.embedded import Servers
from tests.support.place import temporary_database
from tests.support.world import World, world_on

OPPORTUNITIES = 10_000
AUTOVACUUM_OFF = """
DO $$ DECLARE each regclass; BEGIN
  FOR each IN SELECT oid FROM pg_class WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r'
  LOOP EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', each); END LOOP;
END $$
"""

FEW = """
UPDATE {schema}.opportunity SET owner_id = (SELECT id FROM {schema}.employee WHERE email LIKE 'manager@%')
WHERE owner_id = (SELECT id FROM {schema}.employee WHERE email LIKE 'limited@%') AND id::text NOT LIKE '%0'
"""
"""Give most opportunities of `limited` to the manager, so that one seller has few."""

HISTORY = """
INSERT INTO {schema}.history (id, record_id, key, kind, entity, field, before, after, record_version, at, user_id)
SELECT overlay(md5(o.id::text || n)::uuid::text placing '7' from 15 for 1)::uuid, o.id, 'Opportunity.' || coalesce(field, ''),
    CASE WHEN field IS NULL THEN 'CREATED' ELSE 'UPDATED' END, 'Opportunity', field, n::text, (n + 1)::text, n,
    o.created_at + n * interval '1 hour', (SELECT min(id::text)::uuid FROM {schema}.user)
FROM {schema}.opportunity o,
    (VALUES (1, NULL), (2, 'name'), (3, 'commission'), (4, 'margin')) AS each (n, field)
"""
"""Add four history entries per opportunity, one of a field with a status rule."""

ADDRESSES = """
INSERT INTO {schema}.address (id, account_id, street, city)
SELECT overlay(md5(a.id::text || n)::uuid::text placing '7' from 15 for 1)::uuid, a.id, 'Street ' || n, a.city
FROM {schema}.account a, generate_series(1, 2) AS n
"""
"""Add two addresses per account."""


@pytest.fixture(scope="session")
async def large(servers: Servers, demo_template: str) -> AsyncIterator[World]:
    """Application with a filled tenant `acme`.

    Plans are deterministic: autovacuum is off, so that statistics do not change, and ANALYZE
    samples 30,000 rows, which is more than a table has. VACUUM marks the pages as all-visible,
    as they are some time after a write.
    """
    async with (
        temporary_database(servers, "plans", template=demo_template) as place,
        world_on(place) as world,
    ):
        await world.admin.execute(AUTOVACUUM_OFF.format(schema=world.schema()))
        await fill(world.admin, world.tenants["acme"], OPPORTUNITIES)
        await world.admin.execute(FEW.format(schema=world.schema()))
        await world.admin.execute(HISTORY.format(schema=world.schema()))
        await world.admin.execute(ADDRESSES.format(schema=world.schema()))
        await world.admin.execute("VACUUM ANALYZE")
        yield world

"""A house whose tenant holds 10,000 opportunities more, in a database of its own and with statistics that stand still."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from bench.data import fill
from db.engine.local.embedded import Servers
from tests.support.world import World, world_on

OPPORTUNITIES = 10_000
STILL = """
DO $$ DECLARE each regclass; BEGIN
  FOR each IN SELECT oid FROM pg_class WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r'
  LOOP EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', each); END LOOP;
END $$
"""

FEW = """
UPDATE {schema}.opportunity SET owner_id = (SELECT id FROM {schema}.employee WHERE email LIKE 'manager@%')
WHERE owner_id = (SELECT id FROM {schema}.employee WHERE email LIKE 'limited@%') AND id::text NOT LIKE '%0'
"""
"""The fill deals out evenly; one seller shall have few, as those who are new have."""


@pytest.fixture(scope="session")
async def large(servers: Servers) -> AsyncIterator[World]:
    """The house; its tenant acme is filled.

    Nothing of a plan is left to chance: autovacuum is off, so that statistics change by nobody's
    hand, and ANALYZE samples 30,000 rows, which are all there are. VACUUM marks the pages as
    visible, as they are wherever nobody has just written.
    """
    first = await asyncpg.connect(servers.database_url)
    await first.execute("CREATE DATABASE plans")
    await first.close()
    url = servers.database_url.replace("@/relata?", "@/plans?")
    assert url != servers.database_url
    async with world_on(replace(servers, database_url=url)) as world:
        await world.admin.execute(STILL.format(schema=world.schema()))
        await fill(world.admin, world.tenants["acme"], OPPORTUNITIES)
        await world.admin.execute(FEW.format(schema=world.schema()))
        await world.admin.execute("VACUUM ANALYZE")
        yield world

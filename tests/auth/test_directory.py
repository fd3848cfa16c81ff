"""The tenant directory: lookup by slug and id with the application's login, and its bounded cache."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from tenancy.directory import CACHE_SECONDS, MAX_CACHED_UNKNOWN, UNKNOWN_CACHE_SECONDS, Directory
from tests.auth.world import World


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.covers("D-71")
async def test_a_tenant_is_found_by_name_and_by_id(world: World) -> None:
    directory = Directory(world.database.pool, Clock())
    assert await directory.by_slug("acme") == world.acme
    assert await directory.by_id(world.demo.id) == world.demo
    for slug in ("unknown", "", "ACME", "acme\n", "a\x00b", "'; --", "x" * 10_000):
        assert await directory.by_slug(slug) is None
    assert await directory.by_id(uuid4()) is None
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await world.database.pool.fetch("SELECT * FROM catalog.tenant")


async def test_cached_tenant_expires_after_half_a_minute_or_when_forgotten(world: World) -> None:
    clock = Clock()
    directory = Directory(world.database.pool, clock)
    await directory.by_slug("acme")
    await world.admin.execute("UPDATE catalog.tenant SET name = 'New' WHERE slug = 'acme'")
    try:
        for lookup in (directory.by_slug("acme"), directory.by_id(world.acme.id)):
            tenant = await lookup
            assert tenant is not None
            assert tenant.name == "Acme"
        directory.forget(world.acme.id)
        for lookup in (directory.by_slug("acme"), directory.by_id(world.acme.id)):
            tenant = await lookup
            assert tenant is not None
            assert tenant.name == "New"
    finally:
        await world.admin.execute("UPDATE catalog.tenant SET name = 'Acme' WHERE slug = 'acme'")
    clock.now += CACHE_SECONDS
    assert await directory.by_slug("acme") == world.acme


async def test_miss_is_cached_briefly_and_evicts_no_tenant(world: World) -> None:
    clock = Clock()
    directory = Directory(world.database.pool, clock)
    await directory.by_slug("acme")
    for index in range(MAX_CACHED_UNKNOWN + 5):
        await directory.by_slug(f"unknown-{index}")
    assert len(directory._unknown) == MAX_CACHED_UNKNOWN
    assert set(directory._found) == {"acme", world.acme.id}
    await directory.by_slug("later")
    await world.admin.execute("UPDATE catalog.tenant SET slug = 'later' WHERE slug = 'acme'")
    try:
        assert await directory.by_slug("later") is None
        clock.now += UNKNOWN_CACHE_SECONDS
        assert await directory.by_slug("later") is not None
    finally:
        await world.admin.execute("UPDATE catalog.tenant SET slug = 'acme' WHERE slug = 'later'")

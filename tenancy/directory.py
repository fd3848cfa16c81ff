"""Looks up tenants by slug or id in the catalog, and caches them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from cachetools import TTLCache

from db.engine.transaction import Pool
from tenancy.engine.provision import SLUG, Tenant, tenant

FIND = "SELECT * FROM platform.tenant($1, $2)"
FIND_SECONDS = 5.0
KEPT_SECONDS = 30.0
"""Maximum delay, in seconds, until a suspension, a resumption or a new name takes effect. A move takes effect at once."""
MISSED_SECONDS = 2.0
FOUND_AT_MOST = 20_000
MISSED_AT_MOST = 1_000


class Directory:
    """Access to the catalog with the application's login, which can read single tenants but not list them."""

    def __init__(self, pool: Pool, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self._pool = pool
        # Separate, so that requests for unknown names cannot evict existing tenants.
        self._found: TTLCache[str | UUID, Tenant] = TTLCache(FOUND_AT_MOST, KEPT_SECONDS, clock)
        self._missed: TTLCache[str | UUID, None] = TTLCache(MISSED_AT_MOST, MISSED_SECONDS, clock)

    async def by_slug(self, slug: str) -> Tenant | None:
        """The tenant with this slug, or None. Raises the driver's error if the catalog is unavailable."""
        if not SLUG.match(slug):
            return None
        return await self._find(slug, slug, None)

    async def by_id(self, id: UUID) -> Tenant | None:
        """The tenant with this id, or None. Raises the driver's error if the catalog is unavailable."""
        return await self._find(id, None, id)

    def forget(self, id: UUID) -> None:
        """Remove a tenant from the cache, because it has moved."""
        for key in list(self._found):
            known = self._found.get(key)
            if known is not None and known.id == id:
                self._found.pop(key, None)

    async def _find(self, key: str | UUID, slug: str | None, id: UUID | None) -> Tenant | None:
        known = self._found.get(key)
        if known is not None or key in self._missed:
            return known
        row = await self._pool.fetchrow(FIND, slug, id, timeout=FIND_SECONDS)
        if row is None:
            self._missed[key] = None
            return None
        found = tenant(row)
        for name in (found.slug, found.id):
            self._found[name] = found
        return found

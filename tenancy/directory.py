"""Looks up tenants by slug or id in the catalog, and caches them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from cachetools import TTLCache

from db.engine.transaction import Pool
from tenancy.engine.provision import SLUG, Tenant, tenant_of

FIND_TENANT = "SELECT * FROM platform.tenant($1, $2)"
FIND_TIMEOUT_SECONDS = 5.0
CACHE_SECONDS = 30.0
"""Maximum delay, in seconds, until a suspension, a resumption or a new name takes effect. A move takes effect at once."""
UNKNOWN_CACHE_SECONDS = 2.0
MAX_CACHED_TENANTS = 20_000
MAX_CACHED_UNKNOWN = 1_000


class Directory:
    """Access to the catalog with the application's login, which can read single tenants but not list them."""

    def __init__(self, pool: Pool, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self._pool = pool
        # Separate, so that requests for unknown names cannot evict existing tenants.
        self._found: TTLCache[str | UUID, Tenant] = TTLCache(
            MAX_CACHED_TENANTS, CACHE_SECONDS, clock
        )
        self._unknown: TTLCache[str | UUID, None] = TTLCache(
            MAX_CACHED_UNKNOWN, UNKNOWN_CACHE_SECONDS, clock
        )

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
            tenant = self._found.get(key)
            if tenant is not None and tenant.id == id:
                self._found.pop(key, None)

    async def _find(self, key: str | UUID, slug: str | None, id: UUID | None) -> Tenant | None:
        cached = self._found.get(key)
        if cached is not None or key in self._unknown:
            return cached
        row = await self._pool.fetchrow(FIND_TENANT, slug, id, timeout=FIND_TIMEOUT_SECONDS)
        if row is None:
            self._unknown[key] = None
            return None
        tenant = tenant_of(row)
        for name in (tenant.slug, tenant.id):
            self._found[name] = tenant
        return tenant

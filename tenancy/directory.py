"""Finds a tenant by its name or id in the catalog, and remembers it for a while."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from cachetools import TTLCache

from db.engine.transaction import Pool
from tenancy.engine.provision import SLUG, Tenant, tenant

FIND = "SELECT * FROM platform.tenant($1, $2)"
FIND_SECONDS = 5.0
KEPT_SECONDS = 30.0
"""How late a suspension, a closing or a new name may be noticed; a move is noticed at once."""
MISSED_SECONDS = 2.0
FOUND_AT_MOST = 20_000
MISSED_AT_MOST = 1_000


class Directory:
    """The catalog as the application's login may see it: one tenant at a time, never a list."""

    def __init__(self, pool: Pool, clock: Callable[[], float]) -> None:
        """`clock` tells seconds and never goes back, as time.monotonic does."""
        self._pool = pool
        # Apart, so that asking for names that do not exist cannot push out tenants that do.
        self._found: TTLCache[str | UUID, Tenant] = TTLCache(FOUND_AT_MOST, KEPT_SECONDS, clock)
        self._missed: TTLCache[str | UUID, None] = TTLCache(MISSED_AT_MOST, MISSED_SECONDS, clock)

    async def by_slug(self, slug: str) -> Tenant | None:
        """The tenant with this name. Raises what the driver does if the catalog is out of reach."""
        if not SLUG.match(slug):
            return None
        return await self._find(slug, slug, None)

    async def by_id(self, id: UUID) -> Tenant | None:
        """The tenant with this id. Raises what the driver does if the catalog is out of reach."""
        return await self._find(id, None, id)

    def forget(self, id: UUID) -> None:
        """Ask the catalog anew next time: the tenant turned out to have moved."""
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

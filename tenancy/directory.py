"""Finds a tenant by its name or id in the catalog, and remembers it for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tenancy.engine.provision import SLUG, Tenant, tenant

if TYPE_CHECKING:
    import asyncpg

FIND = "SELECT * FROM platform.tenant($1, $2)"
FIND_SECONDS = 5.0
KEPT_SECONDS = 30.0
"""How late a suspension, a closing or a new name may be noticed; a move is noticed at once."""
MISSED_SECONDS = 2.0
FOUND_AT_MOST = 20_000
MISSED_AT_MOST = 1_000


class Directory:
    """The catalog as the application's login may see it: one tenant at a time, never a list."""

    def __init__(self, pool: asyncpg.Pool[Any], clock: Callable[[], float]) -> None:
        """`clock` tells seconds and never goes back, as time.monotonic does."""
        self._pool = pool
        self._clock = clock
        # Apart, so that asking for names that do not exist cannot push out tenants that do.
        self._found: dict[str | UUID, tuple[float, Tenant]] = {}
        self._missed: dict[str | UUID, float] = {}

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
        stale = [key for key, (_, known) in self._found.items() if known.id == id]
        for key in stale:
            del self._found[key]

    async def _find(self, key: str | UUID, slug: str | None, id: UUID | None) -> Tenant | None:
        now = self._clock()
        until, known = self._found.get(key, (0.0, None))
        if known is not None and now < until:
            return known
        if now < self._missed.get(key, 0.0):
            return None
        row = await self._pool.fetchrow(FIND, slug, id, timeout=FIND_SECONDS)
        if row is None:
            self._found.pop(key, None)
            _keep(self._missed, key, now + MISSED_SECONDS, MISSED_AT_MOST)
            return None
        found = tenant(row)
        for name in (found.slug, found.id):
            _keep(self._found, name, (now + KEPT_SECONDS, found), FOUND_AT_MOST)
        return found


def _keep(kept: dict[str | UUID, Any], key: str | UUID, value: object, bound: int) -> None:
    """Put last; what was put first goes when there is no room."""
    kept.pop(key, None)
    while len(kept) >= bound:
        del kept[next(iter(kept))]
    kept[key] = value

"""A connection whose statements begin with their tenant, so that each tenant has plans of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import asyncpg

    from db.engine.transaction import Connection


class Tagged:
    """The connection of a transaction under way in one tenant's schema."""

    def __init__(self, connection: asyncpg.Connection[Any], schema: str) -> None:
        self.raw = connection
        self._tag = f"/*{schema}*/ "

    async def mark(self) -> None:
        """Remember how things stand."""
        await cast("Connection", self.raw).mark()

    async def take_back(self) -> None:
        """Take back what was done since the last mark."""
        await cast("Connection", self.raw).take_back()

    async def fetch(self, text: str, *values: object) -> Sequence[asyncpg.Record]:
        """The rows of a statement."""
        rows: Sequence[asyncpg.Record] = await self.raw.fetch(self._tag + text, *values)
        return rows

"""A connection whose statements begin with their tenant, and whose last write waits, to be sent along with the note of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import asyncpg

from db.engine.transaction import Driver, turned_away

if TYPE_CHECKING:
    from db.engine.transaction import CleanConnection, Placement, TransactionStart

ENTER = "SELECT enter($1, $2, $3)"


class TenantConnection:
    """The connection of a transaction under way in one tenant's schema.

    The tag gives each tenant plans of its own. What is written `later` goes before whatever is asked next,
    so nothing can tell that it waited, but for the message that is spared.
    """

    def __init__(self, connection: Driver, schema: str) -> None:
        self._connection = connection
        self._tag = f"/*{schema}*/ "
        self._waiting: tuple[str, str] | None = None

    async def direct(self) -> Driver:
        """The connection itself, with everything written."""
        await self._send()
        return self._connection

    async def enter_again(self, placement: Placement, entry: TransactionStart) -> None:
        """Enter once more, as things are now. Raises TurnedAway."""
        try:
            await self.fetch(ENTER, placement.version, entry.access, entry.session)
        except asyncpg.PostgresError as error:
            raise turned_away(error) from error

    async def mark(self) -> None:
        """Remember how things stand."""
        await cast("CleanConnection", await self.direct()).mark()

    async def take_back(self) -> None:
        """Take back what was done since the last mark."""
        await cast("CleanConnection", await self.direct()).take_back()

    async def fetch(self, text: str, *values: object) -> Sequence[asyncpg.Record]:
        """The rows of a statement."""
        await self._send()
        rows: Sequence[asyncpg.Record] = await self._connection.fetch(self._tag + text, *values)
        return rows

    async def later(self, text: str, value: str) -> None:
        """Write with a statement of one parameter, at the latest before anything else is asked."""
        await self._send()
        self._waiting = (text, value)

    async def last(self, text: str, *values: str) -> None:
        """A statement together with what waits, whose one parameter then comes after its own."""
        if self._waiting is None:
            await self.fetch(text, *values)
            return
        (write, images), self._waiting = self._waiting, None
        write = write.replace("$1", f"${len(values) + 1}")
        await self._connection.fetch(
            f"{self._tag}WITH written AS ({write}) {text}", *values, images
        )

    async def _send(self) -> None:
        if self._waiting is not None:
            (write, images), self._waiting = self._waiting, None
            await self._connection.fetch(self._tag + write, images)

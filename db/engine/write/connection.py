"""A tenant's connection: tags statements with the schema, and defers the last write to send it with the history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import asyncpg

from db.engine.transaction import Driver, entry_error

if TYPE_CHECKING:
    from db.engine.transaction import CleanConnection, Placement, TransactionStart

ENTER = "SELECT enter($1, $2, $3)"


class TenantConnection:
    """The connection of a running transaction in one tenant's schema.

    The tag makes cached plans specific to the tenant. A deferred write is sent before the next statement,
    so its only effect is one message less.
    """

    def __init__(self, connection: Driver, schema: str) -> None:
        self._connection = connection
        self._tag = f"/*{schema}*/ "
        self._deferred: tuple[str, str] | None = None

    async def direct(self) -> Driver:
        """The driver connection, after sending the deferred write."""
        await self._send()
        return self._connection

    async def reenter(self, placement: Placement, entry: TransactionStart) -> None:
        """Repeat the checks of the transaction's start against the current state. Raises EntryRejected."""
        try:
            await self.fetch(ENTER, placement.version, entry.access, entry.session)
        except asyncpg.PostgresError as error:
            raise entry_error(error) from error

    async def savepoint(self) -> None:
        """Set a savepoint."""
        await cast("CleanConnection", await self.direct()).savepoint()

    async def roll_back(self) -> None:
        """Roll back to the last savepoint."""
        await cast("CleanConnection", await self.direct()).roll_back()

    async def fetch(self, text: str, *values: object) -> Sequence[asyncpg.Record]:
        """The rows of a statement."""
        await self._send()
        rows: Sequence[asyncpg.Record] = await self._connection.fetch(self._tag + text, *values)
        return rows

    async def defer(self, text: str, value: str) -> None:
        """Defer a write with one parameter until the next statement."""
        await self._send()
        self._deferred = (text, value)

    async def fetch_with_deferred(self, text: str, *values: str) -> None:
        """Run a statement and the deferred write as one; the write's parameter follows the statement's own."""
        if self._deferred is None:
            await self.fetch(text, *values)
            return
        (write, value), self._deferred = self._deferred, None
        write = write.replace("$1", f"${len(values) + 1}")
        await self._connection.fetch(f"{self._tag}WITH written AS ({write}) {text}", *values, value)

    async def _send(self) -> None:
        if self._deferred is not None:
            (write, value), self._deferred = self._deferred, None
            await self._connection.fetch(self._tag + write, value)

"""The smallest server there can be around the hand-written SQL: no GraphQL, no rights, no checks.

Started as a program of its own, with what it needs in the environment.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from bench.limit.served import Served
from bench.limit.statements import STATEMENTS, arguments

CONNECTIONS = 20

if TYPE_CHECKING:
    from asyncpg.prepared_stmt import PreparedStatement

    Prepared = dict[str, PreparedStatement[Any]]


class Limit(Served):
    """Answers `POST /Q1` with the parameters as JSON."""

    def __init__(self, schema: str, seller: UUID, tenant: bool) -> None:
        self._schema = schema
        self._seller: tuple[Any, ...] = ([seller], [], seller)
        # In a transaction of the tenant's, as ours is, or as bare as can be.
        self._begin = (
            f"BEGIN READ ONLY;SET LOCAL ROLE {schema};SET LOCAL search_path = {schema}, pg_temp;"
            "SET LOCAL statement_timeout = 5000"
            if tenant
            else ""
        )
        self._free: asyncio.LifoQueue[tuple[asyncpg.Connection[Any], Prepared]] = (
            asyncio.LifoQueue()
        )

    async def open(self, url: str) -> None:
        """Connect as often as may be asked at once."""
        settings = {"TimeZone": "UTC", "DateStyle": "ISO, YMD", "jit": "off"}
        for _ in range(CONNECTIONS):
            connection = await asyncpg.connect(url, server_settings=settings)
            if not self._begin:
                path = f"SET ROLE {self._schema};SET search_path = {self._schema}, pg_temp"
                await connection.execute(path)
            self._free.put_nowait((connection, {}))

    async def answer(self, path: str, given: Any) -> bytes:
        name = path[1:]
        bound = arguments(name, given, self._seller)
        connection, prepared = await self._free.get()
        try:
            if self._begin:
                await connection.execute(self._begin)
            statement = prepared.get(name)
            if statement is None:
                statement = await connection.prepare(
                    f"SELECT convert_to(({STATEMENTS[name]}), 'UTF8')"
                )
                prepared[name] = statement
            found: bytes = await statement.fetchval(*bound)
            if self._begin:
                await connection.execute("COMMIT")
            return found
        finally:
            if connection.is_in_transaction():
                await connection.execute("ROLLBACK")
            self._free.put_nowait((connection, prepared))


async def main() -> None:
    """Serve until a signal ends it."""
    given = os.environ
    seller = UUID(given["BENCH_SELLER"])
    served = Limit(given["BENCH_SCHEMA"], seller, given["BENCH_VARIANT"] == "limit")
    await served.open(given["BENCH_DATABASE_URL"])
    await served.serve(int(given["PORT"]))


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())

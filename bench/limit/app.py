"""A minimal HTTP server for the hand-written reads: no GraphQL, no permissions, no checks.

A separate program, which is configured by environment variables.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from bench.limit.json_server import JsonServer
from bench.limit.statements import STATEMENTS, arguments

CONNECTIONS = 20

if TYPE_CHECKING:
    from asyncpg.prepared_stmt import PreparedStatement

    Prepared = dict[str, PreparedStatement[Any]]


class Limit(JsonServer):
    """Responds to `POST /Q1` with parameters as JSON."""

    def __init__(self, schema: str, seller: UUID, tenant: bool) -> None:
        self._schema = schema
        self._seller: tuple[Any, ...] = ([seller], [], seller)
        # A transaction of the tenant like Relata's, or none.
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
        """Open the connections of the pool."""
        settings = {"TimeZone": "UTC", "DateStyle": "ISO, YMD", "jit": "off"}
        for _ in range(CONNECTIONS):
            connection = await asyncpg.connect(url, server_settings=settings)
            if not self._begin:
                path = f"SET ROLE {self._schema};SET search_path = {self._schema}, pg_temp"
                await connection.execute(path)
            self._free.put_nowait((connection, {}))

    async def answer(self, path: str, params: Any) -> bytes:
        name = path[1:]
        bound = arguments(name, params, self._seller)
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
    """Serve until a signal arrives."""
    environment = os.environ
    seller = UUID(environment["BENCH_SELLER"])
    json_server = Limit(
        environment["BENCH_SCHEMA"], seller, environment["BENCH_VARIANT"] == "limit"
    )
    await json_server.open(environment["BENCH_DATABASE_URL"])
    await json_server.serve(int(environment["PORT"]))


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())

"""A minimal HTTP server for the hand-written writes: no GraphQL, no permissions, no checks.

A separate program, which is configured by environment variables.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import orjson
from uuid_utils.compat import uuid7

from bench.limit.json_server import JsonServer
from bench.limit.write_statements import LOCK, arguments, statement
from db.engine.transaction import IDLE_MS, LOCK_MS, STATEMENT_MS

CONNECTIONS = 20

if TYPE_CHECKING:
    from asyncpg.prepared_stmt import PreparedStatement

    Prepared = dict[tuple[int, str], PreparedStatement[Any]]


class TenantEntry:
    """A tenant, with the statements that begin its transactions, which equal Relata's."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.schema: str = entry["schema"]
        self.user, self.employee = UUID(entry["user"]), UUID(entry["employee"])
        self.begin = (
            f"BEGIN READ WRITE;SET LOCAL ROLE {self.schema};"
            f"SET LOCAL search_path = {self.schema}, pg_temp;"
            f"SET LOCAL statement_timeout = {STATEMENT_MS};SET LOCAL lock_timeout = {LOCK_MS};"
            f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_MS};"
            f"SELECT enter({entry['placement']}, {entry['access']}, '{entry['session']}')"
        )


class Writer(JsonServer):
    """Responds to `POST /<number of the tenant>/<kind>` with values as JSON."""

    def __init__(self, tenants: Sequence[TenantEntry]) -> None:
        self._tenants = tenants
        self._free: asyncio.LifoQueue[tuple[asyncpg.Connection[Any], Prepared]] = (
            asyncio.LifoQueue()
        )

    async def open(self, url: str) -> None:
        """Open the connections of the pool."""
        settings = {"TimeZone": "UTC", "DateStyle": "ISO, YMD", "jit": "off"}
        for _ in range(CONNECTIONS):
            connection = await asyncpg.connect(url, server_settings=settings)
            self._free.put_nowait((connection, {}))

    async def answer(self, path: str, params: Any) -> bytes:
        _, number, kind = path.split("/")
        tenant = self._tenants[int(number)]
        if kind == "batch":
            params = orjson.dumps(params).decode()
        id = uuid7()
        bound = arguments(kind, params, tenant.user, tenant.employee, id)
        connection, prepared = await self._free.get()
        try:
            await connection.execute(tenant.begin)
            known = await self._prepared(connection, prepared, (int(number), kind))
            found: bytes | None = await known.fetchval(*bound)
            if found is None:
                raise LookupError(kind)
            if kind == "batch":  # the statement includes the change log
                await connection.execute("COMMIT")
            else:
                log = await self._prepared(connection, prepared, (int(number), kind + "d"))
                record = UUID(params["id"]) if kind == "update" else id
                ids = f"'{tenant.user}','{uuid7()}','{record}'"
                await connection.execute(f"{LOCK};EXECUTE {log.get_name()}({ids});COMMIT")
            return found
        finally:
            if connection.is_in_transaction():
                await connection.execute("ROLLBACK")
            self._free.put_nowait((connection, prepared))

    async def _prepared(
        self, connection: asyncpg.Connection[Any], prepared: Prepared, key: tuple[int, str]
    ) -> PreparedStatement[Any]:
        number, kind = key
        if (known := prepared.get(key)) is None:
            known = await connection.prepare(statement(kind, self._tenants[number].schema))
            prepared[key] = known
        return known


async def main() -> None:
    """Serve until a signal arrives."""
    json_server = Writer([TenantEntry(entry) for entry in orjson.loads(os.environ["BENCH_PLACES"])])
    await json_server.open(os.environ["BENCH_DATABASE_URL"])
    await json_server.serve(int(os.environ["PORT"]))


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())

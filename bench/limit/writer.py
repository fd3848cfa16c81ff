"""The smallest server there can be around hand-written writes: no GraphQL, no rights, no checks.

Started as a program of its own, with what it needs in the environment.
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

from bench.limit.deeds import LOCK, arguments, statement
from bench.limit.served import Served
from db.engine.transaction import IDLE_MS, LOCK_MS, STATEMENT_MS

CONNECTIONS = 20

if TYPE_CHECKING:
    from asyncpg.prepared_stmt import PreparedStatement

    Prepared = dict[tuple[int, str], PreparedStatement[Any]]


class Entered:
    """A tenant, and how its transactions begin: in the same words as ours."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.schema: str = told["schema"]
        self.user, self.employee = UUID(told["user"]), UUID(told["employee"])
        self.begin = (
            f"BEGIN READ WRITE;SET LOCAL ROLE {self.schema};"
            f"SET LOCAL search_path = {self.schema}, pg_temp;"
            f"SET LOCAL statement_timeout = {STATEMENT_MS};SET LOCAL lock_timeout = {LOCK_MS};"
            f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_MS};"
            f"SELECT enter({told['placement']}, {told['access']}, '{told['session']}')"
        )


class Writer(Served):
    """Answers `POST /<number of the tenant>/<kind>` with the values as JSON."""

    def __init__(self, tenants: Sequence[Entered]) -> None:
        self._tenants = tenants
        self._free: asyncio.LifoQueue[tuple[asyncpg.Connection[Any], Prepared]] = (
            asyncio.LifoQueue()
        )

    async def open(self, url: str) -> None:
        """Connect as often as may be asked at once."""
        settings = {"TimeZone": "UTC", "DateStyle": "ISO, YMD", "jit": "off"}
        for _ in range(CONNECTIONS):
            connection = await asyncpg.connect(url, server_settings=settings)
            self._free.put_nowait((connection, {}))

    async def answer(self, path: str, given: Any) -> bytes:
        _, number, kind = path.split("/")
        tenant = self._tenants[int(number)]
        if kind == "batch":
            given = orjson.dumps(given).decode()
        id = uuid7()
        bound = arguments(kind, given, tenant.user, tenant.employee, id)
        connection, prepared = await self._free.get()
        try:
            await connection.execute(tenant.begin)
            known = await self._prepared(connection, prepared, (int(number), kind))
            found: bytes | None = await known.fetchval(*bound)
            if found is None:
                raise LookupError(kind)
            if kind == "batch":  # it has put down everything
                await connection.execute("COMMIT")
            else:
                log = await self._prepared(connection, prepared, (int(number), kind + "d"))
                record = UUID(given["id"]) if kind == "update" else id
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
    """Serve until a signal ends it."""
    served = Writer([Entered(told) for told in orjson.loads(os.environ["BENCH_PLACES"])])
    await served.open(os.environ["BENCH_DATABASE_URL"])
    await served.serve(int(os.environ["PORT"]))


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())

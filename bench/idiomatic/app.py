"""Serves the schema with Strawberry's ASGI application; a separate program."""

from __future__ import annotations

import asyncio
import os
from typing import Any
from uuid import UUID

import uvicorn
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from starlette.requests import Request
from starlette.responses import Response
from strawberry.asgi import GraphQL

from bench.idiomatic.context import Context, Viewer
from bench.idiomatic.models import Employee
from bench.idiomatic.query import SCHEMA

CONNECTIONS = 20


class Api(GraphQL[Context, None]):
    """Determines the viewer from a header, where a real service would verify a token."""

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], tenant: str, seller: Viewer
    ) -> None:
        super().__init__(SCHEMA, graphql_ide=None)
        self._sessions, self._tenant, self._seller = sessions, tenant, seller

    async def get_context(self, request: Any, response: Any) -> Context:
        """A new context for each request."""
        assert isinstance(request, Request)  # noqa: S101 - and no websocket
        assert isinstance(response, Response)  # noqa: S101
        viewer = self._seller if request.headers.get("x-viewer") == "seller" else Viewer()
        return Context(viewer, self._tenant, self._sessions)


async def _seller(sessions: async_sessionmaker[AsyncSession], tenant: str, id: UUID) -> Viewer:
    """The seller's viewer, loaded once per process, which favors this contender."""
    below = select(Employee.id).where(Employee.id == id).cte(recursive=True)
    below = below.union(select(Employee.id).join(below, Employee.manager_id == below.c.id))
    async with sessions() as session:
        settings = "SELECT set_config('role', :t, true), set_config('search_path', :t, true)"
        await session.execute(text(settings), {"t": tenant})
        return Viewer(id, list(await session.scalars(select(below.c.id))))


async def main() -> None:
    """Serve until a signal arrives."""
    params = os.environ
    engine = create_async_engine(
        params["BENCH_DATABASE_URL"], pool_size=CONNECTIONS, max_overflow=0
    )
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    tenant = params["BENCH_SCHEMA"]
    seller = await _seller(sessions, tenant, UUID(params["BENCH_SELLER"]))
    config = uvicorn.Config(
        Api(sessions, tenant, seller),
        port=int(params["PORT"]),
        http="httptools",
        lifespan="off",
        log_level="warning",
        server_header=False,
    )
    await uvicorn.Server(config).serve()
    await engine.dispose()


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())

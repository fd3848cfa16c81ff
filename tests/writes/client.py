"""Shared test helpers: a separate tenant, short command calls, operator locks and a second server process."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import httpx2

from app import SignalFreeServer, application, uvicorn_config
from db.api import MODEL
from tenancy.demo import seed
from tenancy.engine.provision import create
from tests.support.world import TODAY, Answer, World, endpoint_on

DONE = "DONE"
ACTION_SUFFIX = re.compile(r"(SetItems|[A-Z][a-z]+)$")
WAITING = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
WAITS_FOR_PID = (
    "SELECT true FROM pg_locks WHERE NOT granted AND $1 = ANY(pg_blocking_pids(pid)) LIMIT 1"
)


def mutation_input_type(command: str) -> str:
    """Name of a command's input type, without `Input`."""
    name = command[0].upper() + command[1:]
    if not command.endswith(("Delete", "Restore")):
        return name
    entity = MODEL.entities[ACTION_SUFFIX.sub("", name)]
    return "Replace" if command.endswith("Delete") and entity.is_replaceable else "Record"


ERRORS = "userErrors { code path }"


def mutation_text(command: str, many: bool = False) -> str:
    """GraphQL document of one command, aliased `done`."""
    kind = mutation_input_type(command)
    if many:
        selection = f"results {{ id {ERRORS} }} {ERRORS}"
        return f"mutation($inputs: [{kind}Input!]!) {{ done: {command}Many(inputs: $inputs) {{ {selection} }} }}"
    selection = f"id {ACTION_SUFFIX.sub('', command)} {{ id version }} {ERRORS}"
    return f"mutation($input: {kind}Input!) {{ done: {command}(input: $input) {{ {selection} }} }}"


def outcome_of(answer: Answer) -> str:
    """DONE, or the first error code of the response."""
    if answer.codes:
        return answer.codes[0]
    errors = answer.json["data"]["done"]["userErrors"]
    return str(errors[0]["code"]) if errors else DONE


def version(answer: Answer) -> int:
    """Version of the record in a command's payload."""
    done = answer.data["done"]
    [record] = [value for value in done.values() if isinstance(value, dict)]
    return int(record["version"])


def public_id(prefix: str, id: UUID) -> str:
    """Public form of an id."""
    return f"{prefix}_{id.hex}"


def uuid_of(id: str) -> UUID:
    """UUID of a public id."""
    return UUID(id.partition("_")[2])


@dataclass
class TenantClient:
    """A client of a separate tenant, which only one test module changes, through one application process."""

    world: World
    slug: str
    names: Iterable[int] = field(default_factory=itertools.count)

    @property
    def schema(self) -> str:
        """Postgres schema of the tenant."""
        return self.world.schema(self.slug)

    def new_name(self) -> str:
        """A unique name."""
        return f"{self.slug} {next(iter(self.names))}"

    async def ask(self, persona: str, query: str, variables: Any = None, **headers: str) -> Answer:
        """Response to a GraphQL request of a persona."""
        return await self.world.ask(persona, query, variables, tenant=self.slug, **headers)

    async def attempt(
        self, persona: str, command: str, key: str | None = None, **params: Any
    ) -> Answer:
        """Run one command as a persona."""
        headers = {} if key is None else {"idempotency_key": key}
        return await self.ask(persona, mutation_text(command), {"input": params}, **headers)

    async def mutate(self, persona: str, command: str, **params: Any) -> str:
        """Run one command as a persona, assert success and return the public id of the record."""
        answer = await self.attempt(persona, command, **params)
        assert outcome_of(answer) == DONE, answer.json
        return str(answer.data["done"]["id"])

    async def attempt_many(
        self, persona: str, command: str, inputs: list[dict[str, Any]]
    ) -> Answer:
        """Run a bulk command."""
        return await self.ask(persona, mutation_text(command, many=True), {"inputs": inputs})

    async def fetch(self, text: str, *values: object) -> list[asyncpg.Record]:
        """Rows that a statement run as the operator returns."""
        async with self.operator() as connection:
            return await connection.fetch(text, *values)

    async def value(self, text: str, *values: object) -> Any:
        """One value that a statement run as the operator returns."""
        async with self.operator() as connection:
            return await connection.fetchval(text, *values)

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        """A direct database connection with the tenant's schema as search path."""
        connection = await asyncpg.connect(
            self.world.servers.database_url, server_settings={"search_path": self.schema}
        )
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def row_locked(self, table: str, id: str) -> AsyncIterator[asyncpg.Connection[Any]]:
        """An operator's transaction that locks a row until the block ends, then commits."""
        async with self.operator() as connection, connection.transaction():
            await connection.fetch(
                f'SELECT FROM "{table}" WHERE id = $1 FOR UPDATE',
                uuid_of(id),
            )
            yield connection

    async def log(self) -> tuple[int, int]:
        """Last log position and number of history rows."""
        [head] = await self.fetch("SELECT position, (SELECT count(*) FROM history) FROM log_head")
        return head[0], head[1]

    async def row(self, table: str, id: str) -> dict[str, Any]:
        """A table row by public id."""
        text = f'SELECT * FROM "{table}" WHERE id = $1'  # noqa: S608 - a constant table name
        [row] = await self.fetch(text, uuid_of(id))
        return dict(row)

    async def employee_id(self, handle: str) -> UUID:
        """Employee id of a persona."""
        id = await self.value("SELECT id FROM employee WHERE email LIKE $1 || '@%'", handle)
        assert isinstance(id, UUID)
        return id

    async def user_id(self, handle: str) -> UUID:
        """User id of a persona."""
        id = await self.value(
            'SELECT id FROM "user" WHERE employee_id = $1', await self.employee_id(handle)
        )
        assert isinstance(id, UUID)
        return id

    async def drop_token(self, persona: str) -> None:
        """Discard the persona's session token; the next request signs in again."""
        self.world.tokens.pop((persona, self.slug), None)

    async def opportunity(self, persona: str, **params: Any) -> str:
        """Create an opportunity on a new account, both owned by the persona; returns the API id."""
        if "account" not in params:
            params["account"] = await self.mutate("admin", "accountCreate", name=self.new_name())
        if "type" not in params:
            params["type"] = public_id("opt", await self.type_id("New business"))
        owner = public_id("emp", await self.employee_id(persona))
        params = {"name": self.new_name(), "currency": "EUR", "owner": owner, **params}
        return await self.mutate("admin", "opportunityCreate", **params)

    async def type_id(self, name: str) -> UUID:
        """Id of an opportunity type by name."""
        id = await self.value("SELECT id FROM opportunity_type WHERE name = $1", name)
        assert isinstance(id, UUID)
        return id


@asynccontextmanager
async def own_tenant(world: World, slug: str) -> AsyncIterator[TenantClient]:
    """A tenant filled with demo rows; it is dropped when the block ends."""
    credential = f"SELECT password FROM {world.schema()}.credential LIMIT 1"  # noqa: S608 - a generated schema name
    tenant = await create(world.admin, slug, slug, demo=True)
    hashed = await world.admin.fetchval(credential)
    await seed(world.admin, tenant, password_hash=hashed, now=TODAY)
    world.tenants[slug] = tenant
    try:
        yield TenantClient(world, slug)
    finally:
        del world.tenants[slug]
        for key in [key for key in world.tokens if key[1] == slug]:
            del world.tokens[key]
        schema = tenant.placement.schema
        await world.admin.execute(
            f"DROP SCHEMA {schema} CASCADE; DROP ROLE {schema};"  # noqa: S608 - a generated schema name
            f"DELETE FROM catalog.tenant WHERE id = '{tenant.id}'"
        )


@asynccontextmanager
async def in_second_instance(tenant: TenantClient) -> AsyncIterator[TenantClient]:
    """A client of the same tenant through a second application instance with empty caches."""
    world = tenant.world
    async with endpoint_on(world.servers) as endpoint:
        app = application(endpoint)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://relata.example"
        ) as client:
            second = World(
                app, endpoint, world.admin, world.tenants, client, world.servers, world.tokens
            )
            yield TenantClient(second, tenant.slug, tenant.names)


@asynccontextmanager
async def without_commits(tenant: TenantClient) -> AsyncIterator[asyncpg.Connection[Any]]:
    """Hold the commit lock of the tenant: writes run up to their commit and wait until the block ends."""
    async with tenant.operator() as connection, connection.transaction():
        await connection.execute(
            "SELECT pg_advisory_xact_lock('log_head'::regclass::oid::integer, 1)"
        )
        yield connection


@asynccontextmanager
async def serve(tenant: TenantClient) -> AsyncIterator[int]:
    """Serve the application on a loopback socket; yields the port and shuts down gracefully."""
    service = SignalFreeServer(uvicorn_config(tenant.world.app, "127.0.0.1", 0))
    serving = asyncio.create_task(service.serve())
    while not service.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.01)
    try:
        yield service.servers[0].sockets[0].getsockname()[1]
    finally:
        service.should_exit = True
        await serving


async def until_second_waits(operator: asyncpg.Connection[Any], second: asyncio.Task[Any]) -> None:
    """Return when two sessions wait for locks, or the second task has ended."""
    while await operator.fetchval(WAITING) < 2 and not second.done():  # noqa: ASYNC110 - Postgres has no event
        await asyncio.sleep(0.005)


async def until_waits(operator: asyncpg.Connection[Any], task: asyncio.Task[Any]) -> None:
    """Return when a session waits for a lock that the operator holds."""
    own_pid = operator.get_server_pid()
    while not await operator.fetchval(WAITS_FOR_PID, own_pid):
        assert not task.done(), task.result()
        await asyncio.sleep(0.005)


def request(query: str, variables: Any, token: str, **headers: str) -> bytes:
    """The bytes of an HTTP request, for tests that write to a socket."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    all_headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    lines = [f"{k.replace('_', '-')}: {v}" for k, v in (all_headers | headers).items()]
    head = [
        "POST /graphql HTTP/1.1",
        "host: relata.example",
        f"content-length: {len(body)}",
        *lines,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body

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

from app import Service, application, configured
from db.api import MODEL
from tenancy.demo import seed
from tenancy.engine.provision import create
from tests.support.world import TODAY, Answer, World, endpoint_on

DONE = "DONE"
VERB = re.compile(r"(SetItems|[A-Z][a-z]+)$")
WAITING = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
WAITS = "SELECT true FROM pg_locks WHERE NOT granted AND $1 = ANY(pg_blocking_pids(pid)) LIMIT 1"


def mutation_input_type(deed: str) -> str:
    """Name of a command's input type, without `Input`."""
    name = deed[0].upper() + deed[1:]
    if not deed.endswith(("Delete", "Restore")):
        return name
    entity = MODEL.entities[VERB.sub("", name)]
    return "Replace" if deed.endswith("Delete") and entity.is_replaceable else "Record"


def mutation_text(deed: str, many: bool = False) -> str:
    """GraphQL document of one command, aliased `done`."""
    kind = mutation_input_type(deed)
    if many:
        told = "results { id userErrors { code path } } userErrors { code path }"
        return f"mutation($inputs: [{kind}Input!]!) {{ done: {deed}Many(inputs: $inputs) {{ {told} }} }}"
    told = f"id {VERB.sub('', deed)} {{ id version }} userErrors {{ code path }}"
    return f"mutation($input: {kind}Input!) {{ done: {deed}(input: $input) {{ {told} }} }}"


def outcome_of(answer: Answer) -> str:
    """DONE, or the code of what went wrong first."""
    if answer.codes:
        return answer.codes[0]
    wrong = answer.json["data"]["done"]["userErrors"]
    return str(wrong[0]["code"]) if wrong else DONE


def version(answer: Answer) -> int:
    """Version of the record in a command's payload."""
    done = answer.data["done"]
    [record] = [value for value in done.values() if isinstance(value, dict)]
    return int(record["version"])


def public_id(prefix: str, id: UUID) -> str:
    """An id as the API spells it."""
    return f"{prefix}_{id.hex}"


def uuid_of(id: str) -> UUID:
    """An id as it is kept."""
    return UUID(id.partition("_")[2])


@dataclass
class TenantClient:
    """A tenant that only one module's tests write in, asked through one process of the house."""

    world: World
    slug: str
    names: Iterable[int] = field(default_factory=itertools.count)

    @property
    def schema(self) -> str:
        """Its Postgres schema, for statements of an operator."""
        return self.world.schema(self.slug)

    def name(self) -> str:
        """A name that nothing else has."""
        return f"{self.slug} {next(iter(self.names))}"

    async def ask(self, persona: str, query: str, variables: Any = None, **headers: str) -> Answer:
        """What a persona is answered."""
        return await self.world.ask(persona, query, variables, tenant=self.slug, **headers)

    async def do(self, persona: str, deed: str, key: str | None = None, **given: Any) -> Answer:
        """Run one command as a persona."""
        headers = {} if key is None else {"idempotency_key": key}
        return await self.ask(persona, mutation_text(deed), {"input": given}, **headers)

    async def done(self, persona: str, deed: str, **given: Any) -> str:
        """The id of the record that something was done with, as the API spells it."""
        answer = await self.do(persona, deed, **given)
        assert outcome_of(answer) == DONE, answer.json
        return str(answer.data["done"]["id"])

    async def many(self, persona: str, deed: str, inputs: list[dict[str, Any]]) -> Answer:
        """Run a bulk command."""
        return await self.ask(persona, mutation_text(deed, many=True), {"inputs": inputs})

    async def fetch(self, text: str, *values: object) -> list[asyncpg.Record]:
        """Rows that an operator reads."""
        async with self.operator() as connection:
            return await connection.fetch(text, *values)

    async def value(self, text: str, *values: object) -> Any:
        """One value that a statement run as the operator returns."""
        async with self.operator() as connection:
            return await connection.fetchval(text, *values)

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        """A connection past the house, in the tenant's schema."""
        connection = await asyncpg.connect(
            self.world.servers.database_url, server_settings={"search_path": self.schema}
        )
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def holding(self, table: str, id: str) -> AsyncIterator[asyncpg.Connection[Any]]:
        """A transaction of an operator that holds a row; committed when the block ends."""
        async with self.operator() as connection, connection.transaction():
            await connection.fetch(
                f'SELECT FROM "{table}" WHERE id = $1 FOR UPDATE',
                uuid_of(id),
            )
            yield connection

    async def log(self) -> tuple[int, int]:
        """How far the log has come, and how much the history holds."""
        [head] = await self.fetch("SELECT position, (SELECT count(*) FROM history) FROM log_head")
        return head[0], head[1]

    async def row(self, table: str, id: str) -> dict[str, Any]:
        """A row as it is kept."""
        text = f'SELECT * FROM "{table}" WHERE id = $1'  # noqa: S608 - a table of ours
        [found] = await self.fetch(text, uuid_of(id))
        return dict(found)

    async def employee(self, handle: str) -> UUID:
        """The employee that a persona is."""
        found = await self.value("SELECT id FROM employee WHERE email LIKE $1 || '@%'", handle)
        assert isinstance(found, UUID)
        return found

    async def user(self, handle: str) -> UUID:
        """The user that a persona is."""
        found = await self.value(
            'SELECT id FROM "user" WHERE employee_id = $1', await self.employee(handle)
        )
        assert isinstance(found, UUID)
        return found

    async def forget(self, persona: str) -> None:
        """Sign the persona in again."""
        self.world.tokens.pop((persona, self.slug), None)

    async def opportunity(self, persona: str, **given: Any) -> str:
        """Create an opportunity on a new account, both owned by the persona; returns the API id."""
        if "account" not in given:
            given["account"] = await self.done("admin", "accountCreate", name=self.name())
        if "type" not in given:
            given["type"] = public_id("opt", await self.type("New business"))
        owner = public_id("emp", await self.employee(persona))
        given = {"name": self.name(), "currency": "EUR", "owner": owner, **given}
        return await self.done("admin", "opportunityCreate", **given)

    async def type(self, name: str) -> UUID:
        """An opportunity type by its name."""
        found = await self.value("SELECT id FROM opportunity_type WHERE name = $1", name)
        assert isinstance(found, UUID)
        return found


@asynccontextmanager
async def own_tenant(world: World, slug: str) -> AsyncIterator[TenantClient]:
    """A tenant with the demonstration's rows, and without a trace when the block ends."""
    credential = f"SELECT password FROM {world.schema()}.credential LIMIT 1"  # noqa: S608 - a name of ours
    made = await create(world.admin, slug, slug, demo=True)
    hashed = await world.admin.fetchval(credential)
    await seed(world.admin, made, password_hash=hashed, now=TODAY)
    world.tenants[slug] = made
    try:
        yield TenantClient(world, slug)
    finally:
        del world.tenants[slug]
        for key in [key for key in world.tokens if key[1] == slug]:
            del world.tokens[key]
        schema = made.placement.schema
        await world.admin.execute(
            f"DROP SCHEMA {schema} CASCADE; DROP ROLE {schema};"  # noqa: S608 - names of ours
            f"DELETE FROM catalog.tenant WHERE id = '{made.id}'"
        )


@asynccontextmanager
async def in_second_process(own: TenantClient) -> AsyncIterator[TenantClient]:
    """The same tenant asked through a second process of the house: it remembers nothing of the first's."""
    world = own.world
    async with endpoint_on(world.servers) as endpoint:
        app = application(endpoint)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://relata.example"
        ) as client:
            second = World(
                app, endpoint, world.admin, world.tenants, client, world.servers, world.tokens
            )
            yield TenantClient(second, own.slug, own.names)


@asynccontextmanager
async def without_commits(own: TenantClient) -> AsyncIterator[asyncpg.Connection[Any]]:
    """While this lasts, the tenant's writes do all they have to do, and none can end."""
    async with own.operator() as connection, connection.transaction():
        await connection.execute(
            "SELECT pg_advisory_xact_lock('log_head'::regclass::oid::integer, 1)"
        )
        yield connection


@asynccontextmanager
async def served(own: TenantClient) -> AsyncIterator[int]:
    """The house behind a real socket, and on which port; when the block ends, all that was begun has ended."""
    service = Service(configured(own.world.app, "127.0.0.1", 0))
    serving = asyncio.create_task(service.serve())
    while not service.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.01)
    try:
        yield service.servers[0].sockets[0].getsockname()[1]
    finally:
        service.should_exit = True
        await serving


async def until_second_waits(operator: asyncpg.Connection[Any], second: asyncio.Task[Any]) -> None:
    """Go on when two writers wait for a lock, whosever it is, or the second need not."""
    while await operator.fetchval(WAITING) < 2 and not second.done():  # noqa: ASYNC110 - Postgres has no event
        await asyncio.sleep(0.005)


async def until_waits(operator: asyncpg.Connection[Any], task: asyncio.Task[Any]) -> None:
    """Return when a session waits for a lock that the operator holds."""
    mine = operator.get_server_pid()
    while not await operator.fetchval(WAITS, mine):
        assert not task.done(), task.result()
        await asyncio.sleep(0.005)


def request(query: str, variables: Any, token: str, **headers: str) -> bytes:
    """A whole request, for who writes it to a socket himself."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    sent = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    lines = [f"{k.replace('_', '-')}: {v}" for k, v in (sent | headers).items()]
    head = [
        "POST /graphql HTTP/1.1",
        "host: relata.example",
        f"content-length: {len(body)}",
        *lines,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body

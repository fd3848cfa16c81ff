"""A small tenant served over a real socket: written over HTTP, watched over WebSockets, and read directly in Postgres."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.live.property.client import Socket
from tests.proof.contract import PREFIX
from tests.proof.lock import ENTITIES
from tests.support.world import PERSONAS, SIGN_IN, World
from tests.writes.client import TenantClient, public_id, serve
from tests.writes.tenant import small_tenant

ENTITIES_READ = (
    *("Account", "Address", "Opportunity", "OpportunityShare", "Employee", "User", "Role"),
    *(
        "RoleAssignment",
        "RoleProfile",
        "Profile",
        "ObjectPermission",
        "FieldPermission",
        "StatusRule",
    ),
    *("ShareRule", "OpportunityType", "Stage", "PipelineStage", "Attribute"),
)
"""Entities that the drawn mutations write or refer to."""
Row = dict[str, Any]


@dataclass
class ServedTenant:
    """A tenant, the port of its server, and the sockets that tests opened."""

    client: TenantClient
    port: int
    sockets: list[Socket] = field(default_factory=list)

    @property
    def world(self) -> World:
        """The application and its test servers."""
        return self.client.world

    @property
    def slug(self) -> str:
        """The slug of the tenant."""
        return self.client.slug

    async def connect(self, persona: str) -> Socket:
        """A new connection of a persona, closed with the tenant at the latest."""
        socket = await Socket.open(self.port, await self.world.token(persona, self.slug))
        self.sockets.append(socket)
        return socket

    async def sign_in(self, persona: str) -> bool:
        """Sign a persona in again and return whether that succeeded.

        A disabled user is not tried, because failed attempts are rate limited.
        """
        self.world.tokens.pop((persona, self.slug), None)
        text = 'SELECT active AND deleted_at IS NULL FROM "user" WHERE employee_id = $1'
        if not await self.client.value(text, await self.client.employee_id(persona)):
            return False
        credentials = {
            "tenant": self.slug,
            "email": f"{persona}@{self.slug}.example",
            "password": "relata-demo",
        }
        body = json.dumps({"query": SIGN_IN, "variables": {"input": credentials}}).encode()
        answer = await self.world.post(body)
        token = answer.data["signIn"]["accessToken"]
        if token:
            self.world.tokens[(persona, self.slug)] = token
        return bool(token)

    async def position(self) -> int:
        """The last position of the change log."""
        return int(await self.client.value("SELECT position FROM log_head"))

    async def rights_changed_since(self, since: int) -> bool:
        """Whether permissions of any user changed after a position."""
        text = "SELECT bool_or(access) FROM change_log WHERE position > $1"
        return bool(await self.client.value(text, since))

    async def rows(self, entity: str) -> list[Row]:
        """All rows of an entity, read directly from its table."""
        table = ENTITIES[entity].table
        rows = await self.client.fetch(f'SELECT * FROM "{table}" ORDER BY id')  # noqa: S608 - a constant name
        return [dict(row) for row in rows]

    async def id_of(self, entity: str, name: str) -> str:
        """The public id of the record with a name that is not in the trash."""
        table = ENTITIES[entity].table
        text = f'SELECT id FROM "{table}" WHERE name = $1 AND deleted_at IS NULL'  # noqa: S608 - a constant name
        return public_id(PREFIX[entity], await self.client.value(text, name))

    async def opportunity_of(self, persona: str) -> str:
        """The public id of the first opportunity that a persona owns."""
        employee = await self.client.employee_id(persona)
        text = (
            "SELECT id FROM opportunity WHERE owner_id = $1 AND deleted_at IS NULL ORDER BY id "
            "LIMIT 1"
        )
        return public_id("opp", await self.client.value(text, employee))

    async def employee_id(self, persona: str) -> str:
        """The public id of the persona's employee."""
        return public_id("emp", await self.client.employee_id(persona))

    async def field_permission_id(self, profile: str, entity: str, name: str) -> str:
        """The public id of the field permission of a profile."""
        text = """
            SELECT f.id FROM field_permission f JOIN profile p ON p.id = f.profile_id
            WHERE p.name = $1 AND f.entity = $2 AND f.field = $3 AND f.deleted_at IS NULL
        """
        return public_id("pfi", await self.client.value(text, profile, entity, name))


@asynccontextmanager
async def serve_tenant(client: TenantClient) -> AsyncIterator[ServedTenant]:
    """Sign in all personas, serve the tenant, and close all sockets to it when the block ends."""
    for persona in PERSONAS:
        await client.world.token(persona, client.slug)
    async with serve(client) as port:
        tenant = ServedTenant(client, port)
        try:
            yield tenant
        finally:
            for socket in tenant.sockets:
                await socket.close()


@asynccontextmanager
async def open_tenant(world: World, slug: str) -> AsyncIterator[ServedTenant]:
    """A new small tenant, served until the block ends and then dropped."""
    async with small_tenant(world, slug), serve_tenant(TenantClient(world, slug)) as tenant:
        yield tenant


__all__ = ["ENTITIES_READ", "Row", "ServedTenant", "open_tenant", "public_id", "serve_tenant"]

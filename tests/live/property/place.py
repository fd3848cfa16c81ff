"""A small tenant behind a real socket: written in over HTTP, watched over WebSockets, read by its operator."""

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
from tests.writes.parallel import TenantClient, public_id, served
from tests.writes.tenant import small_tenant

KINDS = (
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
"""What is written while others watch, and what that is made of."""
Row = dict[str, Any]


@dataclass
class Place:
    """The tenant, the port it is watched at, and who is signed in."""

    own: TenantClient
    port: int
    sockets: list[Socket] = field(default_factory=list)

    @property
    def world(self) -> World:
        """The house."""
        return self.own.world

    @property
    def slug(self) -> str:
        """The tenant's name."""
        return self.own.slug

    async def connect(self, persona: str) -> Socket:
        """A connection of a persona's, closed at the end if nobody does so before."""
        made = await Socket.open(self.port, await self.world.token(persona, self.slug))
        self.sockets.append(made)
        return made

    async def sign_in(self, persona: str) -> bool:
        """Whether the persona may, and can be asked as again. Who may not is not tried: many failures are too many."""
        self.world.tokens.pop((persona, self.slug), None)
        text = 'SELECT active AND deleted_at IS NULL FROM "user" WHERE employee_id = $1'
        if not await self.own.value(text, await self.own.employee(persona)):
            return False
        known = {
            "tenant": self.slug,
            "email": f"{persona}@{self.slug}.example",
            "password": "relata-demo",
        }
        body = json.dumps({"query": SIGN_IN, "variables": {"input": known}}).encode()
        answer = await self.world.post(body)
        token = answer.data["signIn"]["accessToken"]
        if token:
            self.world.tokens[(persona, self.slug)] = token
        return bool(token)

    async def position(self) -> int:
        """How far the log has come."""
        return int(await self.own.value("SELECT position FROM log_head"))

    async def changed_rights(self, since: int) -> bool:
        """Whether somebody's rights were changed after a position."""
        text = "SELECT bool_or(access) FROM change_log WHERE position > $1"
        return bool(await self.own.value(text, since))

    async def rows(self, entity: str) -> list[Row]:
        """The rows of a kind as the operator reads them."""
        table = ENTITIES[entity].table
        found = await self.own.fetch(f'SELECT * FROM "{table}" ORDER BY id')  # noqa: S608 - of ours
        return [dict(row) for row in found]

    async def named(self, entity: str, name: str) -> str:
        """The id of a live record by its name, as the API spells it."""
        table = ENTITIES[entity].table
        text = f'SELECT id FROM "{table}" WHERE name = $1 AND deleted_at IS NULL'  # noqa: S608 - of ours
        return public_id(PREFIX[entity], await self.own.value(text, name))

    async def of(self, persona: str) -> str:
        """The id of some live opportunity of a persona's."""
        employee = await self.own.employee(persona)
        text = (
            "SELECT id FROM opportunity WHERE owner_id = $1 AND deleted_at IS NULL ORDER BY id "
            "LIMIT 1"
        )
        return public_id("opp", await self.own.value(text, employee))

    async def employee(self, persona: str) -> str:
        """The employee that a persona is, as the API spells it."""
        return public_id("emp", await self.own.employee(persona))

    async def granted(self, profile: str, entity: str, name: str) -> str:
        """The id of the grant of a field to a profile."""
        text = """
            SELECT f.id FROM field_permission f JOIN profile p ON p.id = f.profile_id
            WHERE p.name = $1 AND f.entity = $2 AND f.field = $3 AND f.deleted_at IS NULL
        """
        return public_id("pfi", await self.own.value(text, profile, entity, name))


@asynccontextmanager
async def behind_a_socket(own: TenantClient) -> AsyncIterator[Place]:
    """Everybody signed in, and every connection closed in the end."""
    for persona in PERSONAS:
        await own.world.token(persona, own.slug)
    async with served(own) as port:
        made = Place(own, port)
        try:
            yield made
        finally:
            for socket in made.sockets:
                await socket.close()


@asynccontextmanager
async def place(world: World, slug: str) -> AsyncIterator[Place]:
    """Made from nothing, and dropped afterwards."""
    async with small_tenant(world, slug), behind_a_socket(TenantClient(world, slug)) as made:
        yield made


__all__ = ["KINDS", "Place", "Row", "behind_a_socket", "place", "public_id"]

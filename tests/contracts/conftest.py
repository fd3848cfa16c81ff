"""A separate tenant for each module of contract tests, and a client that creates contracts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.world import World
from tests.writes.client import TenantClient, own_tenant, public_id


@dataclass
class ContractClient:
    """Creates contracts and reads them in one tenant."""

    tenant: TenantClient

    async def kind(self, **params: Any) -> str:
        """A new contract kind."""
        return await self.tenant.mutate(
            "admin", "contractKindCreate", name=self.tenant.new_name(), **params
        )

    async def contract(self, persona: str = "rep1", **params: Any) -> str:
        """A new contract of a persona, not sold, with a new account unless one is given."""
        if "account" not in params:
            params["account"] = await self.tenant.mutate(
                "admin", "accountCreate", name=self.tenant.new_name()
            )
        owner = public_id("emp", await self.tenant.employee_id(persona))
        made = {"name": self.tenant.new_name(), "currency": "EUR", "owner": owner, **params}
        return await self.tenant.mutate("admin", "contractCreate", **made)

    async def row(self, id: str, *columns: str) -> tuple[Any, ...]:
        """Some columns of a contract, dates as strings."""
        row = await self.tenant.row("contract", id)
        return tuple(str(row[c]) if isinstance(row[c], date) else row[c] for c in columns)

    async def wrong(self, persona: str, mutation: str, **params: Any) -> list[tuple[str, str]]:
        """The user errors of a mutation: codes and paths."""
        done = (await self.tenant.attempt(persona, mutation, **params)).data["done"]
        return [(each["code"], ".".join(each["path"])) for each in done["userErrors"]]

    def day(self, offset: int) -> str:
        """The date of the server plus an offset in days."""
        return str(self.tenant.world.endpoint.app_context.now().date() + timedelta(days=offset))


@pytest.fixture(scope="module")
async def tenant(world: World, request: pytest.FixtureRequest) -> AsyncIterator[TenantClient]:
    """A tenant that only this module writes to."""
    module = request.module.__name__.rpartition("_")[2]
    async with own_tenant(world, f"contracts-{module}") as made:
        yield made


@pytest.fixture(scope="module")
def client(tenant: TenantClient) -> ContractClient:
    """A client of the module's tenant."""
    return ContractClient(tenant)

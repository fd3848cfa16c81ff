"""A tenant of its own for each module about contracts, and contracts in few words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.world import World
from tests.writes.parallel import Own, own_tenant, spelled


@dataclass
class ContractClient:
    """Where contracts are kept, as a client keeps them."""

    own: Own

    async def kind(self, **given: Any) -> str:
        """A new kind of contract."""
        return await self.own.done("admin", "contractKindCreate", name=self.own.name(), **given)

    async def contract(self, persona: str = "rep1", **given: Any) -> str:
        """A new contract of a persona, entered by hand, with a new account unless one is named."""
        if "account" not in given:
            given["account"] = await self.own.done("admin", "accountCreate", name=self.own.name())
        owner = spelled("emp", await self.own.employee(persona))
        made = {"name": self.own.name(), "currency": "EUR", "owner": owner, **given}
        return await self.own.done("admin", "contractCreate", **made)

    async def row(self, id: str, *columns: str) -> tuple[Any, ...]:
        """Some columns of a contract, days as they are spelled."""
        row = await self.own.row("contract", id)
        return tuple(str(row[c]) if isinstance(row[c], date) else row[c] for c in columns)

    async def wrong(self, persona: str, deed: str, **given: Any) -> list[tuple[str, str]]:
        """What is to be put right of a deed: codes, and where."""
        done = (await self.own.do(persona, deed, **given)).data["done"]
        return [(each["code"], ".".join(each["path"])) for each in done["userErrors"]]

    def day(self, later: int) -> str:
        """A day after the house's, or before it."""
        return str(self.own.world.endpoint.app_context.now().date() + timedelta(days=later))


@pytest.fixture(scope="module")
async def own(world: World, request: pytest.FixtureRequest) -> AsyncIterator[Own]:
    """A tenant that only this module writes in."""
    module = request.module.__name__.rpartition("_")[2]
    async with own_tenant(world, f"contracts-{module}") as made:
        yield made


@pytest.fixture(scope="module")
def client(own: Own) -> ContractClient:
    """Contracts in few words."""
    return ContractClient(own)

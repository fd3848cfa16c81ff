"""A separate tenant for each module of sales tests, and a client that sells opportunities."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.world import World
from tests.writes.client import TenantClient, outcome_of, own_tenant, uuid_of

CONTRACTS = """
query ($id: ID!) { opportunity(id: $id) {
  status locked closedOn lostNote lostReason { name } stage { name kind } probability
  contracts(first: 20, orderBy: [{number: ASC}]) { nodes {
    id version kind { name } timeBased startsOn endsOn renewalMonths remindOn status revision net { amount } total { amount }
    lines(first: 100, orderBy: [{position: ASC}, {revision: ASC}]) { nodes {
      id version name quantity net { amount } total { amount } revision startsOn endedOn replaces { id }
    } }
  } }
  stageHistory(first: 20, orderBy: [{enteredAt: ASC}]) { nodes { stage { name } leftAt seconds } }
} }
"""


@dataclass
class SalesClient:
    """Creates products, quotes and opportunities in one tenant, sells them and reads the contracts."""

    tenant: TenantClient

    async def product(self, kind: str, **params: Any) -> str:
        """A product in a new category, sold under a contract of this kind."""
        result = await self.tenant.value("SELECT id FROM contract_kind WHERE name = $1", kind)
        category = await self.tenant.mutate(
            "admin",
            "productCategoryCreate",
            name=self.tenant.new_name(),
            contractKind=f"cki_{result.hex}",
        )
        made = {
            "name": self.tenant.new_name(),
            "currency": "EUR",
            "price": "100",
            "category": category,
        }
        return await self.tenant.mutate("admin", "productCreate", **made, **params)

    async def kind(self, **params: Any) -> str:
        """The name of a new contract kind."""
        name = self.tenant.new_name()
        await self.tenant.mutate("admin", "contractKindCreate", name=name, **params)
        return name

    async def quoted_opportunity(
        self, items: list[dict[str, Any]], persona: str = "rep1"
    ) -> tuple[str, str]:
        """A new opportunity with an active quote of these lines, and the id of the quote."""
        opportunity = await self.tenant.opportunity(persona)
        quote = await self.tenant.mutate(
            persona,
            "quoteCreate",
            opportunity=opportunity,
            name=self.tenant.new_name(),
            items=items,
        )
        return opportunity, quote

    async def sell(self, opportunity: str, persona: str = "rep1", **params: Any) -> str:
        """The outcome of selling: DONE, or an error code."""
        return outcome_of(
            await self.tenant.attempt(persona, "opportunitySell", id=opportunity, **params)
        )

    async def read(self, opportunity: str, persona: str = "admin") -> dict[str, Any]:
        """An opportunity with its contracts, their lines and its stage history."""
        answer = await self.tenant.ask(persona, CONTRACTS, {"id": opportunity})
        result: dict[str, Any] = answer.data["opportunity"]
        result["contracts"] = result["contracts"]["nodes"]
        for each in result["contracts"]:
            each["lines"] = each["lines"]["nodes"]
        result["stageHistory"] = result["stageHistory"]["nodes"]
        return result

    async def wrong(self, persona: str, mutation: str, **params: Any) -> list[tuple[str, str]]:
        """The user errors of a mutation: codes and paths."""
        done = (await self.tenant.attempt(persona, mutation, **params)).data["done"]
        return [(each["code"], ".".join(each["path"])) for each in done["userErrors"]]

    async def quote(self, opportunity: str, *names: str) -> str:
        """A further quote of an opportunity, with lines at 10.00 each; the first one is active."""
        items = [{"name": name, "unitPrice": "10"} for name in names]
        params = {"opportunity": opportunity, "name": self.tenant.new_name(), "items": items}
        return await self.tenant.mutate("admin", "quoteCreate", **params)

    async def active_copy(self, quote: str, items: dict[str, dict[str, Any]]) -> str:
        """An activated duplicate of a quote with the given lines, changed as given; lines that are not named are removed."""
        copy = await self.tenant.mutate("rep1", "quoteDuplicate", id=quote)
        text = "SELECT id, name FROM quote_item WHERE quote_id = $1 ORDER BY position"
        ids = {
            row["name"]: f"qit_{row['id'].hex}"
            for row in await self.tenant.fetch(text, uuid_of(copy))
        }
        lines = [
            {"id": ids[name], **params}
            if name in ids
            else {"name": name, "unitPrice": "10", **params}
            for name, params in items.items()
        ]
        await self.tenant.mutate("rep1", "quoteSetItems", id=copy, items=lines)
        await self.tenant.mutate("rep1", "quoteActivate", id=copy)
        return copy

    async def set_preferences(self, **params: Any) -> None:
        """Changes preferences of the tenant."""
        id = await self.tenant.value("SELECT id FROM preferences WHERE deleted_at IS NULL")
        await self.tenant.mutate("admin", "preferencesUpdate", id=f"set_{id.hex}", **params)

    async def quote_totals(self, quote: str) -> tuple[Any, Any]:
        """Net and total of a quote."""
        row = await self.tenant.row("quote", quote)
        return row["net"], row["total"]

    async def contract_totals(self, opportunity: str) -> tuple[Any, Any]:
        """Net and total of the lines in force of an opportunity's contracts."""
        [row] = await self.tenant.fetch(
            "SELECT sum(l.net) AS net, sum(l.total) AS total FROM contract_line l "
            "JOIN contract c ON c.id = l.contract_id "
            "WHERE c.opportunity_id = $1 AND l.ended_on IS NULL AND c.deleted_at IS NULL",
            uuid_of(opportunity),
        )
        return row["net"], row["total"]


@pytest.fixture(scope="module")
async def tenant(world: World, request: pytest.FixtureRequest) -> AsyncIterator[TenantClient]:
    """A tenant that only this module writes to."""
    slug = request.module.__name__.rpartition("test_")[2].replace("_", "-")
    async with own_tenant(world, f"sales-{slug}") as made:
        yield made


@pytest.fixture(scope="module")
def client(tenant: TenantClient) -> SalesClient:
    """A client of the module's tenant."""
    return SalesClient(tenant)

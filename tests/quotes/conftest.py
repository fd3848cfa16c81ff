"""A separate tenant for each module of quote tests, and a client that creates quotes and products."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.world import World
from tests.writes.client import TenantClient, own_tenant

FIELDS = """
  id version number name currency active approvedAt acceptedAt
  net { amount } tax { amount } total { amount }
  items(first: 100, orderBy: [{ position: ASC }]) { nodes {
    id position kind name quantity unit { name } product { id } currency
    unitPrice { amount } discountPercent taxPercent net { amount } tax { amount } total { amount }
  } }
"""


@dataclass
class QuoteClient:
    """Creates products and quotes in one tenant, sets their lines and reads them."""

    tenant: TenantClient
    products: dict[str, str] = field(default_factory=dict)

    async def quote(self, persona: str, opportunity: str | None = None, **params: Any) -> str:
        """A new quote; of a new opportunity of the persona if none is given."""
        opportunity = opportunity or await self.tenant.opportunity(persona)
        params = {"opportunity": opportunity, "name": self.tenant.new_name(), **params}
        return await self.tenant.mutate(persona, "quoteCreate", **params)

    async def product(self, **params: Any) -> str:
        """A new product: EUR 12.50 with 21 percent tax by default."""
        made = {
            "name": self.tenant.new_name(),
            "currency": "EUR",
            "price": "12.50",
            "taxPercent": "21",
            **params,
        }
        return await self.tenant.mutate("admin", "productCreate", **made)

    async def read(self, id: str, persona: str = "admin") -> dict[str, Any]:
        """A quote with its lines; amounts are strings."""
        query = f"query ($id: ID!) {{ quote(id: $id) {{ {FIELDS} }} }}"
        result: Any = amounts_only(
            (await self.tenant.ask(persona, query, {"id": id})).data["quote"]
        )
        result["items"] = result["items"]["nodes"]
        return dict(result)

    async def lines(self, id: str, *names: str) -> list[tuple[Any, ...]]:
        """Some fields of each line of a quote."""
        return [tuple(line[name] for name in names) for line in (await self.read(id))["items"]]

    async def set_items(
        self, persona: str, id: str, items: list[dict[str, Any]], **params: Any
    ) -> Any:
        """The response to setting the lines."""
        query = """mutation ($input: QuoteSetItemsInput!) {
          done: quoteSetItems(input: $input) { id userErrors { code message path conflict { version } } }
        }"""
        return await self.tenant.ask(
            persona, query, {"input": {"id": id, "items": items, **params}}
        )

    async def must_set_items(self, persona: str, id: str, items: list[dict[str, Any]]) -> None:
        """Sets the lines, and asserts success."""
        answer = await self.set_items(persona, id, items)
        assert answer.data["done"] == {"id": id, "userErrors": []}


def amounts_only(value: Any) -> Any:
    """A value in which `{"amount": …}` is replaced by the amount."""
    if isinstance(value, list):
        return [amounts_only(each) for each in value]
    if not isinstance(value, dict):
        return value
    return (
        value["amount"]
        if set(value) == {"amount"}
        else {k: amounts_only(v) for k, v in value.items()}
    )


def wrong(answer: Any) -> list[tuple[str, str]]:
    """The user errors of a response: codes and paths."""
    return [(each["code"], ".".join(each["path"])) for each in answer.data["done"]["userErrors"]]


@pytest.fixture(scope="module")
async def tenant(world: World, request: pytest.FixtureRequest) -> AsyncIterator[TenantClient]:
    """The process caches tenants by slug, so each module has its own slug."""
    slug = f"quotes{request.module.__name__.rpartition('_')[2]}"
    async with own_tenant(world, slug) as made:
        yield made


@pytest.fixture(scope="module")
async def client(tenant: TenantClient) -> QuoteClient:
    return QuoteClient(tenant)

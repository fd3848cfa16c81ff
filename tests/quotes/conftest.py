"""A tenant of its own for each module about quotes, and quotes in few words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.world import World
from tests.writes.parallel import Own, own_tenant

TOLD = """
  id version number name currency active approvedAt acceptedAt
  net { amount } tax { amount } total { amount }
  items(first: 100, orderBy: [{ position: ASC }]) { nodes {
    id position kind name quantity unit { name } product { id } currency
    unitPrice { amount } discountPercent taxPercent net { amount } tax { amount } total { amount }
  } }
"""


@dataclass
class QuoteClient:
    """Where quotes are made: products, opportunities and what is done with quotes, as a client would."""

    own: Own
    products: dict[str, str] = field(default_factory=dict)

    async def quote(self, persona: str, opportunity: str | None = None, **given: Any) -> str:
        """A new quote; for a new opportunity of the persona if none is named."""
        opportunity = opportunity or await self.own.opportunity(persona)
        given = {"opportunity": opportunity, "name": self.own.name(), **given}
        return await self.own.done(persona, "quoteCreate", **given)

    async def product(self, **given: Any) -> str:
        """A new product, in euros at 12.50 with 21 percent of tax."""
        made = {
            "name": self.own.name(),
            "currency": "EUR",
            "price": "12.50",
            "taxPercent": "21",
            **given,
        }
        return await self.own.done("admin", "productCreate", **made)

    async def read(self, id: str, persona: str = "admin") -> dict[str, Any]:
        """A quote with its lines, amounts in short."""
        query = f"query ($id: ID!) {{ quote(id: $id) {{ {TOLD} }} }}"
        found: Any = short((await self.own.ask(persona, query, {"id": id})).data["quote"])
        found["items"] = found["items"]["nodes"]
        return dict(found)

    async def lines(self, id: str, *names: str) -> list[tuple[Any, ...]]:
        """Some fields of each line of a quote."""
        return [tuple(line[name] for name in names) for line in (await self.read(id))["items"]]

    async def set(self, persona: str, id: str, items: list[dict[str, Any]], **given: Any) -> Any:
        """What was answered to setting the lines."""
        query = """mutation ($input: QuoteSetItemsInput!) {
          done: quoteSetItems(input: $input) { id userErrors { code message path } }
        }"""
        return await self.own.ask(persona, query, {"input": {"id": id, "items": items, **given}})

    async def has_set(self, persona: str, id: str, items: list[dict[str, Any]]) -> None:
        """The lines were set."""
        answer = await self.set(persona, id, items)
        assert answer.data["done"] == {"id": id, "userErrors": []}


def short(value: Any) -> Any:
    """Amounts without the word."""
    if isinstance(value, list):
        return [short(each) for each in value]
    if not isinstance(value, dict):
        return value
    return value["amount"] if set(value) == {"amount"} else {k: short(v) for k, v in value.items()}


def wrong(answer: Any) -> list[tuple[str, str]]:
    """What is to be put right: codes, and where."""
    return [(each["code"], ".".join(each["path"])) for each in answer.data["done"]["userErrors"]]


@pytest.fixture(scope="module")
async def own(world: World, request: pytest.FixtureRequest) -> AsyncIterator[Own]:
    """The process remembers a tenant by its slug, so no two have the same."""
    slug = f"quotes{request.module.__name__.rpartition('_')[2]}"
    async with own_tenant(world, slug) as made:
        yield made


@pytest.fixture(scope="module")
async def client(own: Own) -> QuoteClient:
    return QuoteClient(own)

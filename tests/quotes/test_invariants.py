"""Invariants of quotes: the amounts of the lines add up to those of the quote, and at most one per opportunity is active."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any
from uuid import UUID

from domain.quotes import line_amounts, sum_totals
from tests.quotes.conftest import QuoteClient
from tests.support.covers import covers
from tests.support.rows import as_rows
from tests.writes.client import TenantClient, outcome_of, uuid_of

ITEMS = "SELECT * FROM quote_item WHERE deleted_at IS NULL ORDER BY quote_id, position"
ACTIVE = "SELECT count(*) FROM quote WHERE opportunity_id = $1 AND active AND deleted_at IS NULL"


async def assert_totals(tenant: TenantClient) -> int:
    """Asserts that every quote of the tenant has the totals of its lines; the number of quotes."""
    lines: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in await tenant.fetch(ITEMS):
        lines[row["quote_id"]].append(dict(row))
    quotes = await tenant.fetch("SELECT * FROM quote WHERE deleted_at IS NULL")
    for quote in quotes:
        own_lines = lines[quote["id"]]
        amounts = line_amounts(as_rows(own_lines), quote["discount_percent"], quote["currency"])
        for line, amount in zip(own_lines, amounts, strict=True):
            assert (line["net"], line["tax"], line["total"]) == (
                amount.net,
                amount.tax,
                amount.total,
            )
            assert line["currency"] == quote["currency"]
        sums = sum_totals(amounts)
        assert (quote["net"], quote["tax"], quote["total"]) == (sums.net, sums.tax, sums.total)
    return len(quotes)


@covers("D-17")
async def test_totals_of_the_demo_quotes_are_consistent(tenant: TenantClient) -> None:
    assert await assert_totals(tenant) > 10


@covers("D-17", "D-36")
async def test_totals_stay_consistent_under_concurrent_changes(
    client: QuoteClient, tenant: TenantClient
) -> None:
    """A discount and the lines change at once: each command computes from the current rows."""
    id = await client.quote("rep1", items=[{"name": n, "unitPrice": "0.33"} for n in "abc"])
    for number in range(5):
        items = [{"name": str(n), "unitPrice": "1.01", "taxPercent": "7"} for n in range(number)]
        answers = await asyncio.gather(
            tenant.attempt("rep1", "quoteSetItems", id=id, items=items),
            tenant.attempt("rep1", "quoteUpdate", id=id, discountPercent=str(number * 3)),
            tenant.attempt("manager", "quoteUpdate", id=id, note=str(number)),
        )
        assert [outcome_of(each) for each in answers[:2]] == ["DONE", "DONE"]
        await assert_totals(tenant)


@covers("EP-119", "D-36")
async def test_one_quote_is_active_after_concurrent_activations(
    client: QuoteClient, tenant: TenantClient
) -> None:
    for _ in range(3):
        opportunity = await tenant.opportunity("rep1")
        params = {"opportunity": opportunity, "name": "n"}
        made = await asyncio.gather(
            *(tenant.attempt(who, "quoteCreate", **params) for who in ("rep1", "admin", "rep1"))
        )
        assert [outcome_of(each) for each in made] == ["DONE"] * 3
        assert await tenant.value(ACTIVE, uuid_of(opportunity)) == 1
        ids = [each.data["done"]["id"] for each in made]
        done = await asyncio.gather(*(tenant.attempt("rep1", "quoteActivate", id=id) for id in ids))
        assert [outcome_of(each) for each in done] == ["DONE"] * 3
        assert await tenant.value(ACTIVE, uuid_of(opportunity)) == 1

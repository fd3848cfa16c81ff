"""The number of database statements of a sale: the same for any number of lines and opportunities."""

from __future__ import annotations

import asyncio

import pytest

from db.engine.transaction import CleanConnection
from tests.sales.conftest import SalesClient
from tests.support.covers import covers
from tests.writes.client import (
    TenantClient,
    in_second_instance,
    outcome_of,
    public_id,
    until_second_waits,
    uuid_of,
    without_commits,
)

SELL = """mutation ($inputs: [OpportunitySellInput!]!) {
  done: opportunitySellMany(inputs: $inputs) { userErrors { code path message } } }"""


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement."""
    result: list[str] = []

    def listen(name: str) -> None:
        original = getattr(CleanConnection, name)

        async def recorded(
            self: CleanConnection, query: str, *args: object, **kw: object
        ) -> object:
            result.append(query)
            return await original(self, query, *args, **kw)

        monkeypatch.setattr(CleanConnection, name, recorded)

    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        listen(name)
    return result


async def quoted_opportunities(client: SalesClient, count: int, lines: int) -> list[str]:
    """Opportunities, each with a quote of this number of lines, of two contract kinds."""
    yearly = await client.product(await client.kind(timeBased=True, months=12))
    result = []
    for _ in range(count):
        items = [
            {"product": yearly} if n % 2 else {"name": "x", "unitPrice": "1"} for n in range(lines)
        ]
        result.append((await client.quoted_opportunity(items))[0])
    return result


@covers("EP-140", "D-58", "X-10")
@pytest.mark.parametrize(("persona", "first", "again"), [("admin", 17, 15), ("rep1", 20, 18)])
async def test_selling_needs_as_many_statements_for_many_opportunities_as_for_one(
    client: SalesClient,
    tenant: TenantClient,
    statements: list[str],
    persona: str,
    first: int,
    again: int,
) -> None:
    """Selling again without changes writes no contracts."""
    sales = [
        await quoted_opportunities(client, *size) for size in ((1, 2), (1, 2), (1, 50), (10, 2))
    ]
    for expected in (first, again):
        counts: list[int] = []
        for ids in sales:
            statements.clear()
            answer = await tenant.ask(persona, SELL, {"inputs": [{"id": id} for id in ids]})
            assert answer.data["done"]["userErrors"] == []
            counts.append(len(statements))
            unlocked = await tenant.attempt_many(
                "rep1", "opportunityUnlock", [{"id": id} for id in ids]
            )
            assert outcome_of(unlocked) == "DONE"
        assert counts[1:] == [expected] * 3, "the first run compiles the plans"


@covers("EP-145", "D-04", "D-36")
@pytest.mark.parametrize("second_process", [False, True])
async def test_only_one_of_two_concurrent_sales_succeeds(
    client: SalesClient, tenant: TenantClient, second_process: bool
) -> None:
    [id] = await quoted_opportunities(client, 1, 2)
    async with in_second_instance(tenant) as second:
        other = second if second_process else tenant
        async with without_commits(tenant) as operator:
            one = asyncio.create_task(tenant.attempt("rep1", "opportunitySell", id=id))
            two = asyncio.create_task(other.attempt("manager", "opportunitySell", id=id))
            await until_second_waits(operator, two)
        outcomes = sorted([outcome_of(await one), outcome_of(await two)])
    assert outcomes == ["DONE", "LOCKED"]
    result = await client.read(id)
    assert len(result["contracts"]) == 2
    assert {each["revision"] for each in result["contracts"]} == {1}
    assert [each["stage"]["name"] for each in result["stageHistory"]].count("Won") == 1


INSERT_HIDDEN_ROWS = """INSERT INTO opportunity
    (id, name, account_id, owner_id, type_id, stage_id, status, currency, rank_key)
SELECT gen_random_uuid(), name, account_id, owner_id, type_id, stage_id, status, currency,
    rank_key || 'h' FROM opportunity, generate_series(1, 500) WHERE id = $1"""


@covers("X-21", "D-58")
async def test_a_move_needs_as_many_statements_with_500_hidden_opportunities_in_between(
    tenant: TenantClient, statements: list[str]
) -> None:
    mine = [await tenant.opportunity("rep1"), await tenant.opportunity("rep2")]
    mine += [await tenant.opportunity("rep1") for _ in range(2)]
    stage = public_id("stg", (await tenant.row("opportunity", mine[0]))["stage_id"])
    counts = []
    for _ in range(2):
        statements.clear()
        await tenant.mutate("rep1", "opportunityMove", id=mine[3], stage=stage, before=mine[2])
        counts.append(len(statements))
        key = (await tenant.row("opportunity", mine[3]))["rank_key"]
        first, last = [(await tenant.row("opportunity", mine[n]))["rank_key"] for n in (0, 2)]
        assert first < key < last
        await tenant.value(INSERT_HIDDEN_ROWS, uuid_of(mine[1]))
        await tenant.mutate("rep1", "opportunityMove", id=mine[3], stage=stage, after=mine[2])
    assert counts[0] == counts[1] <= 14

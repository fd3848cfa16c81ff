"""How often the database is asked by a sale, exactly: one line or fifty, one opportunity or ten, it is as often."""

from __future__ import annotations

import asyncio

import pytest

from db.engine.transaction import CleanConnection
from tests.sales.conftest import SalesClient
from tests.support.covers import covers
from tests.writes.parallel import (
    Own,
    beside,
    came,
    ends_held_up,
    kept,
    spelled,
    until_second_waits,
)

SELL = """mutation ($inputs: [OpportunitySellInput!]!) {
  done: opportunitySellMany(inputs: $inputs) { userErrors { code path message } } }"""


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every message to the database."""
    found: list[str] = []

    def listen(name: str) -> None:
        original = getattr(CleanConnection, name)

        async def asked(self: CleanConnection, query: str, *args: object, **kw: object) -> object:
            found.append(query)
            return await original(self, query, *args, **kw)

        monkeypatch.setattr(CleanConnection, name, asked)

    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        listen(name)
    return found


async def offered(client: SalesClient, count: int, lines: int) -> list[str]:
    """Opportunities, each with a quote of so many lines, of two kinds of contract."""
    yearly = await client.product(await client.kind(timeBased=True, months=12))
    found = []
    for _ in range(count):
        items = [
            {"product": yearly} if n % 2 else {"name": "x", "unitPrice": "1"} for n in range(lines)
        ]
        found.append((await client.quoted(items))[0])
    return found


@covers("EP-140", "D-58", "X-10")
@pytest.mark.parametrize(("persona", "first", "again"), [("admin", 17, 15), ("rep1", 20, 18)])
async def test_a_sale_asks_as_often_for_many_as_for_one(
    client: SalesClient, own: Own, heard: list[str], persona: str, first: int, again: int
) -> None:
    """Sold again as it was, nothing is written of contracts."""
    sales = [await offered(client, *size) for size in ((1, 2), (1, 2), (1, 50), (10, 2))]
    for expected in (first, again):
        counts: list[int] = []
        for ids in sales:
            heard.clear()
            answer = await own.ask(persona, SELL, {"inputs": [{"id": id} for id in ids]})
            assert answer.data["done"]["userErrors"] == []
            counts.append(len(heard))
            unlocked = await own.many("rep1", "opportunityUnlock", [{"id": id} for id in ids])
            assert came(unlocked) == "DONE"
        assert counts[1:] == [expected] * 3, "the first time compiles"


@covers("EP-145", "D-04", "D-36")
@pytest.mark.parametrize("elsewhere", [False, True])
async def test_of_two_who_sell_at_once_one_sells(
    client: SalesClient, own: Own, elsewhere: bool
) -> None:
    [id] = await offered(client, 1, 2)
    async with beside(own) as second:
        other = second if elsewhere else own
        async with ends_held_up(own) as operator:
            one = asyncio.create_task(own.do("rep1", "opportunitySell", id=id))
            two = asyncio.create_task(other.do("manager", "opportunitySell", id=id))
            await until_second_waits(operator, two)
        outcomes = sorted([came(await one), came(await two)])
    assert outcomes == ["DONE", "LOCKED"]
    found = await client.read(id)
    assert len(found["contracts"]) == 2
    assert {each["revision"] for each in found["contracts"]} == {1}
    assert [each["stage"]["name"] for each in found["visits"]].count("Won") == 1


CROWD = """INSERT INTO opportunity
    (id, name, account_id, owner_id, type_id, stage_id, status, currency, rank_key)
SELECT gen_random_uuid(), name, account_id, owner_id, type_id, stage_id, status, currency,
    rank_key || 'h' FROM opportunity, generate_series(1, 500) WHERE id = $1"""


@covers("X-21", "D-58")
async def test_a_place_is_found_at_once_among_many_that_are_not_seen(
    own: Own, heard: list[str]
) -> None:
    mine = [await own.opportunity("rep1"), await own.opportunity("rep2")]
    mine += [await own.opportunity("rep1") for _ in range(2)]
    stage = spelled("stg", (await own.row("opportunity", mine[0]))["stage_id"])
    counts = []
    for _ in range(2):
        heard.clear()
        await own.done("rep1", "opportunityMove", id=mine[3], stage=stage, before=mine[2])
        counts.append(len(heard))
        key = (await own.row("opportunity", mine[3]))["rank_key"]
        first, last = [(await own.row("opportunity", mine[n]))["rank_key"] for n in (0, 2)]
        assert first < key < last
        await own.value(CROWD, kept(mine[1]))
        await own.done("rep1", "opportunityMove", id=mine[3], stage=stage, after=mine[2])
    assert counts[0] == counts[1] <= 14

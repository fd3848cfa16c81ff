"""The examples as screens: sums of a board, every part of an account page, a list read to its end, a live pipeline."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.examples.conftest import PERSONA, ask, called, variables_of
from tests.live.wire import wire
from tests.support.covers import covers
from tests.support.world import World
from tests.writes.parallel import TenantClient, served

DIGITS = {"JPY": 0, "KWD": 3}
"""Minor digits of currencies that do not have two."""
Sums = dict[str, Decimal]


def summed(money: list[Any]) -> Sums:
    """Sums per currency of an answer."""
    return {each["currency"]: Decimal(each["amount"]) for each in money}


def added(records: list[Any]) -> tuple[Sums, Sums]:
    """Sums of the amounts and of the weighted amounts: added exactly, rounded once to minor units."""
    amounts: Sums = defaultdict(Decimal)
    weighted: Sums = defaultdict(Decimal)
    for each in records:
        if (money := each["amount"]) is not None:
            amount, currency = Decimal(money["amount"]), money["currency"]
            amounts[currency] += amount
            if each["probability"] is not None:
                weighted[currency] += amount * each["probability"] / 100
    coins = {each: Decimal(1).scaleb(-DIGITS.get(each, 2)) for each in weighted}
    rounded = {each: part.quantize(coins[each], ROUND_HALF_UP) for each, part in weighted.items()}
    return dict(amounts), rounded


def holds(part: Any) -> bool:
    """Whether a part of a page is not empty."""
    return bool(part.get("nodes", True) if isinstance(part, dict) else part)


async def one_by_one(world: World, cards: list[Any]) -> list[Any]:
    """The records of some cards, each read by its ID."""
    read = "opportunity(id: %r) { probability amount { amount currency } stage { id } }"
    asked = [
        f"_{number}: {read % each['id']}".replace("'", '"') for number, each in enumerate(cards)
    ]
    return [*(await world.ask(PERSONA["board"], f"{{ {' '.join(asked)} }}")).data.values()]


@covers("X-21")
async def test_sums_of_a_board_equal_those_of_its_cards(world: World) -> None:
    board = (await ask(world, called("Board"), cards=60)).data
    stages = [each["stage"] for each in board["pipelineStages"]["nodes"]]
    assert {each["kind"] for each in stages} == {"OPEN", "WON", "LOST"}
    for stage in stages:
        column = stage["opportunities"]
        cards, total = column["nodes"], column["aggregate"]
        assert cards, "every column of the demonstration has cards"
        assert len(cards) == total["count"] == column["totalCount"]
        records = await one_by_one(world, cards)
        assert {each["stage"]["id"] for each in records} == {stage["id"]}
        assert (summed(total["sum"]["amount"]), summed(total["sum"]["weighted"])) == added(records)
        ranks = [each["rank"] for each in cards if each["rank"] is not None]
        assert ranks == sorted(ranks)
    few = (await ask(world, called("Board"), cards=3)).data["pipelineStages"]["nodes"]
    for stage, each in zip(stages, few, strict=True):
        some, column = each["stage"]["opportunities"], stage["opportunities"]
        assert some["nodes"] == column["nodes"][:3], "the first by rank"
        assert some["aggregate"] == column["aggregate"], "the totals are those of all cards"


@covers("EP-201", "EP-202", "EP-203", "EP-212")
async def test_every_part_of_the_account_page_has_data_for_some_account(
    world: World, twin: TenantClient
) -> None:
    """Read by the director for all accounts; the history is that of one change."""
    page, known, filled = called("AccountPage"), set[str](), set[str]()
    change = (
        "mutation($i: AccountUpdateInput!) { accountUpdate(input: $i) { userErrors { path } } }"
    )
    account = (await variables_of(world, page, twin.slug))["account"]
    given = {"i": {"id": account, "description": "Moves in May"}}
    assert (await twin.ask("admin", change, given)).data["accountUpdate"]["userErrors"] == []
    entries = (await ask(world, page, twin.slug)).data["account"]["history"]["nodes"]
    assert [(each["field"], each["after"]) for each in entries] == [("description", "Moves in May")]
    accounts = (await world.ask("director", "{ accounts(first: 100) { nodes { id } } }")).data
    for account in accounts["accounts"]["nodes"]:
        answer = await world.ask("director", page.text, {"account": account["id"]})
        found = answer.data["account"]
        known |= set(found)
        filled |= {key for key, part in found.items() if holds(part)}
    assert known - filled == {"history"}, "no other account was changed"


async def test_short_list_is_read_to_its_end_in_pages(world: World) -> None:
    """Every record once, in one order."""
    seen: list[str] = []
    after, count = None, 7
    while True:
        page = (await ask(world, called("MobileList"), first=count, after=after)).data
        found = page["opportunities"]
        seen += [each["id"] for each in found["nodes"]]
        assert all(each["permissions"]["update"] in (True, False) for each in found["nodes"])
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    query = "{ opportunities(filter: {status: {eq: OPEN}}) { totalCount } }"
    whole = (await world.ask(PERSONA["mobile_list"], query)).data
    assert len(seen) == len(set(seen)) == whole["opportunities"]["totalCount"] > count


async def test_live_pipeline_delivers_a_change(world: World, twin: TenantClient) -> None:
    one = called("LivePipeline")
    async with served(twin) as port, wire(port) as socket:
        await socket.init(world.tokens[one.persona, twin.slug])
        await socket.subscribe(
            "1", one.text, await variables_of(world, one), operationName=one.name
        )
        first = (await socket.next("1"))["data"]["opportunities"]
        assert first["kind"] == "SNAPSHOT"
        mine = first["changes"][0]["node"]
        await twin.done(one.persona, "opportunityUpdate", id=mine["id"], name="Renamed")
        [change] = (await socket.next("1"))["data"]["opportunities"]["changes"]
        assert (change["id"], change["node"]["name"]) == (mine["id"], "Renamed")
        await socket.complete("1")


@covers("EP-154")
async def test_contracts_that_end_belong_to_the_team(world: World) -> None:
    """Active contracts of the manager and of two levels below, by end date."""
    one = called("ContractsEnding")
    variables = await variables_of(world, one)
    found = (await ask(world, one)).data["accounts"]["nodes"]
    query = "query($id: ID!) { employee(id: $id) { name manager { id manager { id } } } }"
    for account in found:
        given = {"id": account["owner"]["id"]}
        owner = (await world.ask("admin", query, given)).data["employee"]
        above = owner["manager"] or {}
        chain = [given["id"], above.get("id"), (above.get("manager") or {}).get("id")]
        assert variables["employee"] in chain, owner["name"]
        ends = [each["endsOn"] for each in account["contracts"]["nodes"]]
        assert ends
        assert ends == sorted(ends)
        assert ends[-1] <= variables["until"]
    sooner = (await ask(world, one, until="2026-12-31")).data["accounts"]["nodes"]
    assert 0 < len(sooner) < len(found)

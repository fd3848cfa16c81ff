"""The screens that the examples are made for: a board that adds up, a page without holes, a list to the end, a live pipeline."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.examples.conftest import PERSONA, ask, called
from tests.live.wire import wire
from tests.support.covers import covers
from tests.support.world import World
from tests.writes.parallel import Own, served

DIGITS = {"JPY": 0, "KWD": 3}
"""After the point; two where nothing is said."""
Sums = dict[str, Decimal]


def summed(money: list[Any]) -> Sums:
    """Sums per currency, as they are answered."""
    return {each["currency"]: Decimal(each["amount"]) for each in money}


def added(records: list[Any]) -> tuple[Sums, Sums]:
    """What records come to, and what of it one may count on: added up exactly, then rounded once to whole coins."""
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
    """Whether a part of a page holds anything."""
    return bool(part.get("nodes", True) if isinstance(part, dict) else part)


async def one_by_one(world: World, cards: list[Any]) -> list[Any]:
    """The records of some cards, each asked for alone."""
    read = "opportunity(id: %r) { probability amount { amount currency } stage { id } }"
    asked = [
        f"_{number}: {read % each['id']}".replace("'", '"') for number, each in enumerate(cards)
    ]
    return [*(await world.ask(PERSONA["board"], f"{{ {' '.join(asked)} }}")).data.values()]


@covers("X-21")
async def test_the_sums_of_a_board_are_those_of_its_cards(world: World) -> None:
    board = (await ask(world, called("Board"), cards=60)).data
    stages = [each["stage"] for each in board["pipelineStages"]["nodes"]]
    assert {each["kind"] for each in stages} == {"OPEN", "WON", "LOST"}
    for stage in stages:
        column = stage["opportunities"]
        cards, total = column["nodes"], column["aggregate"]
        assert cards, "every column of the demonstration holds something"
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
        assert some["aggregate"] == column["aggregate"], "and what they come to is that of all"


@covers("EP-201", "EP-202", "EP-203", "EP-212")
async def test_every_part_of_an_account_page_is_filled_somewhere(world: World, twin: Own) -> None:
    """On one account or another, as the director sees them; the history is that of a change."""
    page, known, filled = called("AccountPage"), set[str](), set[str]()
    change = (
        "mutation($i: AccountUpdateInput!) { accountUpdate(input: $i) { userErrors { path } } }"
    )
    given = {"i": {"id": page.variables["account"], "description": "Moves in May"}}
    assert (await twin.ask("rep1", change, given)).data["accountUpdate"]["userErrors"] == []
    told = (await ask(world, page, twin.slug)).data["account"]["history"]["nodes"]
    assert [(each["field"], each["after"]) for each in told] == [("description", "Moves in May")]
    accounts = (await world.ask("director", "{ accounts(first: 100) { nodes { id } } }")).data
    for account in accounts["accounts"]["nodes"]:
        answer = await world.ask("director", page.text, {"account": account["id"]})
        found = answer.data["account"]
        known |= set(found)
        filled |= {key for key, part in found.items() if holds(part)}
    assert known - filled == {"history"}, "nobody changed these"


async def test_a_lean_list_is_read_to_its_end(world: World) -> None:
    """Page by page as the example says: everything once, in one order."""
    seen: list[str] = []
    after, count = None, 7
    while True:
        page = (await ask(world, called("MobileList"), first=count, after=after)).data
        found = page["opportunities"]
        seen += [each["id"] for each in found["nodes"]]
        assert all(each["access"]["update"] in (True, False) for each in found["nodes"])
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    query = "{ opportunities(filter: {status: {eq: OPEN}}) { totalCount } }"
    whole = (await world.ask(PERSONA["mobile_list"], query)).data
    assert len(seen) == len(set(seen)) == whole["opportunities"]["totalCount"] > count


async def test_a_live_pipeline_tells_what_became_of_it(world: World, twin: Own) -> None:
    one = called("LivePipeline")
    async with served(twin) as port, wire(port) as socket:
        await socket.init(world.tokens[one.persona, twin.slug])
        await socket.begin("1", one.text, one.variables, operationName=one.name)
        first = (await socket.next("1"))["data"]["opportunities"]
        assert first["kind"] == "SNAPSHOT"
        mine = first["changes"][0]["node"]
        await twin.done(one.persona, "opportunityUpdate", id=mine["id"], name="Told to all")
        [told] = (await socket.next("1"))["data"]["opportunities"]["changes"]
        assert (told["id"], told["node"]["name"]) == (mine["id"], "Told to all")
        await socket.done("1")


@covers("EP-154")
async def test_contracts_that_end_are_those_of_a_team(world: World) -> None:
    """Of the manager and everybody below him, the running ones that end by the day, soonest first."""
    one = called("ContractsEnding")
    found = (await ask(world, one)).data["accounts"]["nodes"]
    query = "query($id: ID!) { employee(id: $id) { name manager { id manager { id } } } }"
    for account in found:
        given = {"id": account["owner"]["id"]}
        owner = (await world.ask("admin", query, given)).data["employee"]
        above = owner["manager"] or {}
        chain = [given["id"], above.get("id"), (above.get("manager") or {}).get("id")]
        assert one.variables["employee"] in chain, owner["name"]
        ends = [each["endsOn"] for each in account["contracts"]["nodes"]]
        assert ends
        assert ends == sorted(ends)
        assert ends[-1] <= one.variables["until"]
    sooner = (await ask(world, one, until="2026-12-31")).data["accounts"]["nodes"]
    assert 0 < len(sooner) < len(found)

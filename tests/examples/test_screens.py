"""Examples that are screens: board totals, account page, mobile list, live pipeline and ending contracts."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.examples.conftest import PERSONA, ask, operation_named, variables_of
from tests.live.wire import wire
from tests.support.covers import covers
from tests.support.world import World
from tests.writes.client import TenantClient, serve

DIGITS = {"JPY": 0, "KWD": 3}
"""Number of minor digits of currencies other than two."""
Sums = dict[str, Decimal]


def sums_in(money: list[Any]) -> Sums:
    """Sums by currency in a response."""
    return {each["currency"]: Decimal(each["amount"]) for each in money}


def sums_of(records: list[Any]) -> tuple[Sums, Sums]:
    """Sums of amounts and weighted amounts by currency: added exactly, then rounded to minor units."""
    amounts: Sums = defaultdict(Decimal)
    weighted: Sums = defaultdict(Decimal)
    for each in records:
        if (money := each["amount"]) is not None:
            amount, currency = Decimal(money["amount"]), money["currency"]
            amounts[currency] += amount
            if each["probability"] is not None:
                weighted[currency] += amount * each["probability"] / 100
    units = {each: Decimal(1).scaleb(-DIGITS.get(each, 2)) for each in weighted}
    rounded = {each: sum.quantize(units[each], ROUND_HALF_UP) for each, sum in weighted.items()}
    return dict(amounts), rounded


def is_filled(value: Any) -> bool:
    """Whether a value or connection of a response is not empty."""
    return bool(value.get("nodes", True) if isinstance(value, dict) else value)


async def one_by_one(world: World, cards: list[Any]) -> list[Any]:
    """The records of board cards, each read by its id."""
    read = "opportunity(id: %r) { probability amount { amount currency } stage { id } }"
    fields = [
        f"_{number}: {read % each['id']}".replace("'", '"') for number, each in enumerate(cards)
    ]
    return [*(await world.ask(PERSONA["board"], f"{{ {' '.join(fields)} }}")).data.values()]


@covers("X-21")
async def test_board_totals_equal_the_sums_of_their_cards(world: World) -> None:
    board = (await ask(world, operation_named("Board"), cards=60)).data
    stages = [each["stage"] for each in board["pipelineStages"]["nodes"]]
    assert {each["kind"] for each in stages} == {"OPEN", "WON", "LOST"}
    for stage in stages:
        column = stage["opportunities"]
        cards, total = column["nodes"], column["aggregate"]
        assert cards, "every column of the demo board has cards"
        assert len(cards) == total["count"] == column["totalCount"]
        records = await one_by_one(world, cards)
        assert {each["stage"]["id"] for each in records} == {stage["id"]}
        assert (sums_in(total["sum"]["amount"]), sums_in(total["sum"]["weighted"])) == sums_of(
            records
        )
        ranks = [each["rank"] for each in cards if each["rank"] is not None]
        assert ranks == sorted(ranks)
    few = (await ask(world, operation_named("Board"), cards=3)).data["pipelineStages"]["nodes"]
    for stage, each in zip(stages, few, strict=True):
        limited, column = each["stage"]["opportunities"], stage["opportunities"]
        assert limited["nodes"] == column["nodes"][:3], "the first by rank"
        assert limited["aggregate"] == column["aggregate"], "totals cover all cards"


@covers("EP-201", "EP-202", "EP-203", "EP-212")
async def test_every_field_of_the_account_page_has_data_for_some_account(
    world: World, acme_copy: TenantClient
) -> None:
    """Read by the director for all accounts; the history is checked after one change."""
    page, names, filled = operation_named("AccountPage"), set[str](), set[str]()
    change = (
        "mutation($i: AccountUpdateInput!) { accountUpdate(input: $i) { userErrors { path } } }"
    )
    account = (await variables_of(world, page, acme_copy.slug))["account"]
    params = {"i": {"id": account, "description": "Moves in May"}}
    assert (await acme_copy.ask("admin", change, params)).data["accountUpdate"]["userErrors"] == []
    entries = (await ask(world, page, acme_copy.slug)).data["account"]["history"]["nodes"]
    assert [(each["field"], each["after"]) for each in entries] == [("description", "Moves in May")]
    accounts = (await world.ask("director", "{ accounts(first: 100) { nodes { id } } }")).data
    for account in accounts["accounts"]["nodes"]:
        answer = await world.ask("director", page.text, {"account": account["id"]})
        data = answer.data["account"]
        names |= set(data)
        filled |= {key for key, value in data.items() if is_filled(value)}
    assert names - filled == {"history"}, "no other account was changed"


async def test_short_list_is_read_to_its_end_in_pages(world: World) -> None:
    """Pagination returns every record exactly once."""
    seen: list[str] = []
    after, count = None, 7
    while True:
        page = (await ask(world, operation_named("MobileList"), first=count, after=after)).data
        connection = page["opportunities"]
        seen += [each["id"] for each in connection["nodes"]]
        assert all(each["permissions"]["update"] in (True, False) for each in connection["nodes"])
        after = connection["pageInfo"]["endCursor"]
        if not connection["pageInfo"]["hasNextPage"]:
            break
    query = "{ opportunities(filter: {status: {eq: OPEN}}) { totalCount } }"
    total = (await world.ask(PERSONA["mobile_list"], query)).data
    assert len(seen) == len(set(seen)) == total["opportunities"]["totalCount"] > count


async def test_live_pipeline_delivers_a_change(world: World, acme_copy: TenantClient) -> None:
    one = operation_named("LivePipeline")
    async with serve(acme_copy) as port, wire(port) as socket:
        await socket.init(world.tokens[one.persona, acme_copy.slug])
        await socket.subscribe(
            "1", one.text, await variables_of(world, one), operationName=one.name
        )
        first = (await socket.next("1"))["data"]["opportunities"]
        assert first["kind"] == "SNAPSHOT"
        record = first["changes"][0]["node"]
        await acme_copy.mutate(one.persona, "opportunityUpdate", id=record["id"], name="Renamed")
        [change] = (await socket.next("1"))["data"]["opportunities"]["changes"]
        assert (change["id"], change["node"]["name"]) == (record["id"], "Renamed")
        await socket.complete("1")


@covers("EP-154")
async def test_contracts_that_end_belong_to_the_team(world: World) -> None:
    """Active contracts of the manager and of two levels below, by end date."""
    one = operation_named("ContractsEnding")
    variables = await variables_of(world, one)
    accounts = (await ask(world, one)).data["accounts"]["nodes"]
    query = "query($id: ID!) { employee(id: $id) { name manager { id manager { id } } } }"
    for account in accounts:
        params = {"id": account["owner"]["id"]}
        owner = (await world.ask("admin", query, params)).data["employee"]
        manager = owner["manager"] or {}
        chain = [params["id"], manager.get("id"), (manager.get("manager") or {}).get("id")]
        assert variables["employee"] in chain, owner["name"]
        ends = [each["endsOn"] for each in account["contracts"]["nodes"]]
        assert ends
        assert ends == sorted(ends)
        assert ends[-1] <= variables["until"]
    sooner = (await ask(world, one, until="2026-12-31")).data["accounts"]["nodes"]
    assert 0 < len(sooner) < len(accounts)

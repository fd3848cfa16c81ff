"""Opportunities as chances to sell, in pipelines that are open to different teams."""

from __future__ import annotations

from typing import Any

from tests.commands.newcomer import PASSWORD, Newcomer, newcomer
from tests.sales.conftest import SalesClient
from tests.support.covers import covers
from tests.writes.client import DONE, TenantClient, outcome_of, public_id

CHANCE = """query ($id: ID!) { opportunity(id: $id) {
  name status probability closedOn account { id } stage { name kind }
  amount { amount currency } weighted { amount currency }
  quotes { nodes { items { nodes { name quantity product { id } } } } }
} }"""
STAGES = """query ($id: ID!) { opportunityType(id: $id) {
  stages(orderBy: [{ position: ASC }]) { nodes { position probability stage { name } } } } }"""
PIPELINE = """{ opportunities(first: 100) { totalCount nodes { id type { id } } }
  opportunitiesAggregate(groupBy: [{ type: { record: true } }]) { groups { count key { type { record { id } } } } } }"""


async def stages(tenant: TenantClient) -> dict[str, str]:
    """The stage ids of the tenant by name."""
    rows = await tenant.fetch("SELECT id, name FROM stage WHERE deleted_at IS NULL")
    return {row["name"]: public_id("stg", row["id"]) for row in rows}


async def pipeline(tenant: TenantClient, **probabilities: int) -> str:
    """An opportunity type that activates these stages in this order, with these probabilities."""
    known = await stages(tenant)
    params = [
        {"stage": known[name], "position": place, "probability": probability}
        for place, (name, probability) in enumerate(probabilities.items(), 1)
    ]
    return await tenant.mutate(
        "admin", "opportunityTypeCreate", name=tenant.new_name(), stages=params
    )


async def read(tenant: TenantClient, id: str) -> dict[str, Any]:
    """An opportunity with its stage, probability and amounts."""
    result: dict[str, Any] = (await tenant.ask("rep1", CHANCE, {"id": id})).data["opportunity"]
    return result


def chance(opportunity: dict[str, Any]) -> tuple[str, str, int, str]:
    """The status, stage, probability in percent, and weighted amount."""
    shown = (opportunity["status"], opportunity["stage"]["name"], opportunity["probability"])
    return (*shown, opportunity["weighted"]["amount"])


@covers("VT-05")
async def test_an_opportunity_has_an_account_amount_and_probability_until_won_or_lost(
    tenant: TenantClient, client: SalesClient
) -> None:
    """Winning sets the probability to 100, losing to 0."""
    kind = await pipeline(tenant, Prospect=10, Proof=60, Won=100, Lost=0)
    known = await stages(tenant)
    account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    params = {"account": account, "type": kind, "amount": "2000"}
    won, lost = [await tenant.opportunity("rep1", **params) for _ in "12"]
    product = await client.product(await client.kind())
    item = {"product": product, "quantity": "4"}
    await tenant.mutate(
        "rep1", "quoteCreate", opportunity=won, name=tenant.new_name(), items=[item]
    )
    result = await read(tenant, won)
    assert result["account"] == {"id": account}
    assert result["amount"] == {"amount": "2000.00", "currency": "EUR"}
    [line] = result["quotes"]["nodes"][0]["items"]["nodes"]
    assert (line["product"], line["quantity"]) == ({"id": product}, "4.0000")
    assert chance(result) == ("OPEN", "Prospect", 10, "200.00")
    await tenant.mutate("rep1", "opportunityMove", id=won, stage=known["Proof"])
    assert chance(await read(tenant, won)) == ("OPEN", "Proof", 60, "1200.00")
    assert await client.sell(won) == DONE
    sold = await read(tenant, won)
    assert chance(sold)[:3] == ("WON", "Won", 100)
    assert sold["closedOn"] is not None
    reason = await tenant.value("SELECT id FROM lost_reason WHERE NOT needs_note LIMIT 1")
    await tenant.mutate("rep1", "opportunityLose", id=lost, reason=public_id("lrs", reason))
    assert chance(await read(tenant, lost)) == ("LOST", "Lost", 0, "0.00")


@covers("X-22")
async def test_each_pipeline_has_its_own_stages_order_and_probabilities(
    tenant: TenantClient,
) -> None:
    known = await stages(tenant)
    short = await pipeline(tenant, Qualification=30, Won=100, Lost=0)
    long = await pipeline(tenant, Proof=15, Nurture=25, Qualification=70, Won=100, Lost=0)
    for kind, expected in (
        (short, {"Qualification": 30, "Won": 100, "Lost": 0}),
        (long, {"Proof": 15, "Nurture": 25, "Qualification": 70, "Won": 100, "Lost": 0}),
    ):
        nodes = (await tenant.ask("rep1", STAGES, {"id": kind})).data["opportunityType"]["stages"]
        result = {each["stage"]["name"]: each["probability"] for each in nodes["nodes"]}
        assert list(result.items()) == list(expected.items())
        id = await tenant.opportunity("rep1", type=kind, amount="100")
        first = next(iter(expected))
        assert chance(await read(tenant, id))[1:3] == (first, expected[first]), (
            "a new one starts in the first stage"
        )
        for name in sorted(known.keys() - {"Won", "Lost"}):
            moved = outcome_of(
                await tenant.attempt("rep1", "opportunityMove", id=id, stage=known[name])
            )
            assert (moved == DONE) == (name in expected), name
            if moved == DONE:
                assert (await read(tenant, id))["probability"] == expected[name]


async def team(tenant: TenantClient, *types: str) -> Newcomer:
    """A new user in a new role that has access to these pipelines."""
    profile = public_id(
        "prf", await tenant.value("SELECT id FROM profile WHERE name = 'Standard sales'")
    )
    params = {"profiles": [{"profile": profile}], "shares": [{"type": each} for each in types]}
    role = await tenant.mutate("admin", "roleCreate", name=tenant.new_name(), **params)
    made = await newcomer(tenant, tenant.new_name().replace(" ", "-"))
    await tenant.mutate("admin", "roleAssignmentCreate", user=made.user, role=role)
    assert await made.signs_in(PASSWORD)
    return made


async def visible(someone: Newcomer) -> dict[str, int]:
    """The number of opportunities per pipeline that a user sees; lists and groups agree."""
    data = (await someone.post(PIPELINE, 0)).data
    result: dict[str, int] = {}
    for each in data["opportunities"]["nodes"]:
        result[each["type"]["id"]] = result.get(each["type"]["id"], 0) + 1
    groups = data["opportunitiesAggregate"]["groups"]
    assert {each["key"]["type"]["record"]["id"]: each["count"] for each in groups} == result
    return result


@covers("X-22")
async def test_a_team_has_access_to_the_opportunities_of_its_pipelines(
    tenant: TenantClient,
) -> None:
    """A role sees the opportunities of its types, of any owner, until its share rule is deleted."""
    one, other = [await pipeline(tenant, Prospect=10, Won=100, Lost=0) for _ in "12"]
    ids = {each: await tenant.opportunity("rep1", type=each) for each in (one, other)}
    await tenant.opportunity("rep2", type=one)
    first, second, both = (
        await team(tenant, one),
        await team(tenant, other),
        await team(tenant, one, other),
    )
    without_types = await team(tenant)
    assert await visible(first) == {one: 2}
    assert await visible(second) == {other: 1}
    assert await visible(both) == {one: 2, other: 1}
    assert await visible(without_types) == {}
    for someone, seen in ((first, one), (second, other)):
        text = f'{{ a: opportunity(id: "{ids[one]}") {{ id }} b: opportunity(id: "{ids[other]}") {{ id }} }}'
        data = (await someone.post(text, 0)).data
        assert [data["a"], data["b"]] == [
            {"id": ids[each]} if each == seen else None for each in (one, other)
        ]
    share = await tenant.value(
        "SELECT s.id FROM share_rule s JOIN role_assignment a ON a.role_id = s.role_id "
        "WHERE a.user_id = $1::uuid",
        first.user.partition("_")[2],
    )
    await tenant.mutate("admin", "shareRuleDelete", id=public_id("shr", share))
    assert await visible(first) == {}
    assert await visible(second) == {other: 1}


@covers("D-33")
async def test_all_invalid_values_are_reported_at_once_and_nothing_is_written(
    client: SalesClient, tenant: TenantClient
) -> None:
    account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    before = await tenant.value("SELECT count(*) FROM opportunity")
    invalid = {"name": "", "currency": "EURO", "probability": 140, "amount": "123456789012345.5"}
    found = await client.wrong("admin", "opportunityCreate", account=account, **invalid)
    expected = {
        ("REQUIRED", "input.name"),
        ("INVALID", "input.currency"),
        ("INVALID", "input.probability"),
        ("INVALID", "input.amount"),
    }
    assert (set(found), len(found)) == (expected, 4)
    assert await tenant.value("SELECT count(*) FROM opportunity") == before
    id = await tenant.opportunity("admin", account=account)
    found = await client.wrong("admin", "opportunityUpdate", id=id, **invalid)
    assert (set(found), len(found)) == (expected, 4)

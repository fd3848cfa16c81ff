"""Money, aggregates, filters, orders, pages and value formats by example."""

from typing import Any

import pytest

from tests.oracle.comparison import comparison_for
from tests.oracle.values import fold
from tests.proof.contract import LISTED, fields, roots
from tests.proof.rights import LINES
from tests.support.covers import covers
from tests.support.world import World


@covers("D-17")
async def test_money_has_the_digits_of_its_currency(world: World) -> None:
    comparison = await comparison_for(world, "admin")
    digits = {}
    for currency in ("EUR", "JPY", "KWD"):
        data = await comparison.assert_matches(
            "query ($c: String) { opportunities(filter: {currency: {eq: $c}, amount: {gt: 0.5}}, "
            "first: 1) { nodes { amount { amount currency } } aggregate { count "
            "avg { amount { amount currency } } } } }".replace("0.5", '"0.5"'),
            {"c": currency},
        )
        found = data["opportunities"]
        digits[currency] = (
            decimals(found["nodes"][0]["amount"]["amount"]),
            decimals(found["aggregate"]["avg"]["amount"][0]["amount"]),
        )
    assert digits == {"EUR": (2, 4), "JPY": (0, 2), "KWD": (3, 5)}


def decimals(number: str) -> int:
    return len(number.partition(".")[2])


MEASURES = (
    "count",
    "sum { amount { amount currency } }",
    "sum { commission { currency } } max { commission { amount } }",
    "avg { probability }",
    "min { expectedCloseOn } max { probability margin { amount currency } }",
    "count @skip(if: true)",
    "... @include(if: false) { count } sum { amount { amount currency } }",
    "__typename sum { __typename }",
)


@covers("D-17", "D-38", "D-42")
@pytest.mark.parametrize("measures", MEASURES)
async def test_every_combination_of_aggregates_is_answered(world: World, measures: str) -> None:
    """Includes selections without `count`, with money only and empty ones, at the root and in nested lists."""
    for persona in ("admin", "rep1"):
        comparison = await comparison_for(world, persona)
        for test in ("{}", '{name: {eq: "no such name"}}'):
            listed = f"opportunities(filter: {test}) {{ aggregate {{ {measures} }} }}"
            await comparison.assert_matches(f"{{ {listed} }}")
            await comparison.assert_matches(
                f"{{ accounts(first: 3) {{ nodes {{ id {listed} }} }} }}"
            )
            await comparison.assert_matches(
                f"{{ accounts(first: 3) {{ nodes {{ id owner {{ name {listed} }} }} }} }}"
            )


PARTS = (
    "totalCount",
    "pageInfo { hasPreviousPage }",
    "pageInfo { hasPreviousPage } totalCount",
    "pageInfo { hasNextPage @skip(if: true) }",
    "pageInfo { __typename }",
    "pageInfo { hasNextPage startCursor }",
    "edges { cursor }",
    "edges { node { id @skip(if: true) } }",
    "edges { __typename }",
    "nodes { __typename }",
    "nodes @skip(if: true) { id }",
    "__typename",
)


@covers("D-38")
@pytest.mark.parametrize("parts", PARTS)
async def test_every_combination_of_connection_fields_is_answered(world: World, parts: str) -> None:
    """Includes selections that need no records, empty lists and nested lists."""
    comparison = await comparison_for(world, "rep1")
    for test in ("{}", "{or: []}"):
        listed = f"accounts(filter: {test}, first: 2) {{ {parts} }}"
        await comparison.assert_matches(f"{{ {listed} }}")
        await comparison.assert_matches(
            f"{{ employees {{ nodes {{ id {listed} manager {{ {listed} }} }} }} }}"
        )


async def names(world: World, test: str, persona: str = "admin", order: str = "id") -> list[Any]:
    comparison = await comparison_for(world, persona)
    data = await comparison.assert_matches(
        f"{{ accounts(filter: {test}, orderBy: [{{{order}: ASC}}], first: 100) {{ nodes {{ name }} }} }}"
    )
    return [node["name"] for node in data["accounts"]["nodes"]]


@covers("D-41")
async def test_text_filters_ignore_case_and_accents(world: World) -> None:
    assert len(await names(world, '{name: {contains: "ANGSTRÖM"}}')) == 3
    assert len(await names(world, '{name: {startsWith: "cafe p"}}')) == 3
    assert await names(world, '{name: {eq: "Café Perrault"}}') == ["Café Perrault"]
    assert await names(world, '{name: {contains: "100%"}}') == ["100% Linen House"]
    assert await names(world, '{name: {contains: "r_s"}}') == ["under_score Systems"]
    assert await names(world, '{name: {contains: "D:\\\\"}}') == ["Drive D:\\ Recovery"]
    assert await names(world, '{name: {startsWith: "東"}}') == ["東京 Stationers"]


@covers("D-41")
async def test_filter_operators_are_two_valued(world: World) -> None:
    everything = len(await names(world, "{}"))
    empty = await names(world, "{name: {isNull: true}}")
    assert empty == [None] * 3
    for test in (
        '{eq: "Pemberlyn Hotel"}',
        '{in: ["a", "Pemberlyn Hotel"]}',
        '{lt: "m"}',
        "{in: []}",
    ):
        met = await names(world, f"{{name: {test}}}")
        unmet = await names(world, f"{{not: {{name: {test}}}}}")
        assert None not in met
        assert unmet.count(None) == 3
        assert len(met) + len(unmet) == everything
    assert None in await names(world, '{name: {ne: "Pemberlyn Hotel"}}')
    assert None in await names(world, '{name: {notIn: ["Pemberlyn Hotel"]}}')
    assert await names(world, "{or: []}") == []
    assert len(await names(world, "{and: []}")) == everything
    assert len(await names(world, "{name: {notIn: []}}")) == everything
    assert await names(world, "{not: {}}") == []


@covers("D-41")
@pytest.mark.parametrize("test", ["eq", "ne", "in", "notIn", "lt", "gte", "contains", "isNull"])
async def test_operator_with_null_is_refused_in_favor_of_is_null(world: World, test: str) -> None:
    comparison = await comparison_for(world, "admin")
    query = f"{{ accounts(filter: {{name: {{{test}: null}}}}) {{ totalCount }} }}"
    assert await comparison.error_codes(query) == ["BAD_USER_INPUT"]
    absent = "query ($absent: String) { accounts(filter: {name: {eq: $absent}}) { totalCount } }"
    await comparison.assert_matches(absent)


@covers("D-41")
async def test_list_filters_consider_visible_rows_only(world: World) -> None:
    for persona in ("admin", "rep1", "support"):
        comparison = await comparison_for(world, persona)
        found = {}
        for test in ("some: {}", "none: {}", "every: {or: []}", "every: {status: {eq: WON}}"):
            data = await comparison.assert_matches(
                f"{{ accounts(filter: {{opportunities: {{{test}}}}}) {{ totalCount }} }}"
            )
            found[test] = data["accounts"]["totalCount"]
        assert found["none: {}"] == found["every: {or: []}"]
        assert found["every: {status: {eq: WON}}"] >= found["none: {}"]
    rep = await comparison_for(world, "rep1")
    shared = "{ accounts(filter: {opportunities: {none: {}}}) { totalCount } }"
    mine, everybody = (
        await rep.assert_matches(shared),
        await (await comparison_for(world, "admin")).assert_matches(shared),
    )
    assert mine["accounts"]["totalCount"] > everybody["accounts"]["totalCount"]


@covers("D-32", "D-41")
async def test_reference_filter_matches_visible_targets_only(world: World) -> None:
    """A null reference and one to a deleted record match no filter; its negation matches comparison."""
    comparison = await comparison_for(world, "admin")
    parts = "{ totalCount nodes { name parent { id } } }"
    data = await comparison.assert_matches(
        f"{{ with: accounts(filter: {{parent: {{}}}}, first: 100) {parts} "
        f"without: accounts(filter: {{not: {{parent: {{}}}}}}, first: 100) {parts} "
        f'odd: accounts(filter: {{parent: {{name: {{ne: "-"}}}}}}, first: 100) {parts} }}'
    )
    assert data["with"] == data["odd"]
    assert all(node["parent"] for node in data["with"]["nodes"])
    assert not any(node["parent"] for node in data["without"]["nodes"])
    assert "Castellmoor Fire Service" in [node["name"] for node in data["without"]["nodes"]]


@covers("D-38")
async def test_orders_are_total_with_nulls_last(world: World) -> None:
    for persona in ("admin", "manager", "limited"):
        comparison = await comparison_for(world, persona)
        for key in ("probability", "amount", "expectedCloseOn", "status", "currency", "commission"):
            for direction in ("ASC", "DESC", "ASC_NULLS_FIRST", "DESC_NULLS_FIRST"):
                await comparison.assert_matches(
                    f"{{ opportunities(first: 100, orderBy: [{{{key}: {direction}}}]) "
                    "{ nodes { id probability } } }"
                )
    whole = await names(world, "{}", order="name")
    known = [fold(name) for name in whole if name is not None]
    assert known == sorted(known)
    assert whole[-3:] == [None] * 3


@covers("D-38")
async def test_sort_key_has_exactly_one_field(world: World) -> None:
    for key in ("{name: ASC, id: ASC}", "{}", "{name: null}"):
        answer = await world.ask("rep1", f"{{ accounts(orderBy: [{key}]) {{ totalCount }} }}")
        assert set(answer.codes) <= {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}, key
        assert answer.codes, key


@covers("D-38")
@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_page_has_1_to_100_records(world: World, first: int) -> None:
    comparison = await comparison_for(world, "rep1")
    query = f"{{ accounts(first: {first}) {{ totalCount }} }}"
    assert await comparison.error_codes(query) == ["BAD_USER_INPUT"]


@covers("D-42")
async def test_attributes_have_the_order_of_the_requested_keys(world: World) -> None:
    parts = "key kind text number date boolean"
    comparison = await comparison_for(world, "limited")
    data = await comparison.assert_matches(
        f'{{ opportunities(first: 30) {{ nodes {{ a: attributes(keys: ["strategic", "no", "tier", '
        f'"seats", "seats"]) {{ {parts} }} attributes {{ {parts} }} }} }} }}'
    )
    for node in data["opportunities"]["nodes"]:
        assert [one["key"] for one in node["a"]] == ["strategic", "seats"]
        assert [one["key"] for one in node["attributes"]] == ["seats", "kickoff", "strategic"]


@covers("D-42")
@pytest.mark.parametrize("entity", sorted(LISTED))
async def test_every_field_value_agrees_with_the_oracle(world: World, entity: str) -> None:
    """All values of all records of an entity, read by the administrator."""
    name = next(root for root, of in roots().items() if of == ("MANY", entity))
    bodies = {
        "MONEY": " { amount currency }",
        "REFERENCE": " { id }",
        "ATTRIBUTES": " { key label }",
    }
    parts = " ".join(
        field.name + bodies.get(field.kind, "")
        for field in fields(entity).values()
        if field.kind != "LIST"
    )
    for tenant in world.tenants:
        comparison = await comparison_for(world, "admin", tenant)
        data = await comparison.assert_matches(
            f"{{ {name}(first: 100) {{ totalCount nodes {{ {parts} }} }} }}"
        )
    own = LINES.own.get(entity)  # of some, not even an administrator sees others'
    seen = (
        comparison.viewer.rows[entity]
        if own and own.always
        else comparison.viewer.all_rows.live(entity)
    )
    assert data[name]["totalCount"] == len(seen)

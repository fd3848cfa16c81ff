"""Groups and backward pages by example: edge cases that random operations rarely contain."""

from typing import Any

import pytest

from tests.oracle.comparison import comparison_for
from tests.support.covers import covers
from tests.support.world import World

NOTHING = '{name: {eq: "no such name"}}'


@covers("X-08")
@pytest.mark.parametrize(
    "shown", ["groupCount", "groups { __typename }", "groups { key { __typename } }"]
)
@pytest.mark.parametrize("persona", ["admin", "limited"])
async def test_groups_without_a_key_are_one_group(world: World, persona: str, shown: str) -> None:
    """Also without aggregates in the selection, and without records."""
    comparison = await comparison_for(world, persona)
    for test in ("{}", NOTHING):
        await comparison.assert_matches(
            f"{{ opportunitiesAggregate(filter: {test}) {{ {shown} }} }}"
        )
        asked = "groups { count sum { amount { amount } } percentEmpty { note } } groupCount"
        await comparison.assert_matches(
            f"{{ opportunitiesAggregate(filter: {test}, groupBy: []) {{ {asked} }} }}"
        )
        keyed = f"groupBy: [{{status: true}}], filter: {test}"
        await comparison.assert_matches(f"{{ opportunitiesAggregate({keyed}) {{ {asked} }} }}")


@covers("X-08", "D-42")
@pytest.mark.parametrize("bucket", ["YEAR", "QUARTER", "MONTH", "WEEK", "DAY"])
@pytest.mark.parametrize("direction", ["ASC", "DESC", "ASC_NULLS_FIRST", "DESC_NULLS_FIRST"])
async def test_null_date_is_a_separate_group(world: World, bucket: str, direction: str) -> None:
    comparison = await comparison_for(world, "admin")
    data = await comparison.assert_matches(
        f"{{ opportunitiesAggregate(groupBy: [{{expectedCloseOn: {bucket}}}], first: 100, "
        f"orderBy: [{{key: {{expectedCloseOn: {direction}}}}}]) "
        "{ groups { key { expectedCloseOn } count } groupCount } }"
    )
    keys = [group["key"]["expectedCloseOn"] for group in data["opportunitiesAggregate"]["groups"]]
    assert len(set(keys)) == len(keys)
    if direction.endswith("NULLS_FIRST"):
        assert keys[0] is None


@covers("X-08", "D-42")
@pytest.mark.parametrize(
    "zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/St_Johns"]
)
async def test_timestamp_is_grouped_by_the_day_of_the_time_zone(world: World, zone: str) -> None:
    comparison = await comparison_for(world, "admin")
    for bucket in ("DAY", "WEEK", "MONTH"):
        data = await comparison.assert_matches(
            f'{{ accountsAggregate(groupBy: [{{createdAt: {bucket}}}], timeZone: "{zone}") '
            "{ groups { key { createdAt } count } groupCount } }"
        )
        assert data["accountsAggregate"]["groups"]


REFUSED = [
    ("groupBy: [{stage: {record: false}}]", "BAD_USER_INPUT"),
    ("groupBy: [{status: false}]", "BAD_USER_INPUT"),
    ("groupBy: [{status: true}, {status: true}]", "BAD_USER_INPUT"),
    ("groupBy: [{createdAt: YEAR}, {createdAt: DAY}]", "BAD_USER_INPUT"),
    ("first: 0", "BAD_USER_INPUT"),
    ("first: 101", "BAD_USER_INPUT"),
    ("skip: -1", "BAD_USER_INPUT"),
    ("skip: 10001", "BAD_USER_INPUT"),
    ("orderBy: [{key: {status: ASC}}]", "BAD_USER_INPUT"),
    (
        "groupBy: [{stage: {name: true}}], orderBy: [{key: {stage: {position: ASC}}}]",
        "BAD_USER_INPUT",
    ),
    (
        "groupBy: [{stage: {record: true}}], orderBy: [{key: {account: {id: ASC}}}]",
        "BAD_USER_INPUT",
    ),
    ("orderBy: [{sum: {amount: {direction: ASC}}}]", "BAD_USER_INPUT"),
    ('having: {sum: {amount: {gt: "1"}}}', "BAD_USER_INPUT"),
    ('having: {min: {amount: {currency: null, gt: "1"}}}', "BAD_USER_INPUT"),
    ("having: {count: {eq: null}}", "BAD_USER_INPUT"),
]


@covers("X-08", "D-42")
@pytest.mark.parametrize(("arguments", "code"), REFUSED)
async def test_invalid_group_arguments_are_refused(world: World, arguments: str, code: str) -> None:
    comparison = await comparison_for(world, "admin")
    query = f"{{ opportunitiesAggregate({arguments}) {{ groups {{ count }} }} }}"
    assert await comparison.error_codes(query) == [code]


@covers("X-08")
async def test_selected_keys_must_be_grouped_by_and_at_most_eight(world: World) -> None:
    comparison = await comparison_for(world, "admin")
    for key in ("name", "stage { name }", "stage { record { id } }", "account { owner { name } }"):
        query = f"{{ opportunitiesAggregate(groupBy: [{{status: true}}]) {{ groups {{ key {{ {key} }} }} }} }}"
        assert await comparison.error_codes(query) == ["BAD_USER_INPUT"]
    links = [f"{{{link}: {{record: true}}}}" for link in ("stage", "owner", "account", "type")]
    plain = [
        f"{{{name}: true}}" for name in ("name", "status", "probability", "currency", "record")
    ]
    for keys, codes in ((links + plain[:4], []), (links + plain, ["QUERY_TOO_COMPLEX"])):
        arguments_text = f"groupBy: [{', '.join(keys)}], first: 1"
        answer = await world.ask(
            "admin", f"{{ opportunitiesAggregate({arguments_text}) {{ groupCount }} }}"
        )
        assert answer.codes == codes


@covers("X-08")
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_groups_are_ordered_by_the_exact_text_of_enum_values(
    world: World, direction: str
) -> None:
    """As lists are: E_INVOICE comes after EMAIL, though it comes before it as folded text."""
    comparison = await comparison_for(world, "admin")
    of_accounts = ("accounts", "{documentDelivery: %s}", "documentDelivery")
    through_accounts = (
        "opportunities", "{account: {documentDelivery: %s}}", "account { documentDelivery }",
    )  # fmt: skip
    for root, key, shown in (of_accounts, through_accounts):
        data = await comparison.assert_matches(
            f"{{ {root}Aggregate(groupBy: [{key % 'true'}], orderBy: [{{key: {key % direction}}}]) "
            f"{{ groups {{ count key {{ {shown} }} }} }} }}"
        )
        assert len(data[f"{root}Aggregate"]["groups"]) >= 3


@covers("D-31", "X-08")
@pytest.mark.parametrize(
    "shown", ["__typename", "groupCount", "groups { count }", "groups { countUnique { number } }"]
)
async def test_groups_of_a_closed_entity_agree_with_the_oracle(world: World, shown: str) -> None:
    comparison = await comparison_for(world, "support")
    await comparison.ask(f"{{ quotesAggregate {{ {shown} }} }}")
    await comparison.ask(f"{{ quotesAggregate(groupBy: [{{active: true}}]) {{ {shown} }} }}")
    comparison.check()


FORBIDDEN = (
    'having: {sum: {netMargin: {currency: "EUR", gt: "1"}}}',
    'orderBy: [{max: {margin: {currency: "EUR", direction: ASC}}}]',
    'filter: {netMargin: {gt: "1"}}',
    "groupBy: [{account: {record: true}}], orderBy: [{key: {account: {phone: ASC}}}]",
    "groupBy: [{owner: {manager: {title: true}}}, {record: true}], orderBy: [{key: {margin: ASC}}]",
)


@covers("D-31", "X-08")
@pytest.mark.parametrize("arguments", FORBIDDEN)
async def test_closed_field_in_group_arguments_is_refused(world: World, arguments: str) -> None:
    query = f"{{ opportunitiesAggregate({arguments}) {{ groups {{ count }} }} }}"
    comparison = await comparison_for(world, "limited")
    answer = await comparison.answer(query)
    if "phone" not in arguments:
        assert await comparison.error_codes(query) == ["FIELD_FORBIDDEN"]
    elif not answer.codes:
        await comparison.assert_matches(query)
    await (await comparison_for(world, "admin")).ask(query)


@covers("D-31", "X-08")
async def test_status_rule_masks_keys_and_aggregates(world: World) -> None:
    comparison = await comparison_for(world, "manager")
    measures = " ".join(
        f"{one} {{ commission {{ amount currency }} netMargin {{ amount currency }} }}"
        for one in ("sum", "avg", "min", "max")
    )
    rest = "countUnique { commission netMargin } percentEmpty { commission netMargin }"
    query = (
        f"{{ opportunitiesAggregate(groupBy: [{{status: true}}]) "
        f"{{ groups {{ key {{ status }} count {measures} {rest} }} }} }}"
    )
    data = await comparison.assert_matches(query)
    for group in data["opportunitiesAggregate"]["groups"]:
        won = group["key"]["status"] == "WON"
        assert bool(group["countUnique"]["commission"]) is won
        assert bool(group["sum"]["netMargin"]) is won
        assert (group["percentEmpty"]["netMargin"] == "100.00") is not won


async def sides(world: World, arguments: str, **variables: Any) -> Any:
    comparison = await comparison_for(world, "rep1")
    declared = ", ".join(f"${name}: {type_}" for name, type_ in (("a", "String"), ("b", "String")))
    query = (
        f"query ({declared}) {{ opportunities(orderBy: [{{expectedCloseOn: DESC}}], after: $a, "
        f"before: $b, {arguments}) {{ nodes {{ id }} pageInfo {{ hasNextPage hasPreviousPage "
        "startCursor endCursor } } }"
    )
    answer = await comparison.answer(query, variables)
    return answer.data["opportunities"]


@covers("X-01", "D-38")
@pytest.mark.parametrize("size", [1, 4, 30, 100])
async def test_concatenated_backward_pages_are_the_list(world: World, size: int) -> None:
    whole = [node["id"] for node in (await sides(world, "first: 100"))["nodes"]]
    found: list[str] = []
    before = None
    for _ in range(len(whole)):
        page = await sides(world, f"last: {size}", b=before)
        ids = [node["id"] for node in page["nodes"]]
        found = ids + found
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"] or len(found) >= 8 * size:
            break
    assert found == whole[-len(found) :]
    assert len(found) >= min(len(whole), 8 * size)


@covers("X-01", "D-38")
async def test_page_between_two_cursors_excludes_both(world: World) -> None:
    edge = (await sides(world, "first: 12"))["pageInfo"]
    whole = [node["id"] for node in (await sides(world, "first: 12"))["nodes"]]
    between = {"a": edge["startCursor"], "b": edge["endCursor"]}
    for arguments, ids, flags in (
        ("first: 3", whole[1:4], (True, True)),
        ("last: 3", whole[8:11], (True, True)),
        ("first: null", whole[1:11], (True, True)),
    ):
        page = await sides(world, arguments, **between)
        assert [node["id"] for node in page["nodes"]] == ids
        assert (page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]) == flags
    alone = await sides(world, "last: null", b=edge["endCursor"])
    assert [node["id"] for node in alone["nodes"]] == whole[:11]
    assert not alone["pageInfo"]["hasPreviousPage"]
    assert alone["pageInfo"]["hasNextPage"]


@covers("X-01", "X-07")
@pytest.mark.parametrize(
    "arguments",
    ["accounts(first: 1, last: 1) { totalCount }", "accounts(last: 0) { totalCount }"]
    + ["accounts(last: 101) { totalCount }"]
    + [f"accounts {{ totalCount(atMost: {most}) }}" for most in (0, -1, 100_001)],
)
async def test_invalid_page_size_is_refused(world: World, arguments: str) -> None:
    comparison = await comparison_for(world, "rep1")
    assert await comparison.error_codes(f"{{ {arguments} }}") == ["BAD_USER_INPUT"]

"""No grouped query fails on a row, for any key, `having` or order; numbers out of range are refused (D-42, D-53)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLSchema, get_named_type, is_list_type

from schema.api import GRAPHQL
from schema.engine.scalars import ZONES
from tests.gate.edge_values import DATES, EDGE_TENANT, TEXTS, VALUES
from tests.support.covers import covers
from tests.support.world import Answer, World

AT_ONCE = 12
"""Maximum number of aliases in a document."""
TIME_ZONES = (
    "UTC",
    "Pacific/Kiritimati",
    "Etc/GMT-14",
    "Etc/GMT+12",
    "America/St_Johns",
    "Asia/Kathmandu",
)
"""Time zones with the largest offsets, and some with offsets that are not full hours."""
BUCKETS = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY")
SCHEMA: GraphQLSchema = GRAPHQL
ROOTS = {
    name: get_named_type(field.type).name.removesuffix("Groups")
    for name, field in (SCHEMA.query_type.fields if SCHEMA.query_type else {}).items()
    if "groupBy" in field.args
}
Input = dict[str, Any]


def fields(name: str) -> dict[str, GraphQLInputObjectType | None]:
    """The fields of an input type with their input types; None for scalars and enums."""
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    found = {n: get_named_type(field.type) for n, field in kind.fields.items()}
    return {n: k if isinstance(k, GraphQLInputObjectType) else None for n, k in found.items()}


async def ask(world: World, persona: str, query: str, variables: Input | None = None) -> Answer:
    return await world.ask(persona, query, variables, tenant=EDGE_TENANT)


async def count(
    world: World, persona: str, root: str, cases: list[Input], by: list[Input]
) -> list[int]:
    """The number of groups for each `having` condition, queried in one document."""
    kind = ROOTS[root]
    declared = ", ".join(f"$h{n}: {kind}Having" for n in range(len(cases)))
    arguments = " ".join(
        f"a{n}: {root}(groupBy: $by, having: $h{n}) {{ groupCount }}" for n in range(len(cases))
    )
    variables = {"by": by, **{f"h{n}": one for n, one in enumerate(cases)}}
    query = f"query ($by: [{kind}GroupBy!], {declared}) {{ {arguments} }}"
    answer = await ask(world, persona, query, variables)
    assert answer.status == 200, answer.body
    assert not answer.codes, (cases, answer.body)
    return [part["groupCount"] for part in answer.data.values()]


def conditions(kind: GraphQLInputObjectType, turn: int, share: int) -> Iterator[Input]:
    """Every operator of a filter with one in `share` of the values; money with varying currencies."""
    currencies = ("EUR", "", "€", "'", "x" * 5000, "eur", "KWD")
    money = {"currency": currencies[turn % 7]} if "currency" in kind.fields else {}
    for number, (op, field) in enumerate(kind.fields.items()):
        if op == "currency":
            continue
        known = VALUES[get_named_type(field.type).name]
        values = [[], known, *([one] for one in known)] if is_list_type(field.type) else known
        selected = values[(turn + number) % share :: share] or values[:1]
        yield from ({**money, op: value} for value in selected)


def havings(type_name: str) -> Iterator[Input]:
    """`having` conditions on every measure, with edge values."""
    turn = 0
    for function, kind in fields(f"{type_name}Having").items():
        if function in {"and", "or", "not"} or kind is None:
            continue
        if function == "count":
            yield from ({"count": test} for test in conditions(kind, 0, 1))
            continue
        for name, inner in fields(kind.name).items():
            assert inner is not None
            turn += 1
            yield from ({function: {name: test}} for test in conditions(inner, turn, 9))


@covers("D-41", "D-53")
@pytest.mark.parametrize("persona", ["admin", "rep1"])
@pytest.mark.parametrize("root", ["opportunitiesAggregate", "accountsAggregate"])
async def test_having_never_fails(edge_tenant: World, root: str, persona: str) -> None:
    """A condition and its negation together match all groups, so no row raised an error."""
    by: list[Input] = [{"owner": {"record": True}}]
    (total,) = await count(edge_tenant, persona, root, [{}], by)
    assert total > 0
    cases = havings(ROOTS[root])
    tried = 0
    while batch := list(islice(cases, AT_ONCE)):
        found = await count(
            edge_tenant, persona, root, [x for one in batch for x in (one, {"not": one})], by
        )
        for at, one in enumerate(batch):
            assert found[2 * at] + found[2 * at + 1] == total, one
        tried += len(batch)
    assert tried > 80


@covers("D-41", "D-53")
@pytest.mark.parametrize("root", ROOTS)
async def test_every_group_key_and_measure_never_fails(edge_tenant: World, root: str) -> None:
    """Every key and measure of each type over rows with edge values."""
    kind = ROOTS[root]
    measured = _measures(kind)
    all_groups = (await ask(edge_tenant, "admin", f"{{ {root} {{ groups {{ count }} }} }}")).data[
        root
    ]
    (total,) = (group["count"] for group in all_groups["groups"])
    for by in _keys(kind):
        literal = _literal(by)
        query = f"{{ {root}(groupBy: [{literal}], first: 100) {{ groupCount groups {{ count {measured} }} }} }}"
        answer = await ask(edge_tenant, "admin", query)
        assert answer.status == 200, (query, answer.body)
        assert not answer.codes, (query, answer.body)
        read = answer.data[root]
        counts = [group["count"] for group in read["groups"]]
        assert sum(counts) == total or read["groupCount"] > 100


def _keys(type_name: str) -> Iterator[Input]:
    """The group keys of a type: its fields, and the records of its links."""
    kind: Any = SCHEMA.type_map[f"{type_name}GroupBy"]
    for name, inner in fields(kind.name).items():
        if inner is not None:
            yield {name: {"record": True}}
        else:
            yield {
                name: "MONTH"
                if get_named_type(kind.fields[name].type).name == "DateBucket"
                else True
            }


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_literal(v)}" for k, v in value.items()) + "}"
    return value if isinstance(value, str) else json.dumps(value)


def _measures(type_name: str) -> str:
    """Every measure of a group."""
    group: Any = SCHEMA.type_map[f"{type_name}Group"]
    arguments = []
    for function, field in group.fields.items():
        holder: Any = get_named_type(field.type)
        if function in {"key", "count"}:
            continue
        inner = (
            f"{name} {{ amount currency }}" if get_named_type(one.type).name == "Money" else name
            for name, one in holder.fields.items()
        )
        arguments.append(f"{function} {{ {' '.join(inner)} }}")
    return " ".join(arguments)


# --- date buckets -------------------------------------------------------------------------------


@covers("D-42", "D-53")
@pytest.mark.parametrize("zone", TIME_ZONES)
@pytest.mark.parametrize("field", ["createdAt", "updatedAt", "expectedCloseOn"])
async def test_extreme_dates_are_in_exactly_one_bucket(
    edge_tenant: World, field: str, zone: str
) -> None:
    """Each row is in one group, and every bucket is a valid Date, in every time zone."""
    for bucket in BUCKETS:
        arguments = f'groupBy: [{{ {field}: {bucket} }}], timeZone: "{zone}"'
        days: list[str | None] = []
        counts = 0
        for skip in range(0, 500, 100):
            query = (
                f"{{ opportunitiesAggregate({arguments}, skip: {skip}) "
                f"{{ groupCount groups {{ count key {{ {field} }} }} }} }}"
            )
            answer = await ask(edge_tenant, "admin", query)
            assert answer.codes == [], (query, answer.body)
            read = answer.data["opportunitiesAggregate"]
            days += [group["key"][field] for group in read["groups"]]
            counts += sum(group["count"] for group in read["groups"])
        all_groups = await ask(edge_tenant, "admin", "{ opportunities { totalCount } }")
        assert counts == all_groups.data["opportunities"]["totalCount"]
        assert len(set(days)) == len(days) == read["groupCount"]
        shown = [day for day in days if day is not None]
        assert shown == sorted(shown)
        assert shown[0] >= DATES[0]
        assert shown[0].startswith("0001-01-01")
        assert shown[-1] <= DATES[-1]
        assert shown[-1].startswith("9999-")
        assert (None in days) == (field == "expectedCloseOn")


@covers("D-42", "D-53")
async def test_postgres_knows_every_accepted_time_zone(world: World) -> None:
    """A time zone unknown to Postgres would fail only where rows exist."""
    cases = "SELECT z, (timestamptz '{}' AT TIME ZONE z)::text FROM unnest($1::text[]) AS z"
    assert len(ZONES) > 400
    for moment in ("0001-01-01 00:00+00", "2026-03-29 01:30+00", "9999-12-31 23:59+00"):
        rows = await world.admin.fetch(cases.format(moment), sorted(ZONES))
        assert len(rows) == len(ZONES)


@covers("D-42", "D-53")
@pytest.mark.parametrize(
    "zone",
    ["", "utc ", "Mars/Phobos", "+01:00", "UTC+1", "EST5EDT4,M3.2.0,M11.1.0", "'", "\0", "x" * 5000, 1, True, ["UTC"],
     "../../etc/passwd", "Europe/Amsterdam\n", "EUROPE/AMSTERDAM ", "<+03>-3", "interval '1 day'"],
)  # fmt: skip
async def test_invalid_time_zone_is_refused(edge_tenant: World, zone: Any) -> None:
    """As a literal and as a variable, also after the same query with a valid time zone."""
    inner = "{ groupCount }"
    by = "groupBy: [{ createdAt: DAY }]"
    cases = f"query ($z: TimeZone) {{ opportunitiesAggregate({by}, timeZone: $z) {inner} }}"
    assert (await ask(edge_tenant, "admin", cases, {"z": "Europe/Amsterdam"})).codes == []
    answer = await ask(edge_tenant, "admin", cases, {"z": zone})
    assert answer.codes in (["BAD_USER_INPUT"], ["BAD_REQUEST"]), answer.body
    for good in ("Asia/Tokyo", zone):
        literal = json.dumps(good)
        query = f"{{ opportunitiesAggregate({by}, timeZone: {literal}) {inner} }}"
        answer = await ask(edge_tenant, "admin", query)
        assert answer.status < 500
        assert bool(answer.codes) == (good is zone), answer.body


# --- numbers out of range -----------------------------------------------------------------------


RANGES = {
    "skip": (
        "opportunitiesAggregate(groupBy: [{ status: true }], skip: %s) { groupCount }",
        (0, 1, 10_000),
        (-1, 10_001, 2**31 - 1, -(2**31)),
    ),
    "skip of selected groups": (
        "opportunitiesAggregate(groupBy: [{ status: true }], skip: %s) { groups { count } }",
        (0, 1, 10_000),
        (-1, 10_001, 2**31 - 1, -(2**31)),
    ),
    "first of groups": (
        "opportunitiesAggregate(groupBy: [{ status: true }], first: %s) { groupCount }",
        (1, 100),
        (0, -1, 101, 2**31 - 1, -(2**31)),
    ),
    "atMost": (
        "opportunities { totalCount(atMost: %s) }",
        (1, 100_000),
        (0, -1, 100_001, 2**31 - 1, -(2**31)),
    ),
    "atMost of a nested list": (
        "accounts(first: 2) { nodes { opportunities { totalCount(atMost: %s) } } }",
        (1, 100_000),
        (0, -1, 100_001),
    ),
    "last": ("opportunities(last: %s) { totalCount }", (1, 100), (0, -1, 101, 2**31 - 1)),
}
"""By argument: a query, valid numbers, and invalid ones."""


@covers("D-42")
@pytest.mark.parametrize("what", RANGES)
async def test_number_out_of_range_is_refused(edge_tenant: World, what: str) -> None:
    """As a literal and as a variable, first and after the same query with a valid number."""
    query, good, bad = RANGES[what]
    for number in bad:
        for before in (None, *good):
            for turn, cases in enumerate(("{ %s }", "query ($n: Int) { %s }")):
                if before is not None:
                    assert (await _with(edge_tenant, cases % query, turn, before)).codes == []
                answer = await _with(edge_tenant, cases % query, turn, number)
                assert answer.status == 200
                assert answer.codes == ["BAD_USER_INPUT"], (number, before, answer.body)
                assert answer.json.get("data") is None
    nothing = await _with(edge_tenant, "query ($n: Int) { %s }" % query, 1, None)  # noqa: UP031
    assert nothing.codes == []


async def _with(world: World, query: str, variable: int, number: int | None) -> Answer:
    if variable:
        return await ask(world, "admin", query % "$n", {"n": number})
    return await ask(world, "admin", query % number)


INVALID: dict[str, tuple[Input, str]] = {
    "a false key": ({"by": [{"status": False}]}, "BAD_USER_INPUT"),
    "a false record key": ({"by": [{"account": {"record": False}}]}, "BAD_USER_INPUT"),
    "two keys in one": ({"by": [{"status": True, "name": True}]}, "BAD_USER_INPUT"),
    "no key": ({"by": [{}]}, "BAD_USER_INPUT"),
    "a null key": ({"by": [{"status": None}]}, "BAD_USER_INPUT"),
    "a key twice": ({"by": [{"status": True}, {"status": True}]}, "BAD_USER_INPUT"),
    "a date in two buckets": ({"by": [{"createdAt": "DAY"}, {"createdAt": "YEAR"}]}, "BAD_USER_INPUT"),
    "an unknown bucket": ({"by": [{"createdAt": "HOUR"}]}, "BAD_USER_INPUT"),
    "nine keys": (
        {"by": [{key: True} for key in ("status", "name", "currency", "probability", "record")]
            + [{"owner": {key: True}} for key in ("record", "name", "email", "title")]},
        "QUERY_TOO_COMPLEX",
    ),
    "money without a currency": ({"having": {"sum": {"amount": {"gt": "1"}}}}, "BAD_USER_INPUT"),
    "money in no currency": ({"having": {"sum": {"amount": {"currency": None, "gt": "1"}}}}, "BAD_USER_INPUT"),
    "an order without a currency": ({"order": [{"sum": {"amount": {"direction": "ASC"}}}]}, "BAD_USER_INPUT"),
    "an order of an ungrouped key": ({"order": [{"key": {"name": "ASC"}}]}, "BAD_USER_INPUT"),
    "two orders in one": ({"order": [{"count": "ASC", "sum": {"probability": "ASC"}}]}, "BAD_USER_INPUT"),
    "an order of nothing": ({"order": [{}]}, "BAD_USER_INPUT"),
}  # fmt: skip


@covers("D-42")
@pytest.mark.parametrize("what", INVALID)
async def test_invalid_grouping_is_refused(edge_tenant: World, what: str) -> None:
    variables, code = INVALID[what]
    query = (
        "query ($by: [OpportunityGroupBy!], $having: OpportunityHaving, $order: [OpportunityGroupOrder!]) "
        "{ opportunitiesAggregate(groupBy: $by, having: $having, orderBy: $order) { groupCount } }"
    )
    assert (await ask(edge_tenant, "admin", query, {"by": [{"status": True}]})).codes == []
    answer = await ask(edge_tenant, "admin", query, variables)
    assert answer.codes == [code], answer.body
    arguments = {"by": "groupBy", "having": "having", "order": "orderBy"}
    literal = ", ".join(
        f"{arguments[name]}: {_graphql_literal(value)}" for name, value in variables.items()
    )
    answer = await ask(
        edge_tenant, "admin", f"{{ opportunitiesAggregate({literal}) {{ groupCount }} }}"
    )
    assert answer.status < 500
    assert answer.codes in ([code], ["GRAPHQL_VALIDATION_FAILED"]), answer.body


def _graphql_literal(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_graphql_literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_graphql_literal(v)}" for k, v in value.items()) + "}"
    enum_values = {"ASC", "DAY", "YEAR", "HOUR"}
    return value if value in enum_values else json.dumps(value)


@covers("D-53")
async def test_texts_are_distinct_as_keys_and_in_count_unique(edge_tenant: World) -> None:
    """Group keys and `countUnique` distinguish all edge texts."""
    place = edge_tenant.schema(EDGE_TENANT)
    rows = await edge_tenant.admin.fetch(
        f"SELECT name FROM {place}.opportunity WHERE deleted_at IS NULL"  # noqa: S608
    )
    names = {row["name"] for row in rows}
    assert len(names & {text[:2000] for text in TEXTS}) > 40
    found: list[str] = []
    for skip in range(0, len(names), 100):
        query = (
            f"{{ opportunitiesAggregate(groupBy: [{{ name: true }}], skip: {skip}) {{ groupCount groups {{ key {{ name }} }} }} "
            "opportunities { aggregate { countUnique { name } } } }"
        )
        data = (await ask(edge_tenant, "admin", query)).data
        found += [group["key"]["name"] for group in data["opportunitiesAggregate"]["groups"]]
        assert data["opportunitiesAggregate"]["groupCount"] == len(names)
        assert data["opportunities"]["aggregate"]["countUnique"]["name"] == len(names)
    assert len(found) == len(names)
    assert set(found) == names

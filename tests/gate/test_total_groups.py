"""No group fails on a row, whatever it is grouped, tested and sorted by; and numbers out of range are told (D-42, D-53)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLSchema, get_named_type, is_list_type

from schema.api import GRAPHQL
from schema.engine.scalars import ZONES
from tests.gate.odd import DATES, ODD, TEXTS, VALUES
from tests.support.covers import covers
from tests.support.world import Answer, World

AT_ONCE = 12
"""Aliases in a document."""
EDGES = (
    "UTC",
    "Pacific/Kiritimati",
    "Etc/GMT-14",
    "Etc/GMT+12",
    "America/St_Johns",
    "Asia/Kathmandu",
)
"""Zones as far from one another as there are, and some that are off by less than an hour."""
SPANS = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY")
SCHEMA: GraphQLSchema = GRAPHQL
ROOTS = {
    name: get_named_type(field.type).name.removesuffix("Groups")
    for name, field in (SCHEMA.query_type.fields if SCHEMA.query_type else {}).items()
    if "groupBy" in field.args
}
Input = dict[str, Any]


def fields(name: str) -> dict[str, GraphQLInputObjectType | None]:
    """The fields of an input; None where one takes a plain value."""
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    found = {n: get_named_type(field.type) for n, field in kind.fields.items()}
    return {n: k if isinstance(k, GraphQLInputObjectType) else None for n, k in found.items()}


async def ask(world: World, persona: str, query: str, variables: Input | None = None) -> Answer:
    return await world.ask(persona, query, variables, tenant=ODD)


async def count(
    world: World, persona: str, root: str, asked: list[Input], by: list[Input]
) -> list[int]:
    """How many groups each test of groups finds; asked in one document."""
    kind = ROOTS[root]
    declared = ", ".join(f"$h{n}: {kind}Having" for n in range(len(asked)))
    parts = " ".join(
        f"a{n}: {root}(groupBy: $by, having: $h{n}) {{ groupCount }}" for n in range(len(asked))
    )
    variables = {"by": by, **{f"h{n}": one for n, one in enumerate(asked)}}
    query = f"query ($by: [{kind}GroupBy!], {declared}) {{ {parts} }}"
    answer = await ask(world, persona, query, variables)
    assert answer.status == 200, answer.body
    assert not answer.codes, (asked, answer.body)
    return [part["groupCount"] for part in answer.data.values()]


def conditions(kind: GraphQLInputObjectType, turn: int, share: int) -> Iterator[Input]:
    """Every operator of a filter, with a share of the values; of money in several currencies."""
    currencies = ("EUR", "", "€", "'", "x" * 5000, "eur", "KWD")
    money = {"currency": currencies[turn % 7]} if "currency" in kind.fields else {}
    for number, (op, field) in enumerate(kind.fields.items()):
        if op == "currency":
            continue
        known = VALUES[get_named_type(field.type).name]
        values = [[], known, *([one] for one in known)] if is_list_type(field.type) else known
        chosen = values[(turn + number) % share :: share] or values[:1]
        yield from ({**money, op: value} for value in chosen)


def havings(type_name: str) -> Iterator[Input]:
    """Every measure that groups are tested by, with odd values."""
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
async def test_no_value_makes_a_test_of_groups_fail(odd: World, root: str, persona: str) -> None:
    """A test and its negation find all groups between them, so neither was cut short by an error."""
    by: list[Input] = [{"owner": {"record": True}}]
    (everything,) = await count(odd, persona, root, [{}], by)
    assert everything > 0
    asked = havings(ROOTS[root])
    tried = 0
    while batch := list(islice(asked, AT_ONCE)):
        found = await count(
            odd, persona, root, [x for one in batch for x in (one, {"not": one})], by
        )
        for at, one in enumerate(batch):
            assert found[2 * at] + found[2 * at + 1] == everything, one
        tried += len(batch)
    assert tried > 80


@covers("D-41", "D-53")
@pytest.mark.parametrize("root", ROOTS)
async def test_every_type_is_grouped_counted_and_measured(odd: World, root: str) -> None:
    """By each of its keys, with each of its measures, over rows that hold whatever they may."""
    kind = ROOTS[root]
    measured = _measures(kind)
    whole = (await ask(odd, "admin", f"{{ {root} {{ groups {{ count }} }} }}")).data[root]
    (everything,) = (group["count"] for group in whole["groups"])
    for by in _keys(kind):
        said = _literal(by)
        query = f"{{ {root}(groupBy: [{said}], first: 100) {{ groupCount groups {{ count {measured} }} }} }}"
        answer = await ask(odd, "admin", query)
        assert answer.status == 200, (query, answer.body)
        assert not answer.codes, (query, answer.body)
        read = answer.data[root]
        counts = [group["count"] for group in read["groups"]]
        assert sum(counts) == everything or read["groupCount"] > 100


def _keys(type_name: str) -> Iterator[Input]:
    """Its own keys, and those of what it leads to."""
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
    parts = []
    for function, field in group.fields.items():
        holder: Any = get_named_type(field.type)
        if function in {"key", "count"}:
            continue
        inner = (
            f"{name} {{ amount currency }}" if get_named_type(one.type).name == "Money" else name
            for name, one in holder.fields.items()
        )
        parts.append(f"{function} {{ {' '.join(inner)} }}")
    return " ".join(parts)


# --- spans of time ------------------------------------------------------------------------------


@covers("D-42", "D-53")
@pytest.mark.parametrize("zone", EDGES)
@pytest.mark.parametrize("field", ["createdAt", "updatedAt", "expectedCloseOn"])
async def test_the_edges_of_time_lie_in_some_span(odd: World, field: str, zone: str) -> None:
    """Each row is in one group; no day is shown that a date cannot be, in whatever time zone."""
    for span in SPANS:
        arguments = f'groupBy: [{{ {field}: {span} }}], timeZone: "{zone}"'
        days: list[str | None] = []
        counts = 0
        for skip in range(0, 500, 100):
            query = (
                f"{{ opportunitiesAggregate({arguments}, skip: {skip}) "
                f"{{ groupCount groups {{ count key {{ {field} }} }} }} }}"
            )
            answer = await ask(odd, "admin", query)
            assert answer.codes == [], (query, answer.body)
            read = answer.data["opportunitiesAggregate"]
            days += [group["key"][field] for group in read["groups"]]
            counts += sum(group["count"] for group in read["groups"])
        whole = await ask(odd, "admin", "{ opportunities { totalCount } }")
        assert counts == whole.data["opportunities"]["totalCount"]
        assert len(set(days)) == len(days) == read["groupCount"]
        shown = [day for day in days if day is not None]
        assert shown == sorted(shown)
        assert shown[0] >= DATES[0]
        assert shown[0].startswith("0001-01-01")
        assert shown[-1] <= DATES[-1]
        assert shown[-1].startswith("9999-")
        assert (None in days) == (field == "expectedCloseOn")


@covers("D-42", "D-53")
async def test_every_zone_that_we_take_postgres_knows(world: World) -> None:
    """A zone that only one of the two knows would fail on rows, so on some tenants only."""
    asked = "SELECT z, (timestamptz '{}' AT TIME ZONE z)::text FROM unnest($1::text[]) AS z"
    assert len(ZONES) > 400
    for moment in ("0001-01-01 00:00+00", "2026-03-29 01:30+00", "9999-12-31 23:59+00"):
        rows = await world.admin.fetch(asked.format(moment), sorted(ZONES))
        assert len(rows) == len(ZONES)


@covers("D-42", "D-53")
@pytest.mark.parametrize(
    "zone",
    ["", "utc ", "Mars/Phobos", "+01:00", "UTC+1", "EST5EDT4,M3.2.0,M11.1.0", "'", "\0", "x" * 5000, 1, True, ["UTC"],
     "../../etc/passwd", "Europe/Amsterdam\n", "EUROPE/AMSTERDAM ", "<+03>-3", "interval '1 day'"],
)  # fmt: skip
async def test_what_is_no_zone_is_told(odd: World, zone: Any) -> None:
    """As a literal and as a variable, also where the same question with a good zone came before."""
    inner = "{ groupCount }"
    by = "groupBy: [{ createdAt: DAY }]"
    asked = f"query ($z: TimeZone) {{ opportunitiesAggregate({by}, timeZone: $z) {inner} }}"
    assert (await ask(odd, "admin", asked, {"z": "Europe/Amsterdam"})).codes == []
    answer = await ask(odd, "admin", asked, {"z": zone})
    assert answer.codes in (["BAD_USER_INPUT"], ["BAD_REQUEST"]), answer.body
    for good in ("Asia/Tokyo", zone):
        said = json.dumps(good)
        query = f"{{ opportunitiesAggregate({by}, timeZone: {said}) {inner} }}"
        answer = await ask(odd, "admin", query)
        assert answer.status < 500
        assert bool(answer.codes) == (good is zone), answer.body


# --- numbers out of range -----------------------------------------------------------------------


RANGES = {
    "skip": (
        "opportunitiesAggregate(groupBy: [{ status: true }], skip: %s) { groupCount }",
        (0, 1, 10_000),
        (-1, 10_001, 2**31 - 1, -(2**31)),
    ),
    "skip of groups shown": (
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
"""By the argument: a question, numbers that are fine, and numbers that are not."""


@covers("D-42")
@pytest.mark.parametrize("what", RANGES)
async def test_a_number_out_of_range_is_told(odd: World, what: str) -> None:
    """As a literal and as a variable, first of all and after the same question with a good number."""
    question, good, bad = RANGES[what]
    for number in bad:
        for before in (None, *good):
            for turn, asked in enumerate(("{ %s }", "query ($n: Int) { %s }")):
                if before is not None:
                    assert (await _with(odd, asked % question, turn, before)).codes == []
                answer = await _with(odd, asked % question, turn, number)
                assert answer.status == 200
                assert answer.codes == ["BAD_USER_INPUT"], (number, before, answer.body)
                assert answer.json.get("data") is None
    nothing = await _with(odd, "query ($n: Int) { %s }" % question, 1, None)  # noqa: UP031
    assert nothing.codes == []


async def _with(world: World, question: str, variable: int, number: int | None) -> Answer:
    if variable:
        return await ask(world, "admin", question % "$n", {"n": number})
    return await ask(world, "admin", question % number)


WRONG: dict[str, tuple[Input, str]] = {
    "a key that is false": ({"by": [{"status": False}]}, "BAD_USER_INPUT"),
    "a record that is false": ({"by": [{"account": {"record": False}}]}, "BAD_USER_INPUT"),
    "two keys in one": ({"by": [{"status": True, "name": True}]}, "BAD_USER_INPUT"),
    "no key": ({"by": [{}]}, "BAD_USER_INPUT"),
    "a key that is null": ({"by": [{"status": None}]}, "BAD_USER_INPUT"),
    "a key twice": ({"by": [{"status": True}, {"status": True}]}, "BAD_USER_INPUT"),
    "a date in two spans": ({"by": [{"createdAt": "DAY"}, {"createdAt": "YEAR"}]}, "BAD_USER_INPUT"),
    "a span that is none": ({"by": [{"createdAt": "HOUR"}]}, "BAD_USER_INPUT"),
    "nine keys": (
        {"by": [{key: True} for key in ("status", "name", "currency", "probability", "record")]
            + [{"owner": {key: True}} for key in ("record", "name", "email", "title")]},
        "QUERY_TOO_COMPLEX",
    ),
    "money without a currency": ({"having": {"sum": {"amount": {"gt": "1"}}}}, "BAD_USER_INPUT"),
    "money in no currency": ({"having": {"sum": {"amount": {"currency": None, "gt": "1"}}}}, "BAD_USER_INPUT"),
    "an order without a currency": ({"order": [{"sum": {"amount": {"direction": "ASC"}}}]}, "BAD_USER_INPUT"),
    "an order of a key that is none": ({"order": [{"key": {"name": "ASC"}}]}, "BAD_USER_INPUT"),
    "two orders in one": ({"order": [{"count": "ASC", "sum": {"probability": "ASC"}}]}, "BAD_USER_INPUT"),
    "an order of nothing": ({"order": [{}]}, "BAD_USER_INPUT"),
}  # fmt: skip


@covers("D-42")
@pytest.mark.parametrize("what", WRONG)
async def test_a_wrong_grouping_is_told(odd: World, what: str) -> None:
    given, code = WRONG[what]
    query = (
        "query ($by: [OpportunityGroupBy!], $having: OpportunityHaving, $order: [OpportunityGroupOrder!]) "
        "{ opportunitiesAggregate(groupBy: $by, having: $having, orderBy: $order) { groupCount } }"
    )
    assert (await ask(odd, "admin", query, {"by": [{"status": True}]})).codes == []
    answer = await ask(odd, "admin", query, given)
    assert answer.codes == [code], answer.body
    parts = {"by": "groupBy", "having": "having", "order": "orderBy"}
    said = ", ".join(f"{parts[name]}: {_said(value)}" for name, value in given.items())
    answer = await ask(odd, "admin", f"{{ opportunitiesAggregate({said}) {{ groupCount }} }}")
    assert answer.status < 500
    assert answer.codes in ([code], ["GRAPHQL_VALIDATION_FAILED"]), answer.body


def _said(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_said, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_said(v)}" for k, v in value.items()) + "}"
    words = {"ASC", "DAY", "YEAR", "HOUR"}
    return value if value in words else json.dumps(value)


@covers("D-53")
async def test_texts_are_told_apart_exactly(odd: World) -> None:
    """As keys and in `countUnique`, whatever is in them."""
    place = odd.schema(ODD)
    rows = await odd.admin.fetch(f"SELECT name FROM {place}.opportunity WHERE deleted_at IS NULL")  # noqa: S608
    names = {row["name"] for row in rows}
    assert len(names & {text[:2000] for text in TEXTS}) > 40
    found: list[str] = []
    for skip in range(0, len(names), 100):
        query = (
            f"{{ opportunitiesAggregate(groupBy: [{{ name: true }}], skip: {skip}) {{ groupCount groups {{ key {{ name }} }} }} "
            "opportunities { aggregate { countUnique { name } } } }"
        )
        data = (await ask(odd, "admin", query)).data
        found += [group["key"]["name"] for group in data["opportunitiesAggregate"]["groups"]]
        assert data["opportunitiesAggregate"]["groupCount"] == len(names)
        assert data["opportunities"]["aggregate"]["countUnique"]["name"] == len(names)
    assert len(found) == len(names)
    assert set(found) == names

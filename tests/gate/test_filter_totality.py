"""No filter and no order fails on any row, so an error cannot reveal a hidden row (D-53)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    get_named_type,
    is_list_type,
)

from schema.api import GRAPHQL
from tests.gate.edge_values import DECIMALS, EDGE_TENANT, INVALID, TEXTS, VALUES
from tests.support.covers import covers
from tests.support.world import World

AT_ONCE = 30
"""Maximum number of aliases in a document."""
KEYS = {
    "Opportunity": {"tier": "text", "seats": "number", "kickoff": "date", "strategic": "boolean"},
    "Account": {"segment": "text"},
}
"""Custom attributes of the demo data, with the value field of their filter."""
COMBINATORS = ("and", "or", "not")
ROOTS = {
    name: field.args["filter"].type
    for name, field in (GRAPHQL.query_type.fields if GRAPHQL.query_type else {}).items()
    if {"filter", "after"} <= field.args.keys()
}
Filter = dict[str, Any]


# --- filters ------------------------------------------------------------------------------------


def _values(kind: Any, table: dict[str, list[Any]]) -> list[Any]:
    named = get_named_type(kind)
    known = list(named.values) if isinstance(named, GraphQLEnumType) else table[named.name]
    if not is_list_type(kind):
        return known
    return [[], known, known * (250 // len(known)), *([each] for each in known)]


def _conditions(kind: GraphQLInputObjectType, first: int, step: int) -> Iterator[Filter]:
    """Every operator of a field's filter, with every `step`th value from `first` on."""
    for number, (op, field) in enumerate(kind.fields.items()):
        values = _values(field.type, VALUES)
        selected = values[(first + number) % step :: step] or values[:1]
        yield from ({op: value} for value in selected)


def _filter_types(
    entity: str, kind: GraphQLInputObjectType
) -> Iterator[tuple[Any, Callable[[Filter], Filter]]]:
    """Each filterable field's filter type, with a function that wraps a condition on the field into a filter."""
    for name, field in kind.fields.items():
        inner = field.type
        if name in COMBINATORS or not isinstance(inner, GraphQLInputObjectType):
            continue
        if name == "attribute" and "key" in inner.fields:
            for key, value_field in KEYS.get(entity, {}).items():
                yield inner.fields[value_field].type, partial(_attribute, key, value_field)
        elif not set(inner.fields) & {*COMBINATORS, "some"}:
            yield inner, partial(_plain, name)


def _attribute(key: str, value_field: str, condition: Filter) -> Filter:
    return {"attribute": {"key": key, value_field: condition}}


def _plain(name: str, condition: Filter) -> Filter:
    return {name: condition}


def _filters(root: str, *, complete: bool) -> list[Filter]:
    """Filters on every field of an entity; if not `complete`, fields of one filter type share the values."""
    kind = get_named_type(ROOTS[root])
    assert isinstance(kind, GraphQLInputObjectType)
    entity = kind.name.removesuffix("Filter")
    places = list(_filter_types(entity, kind))
    same_type = Counter(inner.name for inner, _ in places)
    seen: Counter[str] = Counter()
    found: list[Filter] = []
    for inner, wrap in places:
        step = 1 if complete else same_type[inner.name] * (1 if entity in KEYS else 7)
        found += map(wrap, _conditions(inner, seen[inner.name], step))
        seen[inner.name] += 1
    return found


async def _ask(
    world: World, persona: str, root: str, filters: list[Filter], **more: str
) -> list[int]:
    """The number of records for each filter, queried in one document."""
    kind = ROOTS[root]
    declared = ", ".join(f"$f{n}: {kind}" for n in range(len(filters)))
    count = " ".join(f"a{n}: {root}(filter: $f{n}) {{ totalCount }}" for n in range(len(filters)))
    variables = {f"f{n}": each for n, each in enumerate(filters)}
    answer = await world.ask(
        persona, f"query ({declared}) {{ {count} }}", variables, tenant=EDGE_TENANT
    )
    assert answer.status == 200
    if answer.codes and len(filters) > 1:  # finds the failing filter
        for each in filters:
            await _ask(world, persona, root, [each])
    assert not answer.codes, (filters, answer.json)
    return [part["totalCount"] for part in answer.json["data"].values()]


def _batches(filters: Iterator[Filter], most: int) -> Iterator[list[Filter]]:
    while batch := list(islice(filters, most)):
        yield batch


async def _assert_total(world: World, persona: str, root: str, filters: list[Filter]) -> int:
    """Assert that each filter and its negation together match all records; return the number of filters."""
    (total,) = await _ask(world, persona, root, [{}])
    assert total > 0
    count = 0
    for batch in _batches(iter(filters), AT_ONCE // 2):
        both = [*batch, *({"not": each} for each in batch)]
        counts = await _ask(world, persona, root, both)
        found, others = counts[: len(batch)], counts[len(batch) :]
        for each, met, unmet in zip(batch, found, others, strict=True):
            assert met + unmet == total, each
        count += len(both)
    return count


@covers("D-41", "D-53")
@pytest.mark.parametrize("root", ROOTS)
async def test_filter_never_fails(edge_tenant: World, root: str) -> None:
    filters = _filters(root, complete=False)
    assert await _assert_total(edge_tenant, "admin", root, filters) == 2 * len(filters) > 40


@covers("D-41", "D-53")
async def test_filter_never_fails_for_own_rows(edge_tenant: World) -> None:
    """For a persona with own rows (form ID_IN) and fields ruled by status."""
    filters = _filters("opportunities", complete=False)
    assert await _assert_total(edge_tenant, "rep1", "opportunities", filters) == 2 * len(filters)


@pytest.mark.nightly
@covers("D-41", "D-53")
@pytest.mark.parametrize("persona", ["admin", "rep1"])
@pytest.mark.parametrize("root", ["accounts", "opportunities", "employees"])
async def test_filter_never_fails_with_all_values(
    edge_tenant: World, root: str, persona: str
) -> None:
    filters = _filters(root, complete=True)
    assert await _assert_total(edge_tenant, persona, root, filters) == 2 * len(filters) > 1000


@pytest.mark.nightly
@covers("D-53")
@pytest.mark.parametrize("value_field", ["some", "none", "every"])
async def test_relation_filter_never_fails(edge_tenant: World, value_field: str) -> None:
    filters: list[Filter] = [
        {"opportunities": {value_field: each}} for each in _filters("opportunities", complete=False)
    ]
    assert await _assert_total(edge_tenant, "rep1", "accounts", filters) == 2 * len(filters)


@covers("D-53")
async def test_literal_equals_variable_in_filter(edge_tenant: World) -> None:
    for text in TEXTS:
        wrap = json.dumps(text)
        for op in ("contains", "startsWith", "eq", "gt"):
            query = "{ opportunities(filter: {name: {%s: %s}}) { totalCount } }" % (op, wrap)  # noqa: UP031
            answer = await edge_tenant.ask("admin", query, tenant=EDGE_TENANT)
            filters: list[Filter] = [{"name": {op: text}}]
            assert [answer.data["opportunities"]["totalCount"]] == await _ask(
                edge_tenant, "admin", "opportunities", filters
            )


@covers("D-41", "D-53")
async def test_pattern_characters_match_literally(edge_tenant: World) -> None:
    """Percent sign, underscore and backslash in `contains` and `startsWith` match only themselves."""
    shown = (
        f"SELECT name FROM {edge_tenant.schema(EDGE_TENANT)}.opportunity WHERE deleted_at IS NULL"  # noqa: S608
    )
    names = [row["name"] for row in await edge_tenant.admin.fetch(shown)]
    for text in ("%", "_", "\\", "\\%", "a\\", "'", "%%%", "__", "\\\\", "(", "*"):
        found = await _ask(
            edge_tenant,
            "admin",
            "opportunities",
            [{"name": {"contains": text}}, {"name": {"startsWith": text}}],
        )
        folded = [name.replace("\uff05", "%").replace("\uff3c", "\\").lower() for name in names]
        assert found == [sum(text in n for n in folded), sum(n.startswith(text) for n in folded)], (
            text
        )


# --- searches -----------------------------------------------------------------------------------


SEARCH_TEXTS = [
    text
    for text in [*TEXTS, "+31 (0)20", "(((((((", "a \\ % _", "0" * 9]
    if text.split() and len(text) <= 200
]


@covers("D-41", "D-53", "X-35")
@pytest.mark.parametrize("persona", ["admin", "rep1"])
async def test_search_never_fails(edge_tenant: World, persona: str) -> None:
    filters: list[Filter] = [{"search": text} for text in SEARCH_TEXTS]
    for root in ("opportunities", "accounts", "employees"):
        assert await _assert_total(edge_tenant, persona, root, filters) == 2 * len(filters)
    for text in SEARCH_TEXTS:
        query = "query ($t: String!) { search(text: $t, first: 50) { matched node { id } } }"
        answer = await edge_tenant.ask(persona, query, {"t": text}, tenant=EDGE_TENANT)
        assert answer.codes == ([] if len(text.strip()) > 1 else ["BAD_USER_INPUT"]), text


@covers("D-53", "X-35")
async def test_pattern_characters_in_search_match_literally(edge_tenant: World) -> None:
    shown = f"SELECT name, external_id FROM {edge_tenant.schema(EDGE_TENANT)}.opportunity WHERE deleted_at IS NULL"  # noqa: S608
    rows = [tuple(row) for row in await edge_tenant.admin.fetch(shown)]
    for text in ("%", "_", "\\", "\\%", "a\\", "'", "%%%", "__", "\\\\", "(", "*"):
        found = await _ask(edge_tenant, "admin", "opportunities", [{"search": text}])
        folded_rows = [
            [(each or "").replace("\uff05", "%").replace("\uff3c", "\\").lower() for each in row]
            for row in rows
        ]
        assert found == [sum(any(text in each for each in row) for row in folded_rows)], text


# --- invalid values -----------------------------------------------------------------------------


FIELDS = {
    "String": "name",
    "ID": "id",
    "Int": "probability",
    "Decimal": "amount",
    "Date": "expectedCloseOn",
    "DateTime": "createdAt",
}


@covers("D-42", "D-53")
@pytest.mark.parametrize("scalar", FIELDS)
async def test_invalid_value_is_refused(edge_tenant: World, scalar: str) -> None:
    op = "eq" if scalar in ("String", "ID") else "lt"
    for value in INVALID[scalar]:
        for condition in ({"eq": value}, {"in": [value]}, {op: value}):
            await _refused(edge_tenant, {FIELDS[scalar]: condition})


@covers("D-42", "D-53")
@pytest.mark.parametrize(("key", "value_field", "scalar"), [
    ("tier", "text", "String"), ("seats", "number", "Decimal"), ("kickoff", "date", "Date"), ("strategic", "boolean", "Boolean"),
])  # fmt: skip
async def test_invalid_attribute_value_is_refused(
    edge_tenant: World, key: str, value_field: str, scalar: str
) -> None:
    for value in INVALID[scalar]:
        await _refused(edge_tenant, {"attribute": {"key": key, value_field: {"eq": value}}})
    for other in {"text", "number", "date", "boolean"} - {value_field}:
        await _refused(edge_tenant, {"attribute": {"key": key, other: {"isNull": False}}})


@covers("D-53")
@pytest.mark.parametrize(
    "key", ["", "x'y", "a b", "é", "a" * 65, "1a", "tier\0", "$1", 1, None, ["tier"]]
)
async def test_invalid_attribute_key_is_refused(edge_tenant: World, key: Any) -> None:
    await _refused(edge_tenant, {"attribute": {"key": key, "text": {"eq": "x"}}})


async def _refused(world: World, filter: Filter) -> None:
    query = "query ($f: OpportunityFilter) { opportunities(filter: $f) { totalCount } }"
    answer = await world.ask("admin", query, {"f": filter}, tenant=EDGE_TENANT)
    assert answer.status in (200, 400)
    # A lone surrogate and an infinite number are not valid JSON.
    assert answer.codes in (["BAD_USER_INPUT"], ["BAD_REQUEST"]), (filter, answer.json)


# --- orders -------------------------------------------------------------------------------------


PAGE = """query ($order: [OpportunityOrder!], $after: String) {
  opportunities(first: 100, orderBy: $order, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id name note amount { amount } expectedCloseOn createdAt } } }"""
DIRECTIONS = ("ASC", "DESC", "ASC_NULLS_FIRST", "DESC_NULLS_FIRST")


@covers("D-38", "D-53")
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(
    "by", [*KEYS["Opportunity"], "name", "amount", "expectedCloseOn", "createdAt"]
)
async def test_every_order_pages_to_its_end(edge_tenant: World, by: str, direction: str) -> None:
    """Each page continues from a cursor with an edge value; every row is returned once."""
    key = (
        {"attribute": {"key": by, "direction": direction}}
        if by in KEYS["Opportunity"]
        else {by: direction}
    )
    found: list[str] = []
    after: str | None = None
    while True:
        answer = await edge_tenant.ask(
            "admin", PAGE, {"order": [key], "after": after}, tenant=EDGE_TENANT
        )
        assert answer.status == 200
        page = answer.data["opportunities"]
        found += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert len(found) == len(set(found)) == page["totalCount"] > 300


ATTRIBUTES = """query ($keys: [AttributeKey!]) {
  opportunities(first: 100) { nodes { attributes(keys: $keys) { text number date boolean } } } }"""


@covers("D-56")
@pytest.mark.parametrize("key", ["kickoff", "strategic"])
async def test_attribute_value_of_wrong_type_reads_as_null(edge_tenant: World, key: str) -> None:
    """A stored value of another type does not fail the query."""
    answer = await edge_tenant.ask("admin", ATTRIBUTES, {"keys": [key]}, tenant=EDGE_TENANT)
    assert len(answer.data["opportunities"]["nodes"]) == 100


@covers("D-38")
async def test_paging_continues_after_long_name(edge_tenant: World) -> None:
    schema = edge_tenant.schema(EDGE_TENANT)
    one = f"SELECT min(id::text)::uuid FROM {schema}.opportunity WHERE deleted_at IS NULL"  # noqa: S608
    rename = f"UPDATE {schema}.opportunity SET name = $1 WHERE id = ({one})"  # noqa: S608
    await edge_tenant.admin.execute(rename, "\U0010fffd" * 2000)  # sorts last
    try:
        variables: dict[str, Any] = {"order": [{"name": "DESC"}], "after": None}
        query = PAGE.replace("first: 100", "first: 1")
        answer = await edge_tenant.ask("admin", query, variables, tenant=EDGE_TENANT)
        variables["after"] = answer.data["opportunities"]["pageInfo"]["endCursor"]
        assert len(variables["after"]) > 4096
        assert (await edge_tenant.ask("admin", query, variables, tenant=EDGE_TENANT)).data[
            "opportunities"
        ]["nodes"]
    finally:
        await edge_tenant.admin.execute(rename, "renamed")


def test_edge_values_contain_extreme_cases() -> None:
    assert max(map(len, DECIMALS)) == 78
    assert any(text[-1:] == "\\" for text in TEXTS)
    assert "" in INVALID["ID"]

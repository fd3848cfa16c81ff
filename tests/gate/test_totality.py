"""No filter and no order can fail on a row, whatever is asked and whatever is kept: so none can tell of a hidden one (D-53)."""

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
from tests.gate.odd import DECIMALS, IDS, ODD, REFUSED, TEXTS, VALUES
from tests.support.covers import covers
from tests.support.world import World

AT_ONCE = 30
"""Aliases in a document."""
KEYS = {
    "Opportunity": {"tier": "text", "seats": "number", "kickoff": "date", "strategic": "boolean"},
    "Account": {"segment": "text"},
}
"""The attributes of the demonstration, with the word that each is filtered by."""
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


def _tests(kind: GraphQLInputObjectType, first: int, step: int) -> Iterator[Filter]:
    """Every operator of a field's filter, with every value or, from the `first`, every `step`th."""
    for number, (op, field) in enumerate(kind.fields.items()):
        values = _values(field.type, VALUES)
        chosen = values[(first + number) % step :: step] or values[:1]
        yield from ({op: value} for value in chosen)


def _places(
    entity: str, kind: GraphQLInputObjectType
) -> Iterator[tuple[Any, Callable[[Filter], Filter]]]:
    """Every filter type that a field of the entity is tested with, and how its test is said there."""
    for name, field in kind.fields.items():
        inner = field.type
        if name in COMBINATORS or not isinstance(inner, GraphQLInputObjectType):
            continue
        if name == "attribute" and "key" in inner.fields:
            for key, word in KEYS.get(entity, {}).items():
                yield inner.fields[word].type, partial(_attribute, key, word)
        elif not set(inner.fields) & {*COMBINATORS, "some"}:
            yield inner, partial(_plain, name)


def _attribute(key: str, word: str, test: Filter) -> Filter:
    return {"attribute": {"key": key, word: test}}


def _plain(name: str, test: Filter) -> Filter:
    return {name: test}


def _on(root: str, *, whole: bool) -> list[Filter]:
    """Tests on every field of an entity. If not the `whole`, fields of one kind share the values out."""
    kind = get_named_type(ROOTS[root])
    assert isinstance(kind, GraphQLInputObjectType)
    entity = kind.name.removesuffix("Filter")
    places = list(_places(entity, kind))
    alike = Counter(inner.name for inner, _ in places)
    seen: Counter[str] = Counter()
    found: list[Filter] = []
    for inner, said in places:
        step = 1 if whole else alike[inner.name] * (1 if entity in KEYS else 7)
        found += map(said, _tests(inner, seen[inner.name], step))
        seen[inner.name] += 1
    return found


async def _ask(
    world: World, persona: str, root: str, filters: list[Filter], **more: str
) -> list[int]:
    """How many records each filter finds; asked in one document."""
    kind = ROOTS[root]
    declared = ", ".join(f"$f{n}: {kind}" for n in range(len(filters)))
    asked = " ".join(f"a{n}: {root}(filter: $f{n}) {{ totalCount }}" for n in range(len(filters)))
    variables = {f"f{n}": each for n, each in enumerate(filters)}
    answer = await world.ask(persona, f"query ({declared}) {{ {asked} }}", variables, tenant=ODD)
    assert answer.status == 200
    if answer.codes and len(filters) > 1:  # which one was it?
        for each in filters:
            await _ask(world, persona, root, [each])
    assert not answer.codes, (filters, answer.json)
    return [part["totalCount"] for part in answer.json["data"].values()]


def _several(filters: Iterator[Filter], most: int) -> Iterator[list[Filter]]:
    while batch := list(islice(filters, most)):
        yield batch


async def _all(world: World, persona: str, root: str, filters: list[Filter]) -> int:
    """Ask each filter and its negation: together they find everything, so neither was cut short by an error."""
    (everything,) = await _ask(world, persona, root, [{}])
    assert everything > 0
    asked = 0
    for batch in _several(iter(filters), AT_ONCE // 2):
        both = [*batch, *({"not": each} for each in batch)]
        counts = await _ask(world, persona, root, both)
        found, others = counts[: len(batch)], counts[len(batch) :]
        for each, met, unmet in zip(batch, found, others, strict=True):
            assert met + unmet == everything, each
        asked += len(both)
    return asked


@covers("D-41", "D-53")
@pytest.mark.parametrize("root", ROOTS)
async def test_no_value_makes_a_filter_fail(odd: World, root: str) -> None:
    filters = _on(root, whole=False)
    assert await _all(odd, "admin", root, filters) == 2 * len(filters) > 50


@covers("D-41", "D-53")
async def test_no_value_makes_a_filter_fail_for_a_seller(odd: World) -> None:
    """Own rows in the narrow form, and fields ruled by status."""
    filters = _on("opportunities", whole=False)
    assert await _all(odd, "rep1", "opportunities", filters) == 2 * len(filters)


@pytest.mark.nightly
@covers("D-41", "D-53")
@pytest.mark.parametrize("persona", ["admin", "rep1"])
@pytest.mark.parametrize("root", ["accounts", "opportunities", "employees"])
async def test_no_value_makes_any_filter_fail(odd: World, root: str, persona: str) -> None:
    filters = _on(root, whole=True)
    assert await _all(odd, persona, root, filters) == 2 * len(filters) > 1000


@pytest.mark.nightly
@covers("D-53")
@pytest.mark.parametrize("word", ["some", "none", "every"])
async def test_no_value_makes_a_filter_on_related_records_fail(odd: World, word: str) -> None:
    filters: list[Filter] = [
        {"opportunities": {word: each}} for each in _on("opportunities", whole=False)
    ]
    assert await _all(odd, "rep1", "accounts", filters) == 2 * len(filters)


@covers("D-53")
async def test_a_literal_in_the_document_is_as_good_as_a_variable(odd: World) -> None:
    for text in TEXTS:
        said = json.dumps(text)
        for op in ("contains", "startsWith", "eq", "gt"):
            query = "{ opportunities(filter: {name: {%s: %s}}) { totalCount } }" % (op, said)  # noqa: UP031
            answer = await odd.ask("admin", query, tenant=ODD)
            filters: list[Filter] = [{"name": {op: text}}]
            assert [answer.data["opportunities"]["totalCount"]] == await _ask(
                odd, "admin", "opportunities", filters
            )


@covers("D-41", "D-53")
async def test_patterns_mean_what_they_say(odd: World) -> None:
    """What is escaped is found as it stands: a percent sign finds percent signs and nothing else."""
    shown = f"SELECT name FROM {odd.schema(ODD)}.opportunity WHERE deleted_at IS NULL"  # noqa: S608
    names = [row["name"] for row in await odd.admin.fetch(shown)]
    for text in ("%", "_", "\\", "\\%", "a\\", "'", "%%%", "__", "\\\\", "(", "*"):
        found = await _ask(
            odd,
            "admin",
            "opportunities",
            [{"name": {"contains": text}}, {"name": {"startsWith": text}}],
        )
        folded = [name.replace("\uff05", "%").replace("\uff3c", "\\").lower() for name in names]
        assert found == [sum(text in n for n in folded), sum(n.startswith(text) for n in folded)], (
            text
        )


# --- searches -----------------------------------------------------------------------------------


SOUGHT = [
    text
    for text in [*TEXTS, "+31 (0)20", "(((((((", "a \\ % _", "0" * 9]
    if text.split() and len(text) <= 200
]


@covers("D-41", "D-53", "X-35")
@pytest.mark.parametrize("persona", ["admin", "rep1"])
async def test_no_text_makes_a_search_fail(odd: World, persona: str) -> None:
    filters: list[Filter] = [{"search": text} for text in SOUGHT]
    for root in ("opportunities", "accounts", "employees"):
        assert await _all(odd, persona, root, filters) == 2 * len(filters)
    for text in SOUGHT:
        everywhere = "query ($t: String!) { search(text: $t, first: 50) { matched node { id } } }"
        answer = await odd.ask(persona, everywhere, {"t": text}, tenant=ODD)
        assert answer.codes == ([] if len(text.strip()) > 1 else ["BAD_USER_INPUT"]), text


@covers("D-53", "X-35")
async def test_a_searched_piece_means_what_it_says(odd: World) -> None:
    shown = f"SELECT name, external_id FROM {odd.schema(ODD)}.opportunity WHERE deleted_at IS NULL"  # noqa: S608
    rows = [tuple(row) for row in await odd.admin.fetch(shown)]
    for text in ("%", "_", "\\", "\\%", "a\\", "'", "%%%", "__", "\\\\", "(", "*"):
        found = await _ask(odd, "admin", "opportunities", [{"search": text}])
        held = [
            [(each or "").replace("\uff05", "%").replace("\uff3c", "\\").lower() for each in row]
            for row in rows
        ]
        assert found == [sum(any(text in each for each in row) for row in held)], text


# --- what is no value ---------------------------------------------------------------------------


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
async def test_what_is_no_value_is_told(odd: World, scalar: str) -> None:
    op = "eq" if scalar in ("String", "ID") else "lt"
    for value in REFUSED[scalar]:
        for test in ({"eq": value}, {"in": [value]}, {op: value}):
            await _refused(odd, {FIELDS[scalar]: test})


@covers("D-42", "D-53")
@pytest.mark.parametrize(("key", "word", "scalar"), [
    ("tier", "text", "String"), ("seats", "number", "Decimal"), ("kickoff", "date", "Date"), ("strategic", "boolean", "Boolean"),
])  # fmt: skip
async def test_what_is_no_value_of_an_attribute_is_told(
    odd: World, key: str, word: str, scalar: str
) -> None:
    for value in REFUSED[scalar]:
        await _refused(odd, {"attribute": {"key": key, word: {"eq": value}}})
    for other in {"text", "number", "date", "boolean"} - {word}:
        await _refused(odd, {"attribute": {"key": key, other: {"isNull": False}}})


@covers("D-53")
@pytest.mark.parametrize(
    "key", ["", "x'y", "a b", "é", "a" * 65, "1a", "tier\0", "$1", 1, None, ["tier"]]
)
async def test_an_odd_key_is_told(odd: World, key: Any) -> None:
    await _refused(odd, {"attribute": {"key": key, "text": {"eq": "x"}}})


async def _refused(world: World, filter: Filter) -> None:
    query = "query ($f: OpportunityFilter) { opportunities(filter: $f) { totalCount } }"
    answer = await world.ask("admin", query, {"f": filter}, tenant=ODD)
    assert answer.status in (200, 400)
    # Half a surrogate pair and an infinite number are no JSON at all.
    assert answer.codes in (["BAD_USER_INPUT"], ["BAD_REQUEST"]), (filter, answer.json)


# --- orders -------------------------------------------------------------------------------------


WHOLE = """query ($order: [OpportunityOrder!], $after: String) {
  opportunities(first: 100, orderBy: $order, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id name note amount { amount } expectedCloseOn createdAt } } }"""
DIRECTIONS = ("ASC", "DESC", "ASC_NULLS_FIRST", "DESC_NULLS_FIRST")


@covers("D-38", "D-53")
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(
    "by", [*KEYS["Opportunity"], "name", "amount", "expectedCloseOn", "createdAt"]
)
async def test_every_order_can_be_read_to_its_end(odd: World, by: str, direction: str) -> None:
    """Each page resumes from a cursor with whatever value the last row had; all rows come, once each."""
    key = (
        {"attribute": {"key": by, "direction": direction}}
        if by in KEYS["Opportunity"]
        else {by: direction}
    )
    found: list[str] = []
    after: str | None = None
    while True:
        answer = await odd.ask("admin", WHOLE, {"order": [key], "after": after}, tenant=ODD)
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
async def test_odd_values_are_written_as_json(odd: World, key: str) -> None:
    """A value of another type than its attribute's is none."""
    answer = await odd.ask("admin", ATTRIBUTES, {"keys": [key]}, tenant=ODD)
    assert len(answer.data["opportunities"]["nodes"]) == 100


@covers("D-38")
async def test_a_list_goes_on_after_a_long_name(odd: World) -> None:
    place = odd.schema(ODD)
    one = f"SELECT min(id::text)::uuid FROM {place}.opportunity WHERE deleted_at IS NULL"  # noqa: S608
    rename = f"UPDATE {place}.opportunity SET name = $1 WHERE id = ({one})"  # noqa: S608
    await odd.admin.execute(rename, "\U0010fffd" * 2000)  # sorts last of all
    try:
        given: dict[str, Any] = {"order": [{"name": "DESC"}], "after": None}
        query = WHOLE.replace("first: 100", "first: 1")
        answer = await odd.ask("admin", query, given, tenant=ODD)
        given["after"] = answer.data["opportunities"]["pageInfo"]["endCursor"]
        assert len(given["after"]) > 4096
        assert (await odd.ask("admin", query, given, tenant=ODD)).data["opportunities"]["nodes"]
    finally:
        await odd.admin.execute(rename, "renamed")


def test_the_lists_hold_what_they_should() -> None:
    assert max(map(len, DECIMALS)) == 78
    assert any(text[-1:] == "\\" for text in TEXTS)
    assert "" in IDS

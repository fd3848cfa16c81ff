"""Matrix of a field ruled by status: outside won opportunities the commission behaves as null."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.leaks.channels import DIRECTIONS, Edge, counted, edges, operand, quoted
from tests.leaks.probe import Probe
from tests.leaks.truth import Truth
from tests.proof.contract import LIST_ROOT, REFERENCES, snake, spelled_id
from tests.proof.coverage import OPERATORS
from tests.proof.rights import COLUMN, FULL, LINES, PERSONAS, Level, level
from tests.proof.rows import Row
from tests.support.covers import covers
from tests.support.world import World

Masked = dict[UUID, Decimal | None]
Test = Callable[[Decimal | None], bool]
READERS = [
    persona
    for persona in PERSONAS
    if level(persona, "Opportunity", "commission") in {Level.RULED, Level.OPEN}
]
WON_ONLY = LINES.only["Opportunity", "commission"]
OWNERS = ("Stage", "OpportunityType", "Employee", "Account")


@pytest.fixture(params=READERS)
def ruled(
    request: pytest.FixtureRequest,
    world: World,
    truth: Truth,
    forbidden: Callable[[str], frozenset[str]],
    cells: Counter[str],
) -> Probe:
    """A probe for each persona who may read the commission, always or by status."""
    return Probe(world, request.param, truth, forbidden(request.param), cells)


def masked(probe: Probe) -> Masked:
    """The commissions readable by the persona, by ID of the visible opportunities; None where masked."""
    seen = probe.truth.visible(probe.persona, "Opportunity")
    bare = COLUMN[probe.persona] == FULL
    return {
        id: seen[id]["commission"] if bare or seen[id]["status"] == WON_ONLY else None
        for id in sorted(seen)
    }


def comparison(operator: str, value: Decimal) -> Test:
    """The predicate of an operator, as the schema describes it."""
    tests: dict[str, Test] = {
        "eq": lambda x: x == value,
        "ne": lambda x: x != value,
        "in": lambda x: x == value,
        "notIn": lambda x: x != value,
        "lt": lambda x: x is not None and x < value,
        "lte": lambda x: x is not None and x <= value,
        "gt": lambda x: x is not None and x > value,
        "gte": lambda x: x is not None and x >= value,
    }
    return tests[operator]


def conditions(truth: Truth) -> Iterator[tuple[str, Test]]:
    """Every operator with operands from won and other opportunities, plain and negated, with its predicate."""
    live = truth.live("Opportunity").values()
    won = sorted({r["commission"] for r in live if r["status"] == WON_ONLY} - {None})
    other = sorted({r["commission"] for r in live if r["status"] != WON_ONLY} - {None})
    values = [*won[:: len(won) // 3][:3], *other[:: len(other) // 2][:2], Decimal(0)]
    for operator in OPERATORS["DecimalFilter"].split():
        if operator == "isNull":
            yield "commission: { isNull: true }", lambda x: x is None
            yield "commission: { isNull: false }", lambda x: x is not None
            yield "not: { commission: { isNull: true } }", lambda x: x is not None
            yield "not: { commission: { isNull: false } }", lambda x: x is None
            continue
        for value in values:
            test = comparison(operator, value)
            one = f"commission: {{ {operator}: {operand(operator, [quoted(value)])} }}"
            yield one, test
            yield f"not: {{ {one} }}", lambda x, test=test: not test(x)  # type: ignore[misc]
    yield "commission: { in: [] }", lambda x: False
    yield "commission: { notIn: [] }", lambda x: True
    low, high = quoted(values[0]), quoted(values[2])
    yield (
        f"not: {{ commission: {{ gte: {low}, lt: {high} }} }}",
        lambda x: x is None or not values[0] <= x < values[2],
    )


async def listed(probe: Probe, arguments: str, inner: str = "id") -> list[Any]:
    """All pages of a list of opportunities."""
    nodes: list[Any] = []
    after = ""
    while True:
        answer = await probe.ask(
            f"{{ opportunities(first: 100, {arguments}{after}) "
            f"{{ totalCount nodes {{ {inner} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        )
        page = answer.data["opportunities"]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(nodes)
            return nodes
        after = f", after: {json.dumps(page['pageInfo']['endCursor'])}"


@covers("D-31", "D-41", "D-51")
async def test_filter_ignores_masked_values(ruled: Probe) -> None:
    """Every operator, plain and negated, treats masked values as null."""
    values = masked(ruled)
    for condition, test in conditions(ruled.truth):
        expected = [spelled_id("Opportunity", id) for id, value in values.items() if test(value)]
        arguments = f"first: 100, filter: {{ {condition} }}, orderBy: [{{ id: ASC }}]"
        answer = await ruled.ask(
            f"{{ opportunities({arguments}) {{ totalCount nodes {{ id }} }} }}"
        )
        found = answer.data["opportunities"]
        assert found["totalCount"] == len(expected), condition
        assert [node["id"] for node in found["nodes"]] == expected[:100], condition
        ruled.cells["ruled filter"] += 1


@covers("D-31", "D-51")
async def test_filter_with_status(ruled: Probe) -> None:
    """Combined with the status, the filter still ignores masked values."""
    values, rows = masked(ruled), ruled.truth.rows["Opportunity"]
    for at, status in enumerate(("OPEN", "WON", "LOST")):
        for condition, test in list(conditions(ruled.truth))[at::3]:
            both = f"status: {{ eq: {status} }}, {condition}"
            either = f"or: [{{ status: {{ eq: {status} }} }}, {{ {condition} }}]"
            found = await ruled.count(
                {"all": counted("Opportunity", both), "any": counted("Opportunity", either)}
            )
            met = [(rows[id]["status"] == status, test(value)) for id, value in values.items()]
            assert found == {"all": sum(map(all, met)), "any": sum(map(any, met))}, condition
            ruled.cells["ruled filter"] += 2


def holders(probe: Probe, edge: Edge) -> dict[UUID, list[UUID]]:
    """IDs of the visible opportunities by ID of the record that the relation starts from."""
    column = next(f for f, t in REFERENCES["Opportunity"].items() if t == edge.owner)
    seen: dict[UUID, list[UUID]] = {id: [] for id in probe.truth.visible(probe.persona, edge.owner)}
    for id, row in probe.truth.visible(probe.persona, "Opportunity").items():
        seen.get(_link(row, column), []).append(id)
    return seen


def _link(row: Row, field: str) -> UUID:
    id: UUID = row[f"{snake(field)}_id"]
    return id


@covers("D-31", "D-41", "D-51")
@pytest.mark.parametrize("owner", OWNERS)
async def test_filter_through_relations(ruled: Probe, owner: str) -> None:
    """With each quantifier. Nested counts also treat masked values as null."""
    values = masked(ruled)
    edge = next(edge for edge in edges(owner) if edge.target == "Opportunity")
    by_owner = holders(ruled, edge)
    for condition, test in list(conditions(ruled.truth))[OWNERS.index(owner) :: len(OWNERS)]:
        expected = {
            "some": sum(any(test(values[id]) for id in ids) for ids in by_owner.values()),
            "none": sum(not any(test(values[id]) for id in ids) for ids in by_owner.values()),
            "every": sum(all(test(values[id]) for id in ids) for ids in by_owner.values()),
        }
        selection = {q: counted(owner, edge.condition(condition, q)) for q in expected}
        assert await ruled.count(selection) == expected, condition
        ruled.cells["ruled relation"] += 3
    condition, test = 'commission: { gte: "0" }', comparison("gte", Decimal(0))
    answer = await ruled.ask(
        f"{{ {LIST_ROOT[owner]}(first: 100) {{ nodes {{ id {edge.name}(filter: {{ {condition} }}) {{ totalCount }} }} }} }}"
    )
    for node in answer.data[LIST_ROOT[owner]]["nodes"]:
        ids = by_owner[UUID(node["id"].rpartition("_")[2])]
        assert node[edge.name]["totalCount"] == sum(test(values[id]) for id in ids)


@covers("D-31", "D-51")
@pytest.mark.parametrize("direction", DIRECTIONS)
async def test_order_treats_masked_values_as_null(ruled: Probe, direction: str) -> None:
    """Masked values are sorted with nulls, by the next key."""
    values = masked(ruled)
    upwards = direction.startswith("ASC")
    for tie in ("ASC", "DESC"):
        keys = f"orderBy: [{{ commission: {direction} }}, {{ id: {tie} }}]"
        found = [UUID(n["id"].rpartition("_")[2]) for n in await listed(ruled, keys)]
        ids = sorted(values, reverse=tie == "DESC")
        empty = [id for id in ids if values[id] is None]
        filled = sorted(
            (id for id in ids if values[id] is not None),
            key=lambda id: (values[id] or 0) * (1 if upwards else -1),
        )
        first = direction.endswith("NULLS_FIRST")
        assert found == ([*empty, *filled] if first else [*filled, *empty])
        ruled.cells["ruled order"] += 1
    alone = f"orderBy: [{{ commission: {direction} }}]"
    found = [UUID(n["id"].rpartition("_")[2]) for n in await listed(ruled, alone)]
    blank = [id for id in found if values[id] is None]
    assert blank in (sorted(blank), sorted(blank, reverse=True))


@covers("D-31", "D-43", "D-51")
async def test_measures_ignore_masked_values(ruled: Probe) -> None:
    """Sums, averages, minimums and maximums include only readable values."""
    values, rows = masked(ruled), ruled.truth.rows["Opportunity"]
    functions = ["sum", "min", "max", "avg"]
    inner = " ".join(f"{f} {{ commission {{ amount currency }} }}" for f in functions)
    for status in (None, "OPEN", "WON", "LOST"):
        narrowed = f"(filter: {{ status: {{ eq: {status} }} }})" if status else ""
        answer = await ruled.ask(
            f"{{ opportunities{narrowed} {{ aggregate {{ count {inner} }} }} }}"
        )
        read = answer.data["opportunities"]["aggregate"]
        by_currency: dict[str, list[Decimal]] = {}
        these = [id for id in values if status in (None, rows[id]["status"])]
        for id in these:
            if (value := values[id]) is not None:
                by_currency.setdefault(rows[id]["currency"], []).append(value)
        assert read["count"] == len(these)
        for function in functions:
            got = {m["currency"]: Decimal(m["amount"]) for m in read[function]["commission"]}
            assert set(got) == set(by_currency), (status, function)
            for currency, ones in by_currency.items():
                exact = {"sum": sum(ones), "min": min(ones), "max": max(ones)}.get(function)
                if exact is not None:
                    assert got[currency] == exact, (status, function, currency)
                else:
                    average = sum(ones, Decimal()) / len(ones)
                    step = Decimal(1).scaleb(int(got[currency].as_tuple().exponent))
                    assert abs(got[currency] - average) <= step / 2
            ruled.cells["ruled measure"] += 1


async def test_denial_is_independent_of_the_rows(ruled: Probe) -> None:
    """The denial is listed whether or not a value in the response is masked."""
    selection = "nodes { commission { amount } }"
    for status in ("WON", "LOST"):
        for id in ("0" * 32, next(iter(ruled.truth.rows["Opportunity"])).hex):
            narrowed = f'filter: {{ status: {{ eq: {status} }}, id: {{ ne: "opp_{id}" }} }}'
            answer = await ruled.ask(f"{{ opportunities({narrowed}) {{ {selection} }} }}")
            expected = ruled.denials("Opportunity", ["commission"])
            access = answer.json["extensions"].get("access", {"denied": []})
            assert len(access["denied"]) == len(expected)

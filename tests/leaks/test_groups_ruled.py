"""Groups of fields ruled by status: keys, `having`, orders and measures use the masked values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.leaks.channels import operand, quoted
from tests.leaks.expected_view import ExpectedView
from tests.leaks.groups import TESTED, Key, grouped, keys
from tests.leaks.probe import Probe, denied
from tests.leaks.test_groups_refused import first_closed
from tests.leaks.test_groups_values import check, readable_measures
from tests.leaks.test_matrix_ruled import comparison
from tests.leaks.truth import load, scratch_tenant
from tests.proof.contract import GROUPS_OF
from tests.proof.coverage import OPERATORS
from tests.proof.rights import COLUMN, FULL, PERSONA_PER_PROFILE, PERSONAS, Level, is_closed, level
from tests.support.covers import covers
from tests.support.world import World

ROOT = GROUPS_OF["Opportunity"]
RULED = {
    "probability": frozenset({"WON"}),
    "expectedCloseOn": frozenset({"LOST"}),
    "name": frozenset({"WON", "OPEN"}),
    "account": frozenset({"OPEN"}),
    "createdAt": frozenset({"WON", "LOST"}),
    "margin": frozenset({"WON", "LOST"}),
}
"""Status rules of these tests, besides the demo data's rule for the commission."""
DAILY_PERSONAS = [
    p if p in PERSONA_PER_PROFILE else pytest.param(p, marks=pytest.mark.nightly) for p in PERSONAS
]
AT_ONCE = 12
"""Maximum number of aliases in a document."""
EXCLUSIVE = {"margin": frozenset({"LOST"})}
"""A rule with which margin and commission are never readable together."""


def key_named(*names: str) -> Key:
    """The group key of opportunities with this path, optionally followed by a date bucket."""
    for key in keys("Opportunity", 2):
        path = (*(edge.name for edge in key.path), key.name)
        if names in (path, (*path, key.bucket)):
            return key
    raise AssertionError(names)


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[str]:
    async with scratch_tenant(world, "ruled-groups") as slug:
        await rule(world, slug, RULED)
        yield slug


async def rule(world: World, tenant: str, rules: dict[str, frozenset[str]]) -> None:
    """Replace all status rules except the commission's."""
    table = f"{world.schema(tenant)}.status_rule"
    await world.admin.execute(f"DELETE FROM {table} WHERE field <> 'commission'")  # noqa: S608
    for field, statuses in rules.items():
        for status in sorted(statuses):
            await world.admin.execute(
                f"INSERT INTO {table} (id, entity, field, status) "  # noqa: S608
                "VALUES (gen_random_uuid(), 'Opportunity', $1, $2)",
                field, status,
            )  # fmt: skip
    await world.bump_access_version(tenant)


async def probe_and_view(
    world: World, tenant: str, persona: str, cells: Counter[str], rules: dict[str, frozenset[str]]
) -> tuple[Probe, ExpectedView]:
    """A probe of a persona in the tenant with their expected view; rules do not apply to the full profile."""
    truth = await load(world, tenant)
    ruled = {} if COLUMN[persona] == FULL else rules
    return Probe(world, persona, truth, frozenset(), cells), ExpectedView(truth, persona, ruled)


MASKED_KEYS = (
    ("probability",),
    ("name",),
    ("account", "record"),
    ("account", "name"),
    ("account", "owner", "record"),
    *(("expectedCloseOn", span) for span in ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY")),
    ("createdAt", "MONTH"),
    ("createdAt", "DAY"),
)


def status_denials(persona: str, names: set[str]) -> set[tuple[str, str, str]]:
    """The denials by status of these opportunity fields."""
    known = names if COLUMN[persona] != "full" else set()
    return {("Opportunity", name, "status") for name in known}


@covers("D-31", "D-51", "D-57")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_masked_group_keys_are_null(
    world: World, tenant: str, persona: str, cells: Counter[str]
) -> None:
    """Masked values are in one group with nulls, and the key is denied by status."""
    probe, view = await probe_and_view(world, tenant, persona, cells, RULED)
    for names in MASKED_KEYS:
        key = key_named(*names)
        if first_closed(probe, key.fields_used):
            continue  # covered by test_groups_refused.py
        await check(probe, view, "Opportunity", [key], [])
        answer = await probe.ask(f"{{ {grouped('Opportunity', f'groupBy: [{key.by}]')} }}")
        assert denied(answer) == status_denials(persona, {names[0]}), names
        strict = await probe.ask(
            f"{{ {grouped('Opportunity', f'groupBy: [{key.by}]')} }}", x_access="strict"
        )
        assert bool(strict.codes) == bool(denied(answer))
        probe.cells["group masked key"] += 1


@covers("D-31", "D-43", "D-51", "D-57")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_measures_use_masked_values(
    world: World, tenant: str, persona: str, cells: Counter[str]
) -> None:
    """Every measure of every field, with an open key and without keys."""
    probe, view = await probe_and_view(world, tenant, persona, cells, RULED)
    measures = readable_measures(persona, "Opportunity")
    for by in ([], [key_named("stage", "name")], [key_named("currency")]):
        for at in range(4):
            await check(probe, view, "Opportunity", by, measures[at::4])


@covers("D-31", "D-57")
@pytest.mark.parametrize("persona", ["rep1", "manager"])
async def test_computed_field_of_exclusive_statuses_is_null(
    world: World, tenant: str, persona: str, cells: Counter[str]
) -> None:
    """A field computed from two fields that are never readable together is always masked."""
    await rule(world, tenant, EXCLUSIVE)
    try:
        probe, view = await probe_and_view(world, tenant, persona, cells, EXCLUSIVE)
        measures = [
            one for one in readable_measures(persona, "Opportunity") if one[1] == "netMargin"
        ]
        assert len(measures) == 6
        await check(probe, view, "Opportunity", [], measures)
        query = "{ opportunities(first: 100) { nodes { netMargin { amount } } } }"
        answer = await probe.ask(query)
        nodes = answer.data["opportunities"]["nodes"]
        assert {node["netMargin"] for node in nodes} == {None}
        assert denied(answer) == {("Opportunity", "netMargin", "status")}
        for test, found in (("isNull: true", True), ('gt: "-99999999"', False)):
            read = await probe.ask(
                f"{{ opportunities(filter: {{ netMargin: {{ {test} }} }}) {{ totalCount }} }}"
            )
            total = len(view.visible("Opportunity")) if found else 0
            assert read.data["opportunities"]["totalCount"] == total
    finally:
        await rule(world, tenant, RULED)


def group_amounts(
    view: ExpectedView, function: str, field: str, key: Key
) -> dict[Any, Decimal | None]:
    """A money measure of each group in euros, as returned."""
    found: dict[Any, Decimal | None] = {}
    for (group,), rows in view.groups("Opportunity", [key]).items():
        sums = view.measure("Opportunity", function, field, rows)
        euros = [Decimal(one["amount"]) for one in sums if one["currency"] == "EUR"]
        found[group] = euros[0] if euros else None
    return found


def conditions_on(amounts: dict[Any, Decimal | None]) -> Iterator[tuple[str, Any]]:
    """Every operator with values that occur in groups and one that does not, as (condition, predicate)."""
    values = sorted(value for value in amounts.values() if value is not None)
    for operator in OPERATORS["DecimalFilter"].split():
        if operator == "isNull":
            yield "isNull: true", lambda x: x is None
            yield "isNull: false", lambda x: x is not None
        else:
            for value in {*values[:1], *values[-1:], Decimal("0.005")}:
                yield (
                    f"{operator}: {operand(operator, [quoted(value)])}",
                    comparison(operator, value),
                )


@covers("D-31", "D-51")
@pytest.mark.parametrize("persona", DAILY_PERSONAS)
async def test_having_uses_masked_values(probe_of: Probe) -> None:
    """`having` finds groups by the readable values only."""
    key = key_named("status")
    cases = list(having_cases(ExpectedView(probe_of.truth, probe_of.persona), key))
    for start in range(0, len(cases), AT_ONCE):
        batch = cases[start : start + AT_ONCE]
        parts = " ".join(
            f"a{at}: {grouped('Opportunity', f'groupBy: [{key.by}] having: {{ {having} }}', key.shown)}"
            for at, (having, _) in enumerate(batch)
        )
        answer = (await probe_of.ask(f"{{ {parts} }}")).data
        for at, (having, expected) in enumerate(batch):
            read = answer[f"a{at}"]
            assert {group["key"]["status"] for group in read["groups"]} == expected, having
            assert read["groupCount"] == len(expected)
            probe_of.cells["group ruled having"] += 1


def having_cases(view: ExpectedView, key: Key) -> Iterator[tuple[str, set[Any]]]:
    """`having` conditions on money ruled by status, plain and negated, with the expected groups."""
    for field in ("commission", "netMargin"):
        if level(view.persona, "Opportunity", field) is Level.HIDDEN:
            continue
        for function in TESTED if field == "commission" else TESTED[:1]:
            amounts = group_amounts(view, function, field, key)
            for test, met in conditions_on(amounts):
                one = f'{function}: {{ {field}: {{ currency: "EUR", {test} }} }}'
                yield one, {group for group, x in amounts.items() if met(x)}
                yield f"not: {{ {one} }}", {group for group, x in amounts.items() if not met(x)}


@covers("D-31", "D-51")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_group_order_uses_masked_values(probe_of: Probe) -> None:
    """Groups with only masked values are sorted as null, by their keys."""
    view, key = ExpectedView(probe_of.truth, probe_of.persona), key_named("owner", "record")
    for field in ("commission", "netMargin"):
        if level(probe_of.persona, "Opportunity", field) is Level.HIDDEN:
            continue
        for function in TESTED:
            amounts = group_amounts(view, function, field, key)
            for direction in ("ASC", "DESC_NULLS_FIRST"):
                path = f'{{ currency: "EUR", direction: {direction} }}'
                item = f"{{ {function}: {{ {field}: {path} }} }}"
                arguments = f"groupBy: [{key.by}] orderBy: [{item}]"
                query = f"{{ {grouped('Opportunity', arguments, key.shown)} }}"
                read = (await probe_of.ask(query)).data[ROOT]["groups"]
                records = [group["key"]["owner"]["record"] for group in read]
                found = [record and record["id"] for record in records]
                ids = sorted(amounts, key=lambda g: (g is None, g))
                filled = [g for g in ids if amounts[g] is not None]
                filled.sort(key=lambda g: (amounts[g] or 0) * (1 if direction == "ASC" else -1))
                empty = [g for g in ids if amounts[g] is None]
                assert found == ([*filled, *empty] if direction == "ASC" else [*empty, *filled])
                probe_of.cells["group ruled order"] += 1


@pytest.fixture
async def probe_of(world: World, persona: str, cells: Counter[str]) -> Probe:
    """A probe in the demo data, where only the commission is ruled by status."""
    return Probe(world, persona, await load(world), frozenset(), cells)


@covers("D-57")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_computed_values_are_masked_with_their_inputs(
    world: World, tenant: str, persona: str, cells: Counter[str]
) -> None:
    """A computed field is null exactly where an input is, selected alone or with its inputs."""
    probe, view = await probe_and_view(world, tenant, persona, cells, RULED)
    rows = view.visible("Opportunity")
    for inner in ("closeQuarter", "closeQuarter expectedCloseOn", "weighted { amount }"):
        query = f"{{ opportunities(first: 100) {{ nodes {{ id {inner} }} }} }}"
        answer = await probe.ask(query)
        by_id = {id.hex: row for id, row in rows.items()}
        name = inner.split()[0]
        if level(persona, "Opportunity", name) is Level.HIDDEN:
            assert ("Opportunity", name, "hidden") in denied(answer)
            continue
        masked = 0
        for node in answer.data["opportunities"]["nodes"]:
            row = by_id[node["id"].rpartition("_")[2]]
            truth = view.value("Opportunity", name, row)
            assert (node[name] is None) == (truth is None), json.dumps(node)
            if name == "closeQuarter":
                assert node[name] == truth
            masked += truth is None
        assert masked > 10 or COLUMN[persona] == FULL or name == "weighted"
        assert ("Opportunity", name, "status") in denied(answer) or COLUMN[persona] == FULL
        assert not is_closed(persona, "Opportunity")
        probe.cells["derived"] += len(answer.data["opportunities"]["nodes"])

"""Groups of fields that are readable in some statuses only: keys, tests, orders and measures know the masked values alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.leaks.channels import operand, quoted
from tests.leaks.groups import TESTED, Key, grouped, keys
from tests.leaks.probe import Probe, denied
from tests.leaks.tally import View
from tests.leaks.test_groups_refused import first_shut
from tests.leaks.test_groups_shown import check, readable_measures
from tests.leaks.test_matrix_ruled import comparison
from tests.leaks.truth import load, own_tenant
from tests.proof.contract import GROUPS_OF
from tests.proof.coverage import OPERATORS
from tests.proof.rights import COLUMN, FULL, ONE_EACH, PERSONAS, Level, is_closed, level
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
"""Rules of the tests' own, beside the demonstration's for the commission."""
EVERYDAY = [p if p in ONE_EACH else pytest.param(p, marks=pytest.mark.nightly) for p in PERSONAS]
AT_ONCE = 12
"""Aliases in a document."""
NEVER = {"margin": frozenset({"LOST"})}
"""With this the margin and the commission are never readable together."""


def key_named(*names: str) -> Key:
    """The key of opportunities on this way; with the word of a span, in that span."""
    for key in keys("Opportunity", 2):
        way = (*(edge.name for edge in key.path), key.name)
        if names in (way, (*way, key.bucket)):
            return key
    raise AssertionError(names)


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[str]:
    async with own_tenant(world, "ruled-groups") as slug:
        await rule(world, slug, RULED)
        yield slug


async def rule(world: World, tenant: str, rules: dict[str, frozenset[str]]) -> None:
    """Only these and the rule for the commission hold."""
    table = f"{world.schema(tenant)}.status_rule"
    await world.admin.execute(f"DELETE FROM {table} WHERE field <> 'commission'")  # noqa: S608
    for field, statuses in rules.items():
        for status in sorted(statuses):
            await world.admin.execute(
                f"INSERT INTO {table} (id, entity, field, status) "  # noqa: S608
                "VALUES (gen_random_uuid(), 'Opportunity', $1, $2)",
                field, status,
            )  # fmt: skip
    await world.rights_changed(tenant)


async def seen_by(
    world: World, tenant: str, persona: str, cells: Counter[str], rules: dict[str, frozenset[str]]
) -> tuple[Probe, View]:
    """A persona there, and what he sees; the full profile knows no rules."""
    truth = await load(world, tenant)
    ruled = {} if COLUMN[persona] == FULL else rules
    return Probe(world, persona, truth, frozenset(), cells), View(truth, persona, ruled)


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
    """What is named as readable in some statuses, of these fields of opportunities."""
    known = names if COLUMN[persona] != "full" else set()
    return {("Opportunity", name, "status") for name in known}


@covers("D-31", "D-51", "D-57")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_masked_keys(world: World, tenant: str, persona: str, cells: Counter[str]) -> None:
    """A masked value is among the empty ones, in one group with them; and the key is named."""
    probe, view = await seen_by(world, tenant, persona, cells, RULED)
    for names in MASKED_KEYS:
        key = key_named(*names)
        if first_shut(probe, key.touched):
            continue  # test_groups_refused.py is about those
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
async def test_masked_measures(
    world: World, tenant: str, persona: str, cells: Counter[str]
) -> None:
    """Every measure of every field, ruled or computed of what is ruled, by an open key and by none."""
    probe, view = await seen_by(world, tenant, persona, cells, RULED)
    chosen = readable_measures(persona, "Opportunity")
    for by in ([], [key_named("stage", "name")], [key_named("currency")]):
        for at in range(4):
            await check(probe, view, "Opportunity", by, chosen[at::4])


@covers("D-31", "D-57")
@pytest.mark.parametrize("persona", ["rep1", "manager"])
async def test_statuses_that_exclude_each_other(
    world: World, tenant: str, persona: str, cells: Counter[str]
) -> None:
    """What is computed of two fields that are never readable together is readable never."""
    await rule(world, tenant, NEVER)
    try:
        probe, view = await seen_by(world, tenant, persona, cells, NEVER)
        chosen = [one for one in readable_measures(persona, "Opportunity") if one[1] == "netMargin"]
        assert len(chosen) == 6
        await check(probe, view, "Opportunity", [], chosen)
        query = "{ opportunities(first: 100) { nodes { netMargin { amount } } } }"
        answer = await probe.ask(query)
        nodes = answer.data["opportunities"]["nodes"]
        assert {node["netMargin"] for node in nodes} == {None}
        assert denied(answer) == {("Opportunity", "netMargin", "status")}
        for test, found in (("isNull: true", True), ('gt: "-99999999"', False)):
            read = await probe.ask(
                f"{{ opportunities(filter: {{ netMargin: {{ {test} }} }}) {{ totalCount }} }}"
            )
            everything = len(view.visible("Opportunity")) if found else 0
            assert read.data["opportunities"]["totalCount"] == everything
    finally:
        await rule(world, tenant, RULED)


def held_in(view: View, function: str, field: str, key: Key) -> dict[Any, Decimal | None]:
    """A measure of money of each group, in euros, as it is shown."""
    found: dict[Any, Decimal | None] = {}
    for (group,), rows in view.groups("Opportunity", [key]).items():
        sums = view.measure("Opportunity", function, field, rows)
        euros = [Decimal(one["amount"]) for one in sums if one["currency"] == "EUR"]
        found[group] = euros[0] if euros else None
    return found


def conditions_on(held: dict[Any, Decimal | None]) -> Iterator[tuple[str, Any]]:
    """Every operator, with values that groups have and one that none has, and each negated."""
    values = sorted(value for value in held.values() if value is not None)
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
@pytest.mark.parametrize("persona", EVERYDAY)
async def test_masked_values_in_having(probe_of: Probe) -> None:
    """Groups are found by what may be known of them."""
    key = key_named("status")
    asked = list(having_asked(View(probe_of.truth, probe_of.persona), key))
    for start in range(0, len(asked), AT_ONCE):
        batch = asked[start : start + AT_ONCE]
        parts = " ".join(
            f"a{at}: {grouped('Opportunity', f'groupBy: [{key.by}] having: {{ {said} }}', key.shown)}"
            for at, (said, _) in enumerate(batch)
        )
        answer = (await probe_of.ask(f"{{ {parts} }}")).data
        for at, (said, expected) in enumerate(batch):
            read = answer[f"a{at}"]
            assert {group["key"]["status"] for group in read["groups"]} == expected, said
            assert read["groupCount"] == len(expected)
            probe_of.cells["group ruled having"] += 1


def having_asked(view: View, key: Key) -> Iterator[tuple[str, set[Any]]]:
    """Tests of groups by money that may be ruled, each negated too, with the groups that they find."""
    for field in ("commission", "netMargin"):
        if level(view.persona, "Opportunity", field) is Level.HIDDEN:
            continue
        for function in TESTED if field == "commission" else TESTED[:1]:
            held = held_in(view, function, field, key)
            for test, met in conditions_on(held):
                one = f'{function}: {{ {field}: {{ currency: "EUR", {test} }} }}'
                yield one, {group for group, x in held.items() if met(x)}
                yield f"not: {{ {one} }}", {group for group, x in held.items() if not met(x)}


@covers("D-31", "D-51")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_masked_values_in_an_order_of_groups(probe_of: Probe) -> None:
    """Groups of nothing but masked values stand among those without any, in the order of their keys."""
    view, key = View(probe_of.truth, probe_of.persona), key_named("owner", "record")
    for field in ("commission", "netMargin"):
        if level(probe_of.persona, "Opportunity", field) is Level.HIDDEN:
            continue
        for function in TESTED:
            held = held_in(view, function, field, key)
            for direction in ("ASC", "DESC_NULLS_FIRST"):
                way = f'{{ currency: "EUR", direction: {direction} }}'
                item = f"{{ {function}: {{ {field}: {way} }} }}"
                arguments = f"groupBy: [{key.by}] orderBy: [{item}]"
                query = f"{{ {grouped('Opportunity', arguments, key.shown)} }}"
                read = (await probe_of.ask(query)).data[ROOT]["groups"]
                records = [group["key"]["owner"]["record"] for group in read]
                found = [record and record["id"] for record in records]
                ids = sorted(held, key=lambda g: (g is None, g))
                filled = [g for g in ids if held[g] is not None]
                filled.sort(key=lambda g: (held[g] or 0) * (1 if direction == "ASC" else -1))
                empty = [g for g in ids if held[g] is None]
                assert found == ([*filled, *empty] if direction == "ASC" else [*empty, *filled])
                probe_of.cells["group ruled order"] += 1


@pytest.fixture
async def probe_of(world: World, persona: str, cells: Counter[str]) -> Probe:
    """A persona of the demonstration, where only the commission is ruled."""
    return Probe(world, persona, await load(world), frozenset(), cells)


@covers("D-57")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_computed_values_are_masked_with_their_inputs(
    world: World, tenant: str, persona: str, cells: Counter[str]
) -> None:
    """Null exactly where one of them is; whether it is asked for alone, or beside them."""
    probe, view = await seen_by(world, tenant, persona, cells, RULED)
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

"""Matrix of conditions: filters, orders and measures on hidden fields are refused, those on open fields succeed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from tests.leaks.channels import (
    DIRECTIONS,
    SAMPLES,
    Edge,
    attribute_comparisons,
    comparisons,
    counted,
    edges,
    filterable,
    measured,
    measured_below,
    measures,
    operand,
    paths,
    quoted,
    sortable,
    sorted_by,
    sorted_through,
)
from tests.leaks.expected_view import ExpectedView
from tests.leaks.probe import Probe
from tests.leaks.truth import Truth
from tests.proof.contract import LIST_ROOT, LISTED, REFERENCES
from tests.proof.daily import DAILY, is_redundant
from tests.proof.rights import Level, attribute_level, attributes, is_closed, level
from tests.support.covers import covers
from tests.support.world import World

QUOTED = frozenset({"StringFilter", "DecimalFilter", "DateFilter"})


def stored_values(truth: Truth, type_name: str, field: str, compared: str) -> tuple[str, ...]:
    """Operands that occur in the column, which must give the same response as others."""
    if compared not in QUOTED and compared != "IntFilter":
        return ()
    values = sorted(
        {truth.value(type_name, field, row) for row in truth.rows[type_name].values()} - {None}
    )
    sample = values[:: max(1, len(values) // 2)][:2]
    return tuple(quoted(value) if compared in QUOTED else str(value) for value in sample)


def closed_fields(probe: Probe, type_name: str) -> Iterator[str]:
    """Filter fields that are closed to the persona."""
    for field in filterable(type_name):
        if level(probe.persona, type_name, field) in {Level.HIDDEN, Level.CLOSED}:
            yield field


def sample_closed_fields(probe: Probe, type_name: str) -> Iterator[str]:
    """The closed fields; of a closed type, one for each filter input type, as all its fields are handled alike."""
    kinds = set()
    for field in closed_fields(probe, type_name):
        kind = filterable(type_name)[field]
        if kind not in kinds or not is_closed(probe.persona, type_name):
            kinds.add(kind)
            yield field


def named(probe: Probe, type_name: str, field: str) -> tuple[str, str]:
    """The (type, field) that an error names; for a link to a closed type, the type only."""
    if is_closed(probe.persona, type_name):
        return type_name, ""
    if level(probe.persona, type_name, field) is Level.CLOSED:
        return REFERENCES[type_name][field], ""
    return type_name, field


@covers("D-31", "D-41")
@pytest.mark.parametrize("type_name", DAILY)
async def test_hidden_field_in_filter_is_refused(probe: Probe, type_name: str) -> None:
    """Every operator is refused, with identical bodies for all operands."""
    if is_redundant(probe.persona, type_name):
        return
    every = set(sample_closed_fields(probe, type_name))
    for turn, field in enumerate(closed_fields(probe, type_name)):
        known = list(comparisons(type_name, field))
        for operator, compared in known if field in every else [known[turn % len(known)]]:
            samples = (*SAMPLES[compared], *stored_values(probe.truth, type_name, field, compared))
            bodies = set()
            for at in range(len(samples)):
                one = f"{field}: {{ {operator}: {operand(operator, samples, at)} }}"
                for condition in _variants(field, one) if at == 0 else (one,):
                    answer = await probe.refused(
                        f"{{ {counted(type_name, condition)} }}", named(probe, type_name, field)
                    )
                    bodies.add(answer.body)
                    probe.cells["filter"] += 1
            closed_id = is_closed(probe.persona, type_name)  # then the id in two of them is named
            assert len(bodies) == (1 if not closed_id or field == "id" else 2), bodies


def _variants(field: str, one: str) -> Iterator[str]:
    """A comparison alone, and in conditions where an optimizer could remove it."""
    yield one
    yield f"not: {{ {one} }}"
    yield f'or: [{{ {one} }}, {{ id: {{ ne: "xyz_00000000000000000000000000000000" }} }}]'
    yield f"and: [{{ or: [] }}, {{ {one} }}]"
    if field != "id":
        yield f"id: {{ in: [] }}, {one}"


@covers("D-31")
@pytest.mark.parametrize("type_name", DAILY)
async def test_hidden_filter_refuses_other_root_fields(probe: Probe, type_name: str) -> None:
    """A filter on a hidden field refuses the whole operation, including permitted root fields."""
    if is_redundant(probe.persona, type_name):
        return
    for field in sample_closed_fields(probe, type_name):
        compared = filterable(type_name)[field]
        condition = f"{field}: {{ ne: {SAMPLES[compared][0]} }}"
        for query in (
            f"{{ stages {{ totalCount }} {counted(type_name, condition)} }}",
            f"query ($go: Boolean = true) {{ stages {{ totalCount }} ... @include(if: $go) "
            f"{{ {counted(type_name, condition)} }} }}",
        ):
            await probe.refused(query, named(probe, type_name, field))
            probe.cells["filter beside"] += 1


@covers("D-31")
@pytest.mark.parametrize("type_name", DAILY)
async def test_hidden_field_in_relation_filter_is_refused(probe: Probe, type_name: str) -> None:
    """Through every path of one or two links, with every quantifier."""
    if is_closed(probe.persona, type_name):
        return
    turn = 0
    for path in paths(type_name, 2):
        target = path[-1].target
        for field in sample_closed_fields(probe, target):
            for quantifiers in _quantifiers(path):
                operators = list(comparisons(target, field))
                operator, compared = operators[turn % len(operators)]
                value = operand(operator, SAMPLES[compared], turn)
                turn += 1
                condition = f"{field}: {{ {operator}: {value} }}"
                for edge, quantifier in zip(reversed(path), quantifiers, strict=True):
                    condition = edge.condition(condition, quantifier)
                query = f"{{ {counted(type_name, condition)} }}"
                await probe.refused(query, named(probe, target, field))
                probe.cells["relation filter"] += 1


def _quantifiers(path: tuple[Edge, ...]) -> Iterator[tuple[str, ...]]:
    choices = [("some", "none", "every") if edge.many else ("",) for edge in reversed(path)]
    if len(choices) == 1:
        yield from ((one,) for one in choices[0])
    else:
        yield from ((one, two) for one in choices[0] for two in choices[1])


@covers("D-31")
@pytest.mark.parametrize("type_name", DAILY)
async def test_hidden_field_in_nested_list_is_refused(probe: Probe, type_name: str) -> None:
    """In filters, orders and measures of nested lists."""
    if is_closed(probe.persona, type_name):
        return
    for edge in edges(type_name):
        if not edge.many:
            continue
        start = f"{{ {LIST_ROOT[type_name]}(first: 1) {{ nodes {{ {edge.name}"
        for field in sample_closed_fields(probe, edge.target):
            sample = SAMPLES[filterable(edge.target)[field]][0]
            arguments = [f"filter: {{ {field}: {{ ne: {sample} }} }}"]
            if field in sortable(edge.target):
                arguments.append(f"orderBy: [{{ {field}: ASC }}]")
            for argument in arguments:
                query = f"{start}({argument}) {{ totalCount }} }} }} }}"
                await probe.refused(query, named(probe, edge.target, field))
                probe.cells["nested list"] += 1
        for function, field in measures(edge.target):
            if level(probe.persona, edge.target, field) in {Level.HIDDEN, Level.CLOSED}:
                query = f"{{ {measured_below(edge, function, field)} }}"
                await probe.refused(query, named(probe, edge.target, field))
                probe.cells["nested list"] += 1


@covers("D-31")
@pytest.mark.parametrize("type_name", DAILY)
async def test_hidden_field_in_order_is_refused(probe: Probe, type_name: str) -> None:
    """At the root and through one or two links, as the first or second sort key."""
    if is_redundant(probe.persona, type_name):
        return
    keys = [
        (edges_before, target, field)
        for edges_before, target in _sort_paths(type_name)
        for field in sortable(target)
        if level(probe.persona, target, field) in {Level.HIDDEN, Level.CLOSED}
    ]
    for path, target, field in keys:
        for direction in DIRECTIONS:
            key = f"{field}: {direction}"
            for edge in reversed(path):
                key = f"{edge.name}: {{ {key} }}"
            for before in ("", "{ id: DESC }, ") if not path else ("",):
                query = (
                    f"{{ {LIST_ROOT[type_name]}(orderBy: [{before}{{ {key} }}]) {{ totalCount }} }}"
                )
                await probe.refused(query, named(probe, target, field))
                probe.cells["order"] += 1


def _sort_paths(type_name: str) -> Iterator[tuple[tuple[Edge, ...], str]]:
    yield (), type_name
    for edge in sorted_through(type_name):
        yield (edge,), edge.target
        yield from (((edge, further), further.target) for further in sorted_through(edge.target))


@covers("D-31")
async def test_hidden_field_in_measure_is_refused(probe: Probe) -> None:
    """With every aggregate function; measures of open fields succeed."""
    for type_name in (name for name in LISTED if not is_redundant(probe.persona, name)):
        for function, field in measures(type_name):
            query = f"{{ {measured(type_name, function, field, 'count')} }}"
            probe.cells["measure"] += 1
            if level(probe.persona, type_name, field) in {Level.HIDDEN, Level.CLOSED}:
                await probe.refused(query, named(probe, type_name, field))
            else:
                answer = await probe.ask_allowing(query, shares(probe, type_name, function, field))
                assert "errors" not in answer.json, answer.body


def shares(probe: Probe, type_name: str, function: str, field: str) -> frozenset[str]:
    """The expected percentage of a measure, which may equal a number that is hidden elsewhere."""
    if function != "percentEmpty":
        return frozenset()
    view = ExpectedView(probe.truth, probe.persona)
    return frozenset({view.measure(type_name, function, field, view.visible(type_name).values())})


async def test_single_measure_of_money(world: World) -> None:
    """Regression found by the matrix: several currencies without another measure."""
    for query in (
        measured("Opportunity", "sum", "amount"),
        measured("Opportunity", "min", "margin"),
    ):
        answer = await world.ask("admin", f"{{ {query} }}")
        assert answer.codes == [], answer.body


async def test_filter_by_date_attribute(world: World) -> None:
    """Regression found by the matrix: dates in jsonb are text, compared by code points."""
    inner = 'attribute: { key: "kickoff", date: { lt: "2026-03-14" } }'
    answer = await world.ask("admin", f"{{ {counted('Opportunity', inner)} }}")
    assert answer.codes == [], answer.body


@pytest.mark.parametrize("key", ["kickoff", "strategic"])
async def test_order_by_attribute(world: World, key: str) -> None:
    """Regression found by the matrix: dates and booleans sort as the text in which they are stored."""
    inner = f'attribute: {{ key: "{key}", direction: ASC }}'
    answer = await world.ask("admin", f"{{ {sorted_by('Opportunity', inner)} }}")
    assert answer.codes == [], answer.body


@covers("D-31")
async def test_closed_attribute_in_conditions_is_refused(probe: Probe) -> None:
    """A closed attribute in a filter or order gives the same error as a nonexistent key."""
    for type_name in ("Account", "Opportunity"):
        for at, (key, part, operator, compared) in enumerate(attribute_comparisons(type_name)):
            for value in (operand(operator, SAMPLES[compared], at + turn) for turn in range(3)):
                inner = f'attribute: {{ key: "{key}", {part}: {{ {operator}: {value} }} }}'
                query = f"{{ {counted(type_name, inner)} }}"
                await _assert_by_attribute_level(probe, type_name, key, query)
                probe.cells["attribute filter"] += 1
        for key in attributes(type_name):
            for direction in DIRECTIONS:
                inner = f'attribute: {{ key: "{key}", direction: {direction} }}'
                await _assert_by_attribute_level(
                    probe, type_name, key, f"{{ {sorted_by(type_name, inner)} }}"
                )
                probe.cells["attribute order"] += 1


async def _assert_by_attribute_level(probe: Probe, type_name: str, key: str, query: str) -> None:
    if attribute_level(probe.persona, type_name, key) is Level.OPEN:
        answer = await probe.ask(query)
        assert "errors" not in answer.json, (query, answer.body)
        return
    answer = await probe.refused(query, (type_name, key))
    unknown = await probe.ask(query.replace(key, "nonesuch"))
    assert answer.body == unknown.body.replace(b"nonesuch", key.encode())


@covers("D-41")
@pytest.mark.parametrize("type_name", DAILY)
async def test_open_field_in_filter(probe_per_profile: Probe, type_name: str) -> None:
    """The filter succeeds, and its negation matches exactly the other visible records."""
    if is_closed(probe_per_profile.persona, type_name):
        return
    conditions = [
        f"{field}: {{ {operator}: {operand(operator, SAMPLES[compared], at)} }}"
        for field in filterable(type_name)
        if level(probe_per_profile.persona, type_name, field) in {Level.OPEN, Level.RULED}
        for at, (operator, compared) in enumerate(comparisons(type_name, field))
    ]
    for path in paths(type_name, 2):
        if any(
            level(probe_per_profile.persona, edge.owner, edge.name) is not Level.OPEN
            for edge in path
        ):
            continue
        for quantifiers in _quantifiers(path):
            condition = 'id: { ne: "xyz_00000000000000000000000000000000" }'
            for edge, quantifier in zip(reversed(path), quantifiers, strict=True):
                condition = edge.condition(condition, quantifier)
            conditions.append(condition)
    seen = len(probe_per_profile.truth.visible(probe_per_profile.persona, type_name))
    for start in range(0, len(conditions), 8):
        batch = conditions[start : start + 8]
        found = await probe_per_profile.count(
            {f"a{n}": counted(type_name, one) for n, one in enumerate(batch)}
            | {f"b{n}": counted(type_name, f"not: {{ {one} }}") for n, one in enumerate(batch)}
        )
        for n, one in enumerate(batch):
            assert found[f"a{n}"] + found[f"b{n}"] == seen, one
            probe_per_profile.cells["open filter"] += 1


@covers("D-31")
async def test_open_field_in_order(probe_per_profile: Probe) -> None:
    """The order succeeds and contains each visible record once."""
    for type_name in LISTED:
        if is_closed(probe_per_profile.persona, type_name):
            continue
        for path, target in _sort_paths(type_name):
            if any(
                level(probe_per_profile.persona, e.owner, e.name) is not Level.OPEN for e in path
            ):
                continue
            for field in sortable(target):
                if level(probe_per_profile.persona, target, field) in {Level.HIDDEN, Level.CLOSED}:
                    continue
                key = f"{field}: {DIRECTIONS[probe_per_profile.cells['open order'] % 4]}"
                for edge in reversed(path):
                    key = f"{edge.name}: {{ {key} }}"
                answer = await probe_per_profile.ask(f"{{ {sorted_by(type_name, key)} }}")
                ids = [node["id"] for node in answer.data[LIST_ROOT[type_name]]["nodes"]]
                seen = probe_per_profile.truth.visible(probe_per_profile.persona, type_name)
                assert len(set(ids)) == len(ids) == min(100, len(seen)), key
                probe_per_profile.cells["open order"] += 1


@covers("D-31")
async def test_filter_is_refused_before_any_database_query(world: World) -> None:
    """With the table locked, a permitted query waits and a refused one does not."""
    refused = '{ opportunities(filter: { margin: { gt: "1" } }) { totalCount } }'
    allowed = '{ opportunities(filter: { amount: { gt: "1" } }) { totalCount } }'
    before = await world.ask("limited", refused)
    await world.ask("limited", allowed)
    locker = await asyncpg.connect(world.servers.database_url)
    try:
        async with locker.transaction():
            await locker.execute(
                f"LOCK TABLE {world.schema()}.opportunity IN ACCESS EXCLUSIVE MODE"
            )
            waiting = asyncio.create_task(world.ask("limited", allowed))
            while not await world.admin.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.01)
                assert not waiting.done()
            assert (await world.ask("limited", refused)).body == before.body
            assert not waiting.done()
    finally:
        await locker.close()
    assert (await waiting).codes == []

"""Matrix of groups: keys, `having`, orders, measures and filters on hidden fields refuse the operation."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import pytest

from tests.leaks.channels import SAMPLES, filterable, measures, sortable, sorted_through
from tests.leaks.groups import (
    compared_measures,
    filtered,
    grouped,
    having,
    keys,
    measured_in_groups,
    operators,
    sorted_measures,
)
from tests.leaks.probe import Probe, denied
from tests.proof.contract import REFERENCES
from tests.proof.daily import GROUPED, is_redundant
from tests.proof.rights import Level, is_closed, level
from tests.support.covers import covers
from tests.support.world import World

CLOSED_LEVELS = {Level.HIDDEN, Level.CLOSED}
NARROWED = (
    "",
    'filter: { id: { ne: "xyz_00000000000000000000000000000000" } } ',
    "filter: { id: { in: [] } } ",
    "first: 1 skip: 9 ",
)
"""Other arguments of the query, with and without records to group."""


def first_closed(probe: Probe, fields_used: tuple[tuple[str, str], ...]) -> tuple[str, str] | None:
    """The first closed field of a path, as an error names it; None if all are open."""
    for owner, name in fields_used:
        if is_closed(probe.persona, owner):
            return owner, ""
        if level(probe.persona, owner, name) is Level.CLOSED:
            return REFERENCES[owner][name], ""
        if level(probe.persona, owner, name) in CLOSED_LEVELS:
            return owner, name
    return None


async def assert_all_refused(
    probe: Probe, channel: str, named: tuple[str, str], *queries: str
) -> None:
    """Assert that each query is refused, also beside a permitted root field, with identical bodies."""
    bodies = set()
    for query in queries:
        answer = await probe.refused(f"{{ stages {{ totalCount }} {query} }}", named)
        bodies.add(answer.body)
        probe.cells[channel] += 1
    assert len(bodies) <= (2 if named[1] == "" else 1), bodies


@covers("D-31")
@pytest.mark.parametrize("type_name", GROUPED)
async def test_hidden_group_key_is_refused(probe: Probe, type_name: str) -> None:
    """A closed field in `groupBy`, at the root or through one or two links, selected or not."""
    if is_redundant(probe.persona, type_name):
        return
    for key in keys(type_name, 2):
        named = first_closed(probe, key.fields_used)
        if named is None:
            continue
        requests = [grouped(type_name, f"{more}groupBy: [{key.by}]") for more in NARROWED]
        if not key.path:
            requests.append(grouped(type_name, f"groupBy: [{key.by}]", f"{key.shown} count"))
            requests.append(grouped(type_name, f"groupBy: [{key.by}] orderBy: [{key.order}]"))
        else:
            requests = requests[:2]
        await assert_all_refused(probe, "group key", named, *requests)


@covers("D-31")
@pytest.mark.parametrize("type_name", GROUPED)
async def test_hidden_field_in_having_is_refused(probe_per_profile: Probe, type_name: str) -> None:
    """Every measure with every operator, also in conditions that an optimizer could remove."""
    for function, field, compared in compared_measures(type_name):
        named = first_closed(probe_per_profile, ((type_name, field),))
        if named is None:
            continue
        for operator in operators(compared):
            one = having(function, field, compared, operator, 0)
            requests = [
                one,
                having(function, field, compared, operator, 1),
                f"not: {{ {one} }}",
                f"or: [{{ {one} }}, {{ count: {{ gte: 0 }} }}]",
                f"and: [{{ or: [] }}, {{ {one} }}]",
                f"count: {{ lt: 0 }}, {one}",
            ]
            queries = [grouped(type_name, f"having: {{ {each} }}") for each in requests]
            await assert_all_refused(probe_per_profile, "group having", named, *queries)


@covers("D-31")
@pytest.mark.parametrize("type_name", GROUPED)
async def test_hidden_field_in_group_order_is_refused(probe: Probe, type_name: str) -> None:
    """Orders by a measure, and by a field of the key's record at the root and through one link."""
    if is_redundant(probe.persona, type_name):
        return
    for field, item in sorted_measures(type_name):
        if named := first_closed(probe, ((type_name, field),)):
            queries = [grouped(type_name, f"{more}orderBy: [{item}]") for more in NARROWED]
            queries.append(grouped(type_name, f"orderBy: [{{ count: ASC }}, {item}]"))
            await assert_all_refused(probe, "group order", named, *queries)
    for by, fields_used, order in _of_records(type_name):
        if named := first_closed(probe, fields_used):
            arguments = f"groupBy: [{by}] orderBy: [{{ key: {{ {order} }} }}]"
            await assert_all_refused(probe, "group order", named, grouped(type_name, arguments))


def _of_records(type_name: str) -> Iterator[tuple[str, tuple[tuple[str, str], ...], str]]:
    """(key, fields used, order) of every order by a field of the record that is the key."""
    for field in sortable(type_name):
        yield "{ record: true }", ((type_name, field),), f"{field}: DESC"
    for edge in sorted_through(type_name):
        for field in sortable(edge.target):
            fields_used = ((type_name, edge.name), (edge.target, field))
            order = f"{edge.name}: {{ {field}: ASC }}"
            yield f"{{ {edge.name}: {{ record: true }} }}", fields_used, order
            yield "{ record: true }", fields_used, order


@covers("D-31")
@pytest.mark.parametrize("type_name", GROUPED)
async def test_hidden_field_in_group_measure_is_refused(probe: Probe, type_name: str) -> None:
    """Every function, with and without group keys."""
    if is_redundant(probe.persona, type_name):
        return
    for function, field in measures(type_name):
        if named := first_closed(probe, ((type_name, field),)):
            requests = (*NARROWED, "groupBy: [{ record: true }] ", "having: { count: { lt: 0 } } ")
            queries = [measured_in_groups(type_name, function, field, each) for each in requests]
            await assert_all_refused(probe, "group measure", named, *queries)


@covers("D-31")
@pytest.mark.parametrize("type_name", GROUPED)
async def test_hidden_field_in_group_filter_is_refused(
    probe_per_profile: Probe, type_name: str
) -> None:
    for field, compared in filterable(type_name).items():
        if named := first_closed(probe_per_profile, ((type_name, field),)):
            one = f"{field}: {{ ne: {SAMPLES[compared][0]} }}"
            queries = [
                filtered(type_name, one),
                filtered(type_name, f"not: {{ {one} }}"),
                filtered(type_name, one, "groupBy: [{ record: true }]"),
            ]
            await assert_all_refused(probe_per_profile, "group filter", named, *queries)


@covers("D-31")
@pytest.mark.parametrize("type_name", GROUPED)
async def test_groups_of_closed_type_are_null(probe: Probe, type_name: str) -> None:
    """Without conditions on the type, the root field is null and denied, as for a list; strict mode refuses."""
    if not is_closed(probe.persona, type_name):
        return
    for arguments in ("", "first: 3", "having: { count: { gt: 0 } }"):
        query = f"{{ stages {{ totalCount }} read: {grouped(type_name, arguments)} }}"
        answer = await probe.ask(query)
        assert answer.codes == [], (query, answer.body)
        assert answer.data["read"] is None, answer.body
        assert denied(answer) == {(type_name, "", "object")}
        strict = await probe.ask(query, x_access="strict")
        assert strict.codes == ["FIELD_FORBIDDEN"]
        probe.cells["group closed type"] += 1


@covers("D-31")
async def test_groups_are_refused_before_any_database_query(world: World) -> None:
    """A refused query does not wait for a locked table."""
    queries = (
        measured_in_groups("Opportunity", "sum", "netMargin"),
        measured_in_groups("Opportunity", "countUnique", "margin"),
        grouped("Opportunity", 'having: { sum: { margin: { currency: "EUR", gt: "1" } } }'),
        grouped("Opportunity", 'orderBy: [{ max: { margin: { currency: "EUR", direction: ASC } } }]'),
        grouped("Opportunity", "groupBy: [{ record: true }] orderBy: [{ key: { margin: ASC } }]"),
        filtered("Opportunity", 'netMargin: { gt: "1" }'),
    )  # fmt: skip
    before = [(await world.ask("limited", f"{{ {query} }}")).body for query in queries]
    locker = await asyncpg.connect(world.servers.database_url)
    try:
        async with locker.transaction():
            table = f"{world.schema()}.opportunity"
            await locker.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            for query, body in zip(queries, before, strict=True):
                answer = await world.ask("limited", f"{{ {query} }}")
                assert answer.codes == ["FIELD_FORBIDDEN"]
                assert answer.body == body
    finally:
        await locker.close()


def test_generated_group_queries_are_complete() -> None:
    """Minimum numbers of generated keys, measures and orders."""
    assert len(list(keys("Opportunity", 2))) >= 60
    assert len(list(compared_measures("Opportunity"))) >= 26
    assert len(list(sorted_measures("Opportunity"))) >= 26
    assert len(list(_of_records("Opportunity"))) >= 60
    assert {key.bucket for key in keys("Opportunity", 0)} > {"YEAR", "DAY", "WEEK", "QUARTER"}

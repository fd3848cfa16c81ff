"""The generated matrix of groups: keys, tests, orders, measures and filters on hidden fields refuse the operation."""

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
from tests.proof.daily import GROUPED, repeats
from tests.proof.rights import Level, is_closed, level
from tests.support.covers import covers
from tests.support.world import World

SHUT = {Level.HIDDEN, Level.CLOSED}
NARROWED = ("", 'filter: { id: { ne: "x" } } ', "filter: { id: { in: [] } } ", "first: 1 skip: 9 ")
"""Whatever else is asked for, and whether or not there is anything to group."""


def first_shut(probe: Probe, touched: tuple[tuple[str, str], ...]) -> tuple[str, str] | None:
    """The first field on a way that the persona may not know, as a refusal names it."""
    for owner, name in touched:
        if is_closed(probe.persona, owner):
            return owner, ""
        if level(probe.persona, owner, name) is Level.CLOSED:
            return REFERENCES[owner][name], ""
        if level(probe.persona, owner, name) in SHUT:
            return owner, name
    return None


async def refused_alike(probe: Probe, what: str, named: tuple[str, str], *queries: str) -> None:
    """All of these are refused beside what is allowed; with the same bytes, if the same is named."""
    bodies = set()
    for query in queries:
        answer = await probe.refused(f"{{ stages {{ totalCount }} {query} }}", named)
        bodies.add(answer.body)
        probe.cells[what] += 1
    assert len(bodies) <= (2 if named[1] == "" else 1), bodies


@covers("D-31")
@pytest.mark.parametrize("type_name", GROUPED)
async def test_a_hidden_key(probe: Probe, type_name: str) -> None:
    """A field to group by, at the root or through one or two links: shown as a key, or not at all."""
    if repeats(probe.persona, type_name):
        return
    for key in keys(type_name, 2):
        named = first_shut(probe, key.touched)
        if named is None:
            continue
        asked = [grouped(type_name, f"{more}groupBy: [{key.by}]") for more in NARROWED]
        if not key.path:
            asked.append(grouped(type_name, f"groupBy: [{key.by}]", f"{key.shown} count"))
            asked.append(grouped(type_name, f"groupBy: [{key.by}] orderBy: [{key.order}]"))
        else:
            asked = asked[:2]
        await refused_alike(probe, "group key", named, *asked)


@covers("D-31")
@pytest.mark.parametrize("type_name", GROUPED)
async def test_a_hidden_field_in_having(one_each: Probe, type_name: str) -> None:
    """Every measure with every operator, dressed so that a clever planner could fold it away."""
    for function, field, compared in compared_measures(type_name):
        named = first_shut(one_each, ((type_name, field),))
        if named is None:
            continue
        for operator in operators(compared):
            one = having(function, field, compared, operator, 0)
            asked = [
                one,
                having(function, field, compared, operator, 1),
                f"not: {{ {one} }}",
                f"or: [{{ {one} }}, {{ count: {{ gte: 0 }} }}]",
                f"and: [{{ or: [] }}, {{ {one} }}]",
                f"count: {{ lt: 0 }}, {one}",
            ]
            queries = [grouped(type_name, f"having: {{ {each} }}") for each in asked]
            await refused_alike(one_each, "group having", named, *queries)


@covers("D-31")
@pytest.mark.parametrize("type_name", GROUPED)
async def test_a_hidden_field_in_an_order_of_groups(probe: Probe, type_name: str) -> None:
    """By a measure; and by a field of the record that is the key, at the root and one link further."""
    if repeats(probe.persona, type_name):
        return
    for field, item in sorted_measures(type_name):
        if named := first_shut(probe, ((type_name, field),)):
            queries = [grouped(type_name, f"{more}orderBy: [{item}]") for more in NARROWED]
            queries.append(grouped(type_name, f"orderBy: [{{ count: ASC }}, {item}]"))
            await refused_alike(probe, "group order", named, *queries)
    for by, touched, order in _of_records(type_name):
        if named := first_shut(probe, touched):
            said = f"groupBy: [{by}] orderBy: [{{ key: {{ {order} }} }}]"
            await refused_alike(probe, "group order", named, grouped(type_name, said))


def _of_records(type_name: str) -> Iterator[tuple[str, tuple[tuple[str, str], ...], str]]:
    """(key, fields touched, order) of every order by something of a record that is a key."""
    for field in sortable(type_name):
        yield "{ record: true }", ((type_name, field),), f"{field}: DESC"
    for edge in sorted_through(type_name):
        for field in sortable(edge.target):
            touched = ((type_name, edge.name), (edge.target, field))
            order = f"{edge.name}: {{ {field}: ASC }}"
            yield f"{{ {edge.name}: {{ record: true }} }}", touched, order
            yield "{ record: true }", touched, order


@covers("D-31")
@pytest.mark.parametrize("type_name", GROUPED)
async def test_a_hidden_field_measured_in_groups(probe: Probe, type_name: str) -> None:
    """Each function, with keys and without."""
    if repeats(probe.persona, type_name):
        return
    for function, field in measures(type_name):
        if named := first_shut(probe, ((type_name, field),)):
            asked = (*NARROWED, "groupBy: [{ record: true }] ", "having: { count: { lt: 0 } } ")
            queries = [measured_in_groups(type_name, function, field, each) for each in asked]
            await refused_alike(probe, "group measure", named, *queries)


@covers("D-31")
@pytest.mark.parametrize("type_name", GROUPED)
async def test_a_hidden_field_filters_groups(one_each: Probe, type_name: str) -> None:
    for field, compared in filterable(type_name).items():
        if named := first_shut(one_each, ((type_name, field),)):
            one = f"{field}: {{ ne: {SAMPLES[compared][0]} }}"
            queries = [
                filtered(type_name, one),
                filtered(type_name, f"not: {{ {one} }}"),
                filtered(type_name, one, "groupBy: [{ record: true }]"),
            ]
            await refused_alike(one_each, "group filter", named, *queries)


@covers("D-31")
@pytest.mark.parametrize("type_name", GROUPED)
async def test_groups_of_a_closed_module(probe: Probe, type_name: str) -> None:
    """Nothing is decisive in it, so the root is null and named, as a list of that module is."""
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
        probe.cells["group module"] += 1


@covers("D-31")
async def test_groups_are_refused_before_the_database_is_asked(world: World) -> None:
    """With the table locked a refused question about groups does not wait."""
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


def test_the_generator_finds_the_ways_into_groups() -> None:
    """An empty loop shows nothing: the least that the matrix has to go through."""
    assert len(list(keys("Opportunity", 2))) >= 60
    assert len(list(compared_measures("Opportunity"))) >= 26
    assert len(list(sorted_measures("Opportunity"))) >= 26
    assert len(list(_of_records("Opportunity"))) >= 60
    assert {key.bucket for key in keys("Opportunity", 0)} > {"YEAR", "DAY", "WEEK", "QUARTER"}

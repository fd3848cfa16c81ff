"""A repeated document is parsed, validated and planned once per key of its cache."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any

import graphql
import pytest

from db.engine.gate import Gate
from schema.admission.validate import Validator
from schema.engine.read_selection import SelectionReader
from schema.engine.reads import ReadService
from tests.support.covers import covers
from tests.support.world import World

ONCE_EACH = {"parse": 1, "validate": 1, "read": 1, "compile": 1}
Steps = Counter[str]


@pytest.fixture
def steps(world: World, monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Number of executions per step, counted from an empty cache of viewers.

    Loading rights also compiles statements; loaded rights are reused for a minute.
    """
    world.endpoint.reads._viewers._cache.clear()
    counts: Steps = Counter()

    def count_calls(home: Any, name: str, step: str) -> None:
        original: Callable[..., Any] = getattr(home, name)

        def counted(*args: Any, **kw: Any) -> Any:
            counts[step] += 1
            return original(*args, **kw)

        monkeypatch.setattr(home, name, counted)

    count_calls(graphql, "parse", "parse")
    count_calls(Validator, "check", "validate")
    count_calls(SelectionReader, "read", "read")
    count_calls(Gate, "compile", "compile")
    return counts


_numbers = count()


def fresh(query: str) -> str:
    """The query with a unique comment, so that no cache has it."""
    return f"# {next(_numbers)} of tests/plans/test_plan_cache.py\n{query}"


async def load_rights(world: World, *personas: str) -> None:
    """Sign the personas in and load their rights, which also compiles statements."""
    for persona in personas:
        (await world.ask(persona, "{ viewer { id } }")).data  # noqa: B018 - asserts success


def created(reads: ReadService) -> tuple[int, int]:
    """Number of parsed operations and plans that the caches created."""
    return reads.parsed.made, reads.plans.made


LIST = """
query ($first: Int, $after: String, $filter: OpportunityFilter) {
  opportunities(first: $first, after: $after, filter: $filter, orderBy: [{ amount: DESC }]) {
    nodes { name account { name } }
    pageInfo { endCursor }
  }
}
"""


@covers("D-55")
async def test_repeated_document_is_processed_once(world: World, steps: Steps) -> None:
    query = fresh(LIST)
    await load_rights(world, "rep1")
    steps.clear()
    before = created(world.endpoint.reads)
    answers = [await world.ask("rep1", query, {"first": 3}) for _ in range(5)]
    assert len({str(answer.data) for answer in answers}) == 1
    assert steps == ONCE_EACH
    parsed, plans = before
    assert created(world.endpoint.reads) == (parsed + 1, plans + 1)


@covers("D-55")
async def test_different_document_is_processed_separately(world: World, steps: Steps) -> None:
    await load_rights(world, "rep1")
    steps.clear()
    for _ in range(2):
        await world.ask("rep1", fresh(LIST), {"first": 3})
    assert steps == dict.fromkeys(ONCE_EACH, 2)


@covers("D-55")
async def test_values_of_the_same_shape_compile_nothing(world: World, steps: Steps) -> None:
    query = fresh(LIST)
    await load_rights(world, "rep1")
    steps.clear()
    for text, least in (("desks", "1"), ("paper", "20000"), ("%_\\", "0.01"), ("é" * 50, "-7")):
        filter_value = {"name": {"contains": text}, "or": [{"amount": {"gt": least}}]}
        (await world.ask("rep1", query, {"filter": filter_value})).data  # noqa: B018
    assert steps == ONCE_EACH


@covers("D-55")
@pytest.mark.parametrize(
    "filter_value",
    [
        {"name": {"startsWith": "a"}},
        {"amount": {"gt": "1"}},
        {"name": {"contains": "a"}, "amount": {"gt": "1"}},
        {"or": [{"name": {"contains": "a"}}, {"name": {"contains": "b"}}]},
        {"status": {"eq": "WON"}},
        {},
    ],
    ids=str,
)
async def test_different_shape_is_read_and_compiled_but_not_parsed(
    world: World, steps: Steps, filter_value: dict[str, Any]
) -> None:
    query = fresh(LIST)
    await world.ask("rep1", query, {"filter": {"name": {"contains": "a"}}})
    steps.clear()
    for _ in range(2):
        (await world.ask("rep1", query, {"filter": filter_value})).data  # noqa: B018
    assert steps == {"read": 1, "compile": 1}


@covers("D-55")
async def test_sellers_share_a_plan_and_see_different_rows(world: World, steps: Steps) -> None:
    query = fresh(LIST)
    await load_rights(world, "rep1", "rep2")
    steps.clear()
    seen = [(await world.ask(who, query, {"first": 5})).data for who in ("rep1", "rep2")]
    assert steps == ONCE_EACH
    assert seen[0] != seen[1]


@covers("D-55")
async def test_tenants_share_a_plan_and_see_different_rows(world: World, steps: Steps) -> None:
    query = fresh(LIST)
    for tenant in ("acme", "globex"):
        await world.ask("rep1", "{ viewer { id } }", tenant=tenant)
    steps.clear()
    seen = [
        (await world.ask("rep1", query, {"first": 5}, tenant=tenant)).data
        for tenant in ("acme", "globex")
    ]
    assert steps == ONCE_EACH
    assert seen[0] != seen[1]


@covers("D-55")
async def test_administrator_has_a_separate_plan(world: World, steps: Steps) -> None:
    query = fresh(LIST)
    await load_rights(world, "rep1", "admin")
    steps.clear()
    for _ in range(2):
        for who in ("rep1", "admin"):
            await world.ask(who, query, {"first": 5})
    assert steps == {**ONCE_EACH, "compile": 2}


@covers("D-55")
async def test_plan_is_shared_despite_differences_in_unused_rights(
    world: World, steps: Steps
) -> None:
    """The personas differ only in the right to read the margin."""
    await load_rights(world, "rep1", "limited")
    for fields, plans in (("name", 1), ("name margin { amount }", 2)):
        query = fresh(f"{{ opportunities(first: 2) {{ nodes {{ {fields} }} }} }}")
        steps.clear()
        for who in ("rep1", "limited"):
            await world.ask(who, query)
        assert steps == {**ONCE_EACH, "compile": plans}


@covers("D-55")
async def test_first_page_and_later_pages_have_separate_plans(world: World, steps: Steps) -> None:
    """The shape depends on the presence of a cursor but not on its value; the plan depends on the page size."""
    query = fresh(LIST)
    await load_rights(world, "rep1")
    steps.clear()
    after, names = None, []
    for first in (10, 10, 20, 10, 20):
        answer = await world.ask("rep1", query, {"first": first, "after": after})
        shown = answer.data["opportunities"]
        after = shown["pageInfo"]["endCursor"]
        names += [node["name"] for node in shown["nodes"]]
    assert len(names) == 70
    assert steps == {"parse": 1, "validate": 1, "read": 2, "compile": 3}


@covers("D-55")
async def test_cursor_with_a_null_key_has_a_separate_plan(world: World, steps: Steps) -> None:
    """Rows without an amount come last, and their cursors contain null."""
    query = fresh(LIST)
    await load_rights(world, "rep1")
    steps.clear()
    after, compiled = None, []
    for _ in range(30):  # rep1 has about 90
        answer = await world.ask("rep1", query, {"first": 20, "after": after})
        compiled.append(steps["compile"])
        after = answer.data["opportunities"]["pageInfo"]["endCursor"]
        if after is None:
            break
    assert compiled[:3] == [1, 2, 2]
    assert compiled[-1] == 3, "one more at the first null, and none after it"
    assert steps["read"] == 2


@covers("D-55")
async def test_forbidden_operation_is_cached(world: World, steps: Steps) -> None:
    query = fresh('{ opportunities(filter: { margin: { gt: "1" } }) { totalCount } }')
    await load_rights(world, "limited")
    steps.clear()
    before = world.endpoint.reads.plans.made
    for _ in range(3):
        assert (await world.ask("limited", query)).codes == ["FIELD_FORBIDDEN"]
    assert steps == {"parse": 1, "validate": 1, "read": 1}
    assert world.endpoint.reads.plans.made == before + 1


@covers("D-55")
async def test_introspection_is_cached(world: World, steps: Steps) -> None:
    query = fresh("{ __schema { queryType { name } } }")
    await load_rights(world, "rep1", "admin")
    steps.clear()
    cache = world.endpoint.reads.introspections.cache
    before = cache.made
    for who in ("rep1", "admin", "rep1"):
        assert (await world.ask(who, query)).data["__schema"]
    assert cache.made == before + 1
    assert steps == {"parse": 1, "validate": 1, "read": 1}


@covers("D-55")
async def test_refused_document_is_refused_before_the_selection_is_read(
    world: World, steps: Steps
) -> None:
    query = fresh("{ opportunities { nodes { nothing } } }")
    await load_rights(world, "rep1")
    steps.clear()
    for _ in range(2):
        assert (await world.ask("rep1", query)).codes == ["GRAPHQL_VALIDATION_FAILED"]
    assert steps == {"parse": 2, "validate": 2}, "refused documents are not cached"

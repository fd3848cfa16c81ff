"""How often a text is parsed, read and compiled when it is asked again and again: once per plan key."""

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
Told = Counter[str]


@pytest.fixture
def done(world: World, monkeypatch: pytest.MonkeyPatch) -> Told:
    """How often each step was really taken, beginning with nobody's rights known.

    Loading rights compiles statements, too; what is loaded now is not loaded again for a minute.
    """
    world.endpoint.reads._viewers._kept.clear()
    found: Told = Counter()

    def listen(home: Any, name: str, step: str) -> None:
        original: Callable[..., Any] = getattr(home, name)

        def heard(*args: Any, **kw: Any) -> Any:
            found[step] += 1
            return original(*args, **kw)

        monkeypatch.setattr(home, name, heard)

    listen(graphql, "parse", "parse")
    listen(Validator, "check", "validate")
    listen(SelectionReader, "read", "read")
    listen(Gate, "compile", "compile")
    return found


_numbers = count()


def fresh(query: str) -> str:
    """The query as nobody has asked it yet, whatever tests ran before."""
    return f"# {next(_numbers)} of tests/plans/test_once.py\n{query}"


async def known(world: World, *personas: str) -> None:
    """The personas are signed in and their rights loaded, which compiles statements of its own."""
    for persona in personas:
        (await world.ask(persona, "{ viewer { id } }")).data  # noqa: B018 - it asserts that it worked


def made(reads: ReadService) -> tuple[int, int]:
    """How many outlines and plans the caches have seen made."""
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
async def test_the_same_text_is_done_once(world: World, done: Told) -> None:
    query = fresh(LIST)
    await known(world, "rep1")
    done.clear()
    before = made(world.endpoint.reads)
    answers = [await world.ask("rep1", query, {"first": 3}) for _ in range(5)]
    assert len({str(answer.data) for answer in answers}) == 1
    assert done == ONCE_EACH
    outlines, plans = before
    assert made(world.endpoint.reads) == (outlines + 1, plans + 1)


@covers("D-55")
async def test_another_text_is_done_anew(world: World, done: Told) -> None:
    await known(world, "rep1")
    done.clear()
    for _ in range(2):
        await world.ask("rep1", fresh(LIST), {"first": 3})
    assert done == dict.fromkeys(ONCE_EACH, 2)


@covers("D-55")
async def test_values_of_one_shape_compile_nothing(world: World, done: Told) -> None:
    query = fresh(LIST)
    await known(world, "rep1")
    done.clear()
    for text, least in (("desks", "1"), ("paper", "20000"), ("%_\\", "0.01"), ("é" * 50, "-7")):
        given = {"name": {"contains": text}, "or": [{"amount": {"gt": least}}]}
        (await world.ask("rep1", query, {"filter": given})).data  # noqa: B018
    assert done == ONCE_EACH


@covers("D-55")
@pytest.mark.parametrize(
    "given",
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
async def test_another_shape_is_read_and_compiled_but_not_parsed(
    world: World, done: Told, given: dict[str, Any]
) -> None:
    query = fresh(LIST)
    await world.ask("rep1", query, {"filter": {"name": {"contains": "a"}}})
    done.clear()
    for _ in range(2):
        (await world.ask("rep1", query, {"filter": given})).data  # noqa: B018
    assert done == {"read": 1, "compile": 1}


@covers("D-55")
async def test_two_sellers_share_a_plan_and_see_their_own(world: World, done: Told) -> None:
    query = fresh(LIST)
    await known(world, "rep1", "rep2")
    done.clear()
    seen = [(await world.ask(who, query, {"first": 5})).data for who in ("rep1", "rep2")]
    assert done == ONCE_EACH
    assert seen[0] != seen[1]


@covers("D-55")
async def test_tenants_share_a_plan_and_see_their_own(world: World, done: Told) -> None:
    query = fresh(LIST)
    for tenant in ("acme", "globex"):
        await world.ask("rep1", "{ viewer { id } }", tenant=tenant)
    done.clear()
    seen = [
        (await world.ask("rep1", query, {"first": 5}, tenant=tenant)).data
        for tenant in ("acme", "globex")
    ]
    assert done == ONCE_EACH
    assert seen[0] != seen[1]


@covers("D-55")
async def test_an_administrator_has_a_plan_of_his_own(world: World, done: Told) -> None:
    query = fresh(LIST)
    await known(world, "rep1", "admin")
    done.clear()
    for _ in range(2):
        for who in ("rep1", "admin"):
            await world.ask(who, query, {"first": 5})
    assert done == {**ONCE_EACH, "compile": 2}


@covers("D-55")
async def test_rights_that_a_plan_does_not_touch_do_not_divide_it(world: World, done: Told) -> None:
    """A trainee may not see the margin, and the others may see the rest of it alike."""
    await known(world, "rep1", "limited")
    for fields, plans in (("name", 1), ("name margin { amount }", 2)):
        query = fresh(f"{{ opportunities(first: 2) {{ nodes {{ {fields} }} }} }}")
        done.clear()
        for who in ("rep1", "limited"):
            await world.ask(who, query)
        assert done == {**ONCE_EACH, "compile": plans}


@covers("D-55")
async def test_pages_are_one_plan_and_their_first_another(world: World, done: Told) -> None:
    """Whether there is a cursor is part of the shape; which one is not. How long a page is, the plan says."""
    query = fresh(LIST)
    await known(world, "rep1")
    done.clear()
    after, names = None, []
    for first in (10, 10, 20, 10, 20):
        answer = await world.ask("rep1", query, {"first": first, "after": after})
        shown = answer.data["opportunities"]
        after = shown["pageInfo"]["endCursor"]
        names += [node["name"] for node in shown["nodes"]]
    assert len(names) == 70
    assert done == {"parse": 1, "validate": 1, "read": 2, "compile": 3}


@covers("D-55")
async def test_a_cursor_at_an_empty_value_is_the_other_pattern(world: World, done: Told) -> None:
    """Rows without an amount come last; from there on, the cursor holds a null."""
    query = fresh(LIST)
    await known(world, "rep1")
    done.clear()
    after, compiled = None, []
    for _ in range(30):  # he has about 90
        answer = await world.ask("rep1", query, {"first": 20, "after": after})
        compiled.append(done["compile"])
        after = answer.data["opportunities"]["pageInfo"]["endCursor"]
        if after is None:
            break
    assert compiled[:3] == [1, 2, 2]
    assert compiled[-1] == 3, "one more when the first null is passed, and none after it"
    assert done["read"] == 2


@covers("D-55")
async def test_what_is_forbidden_is_remembered_too(world: World, done: Told) -> None:
    query = fresh('{ opportunities(filter: { margin: { gt: "1" } }) { totalCount } }')
    await known(world, "limited")
    done.clear()
    before = world.endpoint.reads.plans.made
    for _ in range(3):
        assert (await world.ask("limited", query)).codes == ["FIELD_FORBIDDEN"]
    assert done == {"parse": 1, "validate": 1, "read": 1}
    assert world.endpoint.reads.plans.made == before + 1


@covers("D-55")
async def test_the_schema_is_told_from_memory(world: World, done: Told) -> None:
    query = fresh("{ __schema { queryType { name } } }")
    await known(world, "rep1", "admin")
    done.clear()
    told = world.endpoint.reads.introspections.cache
    before = told.made
    for who in ("rep1", "admin", "rep1"):
        assert (await world.ask(who, query)).data["__schema"]
    assert told.made == before + 1
    assert done == {"parse": 1, "validate": 1, "read": 1}


@covers("D-55")
async def test_refused_documents_are_refused_before_anything_is_read(
    world: World, done: Told
) -> None:
    query = fresh("{ opportunities { nodes { nothing } } }")
    await known(world, "rep1")
    done.clear()
    for _ in range(2):
        assert (await world.ask("rep1", query)).codes == ["GRAPHQL_VALIDATION_FAILED"]
    assert done == {"parse": 2, "validate": 2}, "what is refused is not remembered"

"""Exact number of statements per query, independent of the number of rows."""

from __future__ import annotations

from typing import Any

import pytest

from db.engine.transaction import COMMIT, CleanConnection
from tests.support.covers import covers
from tests.support.world import World

READ = ["BEGIN READ ONLY", "SELECT", COMMIT.partition(";")[0]]
"""The statements of a read: start of the transaction, one query, commit."""


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """First line of every statement that is sent to the database."""
    sent: list[str] = []

    def record(name: str) -> None:
        original = getattr(CleanConnection, name)

        async def recorded(self: CleanConnection, query: str, *args: Any, **kw: Any) -> Any:
            words = query.partition("*/ ")[2] or query
            sent.append(words.partition(";")[0].partition(" convert_to")[0].split("\n")[0])
            return await original(self, query, *args, **kw)

        monkeypatch.setattr(CleanConnection, name, recorded)

    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        record(name)
    return sent


DEEP = """
query ($n: Int!) {
  accounts(first: $n) {
    totalCount
    nodes {
      name owner { name manager { name } }
      opportunities(first: $n) { totalCount aggregate { count } nodes { name stage { name } } }
      subAccounts(first: $n) { nodes { name owner { name } } }
    }
  }
}
"""


@covers("D-54")
@pytest.mark.parametrize("persona", ["admin", "rep1", "limited"])
async def test_nested_query_is_one_statement(
    world: World, statements: list[str], persona: str
) -> None:
    for rows in (1, 20):
        await world.ask(persona, DEEP, {"n": rows})
        statements.clear()
        answer = await world.ask(persona, DEEP, {"n": rows})
        assert len(answer.data["accounts"]["nodes"]) == rows
        assert statements == READ


BOARD = """
query ($n: Int!) {
  groups: opportunitiesAggregate(
    groupBy: [{ stage: { record: true } }, { createdAt: MONTH }]
    orderBy: [{ sum: { amount: { currency: "EUR", direction: DESC } } }]
    having: { count: { gt: 0 } }
    first: $n
  ) {
    groupCount
    groups { key { stage { record { name } } createdAt } count sum { amount { amount currency } } }
  }
}
"""
IN_PYTHON = """
query ($n: Int!) {
  opportunities(last: $n) {
    totalCount(atMost: 5)
    nodes { closeQuarter weighted { amount } owner { initials manager { initials } } }
  }
  accounts(first: $n) { nodes { websiteDomain opportunities(last: 2) { nodes { closeQuarter } } } }
}
"""


@covers("X-08", "D-57")
@pytest.mark.parametrize("query", [BOARD, IN_PYTHON], ids=["groups", "derived"])
async def test_groups_and_derived_fields_are_one_statement(
    world: World, statements: list[str], query: str
) -> None:
    for rows in (1, 20):
        await world.ask("rep1", query, {"n": rows})
        statements.clear()
        found = next(iter((await world.ask("rep1", query, {"n": rows})).data.values()))
        assert len(found.get("groups") or found["nodes"]) == rows
        assert [each.replace("WITH groups_1 AS", "SELECT").strip() for each in statements] == READ


SEARCHED = """
query ($n: Int!) {
  search(text: "example", first: $n) { matched node { id ... on Account { name owner { name } } } }
  accounts(first: $n, filter: { search: "example" }) { nodes { name } }
}
"""


@covers("X-35")
@pytest.mark.parametrize("persona", ["admin", "rep1", "limited"])
async def test_search_in_all_types_is_one_statement(
    world: World, statements: list[str], persona: str
) -> None:
    for rows in (1, 10):
        await world.ask(persona, SEARCHED, {"n": rows})
        statements.clear()
        answer = await world.ask(persona, SEARCHED, {"n": rows})
        assert len(answer.data["accounts"]["nodes"]) == rows
        assert len(statements) == len(READ)
        assert statements[1].startswith("WITH whole_1 AS")


async def test_several_root_fields_are_one_statement(world: World, statements: list[str]) -> None:
    query = (
        "{ a: accounts { totalCount } o: opportunities { totalCount } viewer { id } __typename }"
    )
    await world.ask("rep1", query)
    statements.clear()
    await world.ask("rep1", query)
    assert statements == READ


async def test_closed_entity_is_not_queried(world: World, statements: list[str]) -> None:
    query = "{ roles { nodes { name } } profiles { totalCount } }"
    await world.ask("rep1", query)
    statements.clear()
    answer = await world.ask("rep1", query)
    assert answer.data == {"roles": None, "profiles": None}
    assert statements == [READ[0], READ[2]], "only the session is checked"


@covers("D-31")
async def test_forbidden_filter_runs_no_query(world: World, statements: list[str]) -> None:
    query = '{ opportunities(filter: {margin: {gt: "1"}}) { totalCount } }'
    await world.ask("limited", query)
    statements.clear()
    answer = await world.ask("limited", query)
    assert answer.codes == ["FIELD_FORBIDDEN"]
    assert statements == [READ[0], READ[2]], "only the access version is checked"


async def test_introspection_checks_the_session(world: World, statements: list[str]) -> None:
    await world.ask("rep1", "{ viewer { id } }")
    statements.clear()
    answer = await world.ask("rep1", "{ __schema { queryType { name } } }")
    assert answer.data == {"__schema": {"queryType": {"name": "Query"}}}
    assert statements == [READ[0], READ[2]]


@covers("D-55")
async def test_query_is_parsed_and_planned_once_per_shape(
    world: World, statements: list[str]
) -> None:
    query = "query ($f: OpportunityFilter) { opportunities(filter: $f) { totalCount } }"
    reads = world.endpoint.reads
    await world.ask("rep1", query, {"f": {"name": {"contains": "a"}}})
    drawn, plans = reads.parsed.made, reads.plans.made
    for text in ("b", "c", "d"):
        await world.ask("rep1", query, {"f": {"name": {"contains": text}}})
        await world.ask("manager", query, {"f": {"name": {"contains": text}}})
    assert reads.parsed.made == drawn, "other values of the same shape are the same selection"
    assert reads.plans.made - plans <= 1, "a manager's row scope may have the other form"
    await world.ask("rep1", query, {"f": {"name": {"eq": "a"}}})
    assert reads.parsed.made == drawn + 1

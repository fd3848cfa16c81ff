"""The number of database statements of a command: the same for 1 record and for 250."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from db.engine.transaction import CleanConnection
from tests.support.covers import covers
from tests.support.world import World

CREATE = """
mutation ($inputs: [OpportunityCreateInput!]!) {
  opportunityCreateMany(inputs: $inputs) {
    results { id opportunity { name account { name } history { totalCount } } }
    userErrors { code message path }
  }
}
"""
UPDATE = """
mutation ($inputs: [OpportunityUpdateInput!]!) {
  opportunityUpdateMany(inputs: $inputs) {
    results { id opportunity { version note } }
    userErrors { code message path }
  }
}
"""
DELETE = """
mutation ($inputs: [RecordInput!]!) {
  opportunityDeleteMany(inputs: $inputs) { results { id } userErrors { code message path } }
}
"""
WORD = re.compile(r"/\*\w+\*/ ")


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Records every statement, named by its purpose."""
    result: list[str] = []

    def listen(name: str) -> None:
        original = getattr(CleanConnection, name)

        async def recorded(self: CleanConnection, query: str, *args: Any, **kw: Any) -> Any:
            result.append(purpose(WORD.sub("", query)))
            return await original(self, query, *args, **kw)

        monkeypatch.setattr(CleanConnection, name, recorded)

    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        listen(name)
    return iter([result])


def purpose(query: str) -> str:
    """The purpose of a statement."""
    words = {
        "begin": "BEGIN READ WRITE",
        "end": "SELECT append();",
        "note": "SELECT write_history(",
        "insert": "INSERT INTO",
        "update": '.id = "new".id',
        "lock": "FOR NO KEY UPDATE",
        "delete": "FOR UPDATE",
        "used": "SELECT contract.opportunity_id FROM contract",
        "seen": "WHERE opportunity_1.id = ANY",
        "links": "FOR KEY SHARE",
        "types": "FROM opportunity_type",
        "pipelines": "FROM pipeline_stage",
        "payload": "convert_to",
    }
    query = " ".join(query.split())
    return next((word for word, text in words.items() if text in query), query[:60])


async def inputs_for(scratch_world: World, persona: str, count: int) -> list[dict[str, Any]]:
    """Inputs for new opportunities."""
    result = await scratch_world.ask(
        persona,
        "{ accounts(first: 1) { nodes { id } } opportunityTypes(first: 1) { nodes { id } } }",
    )
    account = result.data["accounts"]["nodes"][0]["id"]
    kind = result.data["opportunityTypes"]["nodes"][0]["id"]
    made = {"account": account, "type": kind, "currency": "EUR"}
    return [{**made, "name": f"Counted {number}"} for number in range(count)]


@covers("D-36", "D-58")
@pytest.mark.parametrize("count", [1, 250])
async def test_a_command_needs_as_many_statements_for_many_records_as_for_one(
    scratch_world: World, recorder: Iterator[list[str]], count: int
) -> None:
    recorded = next(recorder)
    inputs = await inputs_for(scratch_world, "admin", count)
    for _ in range(2):  # the first run compiles the plans and loads the rights
        recorded.clear()
        answer = await scratch_world.ask("admin", CREATE, {"inputs": inputs})
    results = answer.data["opportunityCreateMany"]["results"]
    assert [each["opportunity"]["history"]["totalCount"] for each in results] == [1] * count
    assert recorded == ["begin", "links", "types", "pipelines", "insert", "note", "payload", "end"]
    ids = [each["id"] for each in results]
    for note in ("one", "two"):
        recorded.clear()
        changes = [{"id": id, "note": note} for id in ids]
        answer = await scratch_world.ask("admin", UPDATE, {"inputs": changes})
        assert not answer.data["opportunityUpdateMany"]["userErrors"]
    assert recorded == ["begin", "lock", "note", "payload", "end"]
    recorded.clear()
    await scratch_world.ask("admin", DELETE, {"inputs": [{"id": id} for id in ids]})
    parts = ["delete"] * 8
    assert recorded == ["begin", "delete", "used", *parts, "update", "note", "end"]


async def test_the_visibility_of_a_sellers_record_is_checked_before_and_after(
    scratch_world: World, recorder: Iterator[list[str]]
) -> None:
    """Lock the visible rows, check visibility again after the update, and read the payload (D-50b)."""
    recorded = next(recorder)
    inputs = await inputs_for(scratch_world, "rep1", 1)
    made = await scratch_world.ask("rep1", CREATE, {"inputs": inputs})
    id = made.data["opportunityCreateMany"]["results"][0]["id"]
    for note in ("one", "two"):
        recorded.clear()
        await scratch_world.ask("rep1", UPDATE, {"inputs": [{"id": id, "note": note}]})
    assert recorded == ["begin", "lock", "seen", "update", "seen", "note", "payload", "end"]

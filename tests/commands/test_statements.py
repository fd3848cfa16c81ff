"""How often the database is asked by a deed, exactly: one record or 250, it is as often."""

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
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every message to the database, by the words that tell what it is for."""
    found: list[str] = []

    def listen(name: str) -> None:
        original = getattr(CleanConnection, name)

        async def heard(self: CleanConnection, query: str, *args: Any, **kw: Any) -> Any:
            found.append(told(WORD.sub("", query)))
            return await original(self, query, *args, **kw)

        monkeypatch.setattr(CleanConnection, name, heard)

    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        listen(name)
    return iter([found])


def told(query: str) -> str:
    """What a statement is for."""
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


async def given(desk: World, persona: str, count: int) -> list[dict[str, Any]]:
    """Inputs for new opportunities."""
    found = await desk.ask(
        persona,
        "{ accounts(first: 1) { nodes { id } } opportunityTypes(first: 1) { nodes { id } } }",
    )
    account = found.data["accounts"]["nodes"][0]["id"]
    kind = found.data["opportunityTypes"]["nodes"][0]["id"]
    made = {"account": account, "type": kind, "currency": "EUR"}
    return [{**made, "name": f"Counted {number}"} for number in range(count)]


@covers("D-36", "D-58")
@pytest.mark.parametrize("count", [1, 250])
async def test_a_deed_asks_as_often_for_many_as_for_one(
    desk: World, asked: Iterator[list[str]], count: int
) -> None:
    heard = next(asked)
    inputs = await given(desk, "admin", count)
    for _ in range(2):  # the first time compiles, and loads the rights
        heard.clear()
        answer = await desk.ask("admin", CREATE, {"inputs": inputs})
    results = answer.data["opportunityCreateMany"]["results"]
    assert [each["opportunity"]["history"]["totalCount"] for each in results] == [1] * count
    assert heard == ["begin", "links", "types", "pipelines", "insert", "note", "payload", "end"]
    ids = [each["id"] for each in results]
    for note in ("one", "two"):
        heard.clear()
        changes = [{"id": id, "note": note} for id in ids]
        answer = await desk.ask("admin", UPDATE, {"inputs": changes})
        assert not answer.data["opportunityUpdateMany"]["userErrors"]
    assert heard == ["begin", "lock", "note", "payload", "end"]
    heard.clear()
    await desk.ask("admin", DELETE, {"inputs": [{"id": id} for id in ids]})
    parts = ["delete"] * 8
    assert heard == ["begin", "delete", "used", *parts, "update", "note", "end"]


async def test_a_seller_is_looked_at_twice(desk: World, asked: Iterator[list[str]]) -> None:
    """Once to lock what he sees, once more to see whether he still does, and once what he made of it (D-50b)."""
    heard = next(asked)
    inputs = await given(desk, "rep1", 1)
    made = await desk.ask("rep1", CREATE, {"inputs": inputs})
    id = made.data["opportunityCreateMany"]["results"][0]["id"]
    for note in ("one", "two"):
        heard.clear()
        await desk.ask("rep1", UPDATE, {"inputs": [{"id": id, "note": note}]})
    assert heard == ["begin", "lock", "seen", "update", "seen", "note", "payload", "end"]

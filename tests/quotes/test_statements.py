"""The number of database statements of commands on quotes: the same for 1 line and for 100."""

from __future__ import annotations

import re
from typing import Any

import pytest

from db.engine.transaction import CleanConnection
from tests.quotes.conftest import QuoteClient
from tests.support.covers import covers
from tests.writes.client import outcome_of

WORD = re.compile(r"/\*\w+\*/ ")
WORDS = {
    "begin": "BEGIN READ WRITE",
    "end": "SELECT append();",
    "note": "SELECT write_history(",
    "insert": "INSERT INTO ",
    "update": '.id = "new".id',
    "payload": "convert_to",
    "links": "FOR KEY SHARE",
    "lock": "FOR NO KEY UPDATE",
    "seen": "SELECT quote_1.id",
    "visible": "SELECT quote_1.fact_id",
    "products": "FROM product WHERE",
    "lines": "FROM quote_item WHERE",
    "quotes": "FROM quote WHERE",
}

LOCK = ["begin", "visible", "lock", "lock", "visible", "lines"]
"""Check visibility, lock the opportunity and the quote, check visibility again, and lock the lines (D-50b)."""
END = ["seen", "note", "payload", "end"]
SET = [*LOCK, "links", "products", "insert", "update", "update", *END]
REDISCOUNT = [*LOCK, "update", "update", *END]
COPY = [*LOCK, "insert", "insert", *END]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement, named by its purpose."""
    result: list[str] = []

    def listen(name: str) -> None:
        original = getattr(CleanConnection, name)

        async def recorded(self: CleanConnection, query: str, *args: Any, **kw: Any) -> Any:
            text = " ".join(WORD.sub("", query).split())
            result.append(next((w for w, part in WORDS.items() if part in text), text[:40]))
            return await original(self, query, *args, **kw)

        monkeypatch.setattr(CleanConnection, name, recorded)

    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        listen(name)
    return result


@covers("D-36", "D-58")
@pytest.mark.parametrize("count", [1, 100])
async def test_quote_commands_need_as_many_statements_for_100_lines_as_for_one(
    client: QuoteClient, statements: list[str], count: int
) -> None:
    product = await client.product()
    opportunity = await client.tenant.opportunity("admin")
    items: list[dict[str, Any]] = [
        {"product": product, "quantity": str(n)} for n in range(1, count + 1)
    ]
    params: dict[str, Any] = {"opportunity": opportunity, "name": "counted", "items": items}
    for _ in range(2):  # the first run compiles the plans
        statements.clear()
        answer = await client.tenant.attempt("admin", "quoteCreate", **params)
    made = [
        "begin",
        "links",
        "lock",
        "quotes",
        "products",
        "insert",
        "insert",
        "seen",
        "note",
        "payload",
        "end",
    ]
    assert (outcome_of(answer), statements) == ("DONE", made)
    id = answer.data["done"]["id"]
    lines = [{"id": line} for (line,) in await client.lines(id, "id")]
    commands: list[tuple[str, dict[str, Any], list[str]]] = [
        ("quoteSetItems", {"items": [*items[1:], *lines[:1], *items[:1]]}, SET),
        ("quoteUpdate", {}, REDISCOUNT),
        ("quoteDuplicate", {}, COPY),
    ]
    for mutation, more, expected in commands:
        for percent in ("5", "6"):
            discount = {"discountPercent": percent} if mutation == "quoteUpdate" else {}
            statements.clear()
            answer = await client.tenant.attempt("admin", mutation, id=id, **more, **discount)
        assert (mutation, outcome_of(answer), statements) == (mutation, "DONE", expected)

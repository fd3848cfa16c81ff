"""How often the database is asked by what is done with quotes, exactly: with one line or with a hundred, it is as often."""

from __future__ import annotations

import re
from typing import Any

import pytest

from db.engine.transaction import CleanConnection
from tests.quotes.conftest import QuoteClient
from tests.support.covers import covers
from tests.writes.parallel import came

WORD = re.compile(r"/\*\w+\*/ ")
WORDS = {
    "begin": "BEGIN READ WRITE",
    "end": "SELECT append();",
    "note": "SELECT write_history(",
    "insert": "INSERT INTO ",
    "update": '.id = "new".id',
    "payload": "convert_to",
    "links": "FOR KEY SHARE",
    "held": "FOR NO KEY UPDATE",
    "seen": "SELECT quote_1.id",
    "looked": "SELECT quote_1.fact_id",
    "products": "FROM product WHERE",
    "lines": "FROM quote_item WHERE",
    "quotes": "FROM quote WHERE",
}

HOLD = ["begin", "looked", "held", "held", "looked", "lines"]
"""The quote is looked up, its opportunity locked, then itself, then looked at once more, and its lines locked (D-50b)."""
END = ["seen", "note", "payload", "end"]
SET = [*HOLD, "links", "products", "insert", "update", "update", *END]
REDISCOUNT = [*HOLD, "update", "update", *END]
COPY = [*HOLD, "insert", "insert", *END]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every message to the database, by the words that tell what it is for."""
    found: list[str] = []

    def listen(name: str) -> None:
        original = getattr(CleanConnection, name)

        async def heard(self: CleanConnection, query: str, *args: Any, **kw: Any) -> Any:
            text = " ".join(WORD.sub("", query).split())
            found.append(next((w for w, part in WORDS.items() if part in text), text[:40]))
            return await original(self, query, *args, **kw)

        monkeypatch.setattr(CleanConnection, name, heard)

    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        listen(name)
    return found


@covers("D-36", "D-58")
@pytest.mark.parametrize("count", [1, 100])
async def test_as_often_for_many_lines_as_for_one(
    client: QuoteClient, asked: list[str], count: int
) -> None:
    product = await client.product()
    opportunity = await client.own.opportunity("admin")
    items: list[dict[str, Any]] = [
        {"product": product, "quantity": str(n)} for n in range(1, count + 1)
    ]
    given: dict[str, Any] = {"opportunity": opportunity, "name": "counted", "items": items}
    for _ in range(2):  # the first time compiles
        asked.clear()
        answer = await client.own.do("admin", "quoteCreate", **given)
    made = [
        "begin",
        "links",
        "held",
        "quotes",
        "products",
        "insert",
        "insert",
        "seen",
        "note",
        "payload",
        "end",
    ]
    assert (came(answer), asked) == ("DONE", made)
    id = answer.data["done"]["id"]
    lines = [{"id": line} for (line,) in await client.lines(id, "id")]
    deeds: list[tuple[str, dict[str, Any], list[str]]] = [
        ("quoteSetItems", {"items": [*items[1:], *lines[:1], *items[:1]]}, SET),
        ("quoteUpdate", {}, REDISCOUNT),
        ("quoteDuplicate", {}, COPY),
    ]
    for deed, more, expected in deeds:
        for percent in ("5", "6"):
            discount = {"discountPercent": percent} if deed == "quoteUpdate" else {}
            asked.clear()
            answer = await client.own.do("admin", deed, id=id, **more, **discount)
        assert (deed, came(answer), asked) == (deed, "DONE", expected)

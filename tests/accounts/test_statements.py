"""How often the database is asked by deeds of accounts and people, exactly: for one as for many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.commands.test_statements import asked
from tests.support.covers import covers
from tests.writes.parallel import Own, kept, spelled

__all__ = ["asked"]
COUNTS = pytest.mark.parametrize("count", [1, 60])


async def made(own: Own, deed: str, inputs: list[dict[str, Any]]) -> list[str]:
    """The ids of records that were created, or whatever was done."""
    answer = await own.many("admin", deed, inputs)
    assert answer.data["done"]["userErrors"] == []
    return [each["id"] for each in answer.data["done"]["results"]]


async def accounts(own: Own, count: int) -> list[str]:
    """New accounts with two addresses each, the second of them with a country and post."""
    places = [{"street": "a"}, {"street": "b", "country": "SE", "postal": True}]
    given = {"name": "Counted", "addresses": places}
    return await made(own, "accountCreate", [given] * count)


async def of_type(own: Own) -> str:
    """A type of account with an owner to be preset."""
    owner = spelled("emp", await own.employee("rep2"))
    return await own.done("admin", "accountTypeCreate", name=own.name(), defaultOwner=owner)


@covers("D-36", "VN-08", "VN-40")
@COUNTS
async def test_accounts(own: Own, asked: Iterator[list[str]], count: int) -> None:
    heard, kind = next(asked), await of_type(own)
    given = {"name": "a", "type": kind, "phone": "08-12 34 56", "addresses": [{"country": "SE"}]}
    for note in ("one", "two"):
        heard.clear()
        ids = await made(own, "accountCreate", [{**given, "description": note}] * count)
    create = list(heard)
    changes: list[dict[str, Any]] = [{"phone": "08-12 34 57"}, {"phone": "08-12 34 58"}]
    for change in (*changes, {"postalIsInvoicing": True}):
        heard.clear()
        await made(own, "accountUpdate", [{"id": id, **change} for id in ids])
    assert (create.count("links"), len(create), len(heard)) == (1, 7, 5)


@covers("D-36", "EP-191")
@COUNTS
async def test_links(own: Own, asked: Iterator[list[str]], count: int) -> None:
    heard, hub = next(asked), (await accounts(own, 1))[0]
    others = await accounts(own, count)
    heard.clear()
    ids = await made(own, "accountLinkCreate", [{"account": hub, "other": id} for id in others])
    create = list(heard)
    for note in ("one", "two"):
        heard.clear()
        await made(own, "accountLinkUpdate", [{"id": id, "note": note} for id in ids])
    change = list(heard)
    heard.clear()
    await made(own, "accountLinkDelete", [{"id": id} for id in ids])
    assert (len(create), len(change), len(heard)) == (9, 11, 9)


@covers("D-36", "SMP-29", "VPM-08")
@COUNTS
async def test_people(own: Own, asked: Iterator[list[str]], count: int) -> None:
    heard = next(asked)
    there = await accounts(own, count)
    new = {"name": "x", "addresses": [{"street": "a"}]}
    for _ in range(2):
        heard.clear()
        inputs = [
            {"lastName": "Berg", "affiliations": [{"account": id}, {"newAccount": new}]}
            for id in there
        ]
        await made(own, "personCreate", inputs)
    create = list(heard)
    rows = await own.fetch(
        "SELECT id, address_id FROM affiliation WHERE account_id = ANY($1)",
        [kept(id) for id in there],
    )
    for phone in ("+31201234567", "+31201234568"):
        heard.clear()
        changes = [{"id": spelled("aff", row["id"]), "phone": phone} for row in rows]
        await made(own, "affiliationUpdate", changes)
    change = list(heard)
    heard.clear()
    places = sorted({spelled("adr", row["address_id"]) for row in rows})
    await made(own, "addressDelete", [{"id": id} for id in places])
    assert (len(create), len(change), len(heard)) == (13, 13, 14)

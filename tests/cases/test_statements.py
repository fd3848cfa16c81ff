"""How often the database is asked by what is done with cases and activities, exactly: for one as for 250."""

from __future__ import annotations

import re
from typing import Any

import pytest

from db.engine.transaction import CleanConnection
from tests.cases.client import CaseClient
from tests.support.covers import covers

SHOWN = "results { id } userErrors { code path }"
WORD = re.compile(r"/\*\w+\*/ ")
WORDS = {
    "begin": "BEGIN READ WRITE",
    "end": "SELECT append();",
    "note": "SELECT write_history(",
    "insert": "INSERT INTO",
    "update": '.id = "new".id',
    "lock": "FOR NO KEY UPDATE",
    "alone": "FOR UPDATE",
    "links": "FOR KEY SHARE",
    "taken": '.id != "new".id',
    "payload": "convert_to",
    "seen": "SELECT case_account_1",
    "looked": "SELECT activity_1",
    "preferred": "FROM preferences",
    "types": "FROM case_type",
    "statuses": "FROM case_status",
    "contracts": "FROM contract",
    "working": "FROM affiliation",
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every message to the database, by what it is for."""
    found: list[str] = []

    def listen(name: str) -> None:
        original = getattr(CleanConnection, name)

        async def heard(self: CleanConnection, query: str, *args: Any, **kw: Any) -> Any:
            text = " ".join(WORD.sub("", query).split())
            found.append(next((w for w, part in WORDS.items() if part in text), text[:60]))
            return await original(self, query, *args, **kw)

        monkeypatch.setattr(CleanConnection, name, heard)

    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        listen(name)
    return found


async def heard(
    client: CaseClient, asked: list[str], deed: str, kind: str, inputs: list[list[dict[str, Any]]]
) -> tuple[list[str], list[str]]:
    """What was asked the last time, once everything is compiled, and the ids of the first."""
    query = f"mutation ($i: [{kind}!]!) {{ done: {deed}Many(inputs: $i) {{ {SHOWN} }} }}"
    ids: list[str] = []
    for each in inputs:
        asked.clear()
        done = (await client.own.ask("admin", query, {"i": each})).data["done"]
        assert done["userErrors"] == []
        ids = ids or [one["id"] for one in done["results"]]
    return list(asked), ids


@covers("D-36", "D-58", "EP-207")
@pytest.mark.parametrize("count", [1, 80])
async def test_cases(client: CaseClient, asked: list[str], count: int) -> None:
    accounts, kind = [await client.account() for _ in "ab"], await client.type()
    contract = await client.contract(accounts[0])
    links = [{"account": each} for each in accounts]
    given = {"subject": "Counted", "type": kind, "contract": contract, "accounts": links}
    told, ids = await heard(client, asked, "caseCreate", "CaseCreateInput", [[given] * count] * 2)
    assert told == [
        *("begin", "links", "types", "statuses", "contracts", "taken", "insert", "note", "end"),
    ]
    plain = [[{"subject": "Counted"}] * count] * 2
    told, _ = await heard(client, asked, "caseCreate", "CaseCreateInput", plain)
    assert [each for each in told if each != "types"] == [
        *("begin", "preferred", "statuses", "note", "end"),
    ]
    for deed in ("caseClose", "caseReopen"):
        inputs = [[{"id": id} for id in ids]]
        kinds = f"{deed[0].upper()}{deed[1:]}Input"
        told, _ = await heard(client, asked, deed, kinds, inputs)
    assert told == ["begin", "lock", "statuses", "note", "end"]
    notes = [[{"id": id, "description": word} for id in ids] for word in "ab"]
    told, _ = await heard(client, asked, "caseUpdate", "CaseUpdateInput", notes)
    assert told == ["begin", "lock", "note", "end"]


@covers("D-36", "EP-208", "EP-023")
@pytest.mark.parametrize("count", [1, 80])
async def test_a_primary_account_is_handed_over(
    client: CaseClient, asked: list[str], count: int
) -> None:
    accounts = [await client.account() for _ in "ab"]
    links = [{"account": each} for each in accounts]
    given = {"subject": "Counted", "accounts": links, "activities": [{"subject": "Call"}]}
    _, ids = await heard(client, asked, "caseCreate", "CaseCreateInput", [[given] * count])
    inputs = [
        [{"id": await client.link(id, account), "primary": True} for id in ids]
        for account in (accounts[1], accounts[0])
    ]
    kind = "CaseAccountUpdateInput"
    told, _ = await heard(client, asked, "caseAccountUpdate", kind, inputs)
    assert told == [
        *("begin", "seen", "lock", "lock", "seen", "alone", "alone"),
        *("update", "update", "update", "update", "seen", "note", "end"),
    ]


@covers("D-36", "EP-023")
@pytest.mark.parametrize("count", [1, 80])
async def test_activities(client: CaseClient, asked: list[str], count: int) -> None:
    account = await client.account()
    case = await client.case(account, persona="admin")
    given = [[{"subject": "Call", "case": case}] * count] * 2
    told, ids = await heard(client, asked, "activityCreate", "ActivityCreateInput", given)
    assert told == ["begin", "lock", "insert", "looked", "note", "end"]
    inputs = [[{"id": id, "hours": hours} for id in ids] for hours in "12"]
    told, _ = await heard(client, asked, "activityComplete", "ActivityCompleteInput", inputs)
    assert told == [
        *("begin", "looked", "lock", "lock", "looked", "update", "looked", "note", "end"),
    ]

"""The number of database statements of commands on cases and activities: the same for 1 record and for 80."""

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
    "delete": "FOR UPDATE",
    "links": "FOR KEY SHARE",
    "duplicates": '.id != "new".id',
    "payload": "convert_to",
    "seen": "SELECT case_account_1",
    "activities": "SELECT activity_1",
    "preferences": "FROM preferences",
    "types": "FROM case_type",
    "statuses": "FROM case_status",
    "contracts": "FROM contract",
    "affiliations": "FROM affiliation",
}


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement, named by its purpose."""
    result: list[str] = []

    def listen(name: str) -> None:
        original = getattr(CleanConnection, name)

        async def recorded(self: CleanConnection, query: str, *args: Any, **kw: Any) -> Any:
            text = " ".join(WORD.sub("", query).split())
            result.append(next((w for w, part in WORDS.items() if part in text), text[:60]))
            return await original(self, query, *args, **kw)

        monkeypatch.setattr(CleanConnection, name, recorded)

    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        listen(name)
    return result


async def statements_of(
    client: CaseClient,
    statements: list[str],
    mutation: str,
    kind: str,
    inputs: list[list[dict[str, Any]]],
) -> tuple[list[str], list[str]]:
    """The statements of the last run, when all plans are compiled, and the record ids of the first."""
    query = f"mutation ($i: [{kind}!]!) {{ done: {mutation}Many(inputs: $i) {{ {SHOWN} }} }}"
    ids: list[str] = []
    for each in inputs:
        statements.clear()
        done = (await client.tenant.ask("admin", query, {"i": each})).data["done"]
        assert done["userErrors"] == []
        ids = ids or [one["id"] for one in done["results"]]
    return list(statements), ids


@covers("D-36", "D-58", "EP-207")
@pytest.mark.parametrize("count", [1, 80])
async def test_case_commands_need_as_many_statements_for_80_as_for_one(
    client: CaseClient, statements: list[str], count: int
) -> None:
    accounts, kind = [await client.account() for _ in "ab"], await client.type()
    contract = await client.contract(accounts[0])
    links = [{"account": each} for each in accounts]
    params = {"subject": "Counted", "type": kind, "contract": contract, "accounts": links}
    result, ids = await statements_of(
        client, statements, "caseCreate", "CaseCreateInput", [[params] * count] * 2
    )
    assert result == [
        *(
            "begin",
            "links",
            "types",
            "statuses",
            "contracts",
            "duplicates",
            "insert",
            "note",
            "end",
        ),
    ]
    plain = [[{"subject": "Counted"}] * count] * 2
    result, _ = await statements_of(client, statements, "caseCreate", "CaseCreateInput", plain)
    assert [each for each in result if each != "types"] == [
        *("begin", "preferences", "statuses", "note", "end"),
    ]
    for mutation in ("caseClose", "caseReopen"):
        inputs = [[{"id": id} for id in ids]]
        kinds = f"{mutation[0].upper()}{mutation[1:]}Input"
        result, _ = await statements_of(client, statements, mutation, kinds, inputs)
    assert result == ["begin", "lock", "statuses", "note", "end"]
    notes = [[{"id": id, "description": word} for id in ids] for word in "ab"]
    result, _ = await statements_of(client, statements, "caseUpdate", "CaseUpdateInput", notes)
    assert result == ["begin", "lock", "note", "end"]


@covers("D-36", "EP-208", "EP-023")
@pytest.mark.parametrize("count", [1, 80])
async def test_changing_the_primary_account_needs_as_many_statements_for_80_cases_as_for_one(
    client: CaseClient, statements: list[str], count: int
) -> None:
    accounts = [await client.account() for _ in "ab"]
    links = [{"account": each} for each in accounts]
    params = {"subject": "Counted", "accounts": links, "activities": [{"subject": "Call"}]}
    _, ids = await statements_of(
        client, statements, "caseCreate", "CaseCreateInput", [[params] * count]
    )
    inputs = [
        [{"id": await client.link(id, account), "primary": True} for id in ids]
        for account in (accounts[1], accounts[0])
    ]
    kind = "CaseAccountUpdateInput"
    result, _ = await statements_of(client, statements, "caseAccountUpdate", kind, inputs)
    assert result == [
        *("begin", "seen", "lock", "lock", "seen", "delete", "delete"),
        *("update", "update", "update", "update", "seen", "note", "end"),
    ]


@covers("D-36", "EP-023")
@pytest.mark.parametrize("count", [1, 80])
async def test_activity_commands_need_as_many_statements_for_80_as_for_one(
    client: CaseClient, statements: list[str], count: int
) -> None:
    account = await client.account()
    case = await client.case(account, persona="admin")
    params = [[{"subject": "Call", "case": case}] * count] * 2
    result, ids = await statements_of(
        client, statements, "activityCreate", "ActivityCreateInput", params
    )
    assert result == ["begin", "lock", "insert", "activities", "note", "end"]
    inputs = [[{"id": id, "hours": hours} for id in ids] for hours in "12"]
    result, _ = await statements_of(
        client, statements, "activityComplete", "ActivityCompleteInput", inputs
    )
    assert result == [
        *(
            "begin",
            "activities",
            "lock",
            "lock",
            "activities",
            "update",
            "activities",
            "note",
            "end",
        ),
    ]

"""Accounts of a case: exactly one is the primary account after any change."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.cases.client import CaseClient, wrong
from tests.support.covers import covers
from tests.writes.client import uuid_of

MANY = """mutation ($inputs: [CaseAccountUpdateInput!]!, $all: Boolean) {
  done: caseAccountUpdateMany(inputs: $inputs, allOrNone: $all) { userErrors { code path } }
}"""


@covers("EP-207")
async def test_the_first_account_of_a_case_becomes_primary(client: CaseClient) -> None:
    tenant, id = client.tenant, await client.case()
    assert await client.links(id) == {}
    first, second = await client.account(), await client.account()
    await tenant.mutate("rep1", "caseAccountCreate", case=id, account=first)
    assert await client.links(id) == {first: True}
    await tenant.mutate("rep1", "caseAccountCreate", case=id, account=second)
    assert await client.links(id) == {first: True, second: False}
    twice = await tenant.attempt("rep1", "caseAccountCreate", case=id, account=second)
    assert wrong(twice) == [("DUPLICATE", "account")]


@covers("EP-207", "EP-208", "X-11")
@pytest.mark.parametrize(
    ("flags", "primary"),
    [
        ([None, None], 0),
        ([None, True], 1),
        ([True, True], 1),
        ([False, False], 0),
        ([False], 0),
        ([None, None, True, None], 2),
    ],
)
async def test_accounts_created_with_the_case_include_one_primary(
    client: CaseClient, flags: list[bool | None], primary: int
) -> None:
    accounts = [await client.account() for _ in flags]
    links: list[dict[str, Any]] = [
        {"account": account} | ({} if flag is None else {"primary": flag})
        for account, flag in zip(accounts, flags, strict=True)
    ]
    id = await client.case(accounts=links)
    result = await client.links(id)
    assert result == {account: n == primary for n, account in enumerate(accounts)}
    assert (await client.row(id))["version"] == 1


@covers("EP-208")
async def test_another_account_becomes_primary(client: CaseClient) -> None:
    tenant, accounts = client.tenant, [await client.account() for _ in "abc"]
    id = await client.case(*accounts)
    links = [await client.link(id, each) for each in accounts]
    await tenant.mutate("rep1", "caseAccountUpdate", id=links[1], primary=True)
    assert list((await client.links(id)).values()) == [False, True, False]
    await tenant.mutate(
        "rep1", "caseAccountCreate", case=id, account=await client.account(), primary=True
    )
    assert list((await client.links(id)).values()) == [False, False, False, True]
    await tenant.mutate("rep1", "caseAccountUpdate", id=links[1], primary=False)
    assert list((await client.links(id)).values()) == [False, False, False, True], (
        "an account that is not primary stays so"
    )


@covers("D-12", "EP-208")
@pytest.mark.parametrize("all", [True, False])
@pytest.mark.parametrize(
    ("changes", "primary"),
    [
        ([(0, False), (1, True)], 1),
        ([(1, True), (0, False)], 1),
        ([(1, True), (2, True)], 2),
        ([(0, False), (1, False), (2, False)], 0),
        ([(0, False)], 0),
    ],
)
async def test_one_account_is_primary_after_a_list_of_changes(
    client: CaseClient, changes: list[tuple[int, bool]], primary: int, all: bool
) -> None:
    accounts = [await client.account() for _ in "abc"]
    id = await client.case(*accounts)
    links = [await client.link(id, each) for each in accounts]
    inputs = [{"id": links[number], "primary": flag} for number, flag in changes]
    done = await client.tenant.ask("rep1", MANY, {"inputs": inputs, "all": all})
    assert done.data["done"]["userErrors"] == []
    assert list((await client.links(id)).values()) == [n == primary for n in range(3)]


@covers("EP-210", "D-12")
async def test_the_oldest_link_becomes_primary_when_the_primary_is_deleted(
    client: CaseClient,
) -> None:
    tenant, accounts = client.tenant, [await client.account() for _ in "abc"]
    id = await client.case(*accounts)
    links = [await client.link(id, each) for each in accounts]
    await tenant.mutate("rep1", "caseAccountUpdate", id=links[2], primary=True)
    await tenant.mutate("rep1", "caseAccountDelete", id=links[2])
    oldest = min(
        links[:2], key=uuid_of
    )  # links created with the case have the same time, so the id decides
    result = await client.links(id)
    assert result == {a: link == oldest for a, link in zip(accounts[:2], links[:2], strict=True)}
    await tenant.mutate("rep1", "caseAccountDelete", id=oldest)
    assert list((await client.links(id)).values()) == [True]
    [last] = await client.links(id)
    await tenant.mutate("rep1", "caseAccountDelete", id=await client.link(id, last))
    assert await client.links(id) == {}


@covers("EP-210", "D-12")
async def test_a_remaining_link_becomes_primary_when_several_are_deleted_together(
    client: CaseClient,
) -> None:
    tenant, accounts = client.tenant, [await client.account() for _ in "abc"]
    id = await client.case(*accounts)
    other = await client.case(*accounts)
    inputs = [{"id": await client.link(each, a)} for each in (id, other) for a in accounts[:2]]
    answer = await tenant.attempt_many("rep1", "caseAccountDelete", inputs)
    assert answer.data["done"]["userErrors"] == []
    assert await client.links(id) == await client.links(other) == {accounts[2]: True}


@covers("EP-210", "D-12")
async def test_a_restored_case_lacks_the_link_to_a_deleted_account(client: CaseClient) -> None:
    tenant, accounts = client.tenant, [await client.account() for _ in "ab"]
    id = await client.case(*accounts)
    await tenant.mutate("rep1", "caseDelete", id=id)
    await tenant.mutate("admin", "accountDelete", id=accounts[0])
    await tenant.mutate("rep1", "caseRestore", id=id)
    assert await client.links(id) == {accounts[1]: True}
    await tenant.mutate("rep1", "caseDelete", id=id)
    await tenant.mutate("admin", "accountDelete", id=accounts[1])
    await tenant.mutate("rep1", "caseRestore", id=id)
    assert await client.links(id) == {}
    await tenant.mutate("admin", "accountRestore", id=accounts[0])
    assert await client.links(id) == {}, "it has to be linked again"


@covers("D-12")
async def test_a_link_deleted_before_the_case_is_not_restored_with_it(client: CaseClient) -> None:
    tenant, accounts = client.tenant, [await client.account() for _ in "ab"]
    id = await client.case(*accounts)
    query = """mutation ($a: RecordInput!, $b: RecordInput!) {
      one: caseAccountDelete(input: $a) { userErrors { code } }
      two: caseDelete(input: $b) { userErrors { code } }
    }"""
    params = {"a": {"id": await client.link(id, accounts[0])}, "b": {"id": id}}
    answer = await tenant.ask("rep1", query, params)
    assert answer.data == {word: {"userErrors": []} for word in ("one", "two")}
    await tenant.mutate("rep1", "caseRestore", id=id)
    assert await client.links(id) == {accounts[1]: True}


@covers("D-11", "EP-207")
async def test_deleting_an_account_with_cases_is_refused(client: CaseClient) -> None:
    tenant, account = client.tenant, await client.account()
    id = await client.case(account)
    assert wrong(await tenant.attempt("admin", "accountDelete", id=account)) == [("IN_USE", "id")]
    await tenant.mutate("rep1", "caseAccountDelete", id=await client.link(id, account))
    await tenant.mutate("admin", "accountDelete", id=account)


@covers("D-50", "D-12")
async def test_concurrent_changes_of_the_primary_account_leave_exactly_one(
    client: CaseClient,
) -> None:
    tenant, accounts = client.tenant, [await client.account() for _ in "abcd"]
    id = await client.case(*accounts)
    links = [await client.link(id, each) for each in accounts]
    updates = [tenant.attempt("rep1", "caseAccountUpdate", id=link, primary=True) for link in links]
    await asyncio.gather(*updates, tenant.attempt("rep1", "caseAccountDelete", id=links[0]))
    assert sum((await client.links(id)).values()) == 1


@covers("D-39")
async def test_a_case_has_at_most_50_accounts(client: CaseClient) -> None:
    tenant = client.tenant
    inputs = [{"name": tenant.new_name()} for _ in range(51)]
    made = (await tenant.attempt_many("admin", "accountCreate", inputs)).data["done"]["results"]
    accounts = [each["id"] for each in made]
    params = [{"account": each} for each in accounts]
    answer = await tenant.attempt("admin", "caseCreate", subject="Too many", accounts=params)
    assert wrong(answer) == [("INVALID", "input")]
    id = await client.case(*accounts[:50], persona="admin")
    answer = await tenant.attempt("admin", "caseAccountCreate", case=id, account=accounts[50])
    assert wrong(answer) == [("INVALID", "input")]


GROUPED = """query ($ids: [ID!]!) {
  cases(filter: {id: {in: $ids}}, orderBy: [{primaryAccount: {name: DESC}}]) {
    nodes { id primaryAccount { name city owner { name } } }
  }
  found: cases(filter: {id: {in: $ids}, primaryAccount: {city: {eq: "Delft"}}}) { totalCount }
  casesAggregate(
    filter: {id: {in: $ids}}
    groupBy: [{primaryAccount: {record: true}}, {primaryAccount: {city: true}}]
    orderBy: [{key: {primaryAccount: {name: ASC}}}]
  ) { groups { key { primaryAccount { record { name } city } } count } }
}"""


@covers("EP-209")
async def test_lists_show_and_group_by_the_primary_account(client: CaseClient) -> None:
    tenant = client.tenant
    delft = await client.account(name="Achelis", city="Delft")
    gouda = await client.account(name="Zonnebloem", city="Gouda")
    ids = [
        await client.case(delft, gouda),
        await client.case(gouda, delft),
        await client.case(gouda),
    ]
    ids.append(await client.case())
    result = (await tenant.ask("rep1", GROUPED, {"ids": ids})).data
    names = [(each["primaryAccount"] or {}).get("name") for each in result["cases"]["nodes"]]
    assert names == ["Zonnebloem", "Zonnebloem", "Achelis", None]
    assert result["cases"]["nodes"][0]["primaryAccount"]["city"] == "Gouda"
    assert result["found"]["totalCount"] == 1
    groups = [
        ((g["key"]["primaryAccount"]["record"] or {}).get("name"), g["key"]["primaryAccount"]["city"], g["count"])
        for g in result["casesAggregate"]["groups"]
    ]  # fmt: skip
    assert groups == [("Achelis", "Delft", 1), ("Zonnebloem", "Gouda", 2), (None, None, 1)]
    assert (await tenant.ask("rep2", GROUPED, {"ids": ids})).data == {
        "cases": {"nodes": []},
        "found": {"totalCount": 0},
        "casesAggregate": {"groups": []},
    }

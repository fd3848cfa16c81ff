"""Nested lists have separate pages, filters and orders, and indicate further records."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.reads.evaluated import every, fold
from tests.support.covers import covers
from tests.support.world import World

PAGE = """query ($id: ID!, $after: String, $first: Int, $f: OpportunityFilter, $by: [OpportunityOrder!]) {
  employee(id: $id) { opportunities(first: $first, after: $after, filter: $f, orderBy: $by) {
    totalCount pageInfo { hasNextPage hasPreviousPage endCursor } nodes { id }
    aggregate { count } } } }"""
TREE = """{ stages(first: 5, orderBy: [{ name: ASC }]) { nodes { id name opportunities(
    first: 4, filter: { amount: { gt: "500" } }, orderBy: [{ amount: DESC }]) {
  totalCount pageInfo { hasNextPage endCursor }
  nodes { id amount { amount } account { id addresses(first: 2, orderBy: [{ city: DESC }]) {
    totalCount pageInfo { hasNextPage } nodes { id city } } } } } } } }"""
REST = """query ($id: ID!, $after: String) { stage(id: $id) { opportunities(
    first: 100, after: $after, filter: { amount: { gt: "500" } }, orderBy: [{ amount: DESC }]) {
  pageInfo { hasNextPage } nodes { id amount { amount } } } } }"""
ALL = "id name amount { amount } owner { id } stage { id } account { id }"


@pytest.fixture(scope="module")
async def opportunities(world: World) -> list[dict[str, Any]]:
    """All opportunities of the demonstration, as the root lists them."""
    return await every(world, "admin", "opportunities", ALL)


def busiest(records: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The employee with the most opportunities, and these opportunities."""
    of: dict[str, list[dict[str, Any]]] = {}
    for each in records:
        if each["owner"] is not None:
            of.setdefault(each["owner"]["id"], []).append(each)
    return max(of.items(), key=lambda item: len(item[1]))


async def pages(world: World, id: str, **arguments: Any) -> list[dict[str, Any]]:
    """The pages of an employee's opportunities, from the first to the last."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        answer = await world.ask("admin", PAGE, {"id": id, "after": after, **arguments})
        found.append(answer.data["employee"]["opportunities"])
        after = found[-1]["pageInfo"]["endCursor"]
        if not found[-1]["pageInfo"]["hasNextPage"]:
            return found


@covers("X-06", "D-38")
@pytest.mark.parametrize("size", [None, 7, 60])
async def test_nested_list_is_read_completely_page_by_page(
    world: World, opportunities: list[dict[str, Any]], size: int | None
) -> None:
    """The list is longer than a page: `hasNextPage`, `totalCount` and the later pages show the rest."""
    id, owned = busiest(opportunities)
    assert len(owned) > 60
    arguments = {} if size is None else {"first": size}
    read = await pages(world, id, **arguments)
    assert len(read) > 1
    assert {len(each["nodes"]) for each in read[:-1]} == {size or 25}
    assert {each["totalCount"] for each in read} == {len(owned)}
    assert {each["aggregate"]["count"] for each in read} == {len(owned)}
    ids = [node["id"] for each in read for node in each["nodes"]]
    assert len(ids) == len(owned)
    assert set(ids) == {each["id"] for each in owned}
    assert [each["pageInfo"]["hasPreviousPage"] for each in read] == [
        False, *[True] * (len(read) - 1),
    ]  # fmt: skip


@covers("X-06")
async def test_nested_list_has_a_separate_filter_and_order(
    world: World, opportunities: list[dict[str, Any]]
) -> None:
    id, owned = busiest(opportunities)
    arguments = {"first": 9, "f": {"name": {"contains": "a"}}, "by": [{"name": "DESC"}]}
    read = await pages(world, id, **arguments)
    ids = [node["id"] for each in read for node in each["nodes"]]
    wanted = [each for each in owned if "a" in fold(each["name"])]
    assert 9 < len(wanted) < len(owned)
    wanted.sort(key=lambda each: (fold(each["name"]), each["id"]), reverse=True)
    assert ids == [each["id"] for each in wanted]
    assert {each["totalCount"] for each in read} == {len(wanted)}


@covers("X-06")
async def test_lists_in_lists_have_separate_pages(
    world: World, opportunities: list[dict[str, Any]]
) -> None:
    """In one request each stage and each account in it has a separate page, which can be continued."""
    addresses = await every(world, "admin", "addresses", "id city account { id }")
    stages = (await world.ask("admin", TREE)).data["stages"]["nodes"]
    for stage in stages:
        wanted = [
            each for each in opportunities
            if each["stage"]["id"] == stage["id"]
            and each["amount"] is not None and Decimal(each["amount"]["amount"]) > 500
        ]  # fmt: skip
        wanted.sort(key=lambda e: (Decimal(e["amount"]["amount"]), e["id"]), reverse=True)
        page = stage["opportunities"]
        assert page["totalCount"] == len(wanted) > 4
        assert page["pageInfo"]["hasNextPage"]
        rest = {"id": stage["id"], "after": page["pageInfo"]["endCursor"]}
        further = (await world.ask("admin", REST, rest)).data["stage"]["opportunities"]
        assert not further["pageInfo"]["hasNextPage"]
        ids = [each["id"] for each in (*page["nodes"], *further["nodes"])]
        assert ids == [each["id"] for each in wanted]
        for each in page["nodes"]:
            if each["account"] is None:  # in the trash
                continue
            mine = [a for a in addresses if a["account"]["id"] == each["account"]["id"]]
            inner = each["account"]["addresses"]
            assert inner["totalCount"] == len(mine)
            assert inner["pageInfo"]["hasNextPage"] == (len(mine) > 2)
            assert len(inner["nodes"]) == min(2, len(mine))

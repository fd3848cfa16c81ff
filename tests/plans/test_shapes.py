"""The ways Postgres takes, as trees beside the operations, and the rules that they must keep."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.plans.measure import (
    OPERATIONS,
    SHAPES,
    Node,
    explained,
    nodes,
    operation,
    planned,
)
from tests.support.covers import covers
from tests.support.world import World

EXECUTIONS = 7
PAGE = 50


def words(node: Node) -> str:
    """What a node does, in EXPLAIN's own words, without what differs from day to day."""
    kind: str = node["Node Type"]
    if node.get("Join Type") in ("Left", "Right", "Semi", "Anti"):
        kind += f" ({node['Join Type'].lower()})"
    if node.get("Scan Direction") == "Backward":
        kind += " backward"
    if "Index Name" in node:
        kind += f" using {node['Index Name']}"
    if "Relation Name" in node:
        kind += f" on {node['Relation Name']}"
    return kind


def tree(node: Node, depth: int = 0) -> Iterator[str]:
    """A line for each node. A statement of its own within another is said to be one."""
    apart = {"InitPlan": "once: ", "SubPlan": "each: "}.get(node.get("Parent Relationship", ""), "")
    yield "  " * depth + apart + words(node)
    for below in node.get("Plans", ()):
        yield from tree(below, depth + 1)


def drawn(roots: list[Node]) -> str:
    """The first execution's tree, and the last one's where Postgres has found another way."""
    first, last = ("\n".join(tree(root)) for root in (roots[0], roots[-1]))
    return first + ("" if last == first else f"\n\nfor any values:\n{last}") + "\n"


@covers("D-51", "D-54")
@pytest.mark.parametrize("name", OPERATIONS)
async def test_the_shape_is_the_one_that_was_read(
    large: World, name: str, request: pytest.FixtureRequest
) -> None:
    file = SHAPES / f"{name}.txt"
    found = drawn(await explained(large, operation(name), times=EXECUTIONS))
    if request.config.getoption("--write-snapshots"):
        file.write_text(found)
    assert file.exists(), f"{file.name} is missing: run with --write-snapshots, and read it"
    assert file.read_text() == found, f"{file.name} differs: if that is meant, --write-snapshots"


def outermost(root: Node) -> Iterator[Node]:
    """From the page's LIMIT down the way that leads: the outer side of every join."""
    (limit, *_) = (node for node in nodes(root) if node["Node Type"] == "Limit")
    node: Node | None = limit["Plans"][0]
    while node is not None:
        yield node
        leading = (n for n in node.get("Plans", ()) if n["Parent Relationship"] == "Outer")
        node = next(leading, None)


LED_BY = {
    "newest": "opportunity_created_at_idx",
    "next_newest": "opportunity_created_at_idx",
    "by_amount": "opportunity_amount_idx",
    "manager": "opportunity_amount_idx",
    "contains": "opportunity_created_at_idx",
    "search_many": "opportunity_created_at_idx",
    "through_relation": "opportunity_created_at_idx",
    "among_relations": "account_name_idx",
    "seller_nested": "account_name_idx",
}
"""Root lists in an order that an index keeps, of viewers who see a good part of the rows."""


@covers("D-54")
@pytest.mark.parametrize("name", LED_BY)
async def test_the_order_s_index_leads_to_the_page(large: World, name: str) -> None:
    (root,) = await explained(large, operation(name), first=PAGE)
    way = [words(node) for node in outermost(root)]
    assert way[-1].replace(" backward", "").startswith(f"Index Scan using {LED_BY[name]}"), way
    assert not [step for step in way if "Sort" in step], "the page is cut before anything is sorted"
    for node in nodes(root):
        if node["Node Type"] == "Seq Scan":
            assert node["Relation Name"] not in ("opportunity", "account")
        if "Sort" in node["Node Type"]:
            assert node["Actual Rows"] <= PAGE + 1, "a page is sorted, not a table"


@covers("D-38", "X-01")
async def test_a_page_deep_in_a_list_with_empty_values_is_found_by_the_index(large: World) -> None:
    (root,) = await explained(large, operation("next_by_amount"), first=PAGE)
    (both,) = (node for node in nodes(root) if node["Node Type"] == "Merge Append")
    for member in both["Plans"]:
        *_, scan = nodes(member)
        assert words(scan).startswith("Index Scan using opportunity_amount_idx")
        assert "Index Cond" in scan, "the index is entered, not walked"
        assert scan["Actual Rows"] <= PAGE + 1


@covers("D-54")
@pytest.mark.parametrize(
    ("name", "index", "lists"),
    [
        ("by_amount", "opportunity_account_id_idx", 1),
        ("by_amount", "account_parent_id_idx", 1),
        ("among_relations", "opportunity_account_id_idx", 3),  # to filter, to count and to list
        ("seller_nested", "opportunity_account_id_idx", 2),
    ],
)
async def test_nested_lists_go_by_the_foreign_key(
    large: World, name: str, index: str, lists: int
) -> None:
    (root,) = await explained(large, operation(name), first=PAGE)
    found = [node for node in nodes(root) if node.get("Index Name") == index]
    assert len(found) == lists
    for node in found:
        assert "_id = " in node["Index Cond"]
        assert node["Actual Loops"] > 1, "once for each parent"


@covers("D-51")
async def test_a_filter_on_a_masked_field_goes_by_its_index(large: World) -> None:
    asked = operation("ruled_filter")
    made, _ = await planned(large, asked)
    assert [(each.field, each.reason) for each in made.denied] == [("amount", "status")]
    (root,) = await explained(large, asked)
    read = [node for node in nodes(root) if node.get("Relation Name") == "opportunity"]
    assert read
    assert "Seq Scan" not in {node["Node Type"] for node in read}
    entered = [n for n in nodes(root) if n.get("Index Name") == "opportunity_amount_idx"]
    assert len(entered) == 2, "for the page and for the count"
    assert all("amount > " in node["Index Cond"] for node in entered)


@pytest.mark.parametrize(
    ("name", "narrow"),
    [
        ("seller", False),
        ("seller_with_reports", False),
        ("seller_with_few", True),
        ("manager", False),
        ("by_amount", False),
        ("newest", False),
    ],
)
async def test_viewers_of_few_rows_ask_for_them_by_id(
    large: World, name: str, narrow: bool
) -> None:
    made, _ = await planned(large, operation(name))
    (root,) = await explained(large, operation(name))
    assert made.narrow is narrow
    gathered = [node for node in nodes(root) if node["Node Type"] == "Append"]
    assert bool(gathered) is narrow, "own rows, those of open types, and shared ones"


async def test_few_rows_are_found_one_by_one(large: World) -> None:
    (root,) = await explained(large, operation("seller_with_few"))
    on = [words(node) for node in nodes(root) if node.get("Relation Name") == "opportunity"]
    assert [step for step in on if "opportunity_owner_id_id_idx" in step]
    assert [step for step in on if "opportunity_pkey" in step]
    assert not [step for step in on if step.startswith("Seq Scan")]

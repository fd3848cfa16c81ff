"""Query plans of Postgres as snapshots beside the operations, and properties that they must have."""

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
    """Description of a plan node as in EXPLAIN, without costs and row counts."""
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
    """A line per node; subqueries are marked `once` (InitPlan) or `each` (SubPlan)."""
    prefix = {"InitPlan": "once: ", "SubPlan": "each: "}.get(
        node.get("Parent Relationship", ""), ""
    )
    yield "  " * depth + prefix + words(node)
    for below in node.get("Plans", ()):
        yield from tree(below, depth + 1)


def plan_text(roots: list[Node]) -> str:
    """The plan of the first execution, and that of the last one if it differs."""
    first, last = ("\n".join(tree(root)) for root in (roots[0], roots[-1]))
    return first + ("" if last == first else f"\n\nfor any values:\n{last}") + "\n"


@covers("D-51", "D-54")
@pytest.mark.parametrize("name", OPERATIONS)
async def test_query_plan_equals_its_snapshot(
    large: World, name: str, request: pytest.FixtureRequest
) -> None:
    file = SHAPES / f"{name}.txt"
    text = plan_text(await explained(large, operation(name), times=EXECUTIONS))
    if request.config.getoption("--write-snapshots"):
        file.write_text(text)
    assert file.exists(), f"{file.name} is missing: run with --write-snapshots and review it"
    assert file.read_text() == text, f"{file.name} differs: if intended, run with --write-snapshots"


def outermost(root: Node) -> Iterator[Node]:
    """The nodes below the page's LIMIT along the outer side of every join."""
    (limit, *_) = (node for node in nodes(root) if node["Node Type"] == "Limit")
    node: Node | None = limit["Plans"][0]
    while node is not None:
        yield node
        outer = (n for n in node.get("Plans", ()) if n["Parent Relationship"] == "Outer")
        node = next(outer, None)


ORDER_INDEX = {
    "newest": "opportunity_created_at_idx",
    "next_newest": "opportunity_created_at_idx",
    "by_amount": "opportunity_amount_idx",
    "manager": "opportunity_amount_idx",
    "contains": "opportunity_created_at_idx",
    "search_many": "opportunity_created_at_idx",
    "to_one_filter": "opportunity_created_at_idx",
    "to_many_filter": "account_name_idx",
    "seller_nested": "account_name_idx",
}
"""Index that provides the order of a root list, for viewers who see a large share of the rows."""


@covers("D-54")
@pytest.mark.parametrize("name", ORDER_INDEX)
async def test_page_is_read_in_the_order_of_the_index(large: World, name: str) -> None:
    (root,) = await explained(large, operation(name), first=PAGE)
    steps = [words(node) for node in outermost(root)]
    assert steps[-1].replace(" backward", "").startswith(f"Index Scan using {ORDER_INDEX[name]}"), (
        steps
    )
    assert not [step for step in steps if "Sort" in step], "LIMIT applies before any sort"
    for node in nodes(root):
        if node["Node Type"] == "Seq Scan":
            assert node["Relation Name"] not in ("opportunity", "account")
        if "Sort" in node["Node Type"]:
            assert node["Actual Rows"] <= PAGE + 1, "a page is sorted, not a table"


@covers("D-38", "X-01")
async def test_page_after_a_cursor_with_nullable_key_is_found_by_the_index(large: World) -> None:
    (root,) = await explained(large, operation("next_by_amount"), first=PAGE)
    (both,) = (node for node in nodes(root) if node["Node Type"] == "Merge Append")
    for member in both["Plans"]:
        *_, scan = nodes(member)
        assert words(scan).startswith("Index Scan using opportunity_amount_idx")
        assert "Index Cond" in scan, "the scan starts at the cursor"
        assert scan["Actual Rows"] <= PAGE + 1


@covers("D-54")
@pytest.mark.parametrize(
    ("name", "index", "lists"),
    [
        ("by_amount", "opportunity_account_id_idx", 1),
        ("by_amount", "account_parent_id_idx", 1),
        ("to_many_filter", "opportunity_account_id_idx", 3),  # to filter, to count and to list
        ("seller_nested", "opportunity_account_id_idx", 2),
    ],
)
async def test_nested_lists_use_the_index_of_the_foreign_key(
    large: World, name: str, index: str, lists: int
) -> None:
    (root,) = await explained(large, operation(name), first=PAGE)
    scans = [node for node in nodes(root) if node.get("Index Name") == index]
    assert len(scans) == lists
    for node in scans:
        assert "_id = " in node["Index Cond"]
        assert node["Actual Loops"] > 1, "once for each parent"


@covers("D-51")
async def test_filter_on_a_masked_field_uses_its_index(large: World) -> None:
    ruled = operation("ruled_filter")
    made, _ = await planned(large, ruled)
    assert [(each.field, each.reason) for each in made.denied] == [("amount", "status")]
    (root,) = await explained(large, ruled)
    read = [node for node in nodes(root) if node.get("Relation Name") == "opportunity"]
    assert read
    assert "Seq Scan" not in {node["Node Type"] for node in read}
    scans = [n for n in nodes(root) if n.get("Index Name") == "opportunity_amount_idx"]
    assert len(scans) == 2, "for the page and for the count"
    assert all("amount > " in node["Index Cond"] for node in scans)


@pytest.mark.parametrize(
    ("name", "uses_id_in"),
    [
        ("seller", False),
        ("seller_with_reports", False),
        ("seller_with_few", True),
        ("manager", False),
        ("by_amount", False),
        ("newest", False),
    ],
)
async def test_viewers_of_few_rows_select_them_by_id(
    large: World, name: str, uses_id_in: bool
) -> None:
    made, _ = await planned(large, operation(name))
    (root,) = await explained(large, operation(name))
    assert made.uses_id_in is uses_id_in
    collected = [node for node in nodes(root) if node["Node Type"] == "Append"]
    assert bool(collected) is uses_id_in, "own rows, those of open types, and shared ones"


async def test_few_rows_are_read_by_index_lookups(large: World) -> None:
    (root,) = await explained(large, operation("seller_with_few"))
    on = [words(node) for node in nodes(root) if node.get("Relation Name") == "opportunity"]
    assert [step for step in on if "opportunity_owner_id_id_idx" in step]
    assert [step for step in on if "opportunity_pkey" in step]
    assert not [step for step in on if step.startswith("Seq Scan")]

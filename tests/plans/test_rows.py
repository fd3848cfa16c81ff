"""Number of rows that an operation reads in a tenant with 10,400 opportunities: a page, not a table."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.plans.measure import OPERATIONS, explained, operation, rows_read
from tests.support.covers import covers
from tests.support.world import World

TABLE = 10_400  # opportunities, 400 of them from the demonstration
EXECUTIONS = 7
"""From the sixth execution on, Postgres may use a generic plan, which must also be bounded."""


@dataclass(frozen=True)
class Bound:
    """Maximum rows that an operation may read per table, for a page of `first` records."""

    name: str
    first: int | None
    opportunity: int
    account: int
    others: int = 60
    """Employees, stages, types and shares: tables of 3 to 14 rows, which are read completely."""

    def __str__(self) -> str:
        return self.name if self.first is None else f"{self.name}-{self.first}"


BOUNDS = (
    # The record and its account; employees twice.
    Bound("one_record", None, opportunity=1, account=1),
    Bound("nodes_by_id", None, opportunity=1, account=1),
    # The page, one more row, and deleted rows among them; at most one account per row.
    Bound("newest", 1, opportunity=4, account=4),
    Bound("newest", 50, opportunity=60, account=51),
    Bound("manager", 1, opportunity=6, account=2),
    Bound(
        "manager", 50, opportunity=200, account=51
    ),  # the manager sees half of the rows in the index
    # Each row's account has about ten opportunities, of which three are selected.
    Bound("by_amount", 1, opportunity=18, account=4),
    Bound("by_amount", 50, opportunity=800, account=120),
    # The index scan starts at the cursor and does not read earlier rows. If the key is
    # nullable there are two scans; fifty accounts are found in one pass over all 1,040.
    Bound("next_newest", 1, opportunity=4, account=4),
    Bound("next_newest", 50, opportunity=60, account=51),
    Bound("next_by_amount", 1, opportunity=8, account=4),
    Bound("next_by_amount", 50, opportunity=106, account=1_130),
    # The seller's 53 rows twice: in the owner index, and by their ids. For a page of one, the
    # index of amounts is scanned instead, up to the seller's first row.
    Bound("seller_with_few", 1, opportunity=400, account=2, others=20),
    Bound("seller_with_few", 50, opportunity=130, account=51, others=20),
    # They own one row in twelve and one in six: the index of amounts is scanned up to fifty of them.
    Bound("seller", 1, opportunity=60, account=4, others=20),
    Bound("seller", 50, opportunity=1_000, account=60, others=20),
    Bound("seller_with_reports", 1, opportunity=40, account=4, others=20),
    Bound("seller_with_reports", 50, opportunity=600, account=60, others=20),
    # About ten rows per account to count and ten to list; own rows are not collected per account.
    Bound("seller_nested", 1, opportunity=80, account=4),
    Bound("seller_nested", 50, opportunity=1_500, account=60),
    # One name in eighteen matches.
    Bound("contains", 1, opportunity=60, account=0, others=0),
    Bound("contains", 50, opportunity=1_500, account=0, others=0),
    # Rows with the longer word, which are then checked for the other; the same with a status rule.
    Bound("search_words", 1, opportunity=20, account=0, others=0),
    Bound("search_words", 50, opportunity=20, account=0, others=0),
    Bound("search_ruled", 50, opportunity=20, account=0, others=20),
    Bound("search_many", 1, opportunity=6, account=0, others=0),
    Bound("search_many", 50, opportunity=80, account=0, others=0),
    # Two passes, exact and similar, and then each hit: one account and opportunity in ten has a
    # similar word and is checked for the other word.
    Bound("search", None, opportunity=2_000, account=200, others=40),
    # The scan of the name index starts at the prefix; 33 accounts match.
    Bound("starts_with", 1, opportunity=0, account=4, others=0),
    Bound("starts_with", 50, opportunity=0, account=40, others=0),
    # One account in fifteen matches; each is read once.
    Bound("to_one_filter", 1, opportunity=800, account=200),
    Bound("to_one_filter", 50, opportunity=2_000, account=1_130),
    # Every second account has such an opportunity: up to ten rows to find it, ten to count and
    # ten to list.
    Bound("to_many_filter", 1, opportunity=160, account=14),
    Bound("to_many_filter", 50, opportunity=2_600, account=150),
    # The 123 rows in the range of the amount index, for the page and again for the count.
    Bound("ruled_filter", 1, opportunity=400, account=0, others=20),
    Bound("ruled_filter", 50, opportunity=400, account=0, others=20),
    # Four entries per record; with a status rule, the status of the record is looked up.
    Bound("history", 1, opportunity=30, account=0, others=60),
    Bound("history", 50, opportunity=400, account=0, others=460),
    Bound("history_of_one", None, opportunity=12, account=0, others=60),
    # Each child needs a lookup of its parent by id; about two per account are counted and listed.
    Bound("children", 1, opportunity=8, account=20, others=60),
    Bound("children", 50, opportunity=60, account=500, others=700),
    # Counting reads the table once; aggregates in the same query do not read it again.
    Bound("total_count", None, opportunity=TABLE, account=0),
    Bound("aggregate", None, opportunity=TABLE, account=0),
    Bound("pipeline", None, opportunity=TABLE, account=0),
    Bound("counted", None, opportunity=400, account=0),
    # The index is scanned backward from the end.
    Bound("last_by_amount", 1, opportunity=4, account=0),
    Bound("last_by_amount", 50, opportunity=60, account=0),
)


@covers("D-54")
@pytest.mark.parametrize("bound", BOUNDS, ids=str)
async def test_operation_reads_at_most_the_bound(large: World, bound: Bound) -> None:
    changed = {} if bound.first is None else {"first": bound.first}
    for root in await explained(large, operation(bound.name), times=EXECUTIONS, **changed):
        rows = rows_read(root)
        others = rows.total() - rows["opportunity"] - rows["account"]
        assert rows.total() > 0, "the plan has no row counts"
        assert rows["opportunity"] <= bound.opportunity, dict(rows)
        assert rows["account"] <= bound.account, dict(rows)
        assert others <= bound.others, dict(rows)


@covers("D-54")
def test_every_operation_has_a_bound() -> None:
    assert {bound.name for bound in BOUNDS} == set(OPERATIONS)

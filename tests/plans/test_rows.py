"""How many rows an operation reads in a tenant of 10,400 opportunities: a page's worth, not a table's."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.plans.measure import OPERATIONS, explained, operation, rows_read
from tests.support.covers import covers
from tests.support.world import World

TABLE = 10_400  # opportunities; 400 are the demonstration's
EXECUTIONS = 7
"""From the sixth on, Postgres may take a plan for any values: that one is bounded, too."""


@dataclass(frozen=True)
class Bound:
    """The most rows that an operation may read of each kind of table, for a page of so many."""

    name: str
    first: int | None
    opportunity: int
    account: int
    others: int = 60
    """Employees, stages, types and shares: tables of 3 to 14 rows, which are read whole."""

    def __str__(self) -> str:
        return self.name if self.first is None else f"{self.name}-{self.first}"


BOUNDS = (
    # The record and its account; of the small tables, employees twice.
    Bound("one_record", None, opportunity=1, account=1),
    Bound("nodes_by_id", None, opportunity=1, account=1),
    # The page, one row more, and those deleted among them; an account for each at most.
    Bound("newest", 1, opportunity=4, account=4),
    Bound("newest", 50, opportunity=60, account=51),
    Bound("manager", 1, opportunity=6, account=2),
    Bound("manager", 50, opportunity=200, account=51),  # he sees half of what the index passes
    # Besides, each row's account has about ten opportunities, of which three are shown.
    Bound("by_amount", 1, opportunity=18, account=4),
    Bound("by_amount", 50, opportunity=800, account=120),
    # The index is entered at the cursor: what was before it is not read again. Where the key can be
    # empty it is entered twice; fifty accounts are found in one pass over their 1,040.
    Bound("next_newest", 1, opportunity=4, account=4),
    Bound("next_newest", 50, opportunity=60, account=51),
    Bound("next_by_amount", 1, opportunity=8, account=4),
    Bound("next_by_amount", 50, opportunity=106, account=1_130),
    # His 53 rows twice: in the index of owners, and by their ids. For a page of one the index of
    # amounts is walked instead, until his first row comes.
    Bound("seller_with_few", 1, opportunity=400, account=2, others=20),
    Bound("seller_with_few", 50, opportunity=130, account=51, others=20),
    # Theirs are one row in twelve and one in six: the index of amounts is walked until there are fifty.
    Bound("seller", 1, opportunity=60, account=4, others=20),
    Bound("seller", 50, opportunity=1_000, account=60, others=20),
    Bound("seller_with_reports", 1, opportunity=40, account=4, others=20),
    Bound("seller_with_reports", 50, opportunity=600, account=60, others=20),
    # About ten of each account to count and ten to list; his own are not gathered for each.
    Bound("seller_nested", 1, opportunity=80, account=4),
    Bound("seller_nested", 50, opportunity=1_500, account=60),
    # One in eighteen is called so.
    Bound("contains", 1, opportunity=60, account=0, others=0),
    Bound("contains", 50, opportunity=1_500, account=0, others=0),
    # Of the longer word; the other is looked for in those rows. Ruled by status it is no other.
    Bound("search_words", 1, opportunity=20, account=0, others=0),
    Bound("search_words", 50, opportunity=20, account=0, others=0),
    Bound("search_ruled", 50, opportunity=20, account=0, others=20),
    Bound("search_many", 1, opportunity=6, account=0, others=0),
    Bound("search_many", 50, opportunity=80, account=0, others=0),
    # Twice, as it was typed and spelt alike, and then each of the hits: one account and opportunity in ten has
    # a word alike, whose other word is looked for.
    Bound("search", None, opportunity=2_000, account=200, others=40),
    # The index of names is entered where the text begins; 33 accounts are called so.
    Bound("starts_with", 1, opportunity=0, account=4, others=0),
    Bound("starts_with", 50, opportunity=0, account=40, others=0),
    # One account in fifteen is called so; each is looked at once.
    Bound("through_relation", 1, opportunity=800, account=200),
    Bound("through_relation", 50, opportunity=2_000, account=1_130),
    # Every second account has one so large: until then its ten are looked at, then ten to count
    # and ten to list.
    Bound("among_relations", 1, opportunity=160, account=14),
    Bound("among_relations", 50, opportunity=2_600, account=150),
    # The 123 rows that the index of amounts finds, for the page and again for the count.
    Bound("ruled_filter", 1, opportunity=400, account=0, others=20),
    Bound("ruled_filter", 50, opportunity=400, account=0, others=20),
    # Four of each are noted: who may not read all in all statuses looks up what status the record has.
    Bound("history", 1, opportunity=30, account=0, others=60),
    Bound("history", 50, opportunity=400, account=0, others=460),
    Bound("history_of_one", None, opportunity=12, account=0, others=60),
    # A part costs its whole, once more, by its id; and about two of each account are counted and listed.
    Bound("parts", 1, opportunity=8, account=20, others=60),
    Bound("parts", 50, opportunity=60, account=500, others=700),
    # To count is to read, and to measure besides does not read again: once.
    Bound("total_count", None, opportunity=TABLE, account=0),
    Bound("aggregate", None, opportunity=TABLE, account=0),
    Bound("pipeline", None, opportunity=TABLE, account=0),
    Bound("counted", None, opportunity=400, account=0),
    # The list is read from its end.
    Bound("last_by_amount", 1, opportunity=4, account=0),
    Bound("last_by_amount", 50, opportunity=60, account=0),
)


@covers("D-54")
@pytest.mark.parametrize("bound", BOUNDS, ids=str)
async def test_an_operation_reads_no_more_rows_than_this(large: World, bound: Bound) -> None:
    changed = {} if bound.first is None else {"first": bound.first}
    for root in await explained(large, operation(bound.name), times=EXECUTIONS, **changed):
        found = rows_read(root)
        others = found.total() - found["opportunity"] - found["account"]
        assert found.total() > 0, "the plan told nothing"
        assert found["opportunity"] <= bound.opportunity, dict(found)
        assert found["account"] <= bound.account, dict(found)
        assert others <= bound.others, dict(found)


@covers("D-54")
def test_every_operation_is_bounded() -> None:
    assert {bound.name for bound in BOUNDS} == set(OPERATIONS)

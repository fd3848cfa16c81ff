"""Consistency of the demo rows around accounts: rules, parents, sums, stage history and links."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from db.api import MODEL
from domain.accounts import account_violations
from domain.codes import UserErrorCode
from domain.contracts import contract_violations
from domain.labels import tag_violations
from domain.message import Message
from domain.people import affiliation_violations, person_violations
from domain.products import contract_kind_violations, product_violations
from domain.quotes import quote_item_violations, quote_violations
from domain.setup import account_type_violations
from domain.violations import Rule, Violation
from tenancy.demo.people import NUMBERS, PERSONAS
from tenancy.demo.rows import made_id
from tenancy.demo.sales import CURRENCIES
from tenancy.demo.seed import rows
from tests.support.rows import as_row

NOW = date(2026, 3, 14)
SLUGS = ("acme", "globex")
MADE = {slug: rows(slug, NOW, "no hash") for slug in SLUGS}
Row = dict[str, Any]
SUBJECT_COLUMNS = ("account_id", "person_id", "opportunity_id", "contract_id", "case_id")
"""Columns that link an activity or a favorite to its record."""
TAGGED_COLUMNS = (*SUBJECT_COLUMNS, "product_id")
"""Columns that link a tagging to its record."""


def by_id(slug: str, table: str) -> dict[Any, Row]:
    return {row["id"]: row for row in MADE[slug][table]}


def live(records: Any) -> list[Row]:
    return [row for row in records if row["deleted_at"] is None]


def missing_rule(before: object, after: object) -> list[Violation]:
    """Rule of an entity that lacks one; it always fails."""
    return [Violation(UserErrorCode.INVALID, Message("There is no rule."))]


RULES: dict[str, Rule] = {
    "account": account_violations, "account_type": account_type_violations, "affiliation": affiliation_violations,
    "contract": contract_violations, "contract_kind": contract_kind_violations,
    "person": person_violations, "product": product_violations, "quote": quote_violations,
    "quote_item": quote_item_violations, "tag": tag_violations,
    **{
        table: MODEL.by_table[table].rule or missing_rule
        for table in ("activity", "attribute_assignment", "favorite", "tagging")
    },
}  # fmt: skip


@pytest.mark.parametrize("table", RULES)
@pytest.mark.parametrize("slug", SLUGS)
def test_every_record_satisfies_its_rule(slug: str, table: str) -> None:
    owners = ("account", "person", "opportunity", "case", "employee")
    types = {f"{each}_type_id": None for each in owners}
    for row in MADE[slug][table]:
        extra = types if table == "attribute_assignment" else {}
        assert not RULES[table](None, as_row({**extra, **row}))


PARENTS = {
    "affiliation": ("account", "person"),
    "account_link": ("account",),
    "account_manager": ("account",),
    "activity": tuple(column.removesuffix("_id") for column in SUBJECT_COLUMNS),
    "opportunity_contact": ("opportunity", "person"),
    "case_account": ("case",),
    "contract_line": ("contract",),
    "favorite": tuple(column.removesuffix("_id") for column in SUBJECT_COLUMNS),
    "opportunity_account": ("opportunity", "account"),
    "quote": ("opportunity",),
    "quote_item": ("quote",),
    "stage_history": ("opportunity",),
    "tagging": tuple(column.removesuffix("_id") for column in TAGGED_COLUMNS),
}


@pytest.mark.parametrize("table", PARENTS)
def test_no_live_child_has_a_trashed_parent(table: str) -> None:
    for slug, parent in itertools.product(SLUGS, PARENTS[table]):
        parents = by_id(slug, parent)
        for row in live(MADE[slug][table]):
            assert row[f"{parent}_id"] is None or parents[row[f"{parent}_id"]]["deleted_at"] is None


@pytest.mark.covers("D-17")
@pytest.mark.parametrize("slug", SLUGS)
def test_quote_and_contract_totals_equal_their_items(slug: str) -> None:
    quotes, items = by_id(slug, "quote"), MADE[slug]["quote_item"]
    for row in items:
        digits = CURRENCIES[row["currency"]]
        assert row["currency"] == quotes[row["quote_id"]]["currency"]
        assert row["net"] + row["tax"] == row["total"]
        assert all(row[n] == round(row[n], digits) for n in ("net", "tax", "total", "unit_price"))
    for id, parent in quotes.items():
        mine = [row for row in items if row["quote_id"] == id]
        assert [row["position"] for row in mine] == list(range(1, len(mine) + 1))
        for name in ("net", "tax", "total"):
            assert parent[name] == sum((row[name] for row in mine), Decimal(0))
    for id, parent in by_id(slug, "contract").items():
        mine = [row for row in MADE[slug]["contract_line"] if row["contract_id"] == id]
        replaced = {row["replaces_id"] for row in mine}
        current = [row for row in mine if row["id"] not in replaced]
        assert current
        for name in ("net", "total"):
            assert parent[name] == sum((row[name] for row in current), Decimal(0))


@pytest.mark.parametrize("slug", SLUGS)
def test_one_quote_is_active_at_most_and_contracts_come_from_won_opportunities(slug: str) -> None:
    active = Counter(row["opportunity_id"] for row in live(MADE[slug]["quote"]) if row["active"])
    assert max(active.values()) == 1
    sales, kinds = by_id(slug, "opportunity"), by_id(slug, "contract_kind")
    items, products = by_id(slug, "quote_item"), by_id(slug, "product")
    categories = by_id(slug, "product_category")
    contracts = by_id(slug, "contract")
    for row in contracts.values():
        opportunity = sales[row["opportunity_id"]]
        assert (opportunity["status"], opportunity["account_id"]) == ("WON", row["account_id"])
        assert row["time_based"] == kinds[row["kind_id"]]["time_based"]
        assert (row["status"] == "ENDED") == bool(row["ends_on"] and row["ends_on"] < NOW)
    for row in MADE[slug]["contract_line"]:
        assert items[row["quote_item_id"]]["net"] == row["net"]
        if row["product_id"]:
            category = categories[products[row["product_id"]]["category_id"]]
            assert category["contract_kind_id"] == contracts[row["contract_id"]]["kind_id"]
    assert any(row["locked"] for row in sales.values())
    assert any(row["source_contract_id"] for row in sales.values())
    assert all((row["closed_on"] is None) == (row["status"] == "OPEN") for row in sales.values())


@pytest.mark.parametrize("slug", SLUGS)
def test_stage_history_has_no_gaps(slug: str) -> None:
    history: dict[Any, list[Row]] = {}
    for row in MADE[slug]["stage_history"]:
        history.setdefault(row["opportunity_id"], []).append(row)
    active = {(row["type_id"], row["stage_id"]) for row in MADE[slug]["pipeline_stage"]}
    for row in MADE[slug]["opportunity"]:
        mine = history[row["id"]]
        assert mine[0]["entered_at"] == row["created_at"]
        assert (mine[-1]["stage_id"], mine[-1]["left_at"]) == (row["stage_id"], None)
        assert all(one["left_at"] == other["entered_at"] for one, other in itertools.pairwise(mine))
        assert {(row["type_id"], each["stage_id"]) for each in mine} <= active


@pytest.mark.parametrize("slug", SLUGS)
def test_cases_addresses_and_preferences_have_exactly_one_default(slug: str) -> None:
    primary = Counter(row["case_id"] for row in MADE[slug]["case_account"] if row["primary"])
    assert primary == Counter(dict.fromkeys(by_id(slug, "case"), 1))
    billed = Counter(r["account_id"] for r in MADE[slug]["address"] if r["default_invoicing"])
    invoiced = Counter(row["account_id"] for row in MADE[slug]["address"] if row["invoicing"])
    assert billed == Counter(dict.fromkeys(invoiced, 1))
    assert len(MADE[slug]["preferences"]) == 1
    assert [row["enabled"] for row in MADE[slug]["feature"]] == [True] * 4


@pytest.mark.parametrize("slug", SLUGS)
def test_account_links_exist_in_both_directions(slug: str) -> None:
    links = {(r["account_id"], r["other_id"]): r["note"] for r in MADE[slug]["account_link"]}
    assert links == {(other, one): note for (one, other), note in links.items()}
    assert len(links) == len(MADE[slug]["account_link"])


@pytest.mark.parametrize("slug", SLUGS)
def test_activities_taggings_and_favorites_cover_all_records_and_personas(slug: str) -> None:
    """Also live and trashed ones, persons without an affiliation, and the customers of activities."""
    for table, columns in (
        ("activity", SUBJECT_COLUMNS),
        ("tagging", TAGGED_COLUMNS),
        ("favorite", SUBJECT_COLUMNS),
    ):
        for column in columns:
            assert [row for row in live(MADE[slug][table]) if row[column]]
        assert len(live(MADE[slug][table])) < len(MADE[slug][table])
    users = {row["user_id"] for row in live(MADE[slug]["favorite"])}
    assert users == {made_id("user", NUMBERS[persona]) for persona in PERSONAS}
    related = {row["person_id"] for row in live(MADE[slug]["affiliation"])}
    persons = {row["id"] for row in live(MADE[slug]["person"])}
    assert len(related) > 50
    assert len(persons - related) > 10
    for row in MADE[slug]["activity"]:
        if row["opportunity_id"]:
            sold_to = by_id(slug, "opportunity")[row["opportunity_id"]]["account_id"]
            assert row["customer_id"] == sold_to

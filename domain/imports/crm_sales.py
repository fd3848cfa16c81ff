"""Reads the four files of "CRM Sales Opportunities": records to keep, and a finding for every row that is not as it should be.

Nothing is lost silently: a row that cannot be used is left out with a finding that says so, and a cell
that nobody can read stops the import before anything is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.imports.countries import CODES, MEANT
from domain.imports.csv_files import CsvFile, CsvRow, Finding, Findings, Names

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "accounts.csv": (
        *("account", "sector", "year_established", "revenue", "employees"),
        *("office_location", "subsidiary_of"),
    ),
    "products.csv": ("product", "series", "sales_price"),
    "sales_teams.csv": ("sales_agent", "manager", "regional_office"),
    "sales_pipeline.csv": (
        *("opportunity_id", "sales_agent", "product", "account", "deal_stage"),
        *("engage_date", "close_date", "close_value"),
    ),
}
"""The files, with the columns that each must have; others are not looked at."""
NO_ACCOUNT = "(no account named)"
"""The account that opportunities are put on whose row names none."""
SECTORS = {"technolgy": "technology"}
"""How misspelt sectors are spelt."""
LEFT_OUT = "left out"


class ImportedStage(StrEnum):
    """The stages of the file."""

    PROSPECTING = "Prospecting"
    ENGAGING = "Engaging"
    WON = "Won"
    LOST = "Lost"

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is decided there."""
        return self in (ImportedStage.WON, ImportedStage.LOST)


@dataclass(frozen=True)
class AccountRow:
    """Whom something was offered to."""

    line: int
    name: str
    industry: str | None = None
    established: int | None = None
    revenue: Decimal | None = None
    employees: int | None = None
    country: str | None = None
    parent: str | None = None


@dataclass(frozen=True)
class ProductRow:
    """What was offered."""

    line: int
    name: str
    series: str
    price: Decimal


@dataclass(frozen=True)
class SellerRow:
    """Who offered it."""

    line: int
    name: str
    manager: str | None
    office: str | None


@dataclass(frozen=True)
class DealRow:
    """An opportunity: what was offered to whom, and what came of it."""

    line: int
    id: str
    seller: str
    product: str
    account: str
    step: ImportedStage
    since: date
    closed: date | None
    amount: Decimal | None
    """What the file says that it came to."""
    price: Decimal
    """What was offered."""


@dataclass(frozen=True)
class CrmSales:
    """All that was read."""

    accounts: list[AccountRow]
    products: list[ProductRow]
    sellers: list[SellerRow]
    deals: list[DealRow]
    findings: list[Finding]
    broken: list[str]
    """Sentences about what must be put right before anything can be imported."""


def read(sheets: Mapping[str, CsvFile], today: date) -> CrmSales:
    """The records of the files. `today` stands in where the files name no day at all."""
    notes = Findings()
    lines = {name: notes.lines(name, sheets.get(name), each) for name, each in COLUMNS.items()}
    accounts = _accounts(notes, lines["accounts.csv"])
    products = _products(notes, lines["products.csv"])
    sellers = _sellers(notes, lines["sales_teams.csv"])
    known = PipelineNames(
        {each.name: each for each in products},
        Names(each.name for each in products),
        Names(each.name for each in accounts),
        Names(each.name for each in sellers),
    )
    deals = [] if notes.broken else known.deals(notes, lines["sales_pipeline.csv"], today)
    if any(each.account == NO_ACCOUNT for each in deals):
        first = min(each.line for each in deals if each.account == NO_ACCOUNT)
        accounts.append(AccountRow(first, NO_ACCOUNT))
    return CrmSales(accounts, products, sellers, deals, notes.findings, notes.broken)


def _first_of_each(notes: Findings, lines: Iterable[CsvRow], column: str) -> list[CsvRow]:
    """The rows that name something, and nothing that a row before them names."""
    met: dict[str, int] = {}
    found = []
    for line in lines:
        name = line[column]
        if not name:
            notes.note(line, f"{column} is empty", LEFT_OUT)
        elif name in met:
            what = f"{column} {name!r} stands in line {met[name]} already"
            notes.note(line, what, LEFT_OUT)
        else:
            met[name] = line.number
            found.append(line)
    return found


def _accounts(notes: Findings, lines: list[CsvRow]) -> list[AccountRow]:
    found = [_account(notes, line) for line in _first_of_each(notes, lines, "account")]
    by_line = {line.number: line for line in lines}
    names = Names(each.name for each in found)
    parents: dict[str, str] = {}
    for each in found:
        line = by_line[each.line]
        if not line["subsidiary_of"]:
            continue
        parent, what = names.find(notes, line, "subsidiary_of"), line["subsidiary_of"]
        if parent is None:
            notes.note(line, f"subsidiary_of {what!r} is no account", "left empty")
        elif _leads_to(parents, parent, each.name):
            notes.note(line, f"subsidiary_of {what!r} leads back to it", "left empty")
        else:
            parents[each.name] = parent
    return [replace(each, parent=parents.get(each.name)) for each in found]


def _leads_to(parents: Mapping[str, str], name: str | None, wanted: str) -> bool:
    while name is not None and name != wanted:
        name = parents.get(name)
    return name is not None


def _account(notes: Findings, line: CsvRow) -> AccountRow:
    sector = line["sector"]
    if sector in SECTORS:
        notes.note(line, f"sector is {sector!r}", f"taken as {SECTORS[sector]!r}")
        sector = SECTORS[sector]
    return AccountRow(
        line.number,
        line["account"],
        sector or None,
        notes.whole(line, "year_established"),
        notes.number(line, "revenue"),
        notes.whole(line, "employees"),
        _country(notes, line),
    )


def _country(notes: Findings, line: CsvRow) -> str | None:
    text = line["office_location"]
    if not text:
        return None
    if text in MEANT:
        notes.note(line, f"office_location is {text!r}", f"taken as {MEANT[text]!r}")
    code = CODES.get(MEANT.get(text, text))
    if code is None:
        notes.note(line, f"office_location {text!r} is no country we know", "left empty")
    return code


def _products(notes: Findings, lines: list[CsvRow]) -> list[ProductRow]:
    found = []
    for line in _first_of_each(notes, lines, "product"):
        price = notes.number(line, "sales_price")
        if line["sales_price"] == "":
            notes.stop(line, "sales_price is empty", "write what the product costs")
        found.append(ProductRow(line.number, line["product"], line["series"], price or Decimal()))
    return found


def _sellers(notes: Findings, lines: list[CsvRow]) -> list[SellerRow]:
    found: list[SellerRow] = []
    above: dict[str, str] = {}
    for line in _first_of_each(notes, lines, "sales_agent"):
        name, manager = line["sales_agent"], line["manager"] or None
        if manager is None:
            notes.note(line, "manager is empty", "put below the director")
        elif _leads_to(above, manager, name):
            notes.note(line, f"manager {manager!r} reports to him", "put below the director")
            manager = None
        else:
            above[name] = manager
        found.append(SellerRow(line.number, name, manager, line["regional_office"] or None))
    return found


@dataclass(frozen=True)
class PipelineNames:
    """What the rows of the pipeline may name."""

    by_name: Mapping[str, ProductRow]
    products: Names
    accounts: Names
    sellers: Names

    def deals(self, notes: Findings, lines: list[CsvRow], today: date) -> list[DealRow]:
        """The opportunities. Those that say no day are taken as known on the last day of the file."""
        rows = _first_of_each(notes, lines, "opportunity_id")
        columns = ("engage_date", "close_date")
        days = {(row.number, column): notes.day(row, column) for row in rows for column in columns}
        last = max((day for day in days.values() if day is not None), default=today)
        found = []
        for row in rows:
            since, closed = (days[row.number, column] for column in columns)
            deal = self._deal(notes, row, DealDates(since, closed, last))
            if deal is not None:
                found.append(deal)
        return found

    def _deal(self, notes: Findings, line: CsvRow, term: DealDates) -> DealRow | None:
        seller = self._named(notes, line, "sales_agent", self.sellers, "sales_teams.csv")
        name = self._named(notes, line, "product", self.products, "products.csv")
        account = self._account(notes, line)
        step = next((each for each in ImportedStage if each.value == line["deal_stage"]), None)
        if step is None:
            stages = ", ".join(ImportedStage)
            notes.note(line, f"deal_stage {line['deal_stage']!r} is none of {stages}", LEFT_OUT)
        value = notes.number(line, "close_value")
        if seller is None or name is None or account is None or step is None:
            return None
        wrong = term.wrong(step) or (
            "it was won, and close_value is empty"
            if step is ImportedStage.WON and value is None
            else None
        )
        if wrong:
            notes.note(line, wrong, LEFT_OUT)
            return None
        product = self.by_name[name]
        price = _price(notes, line, step, value, product)
        since, closed = term.taken(notes, line, step)
        id = line["opportunity_id"]
        return DealRow(line.number, id, seller, name, account, step, since, closed, value, price)

    def _named(
        self, notes: Findings, line: CsvRow, column: str, names: Names, file: str
    ) -> str | None:
        found = names.find(notes, line, column)
        if found is None:
            what = (
                f"{column} {line[column]!r} is not in {file}"
                if line[column]
                else f"{column} is empty"
            )
            notes.note(line, what, LEFT_OUT)
        return found

    def _account(self, notes: Findings, line: CsvRow) -> str | None:
        if not line["account"]:
            notes.note(line, "account is empty", f"put on the account {NO_ACCOUNT!r}")
            return NO_ACCOUNT
        return self._named(notes, line, "account", self.accounts, "accounts.csv")


@dataclass(frozen=True)
class DealDates:
    """When somebody began to sell, and when it was decided, as the file says."""

    since: date | None
    closed: date | None
    last: date
    """The last day that the file names."""

    def wrong(self, step: ImportedStage) -> str | None:
        """What makes no sense of it."""
        if step.is_closed and self.closed is None:
            return f"deal_stage is {step}, and close_date is empty"
        if step.is_closed and self.since and self.closed and self.closed < self.since:
            return "close_date is before engage_date"
        return None

    def taken(self, notes: Findings, line: CsvRow, step: ImportedStage) -> tuple[date, date | None]:
        """The days to work with."""
        closed = self.closed if step.is_closed else None
        if not step.is_closed:
            said = "left open" if self.closed is None else "left out, for it is open"
            notes.note(line, f"close_date is {line['close_date'] or 'empty'}", said)
        if self.since is not None:
            return self.since, closed
        since = closed or self.last
        why = "the day it was closed" if closed else "the last day of the file"
        notes.note(line, "engage_date is empty", f"taken as {since.isoformat()}, {why}")
        return since, closed


def _price(
    notes: Findings, line: CsvRow, step: ImportedStage, value: Decimal | None, product: ProductRow
) -> Decimal:
    """What was offered: what it was sold at, else what the product costs."""
    if value is None:
        done = f"no amount; its quote says the list price, {product.price}"
        notes.note(line, "close_value is empty", done)
        return product.price
    if value == 0 and step is not ImportedStage.WON:
        done = f"amount 0; its quote says the list price, {product.price}"
        notes.note(line, "close_value is 0", done)
        return product.price
    return value

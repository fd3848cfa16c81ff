"""Parses the four files of "CRM Sales Opportunities": records to import, and a finding for every irregular row.

Rows that cannot be used are left out with a finding. An unreadable cell stops the import before anything
is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.imports.countries import CODES, MISSPELT_COUNTRIES
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
"""The required columns of each file; other columns are ignored."""
NO_ACCOUNT = "(no account named)"
"""The account of opportunities whose row names none."""
SECTORS = {"technolgy": "technology"}
"""Correct spelling of misspelt sectors."""
LEFT_OUT = "left out"


class ImportedStage(StrEnum):
    """The stages of the file."""

    PROSPECTING = "Prospecting"
    ENGAGING = "Engaging"
    WON = "Won"
    LOST = "Lost"

    @property
    def is_closed(self) -> bool:
        """Whether opportunities in this stage are closed."""
        return self in (ImportedStage.WON, ImportedStage.LOST)


@dataclass(frozen=True)
class AccountRow:
    """A row of accounts.csv."""

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
    """A row of products.csv."""

    line: int
    name: str
    series: str
    price: Decimal


@dataclass(frozen=True)
class SellerRow:
    """A row of sales_teams.csv."""

    line: int
    name: str
    manager: str | None
    office: str | None


@dataclass(frozen=True)
class DealRow:
    """A row of sales_pipeline.csv."""

    line: int
    id: str
    seller: str
    product: str
    account: str
    stage: ImportedStage
    since: date
    closed: date | None
    amount: Decimal | None
    """The `close_value`, if the file has one."""
    price: Decimal
    """The price in the quote."""


@dataclass(frozen=True)
class CrmSales:
    """The contents of all files."""

    accounts: list[AccountRow]
    products: list[ProductRow]
    sellers: list[SellerRow]
    deals: list[DealRow]
    findings: list[Finding]
    errors: list[str]
    """Messages about errors that prevent the import."""


def read_dataset(files: Mapping[str, CsvFile], today: date) -> CrmSales:
    """Parse the files. `today` is used if the files contain no date at all."""
    findings = Findings()
    lines = {name: findings.lines(name, files.get(name), each) for name, each in COLUMNS.items()}
    accounts = _accounts(findings, lines["accounts.csv"])
    products = _products(findings, lines["products.csv"])
    sellers = _sellers(findings, lines["sales_teams.csv"])
    names = PipelineNames(
        {each.name: each for each in products},
        Names(each.name for each in products),
        Names(each.name for each in accounts),
        Names(each.name for each in sellers),
    )
    deals = [] if findings.errors else names.deals(findings, lines["sales_pipeline.csv"], today)
    if any(each.account == NO_ACCOUNT for each in deals):
        first = min(each.line for each in deals if each.account == NO_ACCOUNT)
        accounts.append(AccountRow(first, NO_ACCOUNT))
    return CrmSales(accounts, products, sellers, deals, findings.findings, findings.errors)


def _first_of_each(findings: Findings, lines: Iterable[CsvRow], column: str) -> list[CsvRow]:
    """The rows with a distinct value in a column; empty and duplicate ones get a finding."""
    seen: dict[str, int] = {}
    rows = []
    for line in lines:
        name = line[column]
        if not name:
            findings.add_finding(line, f"{column} is empty", LEFT_OUT)
        elif name in seen:
            what = f"{column} {name!r} stands in line {seen[name]} already"
            findings.add_finding(line, what, LEFT_OUT)
        else:
            seen[name] = line.number
            rows.append(line)
    return rows


def _accounts(findings: Findings, lines: list[CsvRow]) -> list[AccountRow]:
    rows = [_account(findings, line) for line in _first_of_each(findings, lines, "account")]
    by_line = {line.number: line for line in lines}
    names = Names(each.name for each in rows)
    parents: dict[str, str] = {}
    for each in rows:
        line = by_line[each.line]
        if not line["subsidiary_of"]:
            continue
        parent, what = names.find(findings, line, "subsidiary_of"), line["subsidiary_of"]
        if parent is None:
            findings.add_finding(line, f"subsidiary_of {what!r} is no account", "left empty")
        elif _leads_to(parents, parent, each.name):
            findings.add_finding(line, f"subsidiary_of {what!r} leads back to it", "left empty")
        else:
            parents[each.name] = parent
    return [replace(each, parent=parents.get(each.name)) for each in rows]


def _leads_to(parents: Mapping[str, str], name: str | None, ancestor: str) -> bool:
    while name is not None and name != ancestor:
        name = parents.get(name)
    return name is not None


def _account(findings: Findings, line: CsvRow) -> AccountRow:
    sector = line["sector"]
    if sector in SECTORS:
        findings.add_finding(line, f"sector is {sector!r}", f"taken as {SECTORS[sector]!r}")
        sector = SECTORS[sector]
    return AccountRow(
        line.number,
        line["account"],
        sector or None,
        findings.whole(line, "year_established"),
        findings.number(line, "revenue"),
        findings.whole(line, "employees"),
        _country(findings, line),
    )


def _country(findings: Findings, line: CsvRow) -> str | None:
    text = line["office_location"]
    if not text:
        return None
    if text in MISSPELT_COUNTRIES:
        findings.add_finding(
            line, f"office_location is {text!r}", f"taken as {MISSPELT_COUNTRIES[text]!r}"
        )
    code = CODES.get(MISSPELT_COUNTRIES.get(text, text))
    if code is None:
        findings.add_finding(line, f"office_location {text!r} is no country we know", "left empty")
    return code


def _products(findings: Findings, lines: list[CsvRow]) -> list[ProductRow]:
    rows = []
    for line in _first_of_each(findings, lines, "product"):
        price = findings.number(line, "sales_price")
        if line["sales_price"] == "":
            findings.add_error(line, "sales_price is empty", "write what the product costs")
        rows.append(ProductRow(line.number, line["product"], line["series"], price or Decimal()))
    return rows


def _sellers(findings: Findings, lines: list[CsvRow]) -> list[SellerRow]:
    rows: list[SellerRow] = []
    managers: dict[str, str] = {}
    for line in _first_of_each(findings, lines, "sales_agent"):
        name, manager = line["sales_agent"], line["manager"] or None
        if manager is None:
            findings.add_finding(line, "manager is empty", "put below the director")
        elif _leads_to(managers, manager, name):
            findings.add_finding(
                line, f"manager {manager!r} reports to the sales agent", "put below the director"
            )
            manager = None
        else:
            managers[name] = manager
        rows.append(SellerRow(line.number, name, manager, line["regional_office"] or None))
    return rows


@dataclass(frozen=True)
class PipelineNames:
    """The records that pipeline rows may refer to."""

    by_name: Mapping[str, ProductRow]
    products: Names
    accounts: Names
    sellers: Names

    def deals(self, findings: Findings, lines: list[CsvRow], today: date) -> list[DealRow]:
        """The opportunities. Without dates, they are dated on the last day in the file."""
        rows = _first_of_each(findings, lines, "opportunity_id")
        columns = ("engage_date", "close_date")
        days = {
            (row.number, column): findings.day(row, column) for row in rows for column in columns
        }
        last = max((day for day in days.values() if day is not None), default=today)
        deals = []
        for row in rows:
            since, closed = (days[row.number, column] for column in columns)
            deal = self._deal(findings, row, DealDates(since, closed, last))
            if deal is not None:
                deals.append(deal)
        return deals

    def _deal(self, findings: Findings, line: CsvRow, dates: DealDates) -> DealRow | None:
        seller = self._named(findings, line, "sales_agent", self.sellers, "sales_teams.csv")
        name = self._named(findings, line, "product", self.products, "products.csv")
        account = self._account(findings, line)
        stage = next((each for each in ImportedStage if each.value == line["deal_stage"]), None)
        if stage is None:
            stages = ", ".join(ImportedStage)
            findings.add_finding(
                line, f"deal_stage {line['deal_stage']!r} is none of {stages}", LEFT_OUT
            )
        value = findings.number(line, "close_value")
        if seller is None or name is None or account is None or stage is None:
            return None
        error = dates.error(stage) or (
            "it was won, and close_value is empty"
            if stage is ImportedStage.WON and value is None
            else None
        )
        if error:
            findings.add_finding(line, error, LEFT_OUT)
            return None
        product = self.by_name[name]
        price = _price(findings, line, stage, value, product)
        since, closed = dates.imported(findings, line, stage)
        id = line["opportunity_id"]
        return DealRow(line.number, id, seller, name, account, stage, since, closed, value, price)

    def _named(
        self, findings: Findings, line: CsvRow, column: str, names: Names, file: str
    ) -> str | None:
        name = names.find(findings, line, column)
        if name is None:
            description = (
                f"{column} {line[column]!r} is not in {file}"
                if line[column]
                else f"{column} is empty"
            )
            findings.add_finding(line, description, LEFT_OUT)
        return name

    def _account(self, findings: Findings, line: CsvRow) -> str | None:
        if not line["account"]:
            findings.add_finding(line, "account is empty", f"put on the account {NO_ACCOUNT!r}")
            return NO_ACCOUNT
        return self._named(findings, line, "account", self.accounts, "accounts.csv")


@dataclass(frozen=True)
class DealDates:
    """The dates of a pipeline row."""

    since: date | None
    closed: date | None
    last: date
    """The last date in the file."""

    def error(self, stage: ImportedStage) -> str | None:
        """Why the dates are invalid for a stage; None if they are valid."""
        if stage.is_closed and self.closed is None:
            return f"deal_stage is {stage}, and close_date is empty"
        if stage.is_closed and self.since and self.closed and self.closed < self.since:
            return "close_date is before engage_date"
        return None

    def imported(
        self, findings: Findings, line: CsvRow, stage: ImportedStage
    ) -> tuple[date, date | None]:
        """The dates to import, with findings for assumed ones."""
        closed = self.closed if stage.is_closed else None
        if not stage.is_closed:
            done = "left open" if self.closed is None else "left out, for it is open"
            findings.add_finding(line, f"close_date is {line['close_date'] or 'empty'}", done)
        if self.since is not None:
            return self.since, closed
        since = closed or self.last
        why = "the day it was closed" if closed else "the last day of the file"
        findings.add_finding(line, "engage_date is empty", f"taken as {since.isoformat()}, {why}")
        return since, closed


def _price(
    findings: Findings,
    line: CsvRow,
    stage: ImportedStage,
    value: Decimal | None,
    product: ProductRow,
) -> Decimal:
    """The price in the quote: the closing value, else the list price."""
    if value is None:
        done = f"no amount; its quote uses the list price, {product.price}"
        findings.add_finding(line, "close_value is empty", done)
        return product.price
    if value == 0 and stage is not ImportedStage.WON:
        done = f"amount 0; its quote uses the list price, {product.price}"
        findings.add_finding(line, "close_value is 0", done)
        return product.price
    return value

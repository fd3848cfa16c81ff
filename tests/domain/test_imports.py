"""Parsing of import files: imported, corrected and omitted rows, and errors that stop the import."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.imports.countries import CODES, MISSPELT_COUNTRIES
from domain.imports.crm_sales import (
    COLUMNS,
    NO_ACCOUNT,
    CrmSales,
    DealRow,
    ImportedStage,
    read_dataset,
)
from domain.imports.csv_files import CsvFile, Findings, Names, parse_csv
from domain.imports.events import EventKind, events

TODAY = date(2026, 3, 14)
GOOD: dict[str, list[str]] = {
    "accounts.csv": ["Northwind,retail,1996,1100.04,2822,Italy,", "Betatech,,,,,,Northwind"],
    "products.csv": ["GTX Pro,GTX,4821", "MG Special,MG,55"],
    "sales_teams.csv": ["Anna,Dustin,Central", "Moses,Dustin,West"],
    "sales_pipeline.csv": ["A1,Anna,GTX Pro,Northwind,Won,10/20/2016,3/1/2017,4514"],
}


def parsed(**files: Iterable[str]) -> CrmSales:
    """The contents of files with these rows, and valid rows in the other files."""
    rows = GOOD | {f"{name}.csv": list(lines) for name, lines in files.items()}
    sheets = {
        name: parse_csv("\n".join([",".join(COLUMNS[name]), *lines]))
        for name, lines in rows.items()
    }
    return read_dataset(sheets, TODAY)


def entries(result: CrmSales, file: str = "sales_pipeline.csv") -> list[tuple[int, str, str]]:
    return [
        (each.line, each.description, each.done) for each in result.findings if each.file == file
    ]


def test_good_rows_are_records_without_a_finding() -> None:
    result = parsed()
    assert not result.errors
    assert not result.findings
    [deal] = result.deals
    assert deal == DealRow(
        2,
        "A1",
        "Anna",
        "GTX Pro",
        "Northwind",
        ImportedStage.WON,
        date(2016, 10, 20),
        date(2017, 3, 1),
        Decimal(4514),
        Decimal(4514),
    )
    northwind, betatech = result.accounts
    assert (northwind.industry, northwind.established, northwind.revenue) == (
        "retail",
        1996,
        Decimal("1100.04"),
    )
    assert (northwind.employees, northwind.country, northwind.parent) == (2822, "IT", None)
    assert (betatech.industry, betatech.employees, betatech.parent) == (None, None, "Northwind")


ROW = "A1,Anna,MG Special,Northwind,{}"
PIPELINE: dict[str, tuple[str, list[tuple[str, str]], dict[str, Any] | None]] = {
    "a product that is spelt together": (
        "A1,Anna,GTXPro,Northwind,Won,10/20/2016,3/1/2017,4514",
        [("product is 'GTXPro'", "taken as 'GTX Pro'")],
        {"product": "GTX Pro"},
    ),
    "a seller in capitals": (
        "A1,ANNA,MG Special,Northwind,Won,10/20/2016,3/1/2017,50",
        [("sales_agent is 'ANNA'", "taken as 'Anna'")],
        {"seller": "Anna"},
    ),
    "no account": (
        "A1,Anna,MG Special,,Won,10/20/2016,3/1/2017,50",
        [("account is empty", f"put on the account {NO_ACCOUNT!r}")],
        {"account": NO_ACCOUNT},
    ),
    "spaces around cells": (
        " A1 , Anna,MG Special ,Northwind,Won, 10/20/2016 ,3/1/2017, 50 ",
        [],
        {"amount": Decimal(50)},
    ),
    "open": (
        ROW.format("Engaging,10/20/2016,,"),
        [
            ("close_value is empty", "no amount; its quote uses the list price, 55"),
            ("close_date is empty", "left open"),
        ],
        {"amount": None, "price": Decimal(55), "closed": None, "since": date(2016, 10, 20)},
    ),
    "open with a value": (
        ROW.format("Engaging,10/20/2016,,60"),
        [("close_date is empty", "left open")],
        {"amount": Decimal(60), "price": Decimal(60)},
    ),
    "open with a day of closing": (
        ROW.format("Engaging,10/20/2016,3/1/2017,60"),
        [("close_date is 3/1/2017", "left out, for it is open")],
        {"closed": None},
    ),
    "not engaged yet": (
        ROW.format("Prospecting,,,"),
        [
            ("close_value is empty", "no amount; its quote uses the list price, 55"),
            ("close_date is empty", "left open"),
            ("engage_date is empty", "taken as 2026-03-14, the last day of the file"),
        ],
        {"since": TODAY},
    ),
    "lost for nothing": (
        ROW.format("Lost,10/20/2016,3/1/2017,0"),
        [("close_value is 0", "amount 0; its quote uses the list price, 55")],
        {"amount": Decimal(0), "price": Decimal(55), "closed": date(2017, 3, 1)},
    ),
    "lost for something": (
        ROW.format("Lost,10/20/2016,3/1/2017,52"),
        [],
        {"amount": Decimal(52), "price": Decimal(52)},
    ),
    "given away": (
        ROW.format("Won,10/20/2016,3/1/2017,0"),
        [],
        {"amount": Decimal(0), "price": Decimal(0)},
    ),
    "closed and never engaged": (
        ROW.format("Won,,3/1/2017,52"),
        [("engage_date is empty", "taken as 2017-03-01, the day it was closed")],
        {"since": date(2017, 3, 1), "closed": date(2017, 3, 1)},
    ),
    "closed on the day it began": (
        ROW.format("Won,3/1/2017,3/1/2017,52"),
        [],
        {"since": date(2017, 3, 1)},
    ),
    "unknown sales agent": (
        "A1,Unknown,MG Special,Northwind,Won,10/20/2016,3/1/2017,50",
        [("sales_agent 'Unknown' is not in sales_teams.csv", "left out")],
        None,
    ),
    "of nothing": (
        "A1,Anna,,Northwind,Won,10/20/2016,3/1/2017,50",
        [("product is empty", "left out")],
        None,
    ),
    "everything unknown": (
        "A1,N,N,N,N,10/20/2016,3/1/2017,50",
        [
            ("sales_agent 'N' is not in sales_teams.csv", "left out"),
            ("product 'N' is not in products.csv", "left out"),
            ("account 'N' is not in accounts.csv", "left out"),
            ("deal_stage 'N' is none of Prospecting, Engaging, Won, Lost", "left out"),
        ],
        None,
    ),
    "won on no day": (
        ROW.format("Won,10/20/2016,,52"),
        [("deal_stage is Won, and close_date is empty", "left out")],
        None,
    ),
    "won at no price": (
        ROW.format("Won,10/20/2016,3/1/2017,"),
        [("it was won, and close_value is empty", "left out")],
        None,
    ),
    "closed before it began": (
        ROW.format("Lost,10/20/2016,10/19/2016,0"),
        [("close_date is before engage_date", "left out")],
        None,
    ),
    "no id": (
        ",Anna,MG Special,Northwind,Won,10/20/2016,3/1/2017,50",
        [("opportunity_id is empty", "left out")],
        None,
    ),
    "too few cells": ("A1,Anna", [("2 cells, where the first line has 8", "left out")], None),
    "too many cells": (
        ROW.format("Won,10/20/2016,3/1/2017,52,more"),
        [("9 cells, where the first line has 8", "left out")],
        None,
    ),
}
"""A row, its findings, and the imported values; None if it is left out."""


@pytest.mark.parametrize("case", PIPELINE)
def test_pipeline_row_is_imported_or_reported(case: str) -> None:
    row, findings, imported = PIPELINE[case]
    result = parsed(sales_pipeline=[row])
    assert not result.errors
    assert entries(result) == [(2, *each) for each in findings]
    assert [{name: getattr(each, name) for name in imported or ()} for each in result.deals] == (
        [] if imported is None else [imported]
    )
    collecting = [each.name for each in result.accounts if each.name == NO_ACCOUNT]
    assert collecting == ([NO_ACCOUNT] if (imported or {}).get("account") == NO_ACCOUNT else [])


def test_missing_dates_use_the_last_date_of_the_file() -> None:
    rows = [ROW.format("Lost,10/20/2016,3/1/2017,0"), "A2,Anna,MG Special,,Prospecting,,,"]
    assert parsed(sales_pipeline=rows).deals[1].since == date(2017, 3, 1)


def test_duplicate_id_keeps_the_first_row() -> None:
    first, second = (ROW.format(f"Won,10/20/2016,3/1/2017,{n}") for n in (1, 2))
    result = parsed(sales_pipeline=[first, "", second])
    assert [each.amount for each in result.deals] == [Decimal(1)]
    assert entries(result) == [(4, "opportunity_id 'A1' stands in line 2 already", "left out")]


ACCOUNTS: dict[str, tuple[list[str], list[tuple[int, str, str]], dict[str, Any]]] = {
    "a misspelt sector": (
        ["A,technolgy,,,,,"],
        [(2, "sector is 'technolgy'", "taken as 'technology'")],
        {"industry": "technology"},
    ),
    "a misspelt country": (
        ["A,,,,,Philipines,"],
        [(2, "office_location is 'Philipines'", "taken as 'Philippines'")],
        {"country": "PH"},
    ),
    "a country that could be two": (
        ["A,,,,,Korea,"],
        [(2, "office_location is 'Korea'", "taken as 'South Korea'")],
        {"country": "KR"},
    ),
    "an unknown country": (
        ["A,,,,,Atlantis,"],
        [(2, "office_location 'Atlantis' is no country we know", "left empty")],
        {"country": None},
    ),
    "part of what is further down": (["A,,,,,,B", "B,,,,,,"], [], {"parent": "B"}),
    "part of what there is not": (
        ["A,,,,,,B"],
        [(2, "subsidiary_of 'B' is no account", "left empty")],
        {"parent": None},
    ),
    "part of itself": (
        ["A,,,,,,A"],
        [(2, "subsidiary_of 'A' leads back to it", "left empty")],
        {"parent": None},
    ),
    "part of each other": (
        ["A,,,,,,B", "B,,,,,,C", "C,,,,,,A"],
        [(4, "subsidiary_of 'A' leads back to it", "left empty")],
        {"parent": "B"},
    ),
    "twice": (
        ["A,x,,,,,", "A,y,,,,,"],
        [(3, "account 'A' stands in line 2 already", "left out")],
        {"industry": "x"},
    ),
}


@pytest.mark.parametrize("case", ACCOUNTS)
def test_account_row_is_imported_or_reported(case: str) -> None:
    rows, findings, imported = ACCOUNTS[case]
    result = parsed(accounts=rows, sales_pipeline=[])
    assert not result.errors
    assert entries(result, "accounts.csv") == findings
    assert {name: getattr(result.accounts[0], name) for name in imported} == imported


def test_cycle_of_managers_is_broken() -> None:
    rows = ["Anna,Moses,Central", "Moses,Anna,", "Lena,,West"]
    result = parsed(sales_teams=rows, sales_pipeline=[])
    assert [(e.name, e.manager, e.office) for e in result.sellers] == [
        ("Anna", "Moses", "Central"),
        ("Moses", None, None),
        ("Lena", None, "West"),
    ]
    assert entries(result, "sales_teams.csv") == [
        (3, "manager 'Anna' reports to the sales agent", "put below the director"),
        (4, "manager is empty", "put below the director"),
    ]


BROKEN: dict[str, tuple[str, list[str], str]] = {
    "a day in another order": (
        "sales_pipeline",
        [ROW.format("Won,20/10/2016,3/1/2017,52")],
        "sales_pipeline.csv, line 2: engage_date is '20/10/2016': write a day as month/day/year, "
        "such as 12/31/2017, or leave it empty.",
    ),
    "a day of a short year": (
        "sales_pipeline",
        [ROW.format("Won,10/20/16,3/1/2017,52")],
        "sales_pipeline.csv, line 2: engage_date is '10/20/16': write a day as month/day/year, "
        "such as 12/31/2017, or leave it empty.",
    ),
    "a value in words": (
        "sales_pipeline",
        [ROW.format("Won,10/20/2016,3/1/2017,much")],
        "sales_pipeline.csv, line 2: close_value is 'much': write a number such as 1054 or "
        "1100.04, or leave it empty.",
    ),
    "a value below nothing": (
        "sales_pipeline",
        [ROW.format("Won,10/20/2016,3/1/2017,-1")],
        "sales_pipeline.csv, line 2: close_value is '-1': write a number such as 1054 or "
        "1100.04, or leave it empty.",
    ),
    "a price of nothing": (
        "products",
        ["GTX Pro,GTX,"],
        "products.csv, line 2: sales_price is empty: write what the product costs.",
    ),
    "half a year": (
        "accounts",
        ["A,,1996.5,,,,"],
        "accounts.csv, line 2: year_established is '1996.5': write a whole number, or leave it empty.",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_unreadable_cell_stops_the_import(case: str) -> None:
    file, rows, message = BROKEN[case]
    assert parsed(**{file: rows}).errors == [message]


def test_every_missing_file_and_column_is_reported() -> None:
    sheets = {"accounts.csv": CsvFile(["account"], []), "products.csv": CsvFile([], [])}
    assert read_dataset(sheets, TODAY).errors == [
        "accounts.csv, line 1: there is no column sector: the first line must name account, "
        "sector, year_established, revenue, employees, office_location, subsidiary_of.",
        "products.csv, line 1: there is no column product: the first line must name product, "
        "series, sales_price.",
        "sales_teams.csv is missing: put it into the directory beside the others.",
        "sales_pipeline.csv is missing: put it into the directory beside the others.",
    ]


def test_csv_file_is_parsed() -> None:
    text = '\ufeffa,b\r\n1,"x, ""y""\r\nz"\r\n\r\n , \r\n2,\r\n'
    assert parse_csv(text) == CsvFile(["a", "b"], [(3, ["1", 'x, "y"\r\nz']), (6, ["2", ""])])
    assert parse_csv("") == CsvFile([], [])
    with pytest.raises(csv.Error):
        parse_csv('a\n"never ends')


def test_ambiguous_name_is_not_found() -> None:
    names, findings = Names(["A B", "A-B", "C"]), Findings()
    [line] = Findings().lines("f", CsvFile(["n"], [(2, ["ab"])]), ["n"])
    assert names.find(findings, line, "n") is None
    assert not findings.findings


def test_countries_have_distinct_codes() -> None:
    assert all(len(code) == 2 and code.isupper() for code in CODES.values())
    assert len(set(CODES.values())) == len(CODES)
    assert set(MISSPELT_COUNTRIES.values()) <= set(CODES)


BEGAN, ENDED = date(2016, 10, 20), date(2017, 3, 1)
EVENTS: dict[
    tuple[ImportedStage, ImportedStage | str | None], list[tuple[date, EventKind]] | None
] = {
    (ImportedStage.PROSPECTING, "new"): [(BEGAN, EventKind.CREATE)],
    (ImportedStage.ENGAGING, "new"): [(BEGAN, EventKind.CREATE)],
    (ImportedStage.WON, "new"): [(BEGAN, EventKind.CREATE), (ENDED, EventKind.SELL)],
    (ImportedStage.LOST, "new"): [(BEGAN, EventKind.CREATE), (ENDED, EventKind.LOSE)],
    (ImportedStage.PROSPECTING, ImportedStage.PROSPECTING): [],
    (ImportedStage.ENGAGING, ImportedStage.PROSPECTING): [(BEGAN, EventKind.MOVE)],
    (ImportedStage.WON, ImportedStage.PROSPECTING): [(ENDED, EventKind.SELL)],
    (ImportedStage.LOST, ImportedStage.PROSPECTING): [(ENDED, EventKind.LOSE)],
    (ImportedStage.PROSPECTING, ImportedStage.ENGAGING): None,
    (ImportedStage.ENGAGING, ImportedStage.ENGAGING): [],
    (ImportedStage.WON, ImportedStage.ENGAGING): [(ENDED, EventKind.SELL)],
    (ImportedStage.LOST, ImportedStage.ENGAGING): [(ENDED, EventKind.LOSE)],
    (ImportedStage.PROSPECTING, ImportedStage.WON): None,
    (ImportedStage.ENGAGING, ImportedStage.WON): None,
    (ImportedStage.WON, ImportedStage.WON): [],
    (ImportedStage.LOST, ImportedStage.WON): None,
    (ImportedStage.WON, ImportedStage.LOST): None,
    (ImportedStage.LOST, ImportedStage.LOST): [],
    (ImportedStage.WON, None): None,
}
"""Remaining events by stage in the file and current stage; the current stage None is not one of the file's."""


@pytest.mark.parametrize(("target", "current"), EVENTS)
def test_remaining_events_lead_to_the_stage_of_the_file(
    target: ImportedStage, current: ImportedStage | str | None
) -> None:
    [deal] = parsed().deals
    deal = replace(deal, stage=target, closed=ENDED if target.is_closed else None)
    known = current != "new"
    current_stage = current if isinstance(current, ImportedStage) else None
    result = events(deal, current_stage, known=known)
    pairs = None if result is None else [(each.day, each.kind) for each in result]
    assert pairs == EVENTS[target, current]

"""Rows of files as they were found, read cell by cell: what was put right, and what nobody can read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\Z")
NUMBER = re.compile(r"\d{1,12}(\.\d{1,4})?\Z")
WHOLE = re.compile(r"\d{1,9}\Z")


@dataclass(frozen=True)
class CsvFile:
    """A file: its first row, and every other one that is not empty with its line."""

    header: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]


def sheet(text: str) -> CsvFile:
    """A file of cells with commas between them. Raises csv.Error."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    header = next(reader, [])
    rows = [(reader.line_num, cells) for cells in reader if any(each.strip() for each in cells)]
    return CsvFile(header, rows)


@dataclass(frozen=True)
class CsvRow:
    """A row with its cells by the names of their columns, without spaces around them."""

    file: str
    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


@dataclass(frozen=True)
class Finding:
    """Something in a file that is not as it should be, and what was done about it."""

    file: str
    line: int
    what: str
    done: str


@dataclass
class Findings:
    """What comes up while files are read."""

    findings: list[Finding] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Sentences about what must be put right before anything can be imported."""

    def note(self, line: CsvRow, what: str, done: str) -> None:
        """Remember what was done about something."""
        self.findings.append(Finding(line.file, line.number, what, done))

    def stop(self, line: CsvRow, what: str, remedy: str) -> None:
        """Remember what nobody can read."""
        self.broken.append(f"{line.file}, line {line.number}: {what}: {remedy}.")

    def lines(self, name: str, sheet: CsvFile | None, columns: Iterable[str]) -> list[CsvRow]:
        """The rows of a file; those that have too many cells, or too few, are left out."""
        if sheet is None:
            self.broken.append(f"{name} is missing: put it into the directory beside the others.")
            return []
        header = [each.strip() for each in sheet.header]
        if missing := [each for each in columns if each not in header]:
            self.broken.append(
                f"{name}, line 1: there is no column {missing[0]}: the first line must name "
                f"{', '.join(columns)}."
            )
            return []
        found = []
        for number, cells in sheet.rows:
            texts = [each.strip() for each in cells]
            line = CsvRow(name, number, dict(zip(header, texts, strict=False)))
            if len(cells) == len(header):
                found.append(line)
            else:
                what = f"{len(cells)} cells, where the first line has {len(header)}"
                self.note(line, what, "left out")
        return found

    def day(self, line: CsvRow, column: str) -> date | None:
        """A day written as month/day/year."""
        text = line[column]
        if not text:
            return None
        parts = DAY.match(text)
        try:
            if parts:
                month, day, year = map(int, parts.groups())
                return date(year, month, day)
        except ValueError:
            pass
        remedy = "write a day as month/day/year, such as 12/31/2017, or leave it empty"
        self.stop(line, f"{column} is {text!r}", remedy)
        return None

    def number(self, line: CsvRow, column: str) -> Decimal | None:
        """A number that is not below zero."""
        text = line[column]
        if not text or NUMBER.match(text):
            return Decimal(text) if text else None
        remedy = "write a number such as 1054 or 1100.04, or leave it empty"
        self.stop(line, f"{column} is {text!r}", remedy)
        return None

    def whole(self, line: CsvRow, column: str) -> int | None:
        """A whole number that is not below zero."""
        text = line[column]
        if not text or WHOLE.match(text):
            return int(text) if text else None
        self.stop(line, f"{column} is {text!r}", "write a whole number, or leave it empty")
        return None


class Names:
    """Names that are known, found also where spaces, signs and capitals are set another way."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = set(known)
        self._folded: dict[str, set[str]] = {}
        for name in self._known:
            self._folded.setdefault(folded(name), set()).add(name)

    def find(self, notes: Findings, line: CsvRow, column: str) -> str | None:
        """The name that is meant, noted where it is spelt another way; None if there is none."""
        text = line[column]
        if text in self._known:
            return text
        meant = self._folded.get(folded(text), set())
        if len(meant) != 1:
            return None
        [name] = meant
        notes.note(line, f"{column} is {text!r}", f"taken as {name!r}")
        return name


def folded(name: str) -> str:
    """A name without what people set in different ways."""
    return "".join(each for each in name.casefold() if each.isalnum())

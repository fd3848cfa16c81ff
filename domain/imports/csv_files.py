"""CSV files with typed access to cells, and findings about irregular cells."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

DATE_CELL = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\Z")
NUMBER_CELL = re.compile(r"\d{1,12}(\.\d{1,4})?\Z")
INTEGER_CELL = re.compile(r"\d{1,9}\Z")


@dataclass(frozen=True)
class CsvFile:
    """A file: the header, and the rows that are not empty, with their line numbers."""

    header: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]


def parse_csv(text: str) -> CsvFile:
    """Parse a CSV file. Raises csv.Error."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    header = next(reader, [])
    rows = [(reader.line_num, cells) for cells in reader if any(each.strip() for each in cells)]
    return CsvFile(header, rows)


@dataclass(frozen=True)
class CsvRow:
    """A row with its stripped cells by column name."""

    file: str
    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


@dataclass(frozen=True)
class Finding:
    """An irregularity in a file, and how the import handles it."""

    file: str
    line: int
    description: str
    done: str


@dataclass
class Findings:
    """Findings and errors while files are read."""

    findings: list[Finding] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Messages about errors that prevent the import."""

    def add_finding(self, line: CsvRow, description: str, done: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(line.file, line.number, description, done))

    def add_error(self, line: CsvRow, description: str, remedy: str) -> None:
        """Add an error about an unreadable cell."""
        self.errors.append(f"{line.file}, line {line.number}: {description}: {remedy}.")

    def lines(self, name: str, parsed: CsvFile | None, columns: Iterable[str]) -> list[CsvRow]:
        """The rows of a file, without those with too many or too few cells."""
        if parsed is None:
            self.errors.append(f"{name} is missing: put it into the directory beside the others.")
            return []
        header = [each.strip() for each in parsed.header]
        if missing := [each for each in columns if each not in header]:
            self.errors.append(
                f"{name}, line 1: there is no column {missing[0]}: the first line must name "
                f"{', '.join(columns)}."
            )
            return []
        rows = []
        for number, cells in parsed.rows:
            texts = [each.strip() for each in cells]
            line = CsvRow(name, number, dict(zip(header, texts, strict=False)))
            if len(cells) == len(header):
                rows.append(line)
            else:
                description = f"{len(cells)} cells, where the first line has {len(header)}"
                self.add_finding(line, description, "left out")
        return rows

    def day(self, line: CsvRow, column: str) -> date | None:
        """A date as month/day/year."""
        text = line[column]
        if not text:
            return None
        parts = DATE_CELL.match(text)
        try:
            if parts:
                month, day, year = map(int, parts.groups())
                return date(year, month, day)
        except ValueError:
            pass
        remedy = "write a day as month/day/year, such as 12/31/2017, or leave it empty"
        self.add_error(line, f"{column} is {text!r}", remedy)
        return None

    def number(self, line: CsvRow, column: str) -> Decimal | None:
        """A non-negative number."""
        text = line[column]
        if not text or NUMBER_CELL.match(text):
            return Decimal(text) if text else None
        remedy = "write a number such as 1054 or 1100.04, or leave it empty"
        self.add_error(line, f"{column} is {text!r}", remedy)
        return None

    def whole(self, line: CsvRow, column: str) -> int | None:
        """A non-negative integer."""
        text = line[column]
        if not text or INTEGER_CELL.match(text):
            return int(text) if text else None
        self.add_error(line, f"{column} is {text!r}", "write a whole number, or leave it empty")
        return None


class Names:
    """Known names, found regardless of spaces, punctuation and case."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = set(known)
        self._folded: dict[str, set[str]] = {}
        for name in self._known:
            self._folded.setdefault(folded(name), set()).add(name)

    def find(self, findings: Findings, line: CsvRow, column: str) -> str | None:
        """The known name of a cell, with a finding if it is spelled differently; None if there is none or it is ambiguous."""
        text = line[column]
        if text in self._known:
            return text
        candidates = self._folded.get(folded(text), set())
        if len(candidates) != 1:
            return None
        [name] = candidates
        findings.add_finding(line, f"{column} is {text!r}", f"taken as {name!r}")
        return name


def folded(name: str) -> str:
    """A name in lower case with letters and digits only."""
    return "".join(each for each in name.casefold() if each.isalnum())

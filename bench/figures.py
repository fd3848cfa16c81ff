"""Copies figures from bench/RESULTS.md to the README."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bench.report import table

ROOT = Path(__file__).resolve().parents[1]
RESULTS, README = ROOT / "bench" / "RESULTS.md", ROOT / "README.md"
BLOCK = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- /figures -->)", re.DOTALL)
RIVALS = {
    "limit": "SQL by hand",
    "postgraphile": "PostGraphile 5",
    "strawberry": "Strawberry, ORM, DataLoader",
}
READS = {
    "Q1": "one record with two relations",
    "Q2": "50 records with relations and nested lists",
    "Q3": "20 accounts with 10 opportunities each",
    "Q4": "filter, first 20, sums by stage",
    "Q5": "the 50 as a sales representative: row and field permissions",
}
LIVE = "L1"


def figures(results: str) -> str:
    """The text for the README: read ratios from the first table, and deliveries of live lists."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: str) -> Iterator[str]:
    head = re.search(r"^\| \w[^|\n]*\|(?P<names>(?: +\w+ +\|)+)\n\|-", results, re.MULTILINE)
    if head is None:
        raise LookupError("the results have no table of ratios")
    names = [name.strip() for name in head["names"].strip("|").split("|")]
    rows = []
    for read, title in READS.items():
        cells = re.search(rf"^\| {read} x16 +\|(.*)\|$", results[head.end() :], re.MULTILINE)
        if cells is None:
            raise LookupError(f"the results have no {read} of sixteen at once")
        ratios = dict(zip(names, (cell.strip() for cell in cells[1].split("|")), strict=True))
        rows.append([title, *(f"{ratios[rival]}\N{MULTIPLICATION SIGN}" for rival in RIVALS)])
    yield from table(["requests per second, relative to", *RIVALS.values()], rows)
    yield ""
    ours, theirs = (_deliveries(results, name) for name in ("relata", "strawberry"))
    yield f"Live updates to 1,000 clients: {ours:,} deliveries per second. Strawberry's own subscriptions,"
    yield f"without database and permissions: {theirs:,}."


def _deliveries(results: str, name: str) -> int:
    found = re.search(rf"^\| {LIVE} {name} +\| +(\d+) \|", results, re.MULTILINE)
    if found is None:
        raise LookupError(f"the results have no deliveries of {name}")
    return int(found[1])


def current() -> bool:
    """Whether the README contains the current figures."""
    return BLOCK.findall(README.read_text()) == [figures(RESULTS.read_text())]


def write() -> None:
    """Write the current figures into the README."""
    text = figures(RESULTS.read_text())
    README.write_text(BLOCK.sub(lambda _: text, README.read_text()))

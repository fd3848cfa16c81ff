"""Renders measurements as Markdown tables. Ratios come first, because they depend less on the load of the machine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bench.measure import Measured, RunSettings
from bench.read_cases import ReadCase

US = "relata"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; the first column is left-aligned, the others right-aligned."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]

    def line(row: Sequence[str]) -> str:
        first, *others = [
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "| " + " | ".join([first, *others]) + " |"

    yield line(head)
    yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    for row in rows:
        yield line(row)


def number(value: float) -> str:
    """A number with up to three digits; `-` for NaN."""
    if math.isnan(value):  # a measure that was zero
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _ratios(
    measured: Measured, cells: Sequence[tuple[str, int]], names: Sequence[str], of: str
) -> Iterator[str]:
    rivals = [name for name in names if name != US]
    rows = [
        [
            f"{read_case} x{concurrency}",
            *(number(measured.ratio((read_case, concurrency, US), rival, of)) for rival in rivals),
        ]
        for read_case, concurrency in cells
    ]
    yield from table(["ratio", *rivals], rows)


def _numbers(
    measured: Measured, cells: Sequence[tuple[str, int]], names: Sequence[str]
) -> Iterator[str]:
    rows = []
    for read_case, concurrency in cells:
        for name in names:
            cell = (read_case, concurrency, name)
            measures = ("requests_per_second", "p50", "p99", "server_ms", "backend_ms", "bytes")
            numbers = [number(measured.middle(cell, of)) for of in measures]
            rows.append([f"{read_case} x{concurrency} {name}", *numbers])
    head = ["", "requests/s", "p50 ms", "p99 ms", "server CPU ms", "Postgres CPU ms", "bytes"]
    yield from table(head, rows)


def size_report(
    measured: Measured, read_cases: Sequence[ReadCase], plan: RunSettings
) -> Iterator[str]:
    """The lines of the report on one size."""
    yield f"# {measured.size:,} opportunities"
    yield ""
    yield f"Medians of {plan.runs} runs of {plan.seconds:g} s, after a warm-up; contenders take turns."
    yield from (f"- {each.name}: {each.title}" for each in read_cases)
    for name, why in measured.failed.items():
        yield f"- {name} did not take part: {why}"
    cells = [(each.name, many) for each in read_cases for many in plan.concurrencies]
    yield from tables(measured, cells)


def tables(measured: Measured, cells: Sequence[tuple[str, int]]) -> Iterator[str]:
    """The tables of ratios, if there are several contenders, of measurements, and of memory."""
    names = list(measured.memory)
    if US in names and len(names) > 1:
        for title, of in (
            (
                "Requests per second, ratio of Relata to each contender: higher is better",
                "requests_per_second",
            ),
            ("CPU of server and Postgres per request, ratio: lower is better", "cpu_ms"),
            ("CPU of Postgres per request, ratio: lower is better", "backend_ms"),
        ):
            yield from ("", f"## {title}", "", *_ratios(measured, cells, names, of))
    yield from ("", "## Measurements", "", *_numbers(measured, cells, names))
    memory = [[name, number(mib)] for name, mib in measured.memory.items()]
    yield from ("", "## Memory at the end", "", *table(["", "MiB"], memory), "")

"""Tells what was measured as tables: ratios first, because they say more than numbers of a busy machine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bench.measure import Measured, Plan
from bench.questions import Question

US = "relata"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as they must be; the first one to the left, numbers to the right."""
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
    """Three digits, which is more than can be trusted."""
    if math.isnan(value):  # a measure that was zero
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _ratios(
    measured: Measured, cells: Sequence[tuple[str, int]], names: Sequence[str], of: str
) -> Iterator[str]:
    rivals = [name for name in names if name != US]
    rows = [
        [
            f"{question} x{concurrency}",
            *(number(measured.ratio((question, concurrency, US), rival, of)) for rival in rivals),
        ]
        for question, concurrency in cells
    ]
    yield from table(["ours to", *rivals], rows)


def _numbers(
    measured: Measured, cells: Sequence[tuple[str, int]], names: Sequence[str]
) -> Iterator[str]:
    rows = []
    for question, concurrency in cells:
        for name in names:
            cell = (question, concurrency, name)
            measures = ("requests_per_second", "p50", "p99", "server_ms", "backend_ms", "bytes")
            numbers = [number(measured.middle(cell, of)) for of in measures]
            rows.append([f"{question} x{concurrency} {name}", *numbers])
    head = ["", "requests/s", "p50 ms", "p99 ms", "server CPU ms", "Postgres CPU ms", "bytes"]
    yield from table(head, rows)


def told(measured: Measured, questions: Sequence[Question], plan: Plan) -> Iterator[str]:
    """The lines of the report about one size."""
    yield f"# {measured.size:,} opportunities"
    yield ""
    yield f"Medians of {plan.runs} runs of {plan.seconds:g} s, after a warm-up; taken in turns."
    yield from (f"- {each.name}: {each.title}" for each in questions)
    for name, why in measured.failed.items():
        yield f"- {name} did not take part: {why}"
    cells = [(each.name, many) for each in questions for many in plan.concurrencies]
    yield from tables(measured, cells)


def tables(measured: Measured, cells: Sequence[tuple[str, int]]) -> Iterator[str]:
    """The ratios, if there are any, and the numbers."""
    names = list(measured.memory)
    if US in names and len(names) > 1:
        for title, of in (
            ("Requests per second, ours to theirs: more is better", "requests_per_second"),
            ("CPU of server and Postgres for a request, ours to theirs: less is better", "cpu_ms"),
            ("Postgres' part of it, ours to theirs: less is better", "backend_ms"),
        ):
            yield from ("", f"## {title}", "", *_ratios(measured, cells, names, of))
    yield from ("", "## Each of them", "", *_numbers(measured, cells, names))
    memory = [[name, number(mib)] for name, mib in measured.memory.items()]
    yield from ("", "## Memory after it all", "", *table(["", "MiB"], memory), "")

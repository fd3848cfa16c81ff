"""The report of the live list benchmark, as Markdown tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from bench.live.measure import WRITERS, Measured, Sample
from bench.report import US, number, table

Measure = Callable[[Sample], float]
Load = Callable[[Sample], Mapping[str, float]]
"""Selects the measurements of one load."""


def _one(sample: Sample) -> Mapping[str, float]:
    return sample.one_by_one


def _burst(sample: Sample) -> Mapping[str, float]:
    return sample.burst


def _gentle(sample: Sample) -> Mapping[str, float]:
    return sample.paced_changes


def _of(load: Load, key: str) -> Measure:
    return lambda sample: load(sample)[key]


def _per_second(load: Load, key: str = "changes") -> Measure:
    return lambda sample: load(sample)[key] / load(sample)["seconds"]


def _with_postgres(load: Load) -> Measure:
    return lambda sample: load(sample)["server"] + load(sample)["postgres"]


MORE: Mapping[str, Measure] = {
    "L1 one by one": _per_second(_one),
    "L2 in a burst": _per_second(_burst),
}
LESS: Mapping[str, Measure] = {
    "L1 server CPU": _of(_one, "server"),
    "L1 with Postgres": _with_postgres(_one),
    "L2 server CPU": _of(_burst, "server"),
    "L2 with Postgres": _with_postgres(_burst),
    "L3 p50": _of(_gentle, "p50"),
    "L3 p99": _of(_gentle, "p99"),
    "KiB, idle": lambda sample: sample.idle,
}


def _rows(
    measured: Measured, measures: Mapping[str, Measure], title: str = ""
) -> Iterator[list[str]]:
    """A row for each server with the medians of the measures."""
    for name in measured.samples:
        numbers = [number(measured.middle(name, each)) for each in measures.values()]
        yield [f"{title} {name}".strip(), *numbers]


def _ratios(measured: Measured, measures: Mapping[str, Measure]) -> Iterator[str]:
    rivals = [name for name in measured.samples if name != US]
    rows = [
        [title, *(number(measured.ratio(US, rival, each)) for rival in rivals)]
        for title, each in measures.items()
    ]
    yield from table(["ours to", *rivals], rows)


def _loads(measured: Measured) -> Iterator[str]:
    rows: list[list[str]] = []
    for title, load in (("L1", _one), ("L2", _burst)):
        measures = {
            "deliveries/s": _per_second(load),
            "frames/s": _per_second(load, "frames"),
            "server CPU ms": _of(load, "server"),
            "Postgres CPU ms": _of(load, "postgres"),
            "load CPU ms": _of(load, "load"),
            "bytes": _of(load, "bytes"),
        }
        rows += _rows(measured, measures, title)
    yield from table(["", *measures], rows)


def _times(measured: Measured) -> Iterator[str]:
    measures = {
        "response p50 ms": _of(_gentle, "response"),
        "frame p50 ms": _of(_gentle, "p50"),
        "frame p99 ms": _of(_gentle, "p99"),
        "first to last ms": _of(_gentle, "spread"),
    }
    yield from table(["", *measures], list(_rows(measured, measures)))


def _memory(measured: Measured) -> Iterator[str]:
    measures: Mapping[str, Measure] = {
        "idle": lambda sample: sample.idle,
        "after one event": lambda sample: sample.after_one,
        "after all": lambda sample: sample.after,
        "opened/s": lambda sample: sample.connections_per_second,
    }
    yield from table(["", *measures], list(_rows(measured, measures)))


def live_report(measured: Measured, size: int) -> Iterator[str]:
    """The lines of the report. `size` is the number of opportunities in the database."""
    plan = measured.plan
    yield f"# Live lists, {plan.subscribers:,} subscribers to {plan.records} records of {size:,}"
    yield ""
    yield (
        f"Medians of {plan.runs} runs with new servers, in alternating order. "
        f"The subscribers are {plan.users:,} users with the same permissions."
    )
    yield f"- L1: {plan.events} changes, each after all subscribers received the last one"
    yield f"- L2: {plan.records} changes by {WRITERS} concurrent writers, {plan.bursts} times"
    yield f"- L3: {plan.paced_changes} changes with a pause of {plan.pause:g} s after each"
    yield "- A delivery is one change received by one subscriber; a frame may contain several changes"
    if US in measured.samples:
        yield from ("", "## Deliveries per second, ours to theirs: more is better", "")
        yield from _ratios(measured, MORE)
        yield from ("", "## CPU, time and memory, ours to theirs: less is better", "")
        yield from _ratios(measured, LESS)
    yield from ("", "## All servers; CPU per thousand deliveries", "", *_loads(measured))
    yield from ("", "## L3: time from the mutation request to the frame with the change", "")
    yield from _times(measured)
    yield from ("", "## KiB per connection", "", *_memory(measured), "")

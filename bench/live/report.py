"""Tells what was measured of live lists, in the tables of the other reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from bench.live.measure import WRITERS, Measured, Sample
from bench.report import US, number, table

Of = Callable[[Sample], float]
Told = Callable[[Sample], Mapping[str, float]]
"""What the load generator told of one of the loads."""


def _one(sample: Sample) -> Mapping[str, float]:
    return sample.one_by_one


def _burst(sample: Sample) -> Mapping[str, float]:
    return sample.burst


def _gentle(sample: Sample) -> Mapping[str, float]:
    return sample.gentle


def _of(told: Told, key: str) -> Of:
    return lambda sample: told(sample)[key]


def _per_second(told: Told, key: str = "changes") -> Of:
    return lambda sample: told(sample)[key] / told(sample)["seconds"]


def _with_postgres(told: Told) -> Of:
    return lambda sample: told(sample)["server"] + told(sample)["postgres"]


MORE: Mapping[str, Of] = {
    "L1 one by one": _per_second(_one),
    "L2 in a burst": _per_second(_burst),
}
LESS: Mapping[str, Of] = {
    "L1 server CPU": _of(_one, "server"),
    "L1 with Postgres": _with_postgres(_one),
    "L2 server CPU": _of(_burst, "server"),
    "L2 with Postgres": _with_postgres(_burst),
    "L3 p50": _of(_gentle, "p50"),
    "L3 p99": _of(_gentle, "p99"),
    "KiB, idle": lambda sample: sample.idle,
}


def _rows(measured: Measured, of: Mapping[str, Of], title: str = "") -> Iterator[list[str]]:
    """A row for each of them, with the medians."""
    for name in measured.samples:
        numbers = [number(measured.middle(name, each)) for each in of.values()]
        yield [f"{title} {name}".strip(), *numbers]


def _ratios(measured: Measured, of: Mapping[str, Of]) -> Iterator[str]:
    rivals = [name for name in measured.samples if name != US]
    rows = [
        [title, *(number(measured.ratio(US, rival, each)) for rival in rivals)]
        for title, each in of.items()
    ]
    yield from table(["ours to", *rivals], rows)


def _loads(measured: Measured) -> Iterator[str]:
    rows: list[list[str]] = []
    for title, load in (("L1", _one), ("L2", _burst)):
        of = {
            "deliveries/s": _per_second(load),
            "frames/s": _per_second(load, "frames"),
            "server CPU ms": _of(load, "server"),
            "Postgres CPU ms": _of(load, "postgres"),
            "load CPU ms": _of(load, "load"),
            "bytes": _of(load, "bytes"),
        }
        rows += _rows(measured, of, title)
    yield from table(["", *of], rows)


def _times(measured: Measured) -> Iterator[str]:
    of = {
        "answered p50 ms": _of(_gentle, "answered"),
        "frame p50 ms": _of(_gentle, "p50"),
        "frame p99 ms": _of(_gentle, "p99"),
        "first to last ms": _of(_gentle, "spread"),
    }
    yield from table(["", *of], list(_rows(measured, of)))


def _memory(measured: Measured) -> Iterator[str]:
    of: Mapping[str, Of] = {
        "idle": lambda sample: sample.idle,
        "after one event": lambda sample: sample.told,
        "after all": lambda sample: sample.after,
        "opened/s": lambda sample: sample.opened,
    }
    yield from table(["", *of], list(_rows(measured, of)))


def told(measured: Measured, size: int) -> Iterator[str]:
    """The lines of the report."""
    plan = measured.plan
    yield f"# Live lists, {plan.watchers:,} watch {plan.records} records of {size:,}"
    yield ""
    yield (
        f"Medians of {plan.runs} runs, each of new servers; taken in turns. "
        f"They are {plan.users:,} users with equal rights."
    )
    yield f"- L1: {plan.events} changes, each when all know of the last"
    yield f"- L2: {plan.records} changes as fast as {WRITERS} can write, {plan.bursts} times"
    yield f"- L3: {plan.gentle} changes with a pause of {plan.pause:g} s after each"
    yield "- A delivery is a change that one watcher was told of; a frame may tell of several"
    if US in measured.samples:
        yield from ("", "## Deliveries per second, ours to theirs: more is better", "")
        yield from _ratios(measured, MORE)
        yield from ("", "## CPU, time and memory, ours to theirs: less is better", "")
        yield from _ratios(measured, LESS)
    yield from ("", "## Each of them; CPU is of a thousand deliveries", "", *_loads(measured))
    yield from ("", "## L3: from the request that writes to the frame that tells of it", "")
    yield from _times(measured)
    yield from ("", "## KiB of a connection", "", *_memory(measured), "")

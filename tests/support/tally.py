"""Counters of the cases that tests tried, summed over all processes and printed at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

_TALLIES: dict[str, Counter[str]] = {}


def tally(name: str) -> Counter[str]:
    """The counter with a name such as `leaks: cells`."""
    return _TALLIES.setdefault(name, Counter())


def counts() -> dict[str, dict[str, int]]:
    """The counters of this process, to send to the main process."""
    return {name: dict(counted) for name, counted in _TALLIES.items()}


def add(counted: Mapping[str, Mapping[str, int]]) -> None:
    """Add the counters of another process."""
    for name, values in counted.items():
        tally(name).update(values)


def summary() -> Iterator[str]:
    """A line per counter that is not empty."""
    for name, counted in sorted(_TALLIES.items()):
        if counted:
            area, _, what = name.partition(": ")
            parts = ", ".join(f"{each} {count:,}" for each, count in sorted(counted.items()))
            yield f"{area}: {sum(counted.values()):,} {what} ({parts})"

"""Counts what tests tried, to be told when the run ends, whichever of its processes tried it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

_TALLIES: dict[str, Counter[str]] = {}


def tally(name: str) -> Counter[str]:
    """What is counted under a name, such as `leaks: cells`."""
    return _TALLIES.setdefault(name, Counter())


def kept() -> dict[str, dict[str, int]]:
    """What this process counted, as one process may send it to another."""
    return {name: dict(counted) for name, counted in _TALLIES.items()}


def add(counted: Mapping[str, Mapping[str, int]]) -> None:
    """Count what another process did as well."""
    for name, counts in counted.items():
        tally(name).update(counts)


def told() -> Iterator[str]:
    """A line for each name under which anything was counted."""
    for name, counted in sorted(_TALLIES.items()):
        if counted:
            area, _, what = name.partition(": ")
            parts = ", ".join(f"{each} {count:,}" for each, count in sorted(counted.items()))
            yield f"{area}: {sum(counted.values()):,} {what} ({parts})"

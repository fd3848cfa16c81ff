"""Reads headers that list alternatives by preference, such as `Accept` and `Accept-Language` (RFC 9110)."""

from __future__ import annotations

from collections.abc import Iterator

MAX_ALTERNATIVES = 50
"""Maximum alternatives that are read from a header."""


def preferred(header: str) -> list[str]:
    """The alternatives in lower case, the most preferred first. Those with the weight 0 are left out."""
    weighted = [
        (-weight, position, name)
        for position, (name, parameters) in enumerate(alternatives(header))
        if (weight := weight_of(parameters)) > 0
    ]
    return [name for _, _, name in sorted(weighted)]


def alternatives(header: str) -> Iterator[tuple[str, list[str]]]:
    """Each alternative with its parameters, in lower case."""
    for part in header.split(",")[:MAX_ALTERNATIVES]:
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        yield name, parameters


def weight_of(parameters: list[str]) -> float:
    """The weight `q=…` of an alternative: 1 by default, 0 if it is malformed."""
    for each in parameters:
        if each.startswith("q="):
            try:
                weight = float(each[2:])
            except ValueError:
                return 0.0
            return weight if 0 <= weight <= 1 else 0.0
    return 1.0

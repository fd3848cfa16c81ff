"""Which entities stand for the others by day: of those with the same rights, the first; all of them by night."""

from __future__ import annotations

from functools import cache

import pytest

from tests.proof.contract import GROUPS_OF, LISTED, MONEY
from tests.proof.lock import ENTITIES
from tests.proof.rights import (
    LINES,
    ONE_EACH,
    PROFILES,
    attributes,
    field_level,
    is_closed,
    mark,
    needed,
    scope,
)


@cache
def alike(entity: str) -> object:
    """What is the same for entities that are treated alike: who sees which records and what of their fields."""
    granted = [
        (
            (found := scope(profile, entity)) and found.rows,
            frozenset(field_level(profile, entity, name) for name in needed(entity)),
            frozenset(mark(profile, entity, f"@{key}") == "-" for key in attributes(entity)),
        )
        for profile in PROFILES
    ]
    known = ENTITIES[entity]
    kinds = (known.parents, entity in LINES.own, known.search, MONEY[entity])
    return tuple(granted), tuple(map(bool, kinds))


def _first() -> frozenset[str]:
    found: dict[object, str] = {}
    for entity in LISTED:
        found.setdefault(alike(entity), entity)
    return frozenset(found.values())


BY_DAY = _first()
DAILY = tuple(
    name if name in BY_DAY else pytest.param(name, marks=pytest.mark.nightly) for name in LISTED
)
"""The entities that a matrix goes through: all of them by night."""
GROUPED = tuple(
    name if name in BY_DAY else pytest.param(name, marks=pytest.mark.nightly)
    for name in LISTED
    if name in GROUPS_OF
)
"""Those of them that have groups."""


def repeats(persona: str, entity: str) -> bool:
    """Whether an entity is closed to another persona of the same profile already: nothing else decides that."""
    return is_closed(persona, entity) and persona not in ONE_EACH

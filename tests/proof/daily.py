"""Entities tested in the daily run: the first of each group with equal rights. The nightly run tests all."""

from __future__ import annotations

from functools import cache

import pytest

from tests.proof.contract import GROUPS_OF, LISTED, MONEY
from tests.proof.lock import ENTITIES
from tests.proof.rights import (
    LINES,
    PERSONA_PER_PROFILE,
    PROFILES,
    attributes,
    field_level,
    is_closed,
    mark,
    needed,
    scope,
)


@cache
def rights_key(entity: str) -> object:
    """Key of entities with equal rights: which personas see which records and fields."""
    levels = [
        (
            (granted := scope(profile, entity)) and granted.rows,
            frozenset(field_level(profile, entity, name) for name in needed(entity)),
            frozenset(mark(profile, entity, f"@{key}") == "-" for key in attributes(entity)),
        )
        for profile in PROFILES
    ]
    known = ENTITIES[entity]
    kinds = (known.parents, entity in LINES.own, known.search, MONEY[entity])
    return tuple(levels), tuple(map(bool, kinds))


def _first() -> frozenset[str]:
    first: dict[object, str] = {}
    for entity in LISTED:
        first.setdefault(rights_key(entity), entity)
    return frozenset(first.values())


BY_DAY = _first()
DAILY = tuple(
    name if name in BY_DAY else pytest.param(name, marks=pytest.mark.nightly) for name in LISTED
)
"""Entities of the parametrized rights tests; those beyond the daily ones are marked `nightly`."""
GROUPED = tuple(
    name if name in BY_DAY else pytest.param(name, marks=pytest.mark.nightly)
    for name in LISTED
    if name in GROUPS_OF
)
"""The same for the entities that have groups."""


def is_redundant(persona: str, entity: str) -> bool:
    """Whether an earlier persona with the same profile has no access either: the profile alone decides that."""
    return is_closed(persona, entity) and persona not in PERSONA_PER_PROFILE

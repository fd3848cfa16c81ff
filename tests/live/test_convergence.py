"""Randomized: at every position, the events sent to a subscriber add up to the result of the equivalent query."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.live.property.documents import DOCUMENTS, Document
from tests.live.property.sequence import run
from tests.live.property.served_tenant import open_tenant
from tests.support.covers import covers
from tests.support.world import World

COVERED = ("D-60", "D-61", "D-62", "D-63", "D-64", "N1", "N3")
DAILY, NIGHTLY = 9, 150
BURSTS, MORE_BURSTS = 10, 40
AT_ONCE = 3
"""Documents to which every persona subscribes in one sequence."""


def _documents(seed: int) -> list[Document]:
    """The documents of a sequence, in rotation, so that a few sequences cover all of them."""
    return [DOCUMENTS[(seed * AT_ONCE + n) % len(DOCUMENTS)] for n in range(AT_ONCE)]


async def _sequence(world: World, seed: int, bursts: int, tally: Counter[str]) -> None:
    """Run one sequence in a tenant of its own, so that the seed alone reproduces it."""
    rng = random.Random(seed)
    # Every second sequence changes no permissions, because the RESYNC that follows would hide wrong deltas.
    rights = (0.0, 0.45)[seed % 2]
    async with open_tenant(world, f"equal-{seed}") as tenant:
        try:
            await run(tenant, rng, _documents(seed), bursts=bursts, rights=rights, tally=tally)
        except AssertionError as wrong:
            raise AssertionError(f"sequence {seed}, {wrong}") from wrong


@covers(*COVERED)
async def test_deltas_add_up_to_the_query_result(world: World) -> None:
    tally: Counter[str] = Counter()
    for seed in range(DAILY):
        await _sequence(world, seed, BURSTS, tally)
    expected = {"done", "RESUMED", "differs", "silent"}
    assert expected | {"SNAPSHOT of a second", "RESUMED of a second"} <= tally.keys(), tally


@covers(*COVERED)
@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(DAILY, DAILY + NIGHTLY))
async def test_more_deltas_add_up_to_the_query_result(world: World, seed: int) -> None:
    await _sequence(world, seed, MORE_BURSTS, Counter())

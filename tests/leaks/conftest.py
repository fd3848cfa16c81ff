"""Fixtures of the leak tests: the tenants as read by the operator, the personas, and counts of tested cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import cache, partial

import pytest

from tests.leaks.probe import Probe
from tests.leaks.truth import Truth, canaries, load
from tests.proof.rights import PERSONA_PER_PROFILE, PERSONAS
from tests.support.history import with_history_entries
from tests.support.tally import tally
from tests.support.world import World

DAILY_PERSONAS = PERSONA_PER_PROFILE
"""Personas of the daily run; those with the same rights as another one run nightly only."""


@pytest.fixture(scope="session")
def cells() -> Counter[str]:
    """Number of tested cells by channel; printed at the end of the run."""
    return tally("leaks: cells")


@pytest.fixture(scope="session")
def pairs() -> Counter[str]:
    """Number of operations compared before and after a hidden change; printed at the end of the run."""
    return tally("leaks: pairs")


@pytest.fixture(scope="module", autouse=True)
async def history(world: World) -> AsyncIterator[None]:
    """History entries in the tenant acme while a module of these tests runs."""
    async with with_history_entries(world.admin, world.schema()):
        yield


@pytest.fixture(scope="module")
async def truth(world: World) -> Truth:
    """Contents of the tenant acme, with a session of each persona and a history.

    It is loaded for each module, as tests of other directories sign in again in between.
    """
    for persona in PERSONAS:
        await world.token(persona)
    return await load(world)


@pytest.fixture(scope="module")
async def forbidden(truth: Truth) -> Callable[[str], frozenset[str]]:
    """The texts that no response to a persona may contain, by persona."""
    return cache(partial(canaries, truth))


@pytest.fixture(
    scope="module",
    params=[
        one if one in DAILY_PERSONAS else pytest.param(one, marks=pytest.mark.nightly)
        for one in PERSONAS
    ],
)
def probe(
    request: pytest.FixtureRequest,
    world: World,
    truth: Truth,
    forbidden: Callable[[str], frozenset[str]],
    cells: Counter[str],
) -> Probe:
    """A probe for each persona of the daily or the nightly run."""
    return Probe(world, request.param, truth, forbidden(request.param), cells)


@pytest.fixture(
    scope="module",
    params=[
        one if one in PERSONA_PER_PROFILE else pytest.param(one, marks=pytest.mark.nightly)
        for one in PERSONAS
    ],
)
def probe_per_profile(
    request: pytest.FixtureRequest,
    world: World,
    truth: Truth,
    forbidden: Callable[[str], frozenset[str]],
    cells: Counter[str],
) -> Probe:
    """A probe for one persona of each column of rights.txt; all personas in nightly runs."""
    return Probe(world, request.param, truth, forbidden(request.param), cells)

"""What the tests of leaks share: the operator's view of the tenants, and a tally of cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import cache, partial

import pytest

from tests.leaks.probe import Probe
from tests.leaks.truth import Truth, canaries, load
from tests.proof.rights import ONE_EACH, PERSONAS
from tests.support.history import noted
from tests.support.tally import tally
from tests.support.world import World

EVERY_DAY = ONE_EACH
"""Those of the same rights as another one are looked at by night, too: there are fifty kinds of records."""


@pytest.fixture(scope="session")
def cells() -> Counter[str]:
    """How many cells each channel covered; printed when the run ends."""
    return tally("leaks: cells")


@pytest.fixture(scope="session")
def pairs() -> Counter[str]:
    """How many operations were compared in two worlds."""
    return tally("leaks: pairs")


@pytest.fixture(scope="module", autouse=True)
async def history(world: World) -> AsyncIterator[None]:
    """The tenant acme has one, which no other test meets."""
    async with noted(world.admin, world.schema()):
        yield


@pytest.fixture(scope="module")
async def truth(world: World) -> Truth:
    """What the tenant acme really holds while these tests run: with everybody's session, and a history.

    Looked at anew for each module: tests elsewhere, which may run in between, sign in again.
    """
    for persona in PERSONAS:
        await world.token(persona)
    return await load(world)


@pytest.fixture(scope="module")
async def forbidden(truth: Truth) -> Callable[[str], frozenset[str]]:
    """The texts that a persona may meet nowhere."""
    return cache(partial(canaries, truth))


@pytest.fixture(
    scope="module",
    params=[
        one if one in EVERY_DAY else pytest.param(one, marks=pytest.mark.nightly)
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
    """A persona at work, with what he may see and what may not be seen by him; all of them at night."""
    return Probe(world, request.param, truth, forbidden(request.param), cells)


@pytest.fixture(
    scope="module",
    params=[
        one if one in ONE_EACH else pytest.param(one, marks=pytest.mark.nightly) for one in PERSONAS
    ],
)
def one_each(
    request: pytest.FixtureRequest,
    world: World,
    truth: Truth,
    forbidden: Callable[[str], frozenset[str]],
    cells: Counter[str],
) -> Probe:
    """One persona of each column in the everyday suite; all of them at night."""
    return Probe(world, request.param, truth, forbidden(request.param), cells)

"""What the tests of leaks share: the operator's view of the tenants, and a tally of cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.leaks.expectations import HISTORY, ONE_EACH, PERSONAS
from tests.leaks.probe import Probe
from tests.leaks.truth import Truth, canaries, load
from tests.support.history import entries, noted
from tests.support.world import World

_CELLS: Counter[str] = Counter()
_PAIRS: Counter[str] = Counter()


@pytest.fixture(scope="session")
def cells() -> Counter[str]:
    """How many cells each channel covered; printed when the run ends."""
    return _CELLS


@pytest.fixture(scope="session")
def pairs() -> Counter[str]:
    """How many operations were compared in two worlds."""
    return _PAIRS


@pytest.fixture(scope="module", autouse=True)
async def history(world: World) -> AsyncIterator[None]:
    """The tenant acme has one, which no other test meets."""
    async with noted(world.admin, world.schema()):
        yield


@pytest.fixture(scope="session")
async def truth(world: World) -> Truth:
    """What the tenant acme really holds while these tests run: with everybody's session, and a history."""
    for persona in PERSONAS:
        await world.token(persona)
    found = await load(world)
    history = {entry["id"]: entry for entry in await entries(world.admin, world.schema())}
    return replace(found, rows={**found.rows, HISTORY: history})


@pytest.fixture(scope="session")
async def forbidden(truth: Truth) -> dict[str, frozenset[str]]:
    """The texts that each persona may meet nowhere."""
    return {persona: canaries(truth, persona) for persona in PERSONAS}


@pytest.fixture(scope="session", params=PERSONAS)
def probe(
    request: pytest.FixtureRequest,
    world: World,
    truth: Truth,
    forbidden: dict[str, frozenset[str]],
    cells: Counter[str],
) -> Probe:
    """A persona at work, with what he may see and what may not be seen by him."""
    return Probe(world, request.param, truth, forbidden[request.param], cells)


@pytest.fixture(
    scope="session",
    params=[
        one if one in ONE_EACH else pytest.param(one, marks=pytest.mark.nightly) for one in PERSONAS
    ],
)
def one_each(
    request: pytest.FixtureRequest,
    world: World,
    truth: Truth,
    forbidden: dict[str, frozenset[str]],
    cells: Counter[str],
) -> Probe:
    """One persona of each column in the everyday suite; all of them at night."""
    return Probe(world, request.param, truth, forbidden[request.param], cells)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _CELLS:
        parts = ", ".join(f"{name} {count:,}" for name, count in sorted(_CELLS.items()))
        terminalreporter.write_line(f"leaks: {sum(_CELLS.values()):,} cells ({parts})")
    if _PAIRS:
        parts = ", ".join(f"{name} {count:,}" for name, count in sorted(_PAIRS.items()))
        terminalreporter.write_line(f"leaks: {sum(_PAIRS.values()):,} pairs ({parts})")

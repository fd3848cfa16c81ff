"""What the tests of leaks share: the operator's view of the tenants, and a tally of cells."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.leaks.expectations import PERSONAS
from tests.leaks.probe import Probe
from tests.leaks.truth import Truth, canaries, load
from tests.support.world import World

ONE_EACH = frozenset({"admin", "rep1", "support", "limited"})
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


@pytest.fixture(scope="session")
async def truth(world: World) -> Truth:
    """What the tenant acme really holds."""
    return await load(world)


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

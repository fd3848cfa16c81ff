"""What the tests of writing share: a tenant of their own for each module, and a tally of cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.leaks_writes.place import Place, place
from tests.support.world import World

_CELLS: Counter[str] = Counter()


@pytest.fixture(scope="session")
def tally() -> Counter[str]:
    """How many cells were tried; printed when the run ends."""
    return _CELLS


@pytest.fixture(scope="module")
async def here(world: World, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """A tenant that the module may do with as it likes."""
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    async with place(world, name) as made:
        yield made


@pytest.fixture(scope="module")
async def narrow(world: World, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """One in which accounts and employees are hidden from those whom they do not concern."""
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    async with place(world, f"{name}-narrow", narrow=True) as made:
        yield made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _CELLS:
        parts = ", ".join(f"{name} {count:,}" for name, count in sorted(_CELLS.items()))
        terminalreporter.write_line(f"writes: {sum(_CELLS.values()):,} cells ({parts})")

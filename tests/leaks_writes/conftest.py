"""What the tests of writing share: a tenant of their own for each module, and a tally of cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.leaks_writes.place import Place, place
from tests.support.tally import tally as counted
from tests.support.world import World


@pytest.fixture(scope="session")
def tally() -> Counter[str]:
    """How many cells were tried; printed when the run ends."""
    return counted("writes: cells")


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

"""Fixtures of the write tests: a separate tenant for each module, and a count of tested cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.leaks_writes.sandbox import Sandbox, open_sandbox
from tests.support.tally import tally as counted
from tests.support.world import World


@pytest.fixture(scope="session")
def tally() -> Counter[str]:
    """Number of tested cells; printed at the end of the run."""
    return counted("writes: cells")


@pytest.fixture(scope="module")
async def sandbox(world: World, request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """A separate tenant for the module's writes."""
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    async with open_sandbox(world, name) as made:
        yield made


@pytest.fixture(scope="module")
async def narrow(world: World, request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """A tenant in which accounts and employees are visible only to their owners and the owners' managers."""
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    async with open_sandbox(world, f"{name}-narrow", narrow=True) as made:
        yield made

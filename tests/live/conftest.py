"""What the tests of live lists share: a tenant behind a socket for each module, and a log in which no error may stand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from io import StringIO

import pytest

from tests.live.live_tenant import LiveTenant, here_as
from tests.support.logs import logs
from tests.support.world import World


@pytest.fixture(scope="module")
async def here(world: World, request: pytest.FixtureRequest) -> AsyncIterator[LiveTenant]:
    """A tenant that the module may do with as it likes."""
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    async with here_as(world, f"live-{name}") as made:
        yield made


@pytest.fixture(autouse=True)
def logged() -> Iterator[StringIO]:
    """What is logged meanwhile: no errors, whatever a client says."""
    with logs() as kept:
        yield kept
    told = [json.loads(line) for line in kept.getvalue().splitlines()]
    assert not [each for each in told if each["level"] in ("error", "critical")]

"""Fixtures of the live list tests: a tenant behind a socket for each module, and a log that must stay free of errors."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from io import StringIO

import pytest

from tests.live.live_tenant import LiveTenant, live_tenant
from tests.support.logs import logs
from tests.support.world import World


@pytest.fixture(scope="module")
async def tenant(world: World, request: pytest.FixtureRequest) -> AsyncIterator[LiveTenant]:
    """A tenant used by one test module only, so that its tests may write anything."""
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    async with live_tenant(world, f"live-{name}") as served:
        yield served


@pytest.fixture(autouse=True)
def logged() -> Iterator[StringIO]:
    """The log of the test; it fails the test if it contains an error, whatever a client sent."""
    with logs() as log:
        yield log
    entries = [json.loads(line) for line in log.getvalue().splitlines()]
    assert not [entry for entry in entries if entry["level"] in ("error", "critical")]

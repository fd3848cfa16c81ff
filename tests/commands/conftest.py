"""A separate tenant for each module of command tests, so that writes of one module do not affect another."""

from __future__ import annotations

import pytest

from tests.support.world import World
from tests.writes.client import TenantClient


@pytest.fixture(scope="module")
async def tenant(scratch_world: World) -> TenantClient:
    """The first tenant of the module."""
    return TenantClient(scratch_world, "acme")

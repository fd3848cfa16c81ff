"""A house of its own for each module of deeds: what is written there is nobody else's concern."""

from __future__ import annotations

import pytest

from tests.support.world import World
from tests.writes.parallel import Own


@pytest.fixture(scope="module")
async def own(desk: World) -> Own:
    """Its first tenant."""
    return Own(desk, "acme")

"""A house of its own for each module, as deeds have it, in which no type is meant for records without one."""

from __future__ import annotations

import pytest

from tests.commands.conftest import own
from tests.writes.parallel import Own

__all__ = ["own", "undecided"]


@pytest.fixture(scope="module", autouse=True)
async def undecided(own: Own) -> None:
    """What the demonstration prefers would preset what these tests are about."""
    await own.value(
        "UPDATE preferences SET default_account_type_id = NULL, default_person_type_id = NULL"
    )

"""A separate tenant for each module of account tests, without default types in its preferences."""

from __future__ import annotations

import pytest

from tests.commands.conftest import own
from tests.writes.client import TenantClient

__all__ = ["no_default_types", "own"]


@pytest.fixture(scope="module", autouse=True)
async def no_default_types(own: TenantClient) -> None:
    """Clears the default types of the demo, which would preset what these tests check."""
    await own.value(
        "UPDATE preferences SET default_account_type_id = NULL, default_person_type_id = NULL"
    )

"""A separate tenant for each module of account tests, without default types in its preferences."""

from __future__ import annotations

import pytest

from tests.commands.conftest import tenant
from tests.writes.client import TenantClient

__all__ = ["no_default_types", "tenant"]


@pytest.fixture(scope="module", autouse=True)
async def no_default_types(tenant: TenantClient) -> None:
    """Clears the default types of the demo, which would preset what these tests check."""
    await tenant.value(
        "UPDATE preferences SET default_account_type_id = NULL, default_person_type_id = NULL"
    )

"""A separate tenant for each module of case tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.cases.client import CaseClient, case_client
from tests.support.world import World
from tests.writes.client import TenantClient, own_tenant


@pytest.fixture(scope="module")
async def tenant(world: World, request: pytest.FixtureRequest) -> AsyncIterator[TenantClient]:
    slug = "cases-" + request.module.__name__.rpartition("test_")[2]
    async with own_tenant(world, slug) as made:
        yield made


@pytest.fixture(scope="module")
async def client(tenant: TenantClient) -> CaseClient:
    return await case_client(tenant)

"""The database with tenants that the tests of this package share."""

from collections.abc import AsyncIterator

import pytest

from cli.servers.embedded import Servers
from tests.tenancy.cell import Cell, cell_on


@pytest.fixture(scope="package")
async def cell(servers: Servers) -> AsyncIterator[Cell]:
    async with cell_on(servers, "tenancy") as made:
        yield made

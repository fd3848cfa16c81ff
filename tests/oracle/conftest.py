"""Keeps failures of the house short while it is asked thousands of things."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
from structlog.testing import capture_logs

from tests.support.history import noted
from tests.support.world import World


@pytest.fixture(scope="module", autouse=True)
async def history(world: World) -> AsyncIterator[None]:
    """Both tenants have one, which no other test meets."""
    async with noted(world.admin, world.schema()), noted(world.admin, world.schema("globex")):
        yield


@pytest.fixture(autouse=True)
def short_failures() -> Iterator[None]:
    """A logged failure is told in a line: drawn with all its variables, it takes minutes for a large document."""
    with capture_logs() as entries:
        yield
    failures = Counter(
        f"{one['event']}: {one['exc_info']!r}" for one in entries if "exc_info" in one
    )
    for told, times in failures.most_common(5):
        print(f"{times} times {told}")  # noqa: T201 - shown with the test that failed

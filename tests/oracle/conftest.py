"""Fixtures: history entries in both tenants, and short output for failures of the application."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
from structlog.testing import capture_logs

from tests.support.history import with_history_entries
from tests.support.world import World


@pytest.fixture(scope="module", autouse=True)
async def history(world: World) -> AsyncIterator[None]:
    """Add history entries to both tenants for the module and remove them afterwards."""
    async with (
        with_history_entries(world.admin, world.schema()),
        with_history_entries(world.admin, world.schema("globex")),
    ):
        yield


@pytest.fixture(autouse=True)
def short_failures() -> Iterator[None]:
    """Print each logged exception in one line, because formatting all local variables takes minutes for a large document."""
    with capture_logs() as entries:
        yield
    failures = Counter(
        f"{one['event']}: {one['exc_info']!r}" for one in entries if "exc_info" in one
    )
    for message, times in failures.most_common(5):
        print(f"{times} times {message}")  # noqa: T201 - shown with the test that failed

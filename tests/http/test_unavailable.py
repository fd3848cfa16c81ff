"""While the database is down, requests fail with a retryable code and the readiness probe fails."""

from __future__ import annotations

import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from cli.servers.embedded import embedded
from tests.support.covers import covers
from tests.support.world import world_on


@covers("D-35")
async def test_database_outage_is_retryable_and_recovers() -> None:
    with tempfile.TemporaryDirectory(prefix="relata-test-") as directory:
        data = Path(directory)
        async with AsyncExitStack() as app_context:
            async with embedded(data, durable=False) as servers:
                world = await app_context.enter_async_context(world_on(servers))
                assert (await world.ask("rep1", "{ viewer { id } }")).status == 200
                assert (await world.client.get("/health/ready")).status_code == 200
            answer = await world.ask("rep1", "{ viewer { id } }")
            assert (answer.status, answer.codes) == (503, ["RETRYABLE"])
            ready = await world.client.get("/health/ready")
            assert ready.status_code == 503
            assert (await world.client.get("/health/live")).status_code == 200
            async with embedded(data, durable=False):
                for _ in range(20):  # broken connections are detected one by one
                    answer = await world.ask("rep1", "{ viewer { id } }")
                    if answer.status == 200:
                        break
                assert answer.status == 200

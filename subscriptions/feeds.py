"""The feeds of this process: one per tenant with subscribers in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from auth.viewers import Viewers
from db.engine.transaction import Database
from subscriptions.engine.feed import Feed
from tenancy.directory import Directory


class Feeds:
    """Feeds by tenant. A feed starts with the first connection and ends some time after the last."""

    def __init__(
        self, database: Database, directory: Directory, viewers: Viewers, now: Callable[[], float]
    ) -> None:
        self._database = database
        self._directory = directory
        self._viewers = viewers
        self._now = now
        self._feeds: dict[UUID, tuple[Feed, asyncio.Task[None]]] = {}

    def of(self, tenant: UUID) -> Feed:
        """The feed of a tenant, started if it is not running."""
        entry = self._feeds.get(tenant)
        if entry is not None and not entry[1].done():
            return entry[0]
        feed = Feed(tenant, self._database, self._directory, self._viewers, self._now)
        task = asyncio.create_task(feed.run(), name=f"feed of {tenant}")
        task.add_done_callback(lambda _: feed.abandon())
        self._feeds[tenant] = feed, task
        self._sweep()
        return feed

    def wake(self, tenant: UUID) -> None:
        """Wake the feed of a tenant after a write, so that subscribers receive the change at once."""
        entry = self._feeds.get(tenant)
        if entry is not None:
            entry[0].wake()

    async def close(self) -> None:
        """End all feeds. The server closes their sockets."""
        tasks = [task for _, task in self._feeds.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _sweep(self) -> None:
        for tenant, (_, task) in list(self._feeds.items()):
            if task.done():
                del self._feeds[tenant]

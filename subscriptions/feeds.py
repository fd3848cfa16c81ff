"""The feeds of this process: one for each tenant that anybody here listens to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from auth.viewers import Viewers
from db.engine.transaction import Database
from subscriptions.engine.feed import Feed
from tenancy.directory import Directory


class Feeds:
    """Feeds by tenant. They begin when somebody listens, and end a while after nobody does."""

    def __init__(
        self, database: Database, directory: Directory, viewers: Viewers, now: Callable[[], float]
    ) -> None:
        self._database = database
        self._directory = directory
        self._viewers = viewers
        self._now = now
        self._feeds: dict[UUID, tuple[Feed, asyncio.Task[None]]] = {}

    def of(self, tenant: UUID) -> Feed:
        """The feed of a tenant, which runs from now on."""
        known = self._feeds.get(tenant)
        if known is not None and not known[1].done():
            return known[0]
        feed = Feed(tenant, self._database, self._directory, self._viewers, self._now)
        task = asyncio.create_task(feed.run(), name=f"feed of {tenant}")
        task.add_done_callback(lambda _: feed.abandon())
        self._feeds[tenant] = feed, task
        self._sweep()
        return feed

    def wake(self, tenant: UUID) -> None:
        """Something was written in a tenant: whoever listens is told at once."""
        known = self._feeds.get(tenant)
        if known is not None:
            known[0].wake()

    async def close(self) -> None:
        """End all feeds. Their sockets are closed by the server."""
        tasks = [task for _, task in self._feeds.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _sweep(self) -> None:
        for tenant, (_, task) in list(self._feeds.items()):
            if task.done():
                del self._feeds[tenant]

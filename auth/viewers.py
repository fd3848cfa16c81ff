"""Caches viewers while the database confirms that the tenant's access version is current (D-58)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from cachetools import LRUCache, TTLCache

from auth.engine.policy import Policies
from auth.engine.viewer import Viewer
from auth.rights import RightsSnapshot, snapshot_of, version_of, viewer_of
from db.engine.model import Model
from db.engine.transaction import (
    Database,
    Driver,
    EntryRejected,
    Placement,
    RejectReason,
    TransactionStart,
)
from db.engine.write.connection import TenantConnection
from domain.codes import Code, Refused
from domain.message import Message

MAX_VIEWERS = 5_000
MAX_TENANTS = 50
COUNT_SECONDS = 60.0
"""Seconds after which own rows are counted again: their number changes without a new version."""


@dataclass(frozen=True, slots=True)
class ViewerKey:
    """A user of a tenant at one placement."""

    placement: Placement
    user: UUID


class Viewers:
    """Viewers by placement and user, bounded. `now` is a monotonic clock, in seconds.

    A tenant that was moved or restored has another placement: its access versions start again.
    """

    def __init__(
        self, database: Database, model: Model, policies: Policies, now: Callable[[], float]
    ) -> None:
        self._database = database
        self.model = model
        self.policies = policies
        self._now = now
        self._cache: LRUCache[ViewerKey, tuple[float, Viewer]] = LRUCache(MAX_VIEWERS)
        """Viewers with the time until which their counts are valid; `cached` returns older ones, too."""
        self._snapshots: TTLCache[Placement, RightsSnapshot] = TTLCache(
            MAX_TENANTS, COUNT_SECONDS, now
        )

    async def of(self, placement: Placement, user: UUID, session: UUID | None) -> Viewer:
        """The viewer of a user. Raises Refused if there is no such user, or EntryRejected if the session ended."""
        key = ViewerKey(placement, user)
        entry = self._cache.get(key)
        if entry is not None and entry[0] > self._now():
            return entry[1]
        async with self._database.read(placement, TransactionStart(0, session)) as connection:
            version = await version_of(connection, self.model)
            snapshot = await self.snapshot(connection, placement, version, user)
            viewer = await viewer_of(connection, self.model, self.policies, snapshot, user)
        if viewer is None:
            raise Refused(
                Code.UNAUTHENTICATED, Message("The user no longer exists. Sign in again.")
            )
        self.cache(placement, viewer)
        return viewer

    async def snapshot(
        self, connection: Driver, placement: Placement, version: int, user: UUID
    ) -> RightsSnapshot:
        """The input for the rights of this version, which is shared by all users of the tenant."""
        snapshot = self._snapshots.get(placement)
        if snapshot is None or snapshot.version != version or user not in snapshot.employees:
            snapshot = self._snapshots[placement] = await snapshot_of(connection, self.model)
        return snapshot

    def in_snapshot(
        self, connection: Driver, placement: Placement, access: int
    ) -> ViewersInSnapshot:
        """Viewers as of a transaction's snapshot, in which the access version is `access`."""
        return ViewersInSnapshot(self, connection, placement, access)

    def cached(self, placement: Placement, user: UUID) -> Viewer | None:
        """The viewer with the rights loaded last for a user."""
        entry = self._cache.get(ViewerKey(placement, user))
        return None if entry is None else entry[1]

    def cache(self, placement: Placement, viewer: Viewer) -> None:
        """Cache a viewer."""
        self._cache[ViewerKey(placement, viewer.user)] = (self._now() + COUNT_SECONDS, viewer)

    def forget(self, placement: Placement, user: UUID) -> None:
        """Load this user's rights again at the next request."""
        self._cache.pop(ViewerKey(placement, user), None)

    async def confirm(self, placement: Placement, viewer: Viewer, session: UUID) -> None:
        """Enter a transaction without reading. Raises EntryRejected if the session ended or rights changed."""
        async with self.read(placement, viewer, session, custom_plans=False):
            pass

    async def check_session(self, placement: Placement, session: UUID) -> None:
        """Enter a transaction without rights. Raises EntryRejected if the session has ended."""
        async with self._database.read(placement, TransactionStart(0, session)):
            pass

    @asynccontextmanager
    async def read(
        self, placement: Placement, viewer: Viewer, session: UUID, *, custom_plans: bool
    ) -> AsyncIterator[Driver]:
        """A read transaction under the viewer's rights. Raises EntryRejected if they changed."""
        entry = TransactionStart(viewer.version, session)
        try:
            async with self._database.read(
                placement, entry, custom_plans=custom_plans
            ) as connection:
                yield connection
        except EntryRejected as rejected:
            if rejected.reason is RejectReason.STALE:
                self.forget(placement, viewer.user)
            raise

    async def reenter(
        self, connection: TenantConnection, placement: Placement, viewer: Viewer, session: UUID
    ) -> None:
        """Check the entry conditions again at the end of a write without changes. Raises EntryRejected."""
        await connection.reenter(placement, TransactionStart(viewer.version, session))

    @asynccontextmanager
    async def write(
        self, placement: Placement, viewer: Viewer, session: UUID
    ) -> AsyncIterator[Driver]:
        """A write transaction, entered like `read`; it commits only if the rights are still current."""
        try:
            async with self._database.write(
                placement, TransactionStart(viewer.version, session)
            ) as connection:
                yield connection
        except EntryRejected as rejected:
            if rejected.reason is RejectReason.STALE:
                self.forget(placement, viewer.user)
            raise


class ViewersInSnapshot:
    """Viewers within one transaction, as of its snapshot."""

    def __init__(
        self,
        viewers: Viewers,
        connection: Driver,
        placement: Placement,
        access: int,
    ) -> None:
        self._viewers = viewers
        self._connection = connection
        self._placement = placement
        self._access = access

    async def viewer(self, user: UUID) -> Viewer | None:
        """The viewer of a user; None if the user no longer exists."""
        cached = self._viewers.cached(self._placement, user)
        if cached is not None and cached.version == self._access:
            return cached
        viewers, connection = self._viewers, self._connection
        snapshot = await viewers.snapshot(connection, self._placement, self._access, user)
        # Own rows are counted again at intervals, not whenever rights change.
        counts = None if cached is None else cached.own_row_counts
        viewer = await viewer_of(
            connection, viewers.model, viewers.policies, snapshot, user, counts
        )
        if viewer is not None:
            viewers.cache(self._placement, viewer)
        return viewer

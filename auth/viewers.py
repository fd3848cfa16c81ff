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

SIZE = 5_000
TENANTS = 50
SECONDS = 60.0
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
        self._kept: LRUCache[ViewerKey, tuple[float, Viewer]] = LRUCache(SIZE)
        """Viewers with the time until which their counts are valid; `kept` returns older ones, too."""
        self._snapshots: TTLCache[Placement, RightsSnapshot] = TTLCache(TENANTS, SECONDS, now)

    async def of(self, placement: Placement, user: UUID, session: UUID | None) -> Viewer:
        """The viewer of a user. Raises Refused if there is no such user, or EntryRejected if the session ended."""
        key = ViewerKey(placement, user)
        kept = self._kept.get(key)
        if kept is not None and kept[0] > self._now():
            return kept[1]
        async with self._database.read(placement, TransactionStart(0, session)) as connection:
            version = await version_of(connection, self.model)
            known = await self.snapshot(connection, placement, version, user)
            viewer = await viewer_of(connection, self.model, self.policies, known, user)
        if viewer is None:
            raise Refused(Code.UNAUTHENTICATED, "The user no longer exists. Sign in again.")
        self.keep(placement, viewer)
        return viewer

    async def snapshot(
        self, connection: Driver, placement: Placement, version: int, user: UUID
    ) -> RightsSnapshot:
        """The input for the rights of this version, which is shared by all users of the tenant."""
        known = self._snapshots.get(placement)
        if known is None or known.version != version or user not in known.employees:
            known = self._snapshots[placement] = await snapshot_of(connection, self.model)
        return known

    def moment(self, connection: Driver, placement: Placement, access: int) -> ViewersInSnapshot:
        """Viewers as of a transaction's snapshot, in which the access version is `access`."""
        return ViewersInSnapshot(self, connection, placement, access)

    def kept(self, placement: Placement, user: UUID) -> Viewer | None:
        """The viewer with the rights loaded last for a user."""
        known = self._kept.get(ViewerKey(placement, user))
        return None if known is None else known[1]

    def keep(self, placement: Placement, viewer: Viewer) -> None:
        """Cache a viewer."""
        self._kept[ViewerKey(placement, viewer.user)] = (self._now() + SECONDS, viewer)

    def forget(self, placement: Placement, user: UUID) -> None:
        """Load this user's rights again at the next request."""
        self._kept.pop(ViewerKey(placement, user), None)

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
        kept = self._viewers.kept(self._placement, user)
        if kept is not None and kept.version == self._access:
            return kept
        viewers, connection = self._viewers, self._connection
        known = await viewers.snapshot(connection, self._placement, self._access, user)
        # Own rows are counted again at intervals, not whenever rights change.
        reach = None if kept is None else kept.reach
        found = await viewer_of(connection, viewers.model, viewers.policies, known, user, reach)
        if found is not None:
            viewers.keep(self._placement, found)
        return found

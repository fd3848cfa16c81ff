"""What live lists ask of those around them: of schema/ what is wanted and how it is read, of a socket that it tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from domain.live import LiveChangeKind, LiveKind

if TYPE_CHECKING:
    import asyncpg

    from auth.engine.viewer import Viewer
    from db.engine.transaction import Placement

Texts = Mapping[UUID, tuple[bytes, ...]]
"""Records as they are told, by their ids."""
Changed = tuple[LiveChangeKind, UUID, tuple[bytes, ...]]
"""What became of a record, and how it is told; one that left is not."""


class ListReader(Protocol):
    """A live list under one permission class: schema/ makes it, nobody here knows rights or SQL."""

    @property
    def key(self) -> bytes:
        """Equal for those who are told the same, and only for them."""

    @property
    def entity(self) -> str:
        """Of which records it is a list."""

    @property
    def related(self) -> frozenset[str]:
        """The entities whose changes may concern any record of it."""

    @property
    def most(self) -> int:
        """How many records it may hold."""

    async def all(self, connection: asyncpg.Connection, placement: Placement) -> Texts:
        """All records; one more than `most` if there are too many."""

    async def among(
        self, connection: asyncpg.Connection, placement: Placement, ids: Iterable[UUID]
    ) -> Texts:
        """Those records of the list that have one of these ids."""

    async def before(
        self,
        connection: asyncpg.Connection,
        placement: Placement,
        ids: Iterable[UUID],
        position: int,
    ) -> Texts | None:
        """Likewise, as they were at a position, where nothing else has changed since; None if that is not known."""

    def text(self, kind: LiveKind, epoch: int, position: int, changes: Iterable[Changed]) -> bytes:
        """A message as it is sent."""

    def place(self, cursor: str) -> tuple[int, int] | None:
        """Epoch and position of a cursor; None if it is of another list or class. Raises Refused."""


class ListRequest(Protocol):
    """What somebody wants to follow, whatever his rights are: schema/ reads it from a document."""

    @property
    def after(self) -> str | None:
        """The cursor to go on from."""

    def judge(self, viewer: Viewer, *, pays: bool) -> ListReader:
        """What he is told of it under these rights; only who asks pays for it. Raises Refused."""


class Member(Protocol):
    """A socket of somebody signed in."""

    user: UUID
    session: UUID

    def is_ready(self) -> bool:
        """Whether the peer reads what it is sent."""

    def push(self, *parts: bytes) -> None:
        """Send a text that consists of these parts."""

    def fail(self, id: str, error: Exception) -> None:
        """End one operation, saying why."""

    def end(self, code: int, reason: str) -> None:
        """Close the socket; nothing is sent on it any more."""

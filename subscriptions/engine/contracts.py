"""The interfaces of live lists: `schema/` provides requests and list readers, sockets provide the connection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self
from uuid import UUID

from domain.live import LiveChangeKind, LiveKind
from domain.message import ENGLISH, Language

if TYPE_CHECKING:
    import asyncpg

    from auth.engine.viewer import Viewer
    from db.engine.transaction import Placement


class Place(Protocol):
    """The place of a record in a list; comparable with those of other records of the list."""

    def __lt__(self, other: Self, /) -> bool:
        """Whether it comes before another place."""


class Row(NamedTuple):
    """A record of a live list."""

    place: Place
    """Its sort keys and id."""
    texts: tuple[bytes, ...]
    """The JSON texts of the record."""
    size: int
    """Approximate size in bytes."""


RowsById = dict[UUID, Row]
"""Records by their ids."""
RecordChange = tuple[LiveChangeKind, UUID, UUID | None, tuple[bytes, ...]]
"""The kind of a change, the record's id, the id of the record that precedes it, and its texts; a removed record has no texts."""


@dataclass(frozen=True)
class Handshake:
    """What the handshake of a socket contains: the client's address, and the values that authenticate it."""

    address: str
    tenant: str | None
    """The header `X-Tenant`."""
    cookie: str | None = field(repr=False)
    """The access token in a cookie that the page may use."""
    language: Language = ENGLISH
    """The language of messages, from `Accept-Language`."""


class ListReader(Protocol):
    """A live list under one permission class, provided by `schema/`: this package knows neither rights nor SQL."""

    @property
    def key(self) -> bytes:
        """Equal exactly for subscribers that receive the same messages."""

    @property
    def entity(self) -> str:
        """Name of the entity whose records are listed."""

    @property
    def related(self) -> frozenset[str]:
        """The entities whose changes may affect any record of the list."""

    @property
    def max_records(self) -> int:
        """Maximum number of records in the window."""

    @property
    def shows_more(self) -> bool:
        """Whether messages contain `hasMore`."""

    @property
    def shows_position(self) -> bool:
        """Whether messages contain `livePosition`."""

    async def all(self, connection: asyncpg.Connection, placement: Placement) -> RowsById:
        """The records of the window in order, and one more if more follow."""

    async def read_ids(
        self, connection: asyncpg.Connection, placement: Placement, ids: Iterable[UUID]
    ) -> RowsById:
        """The records of the list that have one of these ids, inside or outside the window."""

    async def read_before(
        self,
        connection: asyncpg.Connection,
        placement: Placement,
        ids: Iterable[UUID],
        position: int,
    ) -> RowsById | None:
        """The same records as of a log position after which nothing else changed; None if that is unknown."""

    def text(
        self,
        kind: LiveKind,
        epoch: int,
        position: int,
        changes: Iterable[RecordChange],
        *,
        has_more: bool,
    ) -> bytes:
        """The payload of a `next` message; `has_more`: whether records follow the window."""

    def position_of(self, cursor: str) -> tuple[int, int] | None:
        """Epoch and position of a cursor; None for another list or permission class. Raises Refused."""


class ListRequest(Protocol):
    """A subscription request, independent of the caller's rights; `schema/` reads it from a document."""

    @property
    def after(self) -> str | None:
        """The cursor to resume from."""

    def compile(self, viewer: Viewer, *, charged: bool) -> ListReader:
        """Compile the list under these rights; only the first call is charged to the budget. Raises Refused."""


class Member(Protocol):
    """The socket of an authenticated user."""

    user: UUID
    session: UUID

    def is_ready(self) -> bool:
        """Whether the client reads what is sent."""

    def push(self, *parts: bytes) -> None:
        """Send a text message that consists of these parts."""

    def fail(self, id: str, error: Exception) -> None:
        """End one operation with an error."""

    def end(self, code: int, reason: str) -> None:
        """Close the socket; nothing more is sent on it."""

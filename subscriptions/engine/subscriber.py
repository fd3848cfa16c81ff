"""One operation on a socket that follows a live list: its position and its messages."""

from __future__ import annotations

from typing import Protocol

import orjson

from domain.live import LiveKind
from subscriptions.engine.contracts import ListRequest, Member


class SubscriptionSource(Protocol):
    """A list with subscribers."""

    subscribers: set[Subscriber]
    left_at: float

    def send(self, subscriber: Subscriber) -> None:
        """Send the subscriber its pending messages."""


class Subscriber:
    """An operation that receives the messages of a live list."""

    __slots__ = (
        "_head",
        "ended",
        "id",
        "member",
        "next_full_kind",
        "owes_position",
        "position",
        "request",
        "shared",
    )

    def __init__(self, member: Member, id: str, request: ListRequest) -> None:
        self.member = member
        self.id = id
        self.request = request
        self.shared: SubscriptionSource | None = None
        """The list it follows; None before authorization and after its end."""
        self.ended = False
        self.position: int | None = None
        """The position up to which it is up to date; None before the first message."""
        self.next_full_kind = LiveKind.SNAPSHOT
        """The kind of its next full message."""
        self.owes_position = False
        """Whether its next message is sent even without changes, because its user has written."""
        self._head = b'{"id":%b,"type":"next","payload":' % orjson.dumps(id)

    def is_ready(self) -> bool:
        """Whether a message can be sent now."""
        return self.shared is not None and self.member.is_ready()

    @property
    def is_new(self) -> bool:
        """Whether it has not followed a list yet."""
        return self.shared is None and self.position is None

    def send(self, payload: bytes) -> None:
        """Send a payload that is shared by many subscribers."""
        self.member.push(self._head, payload, b"}")

    def move(self, shared: SubscriptionSource) -> None:
        """Follow another list: the client's state of the previous one becomes invalid."""
        self.leave()
        self.restart()
        self.shared = shared
        shared.subscribers.add(self)

    def restart(self) -> None:
        """Invalidate the client's state."""
        if self.position is not None:
            self.next_full_kind, self.position = LiveKind.RESYNC, None

    def leave(self) -> None:
        """Stop following the list."""
        if self.shared is not None:
            self.shared.subscribers.discard(self)
            self.shared = None

    def fail(self, error: Exception) -> None:
        """End the operation with an error."""
        self.leave()
        if not self.ended:
            self.ended = True
            self.member.fail(self.id, error)

"""One operation on a socket that follows a live list: where it stands, and how it is told."""

from __future__ import annotations

from typing import Protocol

import orjson

from domain.live import LiveKind
from subscriptions.engine.contracts import ListRequest, Member


class SubscriptionSource(Protocol):
    """What a listener follows."""

    subscribers: set[Subscriber]
    left_at: float

    def tell(self, subscriber: Subscriber) -> None:
        """Send him what he has not been sent yet."""


class Subscriber:
    """An operation that is told of a live list."""

    __slots__ = ("_head", "at", "begins", "ended", "group", "id", "member", "wanted")

    def __init__(self, member: Member, id: str, wanted: ListRequest) -> None:
        self.member = member
        self.id = id
        self.wanted = wanted
        self.group: SubscriptionSource | None = None
        """The list that it is told of; None before it was judged, and after it ended."""
        self.ended = False
        self.at: int | None = None
        """The position up to which it was told; None if it was told nothing yet."""
        self.begins = LiveKind.SNAPSHOT
        """What it is told when it is told everything."""
        self._head = b'{"id":%b,"type":"next","payload":' % orjson.dumps(id)

    def is_ready(self) -> bool:
        """Whether it can be told something now."""
        return self.group is not None and self.member.is_ready()

    @property
    def is_new(self) -> bool:
        """Whether it follows no list yet."""
        return self.group is None and self.at is None

    def tell(self, payload: bytes) -> None:
        """Send a result that was made for many."""
        self.member.push(self._head, payload, b"}")

    def move(self, group: SubscriptionSource) -> None:
        """Follow another list: what it was told of the last one is void."""
        self.leave()
        self.restart()
        self.group = group
        group.subscribers.add(self)

    def restart(self) -> None:
        """What it was told so far is void."""
        if self.at is not None:
            self.begins, self.at = LiveKind.RESYNC, None

    def leave(self) -> None:
        """Follow no list."""
        if self.group is not None:
            self.group.subscribers.discard(self)
            self.group = None

    def fail(self, error: Exception) -> None:
        """End it, saying why."""
        self.leave()
        if not self.ended:
            self.ended = True
            self.member.fail(self.id, error)

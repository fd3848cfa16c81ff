"""What sockets may cost: how many at once, how many messages a second, and how long they may be silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from uuid import UUID

STRANGERS = 20
"""Sockets of one address on which nobody has said yet who he is."""
SOCKETS = 20
"""Sockets of one user."""
OPERATIONS = 50
"""Operations at once on one socket."""
LISTS = 200
"""Live lists that one user follows, on all his sockets."""
MESSAGES = 100
"""Frames a second from one socket; twice as many at once, for a page that changes all its lists."""
INIT_SECONDS = 10.0
PING_SECONDS = 15.0
SILENT_SECONDS = 40.0
"""After which a client that answers no ping is given up."""
STUCK_SECONDS = 30.0
"""After which a client that does not read is given up."""


class ConnectionLimiter:
    """Counts who is inside."""

    def __init__(self) -> None:
        self._strangers: Counter[str] = Counter()
        self._users: Counter[tuple[UUID, UUID]] = Counter()
        self._lists: Counter[tuple[UUID, UUID]] = Counter()

    def knock(self, address: str) -> bool:
        """Let somebody in who has not said who he is; False if there are too many of them."""
        if self._strangers[address] >= STRANGERS:
            return False
        self._strangers[address] += 1
        return True

    def known(self, address: str) -> None:
        """He said who he is, or has left."""
        self._strangers[address] -= 1
        if self._strangers[address] <= 0:
            del self._strangers[address]

    def enter(self, tenant: UUID, user: UUID) -> bool:
        """Let a user in; False if he is here too often."""
        if self._users[tenant, user] >= SOCKETS:
            return False
        self._users[tenant, user] += 1
        return True

    def follow(self, tenant: UUID, user: UUID) -> bool:
        """Let a user follow one list more; False if he follows too many."""
        if self._lists[tenant, user] >= LISTS:
            return False
        self._lists[tenant, user] += 1
        return True

    def unfollow(self, tenant: UUID, user: UUID, count: int = 1) -> None:
        """He follows so many fewer."""
        self._lists[tenant, user] -= count
        if self._lists[tenant, user] <= 0:
            del self._lists[tenant, user]

    def leave(self, tenant: UUID, user: UUID) -> None:
        """One of his sockets is closed."""
        self._users[tenant, user] -= 1
        if self._users[tenant, user] <= 0:
            del self._users[tenant, user]


class Rate:
    """Lets MESSAGES pass in a second, and twice as many at once."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._left = 2.0 * MESSAGES
        self._at = now()

    def passes(self) -> bool:
        """Whether one more may pass."""
        now = self._now()
        self._left = min(2.0 * MESSAGES, self._left + (now - self._at) * MESSAGES)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

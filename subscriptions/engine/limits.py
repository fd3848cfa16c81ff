"""Limits of sockets: connections, messages per second, and silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from uuid import UUID

STRANGERS = 20
"""Unauthenticated sockets per address."""
SOCKETS = 20
"""Sockets per user."""
OPERATIONS = 50
"""Concurrent operations per socket."""
LISTS = 200
"""Live lists per user, over all sockets."""
MESSAGES = 100
"""Frames per second from one socket; bursts may be twice as large, for a page that changes all its lists."""
INIT_SECONDS = 10.0
PING_SECONDS = 15.0
SILENT_SECONDS = 40.0
"""Seconds after which a client that answers no ping is disconnected."""
STUCK_SECONDS = 30.0
"""Seconds after which a client that does not read is disconnected."""


class ConnectionLimiter:
    """Counts the open connections."""

    def __init__(self) -> None:
        self._strangers: Counter[str] = Counter()
        self._users: Counter[tuple[UUID, UUID]] = Counter()
        self._lists: Counter[tuple[UUID, UUID]] = Counter()

    def acquire(self, address: str) -> bool:
        """Admit an unauthenticated connection; False if its address has too many of them."""
        if self._strangers[address] >= STRANGERS:
            return False
        self._strangers[address] += 1
        return True

    def release(self, address: str) -> None:
        """The connection was authenticated or closed."""
        self._strangers[address] -= 1
        if self._strangers[address] <= 0:
            del self._strangers[address]

    def enter(self, tenant: UUID, user: UUID) -> bool:
        """Admit a user's connection; False if the user has too many."""
        if self._users[tenant, user] >= SOCKETS:
            return False
        self._users[tenant, user] += 1
        return True

    def follow(self, tenant: UUID, user: UUID) -> bool:
        """Admit one more live list of a user; False if the user has too many."""
        if self._lists[tenant, user] >= LISTS:
            return False
        self._lists[tenant, user] += 1
        return True

    def unfollow(self, tenant: UUID, user: UUID, count: int = 1) -> None:
        """Release live lists of a user."""
        self._lists[tenant, user] -= count
        if self._lists[tenant, user] <= 0:
            del self._lists[tenant, user]

    def leave(self, tenant: UUID, user: UUID) -> None:
        """Release a connection of a user."""
        self._users[tenant, user] -= 1
        if self._users[tenant, user] <= 0:
            del self._users[tenant, user]


class Rate:
    """A token bucket: MESSAGES per second, and bursts of twice as many."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._left = 2.0 * MESSAGES
        self._at = now()

    def passes(self) -> bool:
        """Whether one more message is permitted."""
        now = self._now()
        self._left = min(2.0 * MESSAGES, self._left + (now - self._at) * MESSAGES)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

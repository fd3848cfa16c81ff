"""Limits of sockets: connections, messages per second, and silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from uuid import UUID

MAX_UNAUTHENTICATED_SOCKETS = 20
"""Per client address."""
MAX_SOCKETS = 20
"""Per user."""
MAX_OPERATIONS = 50
"""Per socket, at the same time."""
MAX_LIVE_LISTS = 200
"""Per user, over all sockets."""
MESSAGES_PER_SECOND = 100
"""Frames per second from one socket; bursts may be twice as large, for a page that changes all its lists."""
INIT_TIMEOUT_SECONDS = 10.0
PING_INTERVAL_SECONDS = 15.0
SILENCE_TIMEOUT_SECONDS = 40.0
"""Seconds after which a client that answers no ping is disconnected."""
UNREAD_TIMEOUT_SECONDS = 30.0
"""Seconds after which a client that does not read is disconnected."""


class ConnectionLimiter:
    """Counts the open connections."""

    def __init__(self) -> None:
        self._unauthenticated: Counter[str] = Counter()
        self._users: Counter[tuple[UUID, UUID]] = Counter()
        self._lists: Counter[tuple[UUID, UUID]] = Counter()

    def acquire(self, address: str) -> bool:
        """Admit an unauthenticated connection; False if its address has too many of them."""
        if self._unauthenticated[address] >= MAX_UNAUTHENTICATED_SOCKETS:
            return False
        self._unauthenticated[address] += 1
        return True

    def release(self, address: str) -> None:
        """The connection was authenticated or closed."""
        self._unauthenticated[address] -= 1
        if self._unauthenticated[address] <= 0:
            del self._unauthenticated[address]

    def enter(self, tenant: UUID, user: UUID) -> bool:
        """Admit a user's connection; False if the user has too many."""
        if self._users[tenant, user] >= MAX_SOCKETS:
            return False
        self._users[tenant, user] += 1
        return True

    def follow(self, tenant: UUID, user: UUID) -> bool:
        """Admit one more live list of a user; False if the user has too many."""
        if self._lists[tenant, user] >= MAX_LIVE_LISTS:
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


class RateLimiter:
    """A token bucket: MESSAGES per second, and bursts of twice as many."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tokens = 2.0 * MESSAGES_PER_SECOND
        self._refilled_at = now()

    def allow(self) -> bool:
        """Whether one more message is permitted."""
        now = self._now()
        self._tokens = min(
            2.0 * MESSAGES_PER_SECOND,
            self._tokens + (now - self._refilled_at) * MESSAGES_PER_SECOND,
        )
        self._refilled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

"""The budget of a tenant: expanded objects per minute, so that one tenant cannot slow the others down (D-39)."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from domain.codes import Code, Refused
from domain.message import Message

PER_MINUTE = 2_000_000
WINDOW = 60.0


class Budget:
    """Counts the expanded objects of each tenant's requests, per process and window of one minute."""

    def __init__(self, now: Callable[[], float], per_minute: int = PER_MINUTE) -> None:
        self._now = now
        self._most = per_minute
        self._window = 0
        self._spent: dict[UUID, int] = {}

    def spend(self, tenant: UUID, nodes: int) -> int:
        """Take `nodes` from the tenant's budget and return what is left. Raises Refused (RATE_LIMITED)."""
        window = int(self._now() // WINDOW)
        if window != self._window:
            self._window, self._spent = window, {}
        spent = self._spent.get(tenant, 0) + nodes
        if spent > self._most:
            wait = int(WINDOW - self._now() % WINDOW) + 1
            message = Message(
                "The tenant's budget of {limit:,} objects per minute is used up. Try again in {seconds} seconds.",
                limit=self._most,
                seconds=wait,
            )
            raise Refused(Code.RATE_LIMITED, message, retryAfter=wait)
        self._spent[tenant] = spent
        return self._most - spent

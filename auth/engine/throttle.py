"""Bounds guesses of passwords: a fixed window of attempts per account and address."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.strategies import FixedWindowRateLimiter

from auth.engine.counters import Counters
from domain.codes import Code, Refused
from domain.message import Message

ACCOUNT_LIMIT = RateLimitItemPerSecond(10, 900, "account")
ADDRESS_LIMIT = RateLimitItemPerSecond(100, 900, "address")
REFRESH_LIMIT = RateLimitItemPerSecond(100, 900, "refresh")
"""Separate from ADDRESS: failed refreshes do not lock out others behind the same address."""


@dataclass(frozen=True)
class Attempt:
    """The counters of an attempt, to restore them if it succeeds."""

    account: str | None
    address: tuple[RateLimitItem, str]


class Throttle:
    """Counts attempts before they are checked, so that concurrent guesses all count."""

    def __init__(self, redis_url: str, key: bytes, clock: Callable[[], float]) -> None:
        """Nothing is connected before the first attempt.

        `key`, of 16 to 64 bytes, hides accounts and addresses from readers of Valkey; it is the same
        for every process. `clock` is monotonic, in seconds.
        """
        self.counters = Counters(redis_url, clock)
        self._limiter = FixedWindowRateLimiter(self.counters)
        self._key = key

    async def close(self) -> None:
        """Close the connections to Valkey."""
        await self.counters.close()

    async def sign_in(self, address: str, tenant: str, email: str) -> Attempt:
        """Count an attempt by a client's address at an account (case-folded), existing or not.

        Raises Refused(RATE_LIMITED) with the whole seconds to wait as `retryAfter`.
        """
        address_key = self._key_of(ADDRESS_LIMIT, _network(address))
        await self._count(ADDRESS_LIMIT, address_key)
        account = self._key_of(ACCOUNT_LIMIT, tenant, email)
        await self._count(ACCOUNT_LIMIT, account)
        return Attempt(account, (ADDRESS_LIMIT, address_key))

    async def refresh(self, address: str) -> Attempt:
        """Count an attempt to refresh. Raises Refused(RATE_LIMITED) as sign_in does."""
        address_key = self._key_of(REFRESH_LIMIT, _network(address))
        await self._count(REFRESH_LIMIT, address_key)
        return Attempt(None, (REFRESH_LIMIT, address_key))

    async def forgive(self, attempt: Attempt) -> None:
        """The attempt succeeded: reset the account's window, and uncount it for the address."""
        limit, address_key = attempt.address
        await self._limiter.hit(limit, address_key, cost=-1)
        if attempt.account is not None:
            await self._limiter.clear(ACCOUNT_LIMIT, attempt.account)

    async def _count(self, limit: RateLimitItem, name: str) -> None:
        if await self._limiter.hit(limit, name):
            return
        window = await self._limiter.get_window_stats(limit, name)
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        message = Message("Too many attempts. Try again in {seconds} seconds.", seconds=seconds)
        raise Refused(Code.RATE_LIMITED, message, retryAfter=seconds)

    def _key_of(self, limit: RateLimitItem, *parts: str) -> str:
        text = json.dumps([limit.namespace, *parts]).encode()
        return hashlib.blake2b(text, digest_size=16, key=self._key).hexdigest()


def _network(address: str) -> str:
    """The counter of an address: an IPv6 network of 64 bits, since a customer has all addresses of one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)

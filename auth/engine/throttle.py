"""Bounds how often a password may be guessed: counts in Valkey, or here while that is down."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import json
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from limits.aio.storage import RedisStorage
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from auth.engine.windows import Windows
from domain.codes import Code, Refused

ANSWER_SECONDS = 0.25
"""How long Valkey may take to answer before it counts as down."""
SHUT_SECONDS = 5.0
"""How long it is then left alone."""
PREFIX = "relata:throttle"

T = TypeVar("T")


@dataclass(frozen=True)
class Limit:
    """At most `amount` failures within `seconds` of the first one."""

    name: str
    amount: int
    seconds: int


ACCOUNT = Limit("account", 10, 900)
ADDRESS = Limit("address", 100, 900)
REFRESH = Limit("refresh", 100, 900)
"""Apart from ADDRESS: failing to sign in shall not throw out neighbours behind the address."""


@dataclass(frozen=True)
class Attempt:
    """Where an attempt was counted, to give it back if it succeeds."""

    account: str | None
    address: tuple[Limit, str]


class Throttle:
    """Counts attempts before they are judged, so that guesses made at once are counted as many."""

    def __init__(self, redis_url: str, key: bytes, clock: Callable[[], float]) -> None:
        """Nothing is connected before the first attempt.

        `key`, of 16 to 64 bytes, hides what is counted from whoever reads Valkey; it is the same
        for every process. `clock` tells seconds and never goes back.
        """
        options: dict[str, Any] = {
            "socket_timeout": ANSWER_SECONDS,
            "socket_connect_timeout": ANSWER_SECONDS,
            "retry": Retry(NoBackoff(), 0),  # redis-py tries for seconds otherwise
        }
        self._pool = ConnectionPool.from_url(redis_url, **options)
        pool: Any = self._pool
        self._storage = RedisStorage(
            _limits_url(redis_url),
            implementation="redispy",
            key_prefix=PREFIX,
            connection_pool=pool,
        )
        self._key = key
        self._clock = clock
        self._here = Windows()
        self._shut_until = -math.inf

    async def close(self) -> None:
        """Close the connections to Valkey."""
        await self._pool.disconnect()

    async def sign_in(self, address: str, tenant: str, email: str) -> Attempt:
        """Count an attempt by a client's address at an account, of folded texts, existing or not.

        Raises Refused(RATE_LIMITED) with the whole seconds to wait as `retryAfter`.
        """
        source = self._name(ADDRESS, _network(address))
        await self._count(ADDRESS, source)
        account = self._name(ACCOUNT, tenant, email)
        await self._count(ACCOUNT, account)
        return Attempt(account, (ADDRESS, source))

    async def refresh(self, address: str) -> Attempt:
        """Count an attempt to refresh. Raises Refused(RATE_LIMITED) as sign_in does."""
        source = self._name(REFRESH, _network(address))
        await self._count(REFRESH, source)
        return Attempt(None, (REFRESH, source))

    async def forgive(self, attempt: Attempt) -> None:
        """It succeeded: the account begins anew, and the address has this one attempt back."""
        limit, source = attempt.address
        self._here.add(source, -1, limit.seconds, self._clock())
        await self._ask(lambda: self._storage.incr(source, limit.seconds, -1))
        if (account := attempt.account) is not None:
            self._here.drop(account)
            await self._ask(lambda: self._cleared(account))

    async def _count(self, limit: Limit, name: str) -> None:
        count = await self._ask(lambda: self._storage.incr(name, limit.seconds))
        now = self._clock()
        if count is None:
            count = self._here.add(name, 1, limit.seconds, now)
        else:  # remembered, so that a guesser gains nothing when Valkey goes down
            self._here.note(name, count, limit.seconds, now)
        if count > limit.amount:
            wait = await self._ask(lambda: self._seconds_left(name))
            wait = self._here.left(name, now) if wait is None else wait
            seconds = max(1, math.ceil(wait))
            message = f"Too many attempts: try again in {seconds} seconds."
            raise Refused(Code.RATE_LIMITED, message, retryAfter=seconds)

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T | None:
        """Valkey's answer, or None while it is down. One at a time tries whether it is up again."""
        now = self._clock()
        if now < self._shut_until:
            return None
        if self._shut_until > -math.inf:
            self._shut_until = now + SHUT_SECONDS
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await question()
        except (RedisError, OSError, TimeoutError):
            self._shut_until = self._clock() + SHUT_SECONDS
            return None
        self._shut_until = -math.inf
        return answer

    async def _cleared(self, name: str) -> bool:
        await self._storage.clear(name)
        return True

    async def _seconds_left(self, name: str) -> float:
        # limits adds the time to live to this same clock.
        return await self._storage.get_expiry(name) - time.time()

    def _name(self, limit: Limit, *what: str) -> str:
        text = json.dumps([limit.name, *what]).encode()
        return f"{limit.name}:{hashlib.blake2b(text, digest_size=16, key=self._key).hexdigest()}"


def _network(address: str) -> str:
    """Whom an address stands for: one of IPv6's 64 bits is a customer's to change as he likes."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)


def _limits_url(redis_url: str) -> str:
    """The URL as limits spells it: it takes `unix://` for another library's."""
    scheme, _, rest = redis_url.partition("://")
    return f"async+redis+unix://{rest}" if scheme == "unix" else f"async+{redis_url}"

"""Counters of the rate limits: in Valkey, shared by all processes, or in this process while Valkey is down."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from cachetools import TLRUCache
from limits.aio.storage import RedisStorage, Storage
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

VALKEY_TIMEOUT_SECONDS = 0.25
"""Seconds within which Valkey must respond; otherwise it counts as down."""
RETRY_SECONDS = 5.0
"""Seconds after a failure until Valkey is tried again."""
PREFIX = "relata:throttle"
PLACEHOLDER_URL = "async+redis://localhost:6379"
"""The storage takes its connections from the given pool, but requires a URL that it can parse."""
MAX_COUNTERS = 100_000
"""Maximum counters of one process: more than a window can fill, as each attempt costs the verification of a password."""

T = TypeVar("T")


class LocalCounters(Storage):
    """Counters of this process, each kept until its window ends; the least recently used is evicted."""

    base_exceptions = ValueError

    def __init__(self, clock: Callable[[], float], max_counters: int = MAX_COUNTERS) -> None:
        """`clock` is monotonic, in seconds."""
        super().__init__()
        self._clock = clock
        self._counters: TLRUCache[str, tuple[int, float], float] = TLRUCache(
            max_counters, lambda key, value, now: value[1], clock
        )

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add `amount`, within a window of `expiry` seconds since the first; the sum, never below 0."""
        count, ends = self._counters.get(key, (0, self._clock() + expiry))
        total = max(0, count + amount)
        self._counters[key] = (total, ends)
        return total

    def raise_to(self, key: str, count: int, expiry: float) -> None:
        """Copy a count from Valkey, unless the local one is higher: responses can arrive out of order."""
        local_count, ends = self._counters.get(key, (0, self._clock() + expiry))
        self._counters[key] = (max(local_count, count), ends)

    async def get(self, key: str) -> int:
        """The count; 0 without one."""
        return self._counters.get(key, (0, 0.0))[0]

    async def get_expiry(self, key: str) -> float:
        """Unix time at which the window ends, as in other storages."""
        now = self._clock()
        return time.time() + self._counters.get(key, (0, now))[1] - now

    async def clear(self, key: str) -> None:
        """Begin a new window with the next attempt."""
        self._counters.pop(key, None)

    async def check(self) -> bool:
        """Always up."""
        return True

    async def reset(self) -> int | None:
        """Remove all counters; how many there were."""
        count = len(self._counters)
        self._counters.clear()
        return count


class Counters(Storage):
    """Counters in Valkey. While it is down, attempts are counted in this process, on top of its last counts."""

    base_exceptions = ValueError

    def __init__(self, redis_url: str, clock: Callable[[], float]) -> None:
        """Nothing is connected before the first attempt. `clock` is monotonic, in seconds."""
        super().__init__()
        options: dict[str, Any] = {
            "socket_timeout": VALKEY_TIMEOUT_SECONDS,
            "socket_connect_timeout": VALKEY_TIMEOUT_SECONDS,
            "retry": Retry(NoBackoff(), 0),  # redis-py tries for seconds otherwise
        }
        self._pool = ConnectionPool.from_url(redis_url, **options)
        pool: Any = self._pool
        self.shared = RedisStorage(
            PLACEHOLDER_URL,
            implementation="redispy",
            key_prefix=PREFIX,
            connection_pool=pool,
        )
        self.local = LocalCounters(clock, MAX_COUNTERS)
        self._clock = clock
        self._retry_at = -math.inf

    async def close(self) -> None:
        """Close the connections to Valkey."""
        await self._pool.disconnect()

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add `amount`, within a window of `expiry` seconds since the first; the sum."""
        count = await self._call(lambda: self.shared.incr(key, expiry, amount))
        if count is None:
            return await self.local.incr(key, expiry, amount)
        if amount < 0:
            await self.local.incr(key, expiry, amount)
        else:  # copied, so that guessers gain nothing when Valkey goes down
            self.local.raise_to(key, count, expiry)
        return count

    async def get(self, key: str) -> int:
        """The count; 0 without one."""
        count = await self._call(lambda: self.shared.get(key))
        return await self.local.get(key) if count is None else count

    async def get_expiry(self, key: str) -> float:
        """Unix time at which the window ends."""
        ends = await self._call(lambda: self.shared.get_expiry(key))
        return await self.local.get_expiry(key) if ends is None else ends

    async def clear(self, key: str) -> None:
        """Begin a new window with the next attempt, here and in Valkey."""
        await self.local.clear(key)
        await self._call(lambda: self._clear_shared(key))

    async def check(self) -> bool:
        """Whether Valkey responds."""
        return bool(await self._call(self.shared.check))

    async def reset(self) -> int | None:
        """Remove all counters, here and in Valkey."""
        await self.local.reset()
        return await self._call(self.shared.reset)

    async def _clear_shared(self, key: str) -> bool:
        await self.shared.clear(key)
        return True

    async def _call(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """Valkey's response, or None while it is down. One caller at a time checks whether it is up again."""
        now = self._clock()
        if now < self._retry_at:
            return None
        if self._retry_at > -math.inf:
            self._retry_at = now + RETRY_SECONDS
        try:
            async with asyncio.timeout(VALKEY_TIMEOUT_SECONDS):
                result = await call()
        except (RedisError, OSError, TimeoutError):
            self._retry_at = self._clock() + RETRY_SECONDS
            return None
        self._retry_at = -math.inf
        return result

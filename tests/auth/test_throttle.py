"""Rate limits of sign-in attempts, counted before the password check, with and without Valkey."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.asyncio import Redis

from auth.engine.counters import RETRY_SECONDS, VALKEY_TIMEOUT_SECONDS, LocalCounters
from auth.engine.throttle import ACCOUNT_LIMIT, ADDRESS_LIMIT, Throttle
from cli.servers.embedded import Servers, embedded
from domain.codes import Code, Refused
from tests.auth.world import World

pytestmark = pytest.mark.usefixtures("patient")
CLIENT = "192.0.2.1"


class Clock:
    """Monotonic clock that a test can advance."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


class OwnValkey:
    """A Valkey server of one test, which the test can stop."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self.url = url
        self._stack = stack

    async def stop(self) -> None:
        await self._stack.aclose()

    async def process(self) -> int:
        async with Redis.from_url(self.url) as client:
            return int((await client.info("server"))["process_id"])


@pytest.fixture
async def valkey(servers: Servers) -> AsyncIterator[OwnValkey]:
    place = Path(tempfile.mkdtemp(prefix="relata-test-"))
    async with AsyncExitStack() as stack:
        servers_of_test = await stack.enter_async_context(
            embedded(place, durable=False, database_url=servers.database_url)
        )
        yield OwnValkey(servers_of_test.redis_url, stack)
    shutil.rmtree(place)


async def permitted(
    throttle: Throttle, times: int, *, address: str = CLIENT, email: str = "a@b"
) -> int:
    """Number of permitted attempts out of several concurrent ones."""
    attempts = (throttle.sign_in(address, "acme", email) for _ in range(times))
    answers = await asyncio.gather(*attempts, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    for answer in refused:
        assert isinstance(answer, Refused), answer
        assert answer.code is Code.RATE_LIMITED
        wait = answer.extensions["retryAfter"]
        assert isinstance(wait, int)
        assert 0 < wait <= ACCOUNT_LIMIT.get_expiry()
        assert f" {wait} seconds" in answer.message
    return times - len(refused)


async def test_parallel_guesses_do_not_pass_the_limit(world: World) -> None:
    throttle = world.throttle()
    assert await permitted(throttle, 40) == ACCOUNT_LIMIT.amount
    assert await permitted(throttle, 5, address="198.51.100.9") == 0
    assert await permitted(throttle, 5, email="other@b") == 5


async def test_attempts_of_one_address_over_many_accounts_are_limited(world: World) -> None:
    throttle = world.throttle()
    passed = 0
    for index in range(ADDRESS_LIMIT.amount + 20):
        passed += await permitted(throttle, 1, email=f"{index}@b")
    assert passed == ADDRESS_LIMIT.amount
    assert await permitted(throttle, 1, address="192.0.2.2", email="1@b") == 1


async def test_ipv6_addresses_of_one_network_count_as_one(world: World) -> None:
    throttle = world.throttle()
    passed = 0
    for index in range(ADDRESS_LIMIT.amount + 1):
        passed += await permitted(
            throttle, 1, address=f"2001:db8:1:2::{index:x}", email=f"{index}@b"
        )
    assert passed == ADDRESS_LIMIT.amount
    assert await permitted(throttle, 1, address="2001:db8:1:3::1", email="x@b") == 1
    assert await permitted(throttle, 1, address="testclient", email="x@b") == 1


async def test_success_resets_the_account_counter_and_decrements_that_of_the_address(
    world: World,
) -> None:
    throttle = world.throttle()
    for _ in range(11):  # 9 failures remain each time, 99 in total
        assert await permitted(throttle, ACCOUNT_LIMIT.amount - 1) == ACCOUNT_LIMIT.amount - 1
        await throttle.forgive(await throttle.sign_in(CLIENT, "acme", "a@b"))
    assert await permitted(throttle, 2, email="other@b") == 1


async def test_counters_hide_their_keys_and_expire(world: World, servers: Servers) -> None:
    throttle = world.throttle()
    async with Redis.from_url(servers.redis_url) as client:
        before = set(await client.keys("*"))
        await throttle.sign_in("203.0.113.77", "acme", "ada@example.com")
        keys = set(await client.keys("*")) - before
        assert len(keys) == 2
        for key in keys:
            assert not any(word in key for word in (b"203.0", b"acme", b"ada@", b"example"))
            assert 0 < await client.ttl(key) <= ACCOUNT_LIMIT.get_expiry()


async def test_guesses_are_counted_without_valkey(world: World, valkey: OwnValkey) -> None:
    clock = Clock()
    throttle = world.throttle(valkey.url, clock)
    assert await permitted(throttle, 4) == 4
    assert await permitted(throttle, 9, email="new@b") == 9
    await throttle.forgive(await throttle.sign_in(CLIENT, "acme", "new@b"))
    await valkey.stop()
    assert await permitted(throttle, 20, email="new@b") == ACCOUNT_LIMIT.amount, (
        "successes are counted locally, too"
    )
    assert (
        await permitted(throttle, 20) == ACCOUNT_LIMIT.amount - 4
    )  # the local counter starts at Valkey's last response
    await throttle.forgive(await throttle.sign_in(CLIENT, "acme", "other@b"))
    clock.ahead += ACCOUNT_LIMIT.get_expiry() + 1
    assert await permitted(throttle, 20) == ACCOUNT_LIMIT.amount


async def test_an_unresponsive_valkey_delays_one_attempt_and_is_used_again(
    world: World, valkey: OwnValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    throttle = world.throttle(valkey.url, clock)
    process = await valkey.process()
    assert await permitted(throttle, 2) == 2
    requests = 0
    shared = throttle.counters.shared
    increment = shared.incr

    async def counted(*args: object) -> int:
        nonlocal requests
        requests += 1
        return await increment(*args)  # type: ignore[arg-type]

    shared.incr = counted  # type: ignore[method-assign,assignment]
    os.kill(process, signal.SIGSTOP)
    try:
        with monkeypatch.context() as impatient:
            impatient.setattr("auth.engine.counters.VALKEY_TIMEOUT_SECONDS", VALKEY_TIMEOUT_SECONDS)
            for _ in range(3):
                assert await permitted(throttle, 1) == 1
            assert requests == 1
            clock.ahead += RETRY_SECONDS
            assert await permitted(throttle, 5) == 5
            assert requests == 2  # one attempt tests Valkey, the others do not wait
    finally:
        os.kill(process, signal.SIGCONT)
    clock.ahead += RETRY_SECONDS
    assert await permitted(throttle, 1) == 1
    assert requests == 4
    assert VALKEY_TIMEOUT_SECONDS < 0.3


async def test_local_counters_are_bounded_and_end_with_their_window() -> None:
    now = [0.0]
    counters = LocalCounters(lambda: now[0], max_counters=3)

    async def seconds_left(key: str) -> int:
        return round(await counters.get_expiry(key) - time.time())

    for key in "abcd":
        assert await counters.incr(key, 10) == 1
    assert [await counters.get(key) for key in "abcd"] == [0, 1, 1, 1]
    assert len(counters._counters) == 3
    now[0] = 9
    assert await counters.incr("d", 10) == 2
    assert await seconds_left("d") == 1
    now[0] = 10
    assert await counters.incr("d", 10) == 1
    now[0] = 11
    assert await counters.incr("d", 10, -5) == 0
    counters.raise_to("c", 7, 10)
    assert await seconds_left("c") == 10
    now[0] = 12
    counters.raise_to("c", 1, 10)
    assert await counters.incr("c", 10) == 8
    assert await seconds_left("c") == 9
    await counters.clear("c")
    assert await seconds_left("c") == 0
    assert await counters.incr("c", 10) == 1

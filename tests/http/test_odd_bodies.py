"""Invalid and unusual requests cause no internal errors and reveal no internal details (F5)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from io import StringIO

import pytest

from tests.http.asgi import Got, Sent, over_socket, send
from tests.http.leaks import wrong
from tests.http.odd import HEADERS, METHODS, PATHS, Odd, fixed
from tests.support.covers import covers
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("unmetered")

SEEDS = 10
EACH = 1_000
AT_ONCE = 8
"""Concurrent requests; failed sign-ins are delayed, and other requests run meanwhile."""


async def ask_all(
    requests: Sequence[Sent], ask: Callable[[Sent], Awaitable[Got]]
) -> tuple[list[str], Counter[int]]:
    """Send all requests; return the defects of the responses and their statuses."""
    defects: list[str] = []
    statuses: Counter[int] = Counter()
    waiting = iter(enumerate(requests))

    async def work() -> None:
        for number, sent in waiting:
            got = await ask(sent)
            statuses[got.status] += 1
            if problems := wrong(got):
                defects.append(f"{number}: {problems} {got.body[:300]!r} to {sent!r}"[:1500])

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
    return defects, statuses


@covers("F5", "D-35")
@pytest.mark.parametrize("seed", range(SEEDS))
async def test_odd_requests_cause_no_internal_errors(
    world: World, logged: StringIO, seed: int
) -> None:
    odd = Odd(seed, await world.token("rep1"))
    requests = [odd.request() for _ in range(EACH)]
    defects, statuses = await ask_all(requests, lambda sent: send(world.app, sent))
    assert not defects, "\n".join(defects[:10])
    assert not logged.getvalue()
    # The requests reach every layer: some run, some are refused, some cannot be parsed.
    assert min(statuses[200], statuses[400], statuses[401]) > EACH // 100, statuses
    assert len(statuses) > 5, statuses


@covers("F5")
async def test_bodies_that_crash_other_servers_are_refused(world: World, logged: StringIO) -> None:
    bearer = b"Bearer " + (await world.token("rep1")).encode()
    bare = [Sent(body, chunks=chunks) for body in fixed() for chunks in (1, 3)]
    both = [*bare, *(each.with_header(b"authorization", bearer) for each in bare)]
    defects, _ = await ask_all(both, lambda sent: send(world.app, sent))
    assert not defects, "\n".join(defects[:10])
    assert not logged.getvalue()


@covers("F5")
async def test_odd_headers_methods_and_paths_cause_no_internal_errors(
    world: World, logged: StringIO
) -> None:
    bearer = b"Bearer " + (await world.token("rep1")).encode()
    good = Sent(b'{"query":"{ viewer { id } }"}')
    heads = [good.with_header(name, value) for name in HEADERS for value in HEADERS[name]]
    heads += [Sent(good.body, method, path) for method in (*METHODS, "POST") for path in PATHS]
    heads += [Sent(good.body, method) for method in METHODS]
    heads += [
        each.with_header(b"authorization", bearer)
        for each in heads
        if not any(name == b"authorization" for name, _ in each.headers)
    ]
    defects, _ = await ask_all(heads, lambda sent: send(world.app, sent))
    assert not defects, "\n".join(defects[:10])
    assert not logged.getvalue()


@covers("F5")
async def test_odd_requests_over_a_socket(world: World, port: int, logged: StringIO) -> None:
    odd = Odd(4711, await world.token("rep1"))
    requests = [odd.request() for _ in range(300)]
    answered = Counter[str]()

    async def ask(sent: Sent) -> Got:
        got = await over_socket(port, sent.raw())
        if got.headers.get("content-type", "").startswith("application/"):
            answered["by the application"] += 1
            return got if got.body else Got(got.status, got.headers, HEADLESS)
        # Invalid HTTP is refused by uvicorn, whose response contains nothing of the application.
        assert got.status in (0, 400), got
        assert got.body in (b"", b"Invalid HTTP request received."), got
        answered["by uvicorn"] += 1
        return Got(400, {"cache-control": "no-store"}, HEADLESS)

    defects, _ = await ask_all(requests, ask)
    assert not defects, "\n".join(defects[:10])
    assert answered["by the application"] > 250, answered
    output = set(logged.getvalue().splitlines())
    assert all("Invalid HTTP request" in line or "upgrade" in line for line in output), output


HEADLESS = b'{"errors":[{"message":"","extensions":{"code":"BAD_REQUEST"}}]}'
"""Placeholder for the missing body of responses such as those to HEAD."""


@covers("F5")
@pytest.mark.parametrize(
    "selection", ["__typename", "sum { __typename }", "sum { amount { amount } }"]
)
async def test_aggregates_without_count_are_accepted(world: World, selection: str) -> None:
    got = await world.ask("rep1", f"{{ opportunities {{ aggregate {{ {selection} }} }} }}")
    assert got.status == 200

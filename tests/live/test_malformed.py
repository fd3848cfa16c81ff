"""Thousands of messages and frames that no client should send: each is answered in order, and harms nobody."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.http.leaks import INTERNAL
from tests.live.live_tenant import LiveTenant
from tests.live.malformed import PING, Case, drawn, frame, resident
from tests.live.wire import Wire
from tests.support.covers import covers

MALFORMED, FIRST = 2_000, 400
AT_ONCE = 6
SAID = {4400, 4401, 4403, 4409, 4429, 1009}
"""What the contract closes a socket with for what is said on it."""
FRAMES = {1002, 1007}
"""What RFC 6455 closes it with for what is no frame, or no text."""
OBJECTS, OCTETS = 10, 32 * 2**20
"""What may stay behind: objects of each socket (one that is kept has dozens), and memory of all."""
UNREAD = 48 * 2**20
"""Octets of which each is answered: more than may stay behind."""


@dataclass
class Tally:
    """How the sockets ended."""

    ends: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def note(self, case: Case, opened: Wire, introduced: bool) -> None:
        """Judge how a socket ended."""
        code, reason = opened.socket.close_code or 0, opened.socket.close_reason or ""
        self.ends[code] += 1
        told = [case.kind, [each[:200] for each in case.octets], code, reason, opened.received]
        if code not in case.may_end(SAID, FRAMES):
            self.wrong.append(f"ends oddly: {told}")
        if any(INTERNAL.search(repr(each).encode()) for each in [reason, *opened.received]):
            self.wrong.append(f"tells too much: {told}")
        if not introduced and any(m["type"] not in ("ping", "pong") for m in opened.received):
            self.wrong.append(f"speaks to strangers: {told}")
        failed = [message for message in opened.received if "INTERNAL" in str(message)]
        if failed:
            self.wrong.append(f"fails inside: {told}")


async def _one(here: LiveTenant, case: Case, introduced: bool, tally: Tally) -> None:
    """Say it. Whoever is not closed for it is for what is said last."""
    async with here.wire("support" if introduced else None) as opened:
        for octets in case.octets:
            await opened.raw(octets)
        if case.framed:
            await opened.say("{")
        else:
            opened.socket.transport.write_eof()  # a frame may be announced that does not come
        await opened.closed()
        tally.note(case, opened, introduced)


async def _all(here: LiveTenant, cases: Iterator[tuple[int, Case]], tally: Tally) -> None:
    """Each on a socket of its own, some at once; every fourth comes from a stranger."""

    async def work() -> None:
        for place, case in cases:
            await _one(here, case, place % 4 != 0, tally)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())


async def _held() -> tuple[int, int, int]:
    """Tasks, objects and octets that there are."""
    await asyncio.sleep(0.5)  # who has gone is forgotten in a moment
    gc.collect()
    return len(asyncio.all_tasks()), len(gc.get_objects()), resident()


@covers("F3", "F25")
async def test_malformed_messages_do_not_affect_other_clients(here: LiveTenant) -> None:
    id, tally, cases = await here.some(), Tally(), drawn(seed=7, many=MALFORMED)
    async with here.wire("rep1") as beside, here.wire("admin") as idle:
        rows = await here.live(beside)
        await _all(here, enumerate(cases[:FIRST]), tally)  # caches fill
        before = await _held()
        await _all(here, enumerate(cases[FIRST:]), tally)
        tasks, objects, octets = (
            now - then for now, then in zip(await _held(), before, strict=True)
        )
        await rows.until(id, await here.rename(id))
        await idle.alive()
        assert set(rows.kinds[1:]) == {"DELTA"}
    assert not tally.wrong, "\n".join(tally.wrong[:10])
    assert sum(tally.ends.values()) == MALFORMED
    assert set(tally.ends) >= {4400, 4401, 4429, 1009, 1002, 1007}, tally.ends
    assert tasks <= 0
    assert objects < OBJECTS * (MALFORMED - FIRST)
    assert octets < OCTETS


@covers("F25")
async def test_unread_pongs_are_not_buffered(here: LiveTenant) -> None:
    """Frames that WebSocket answers by itself are no messages: what is not read of the answers is not kept."""
    flood = frame(PING, bytes(125)) * 500
    async with here.wire("rep1") as beside, here.wire("support") as opened:
        transport = opened.socket.transport
        transport.pause_reading()
        before, sent = resident(), 0
        while sent < UNREAD and not transport.is_closing() and await _taken(opened):
            transport.write(flood)
            sent += len(flood)
        assert resident() - before < OCTETS
        transport.abort()
        await beside.alive()


async def _taken(opened: Wire) -> bool:
    """Whether the server reads what is sent; False if it waits until its answers are read."""
    for _ in range(200):
        if not opened.socket.transport.get_write_buffer_size():
            return True
        await asyncio.sleep(0.01)
    return False

"""Thousands of malformed messages and frames: each gets a defined response, and other clients are not affected."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.http.leaks import INTERNAL
from tests.live.live_tenant import LiveTenant
from tests.live.malformed import PING, Case, draw_cases, frame, resident_bytes
from tests.live.wire import Wire
from tests.support.covers import covers

MALFORMED, FIRST = 2_000, 400
AT_ONCE = 6
MESSAGE_CODES = {4400, 4401, 4403, 4409, 4429, 1009}
"""Close codes for messages that the protocol or its limits forbid."""
FRAME_CODES = {1002, 1007}
"""Close codes of RFC 6455 for invalid frames and invalid UTF-8."""
OBJECTS, OCTETS = 10, 32 * 2**20
"""Allowed growth: objects per socket (a leaked socket has dozens), and bytes of memory in total."""
UNREAD = 48 * 2**20
"""Bytes of pings to send, whose unread answers would exceed the allowed growth."""


@dataclass
class Tally:
    """The close codes of the sockets, and the violations found."""

    ends: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def record(self, case: Case, ws: Wire, authenticated: bool) -> None:
        """Check how a socket ended and what it received."""
        code, reason = ws.socket.close_code or 0, ws.socket.close_reason or ""
        self.ends[code] += 1
        context = [case.kind, [each[:200] for each in case.octets], code, reason, ws.received]
        if code not in case.may_end(MESSAGE_CODES, FRAME_CODES):
            self.wrong.append(f"unexpected close code: {context}")
        if any(INTERNAL.search(repr(each).encode()) for each in [reason, *ws.received]):
            self.wrong.append(f"reveals internals: {context}")
        if not authenticated and any(m["type"] not in ("ping", "pong") for m in ws.received):
            self.wrong.append(f"answers an unauthenticated socket: {context}")
        failed = [message for message in ws.received if "INTERNAL" in str(message)]
        if failed:
            self.wrong.append(f"internal error: {context}")


async def _send_case(tenant: LiveTenant, case: Case, authenticated: bool, tally: Tally) -> None:
    """Send a case, then a message that closes the socket if the case did not."""
    async with tenant.wire("support" if authenticated else None) as ws:
        for octets in case.octets:
            await ws.send_raw(octets)
        if case.framed:
            await ws.send("{")
        else:
            ws.socket.transport.write_eof()  # the server may wait for the rest of a frame
        await ws.wait_closed()
        tally.record(case, ws, authenticated)


async def _send_all(tenant: LiveTenant, cases: Iterator[tuple[int, Case]], tally: Tally) -> None:
    """Send each case on a socket of its own, some concurrently; every fourth socket is not authenticated."""

    async def work() -> None:
        for number, case in cases:
            await _send_case(tenant, case, number % 4 != 0, tally)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())


async def _resources() -> tuple[int, int, int]:
    """The numbers of tasks and objects, and the resident memory in bytes."""
    await asyncio.sleep(0.5)  # the server releases closed sockets asynchronously
    gc.collect()
    return len(asyncio.all_tasks()), len(gc.get_objects()), resident_bytes()


@covers("F3", "F25")
async def test_malformed_messages_do_not_affect_other_clients(tenant: LiveTenant) -> None:
    id, tally, cases = await tenant.any_opportunity(), Tally(), draw_cases(seed=7, count=MALFORMED)
    async with tenant.wire("rep1") as unaffected, tenant.wire("admin") as idle:
        rows = await tenant.open_list(unaffected)
        await _send_all(tenant, enumerate(cases[:FIRST]), tally)  # caches fill
        before = await _resources()
        await _send_all(tenant, enumerate(cases[FIRST:]), tally)
        tasks, objects, octets = (
            now - then for now, then in zip(await _resources(), before, strict=True)
        )
        await rows.until(id, await tenant.rename(id))
        await idle.check_alive()
        assert set(rows.kinds[1:]) == {"DELTA"}
    assert not tally.wrong, "\n".join(tally.wrong[:10])
    assert sum(tally.ends.values()) == MALFORMED
    assert set(tally.ends) >= {4400, 4401, 4429, 1009, 1002, 1007}, tally.ends
    assert tasks <= 0
    assert objects < OBJECTS * (MALFORMED - FIRST)
    assert octets < OCTETS


@covers("F25")
async def test_unread_pongs_are_not_buffered(tenant: LiveTenant) -> None:
    """Ping frames are answered below the message limit, so their unread answers must not accumulate."""
    flood = frame(PING, bytes(125)) * 500
    async with tenant.wire("rep1") as unaffected, tenant.wire("support") as ws:
        transport = ws.socket.transport
        transport.pause_reading()
        before, sent = resident_bytes(), 0
        while sent < UNREAD and not transport.is_closing() and await _is_read(ws):
            transport.write(flood)
            sent += len(flood)
        assert resident_bytes() - before < OCTETS
        transport.abort()
        await unaffected.check_alive()


async def _is_read(ws: Wire) -> bool:
    """Whether the server still reads; False if it waits for the client to read the answers."""
    for _ in range(200):
        if not ws.socket.transport.get_write_buffer_size():
            return True
        await asyncio.sleep(0.01)
    return False

"""Who is slow is told what he missed from the list's ring, or everything anew; nothing is queued for him (D-64)."""

from __future__ import annotations

from typing import Any

from subscriptions.engine.shared_subscription import REPLAY_DELTAS, SharedSubscription
from subscriptions.engine.socket import Socket
from tests.live.live_tenant import LiveTenant
from tests.live.wire import Rows
from tests.support.covers import covers

BUFFERED = 512 * 1024
"""Bytes that wait for a client who does not read, at most: one message more than the transport's own limit."""


def lists(here: LiveTenant) -> list[SharedSubscription]:
    """The lists that somebody follows."""
    feed = here.world.endpoint.feeds.of(here.world.tenants[here.own.slug].id)
    return [group for group in feed.groups.values() if group.subscribers]


def sockets(here: LiveTenant) -> list[Socket]:
    """The sockets of the tenant, as the house knows them."""
    tenant = here.world.tenants[here.own.slug].id
    feed = here.world.endpoint.feeds.of(tenant)
    return [each for each in feed.members if isinstance(each, Socket)]


async def rename_all(here: LiveTenant, ids: list[str]) -> str:
    """Give many another name in one transaction, and tell which."""
    name = here.name() + " " + "x" * 150
    for at in range(0, len(ids), 250):
        await here.own.many(
            "admin", "opportunityUpdate", [{"id": id, "name": name} for id in ids[at : at + 250]]
        )
    return name


async def stall(here: LiveTenant, ids: list[str], reader: Rows) -> Socket:
    """Write until somebody does not take more, and then as much again as no ring holds."""
    for _ in range(300):
        name = await rename_all(here, ids)
        await reader.until(ids[-1], name)
        stuck = [each for each in sockets(here) if not each.is_ready()]
        if stuck:
            break
    (socket,) = stuck
    return socket


@covers("D-64")
async def test_subscriber_too_far_behind_gets_a_resync(here: LiveTenant) -> None:
    async with here.wire("admin", narrow=True) as deaf, here.wire("admin") as other:
        slow, quick = await here.live(deaf), await here.live(other)
        ids = sorted(quick.rows)[:250]
        deaf.socket.transport.pause_reading()
        socket = await stall(here, ids, quick)
        for _ in range(12):
            name = await rename_all(here, ids)
            await quick.until(ids[-1], name)
        assert socket.wire.transport.get_write_buffer_size() < BUFFERED
        assert not socket.is_ready()
        deaf.socket.transport.resume_reading()
        await slow.until(ids[-1], name)
        assert "RESYNC" in slow.kinds
        assert slow.rows == quick.rows
        assert "RESYNC" not in quick.kinds
        later = await here.rename(ids[0])
        await slow.until(ids[0], later)
        assert slow.kinds[-1] == "DELTA"


@covers("D-64")
async def test_subscriber_slightly_behind_gets_deltas_in_order(here: LiveTenant) -> None:
    async with here.wire("admin", narrow=True) as deaf, here.wire("admin") as other:
        slow, quick = await here.live(deaf), await here.live(other)
        ids = sorted(quick.rows)[:250]
        deaf.socket.transport.pause_reading()
        await stall(here, ids, quick)
        few: list[Any] = []
        for id in ids[:5]:
            few.append((id, await here.rename(id)))
            await quick.until(*few[-1])
        deaf.socket.transport.resume_reading()
        await slow.until(*few[-1])
        assert "RESYNC" not in slow.kinds
        assert slow.rows == quick.rows


@covers("D-61")
async def test_deltas_beyond_the_replay_buffer_are_dropped(here: LiveTenant) -> None:
    async with here.wire("admin") as opened:
        rows = await here.live(opened)
        first, id = rows.cursor, min(rows.rows)
        for _ in range(REPLAY_DELTAS + 1):
            await rows.until(id, await here.rename(id))
        (group,) = lists(here)
        place = group.watch.place(first or "")
        assert place is not None
        assert not group.reaches(place)
        assert len(group.replay_buffer) == REPLAY_DELTAS

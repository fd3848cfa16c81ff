"""A slow subscriber gets the missed deltas from the replay buffer, or a RESYNC; nothing is queued per subscriber."""

from __future__ import annotations

from typing import Any

from subscriptions.engine.shared_subscription import MAX_REPLAY_DELTAS, SharedSubscription
from subscriptions.engine.socket import Socket
from tests.live.live_tenant import LiveTenant
from tests.live.wire import Rows
from tests.support.covers import covers

BUFFERED = 512 * 1024
"""Maximum bytes buffered for a client that does not read: the limit of the transport and one more message."""


def lists(tenant: LiveTenant) -> list[SharedSubscription]:
    """The shared subscriptions that have subscribers."""
    feed = tenant.world.endpoint.feeds.of(tenant.world.tenants[tenant.client.slug].id)
    return [group for group in feed.shared_subscriptions.values() if group.subscribers]


def sockets(tenant: LiveTenant) -> list[Socket]:
    """The server's objects for the open sockets of the tenant."""
    tenant_id = tenant.world.tenants[tenant.client.slug].id
    feed = tenant.world.endpoint.feeds.of(tenant_id)
    return [each for each in feed.members if isinstance(each, Socket)]


async def rename_all(tenant: LiveTenant, ids: list[str]) -> str:
    """Give records a common new name, 250 per transaction, and return the name."""
    name = tenant.new_name() + " " + "x" * 150
    for at in range(0, len(ids), 250):
        await tenant.client.attempt_many(
            "admin", "opportunityUpdate", [{"id": id, "name": name} for id in ids[at : at + 250]]
        )
    return name


async def stall(tenant: LiveTenant, ids: list[str], reader: Rows) -> Socket:
    """Write until the server has one socket that cannot take more, and return that socket."""
    for _ in range(300):
        name = await rename_all(tenant, ids)
        await reader.until(ids[-1], name)
        stuck = [each for each in sockets(tenant) if not each.is_ready()]
        if stuck:
            break
    (socket,) = stuck
    return socket


@covers("D-64")
async def test_subscriber_too_far_behind_gets_a_resync(tenant: LiveTenant) -> None:
    async with tenant.wire("admin", small_buffer=True) as stalled, tenant.wire("admin") as other:
        slow, quick = await tenant.open_list(stalled), await tenant.open_list(other)
        ids = sorted(quick.rows)[:250]
        stalled.socket.transport.pause_reading()
        socket = await stall(tenant, ids, quick)
        for _ in range(12):
            name = await rename_all(tenant, ids)
            await quick.until(ids[-1], name)
        assert socket.wire.transport.get_write_buffer_size() < BUFFERED
        assert not socket.is_ready()
        stalled.socket.transport.resume_reading()
        await slow.until(ids[-1], name)
        assert "RESYNC" in slow.kinds
        assert slow.rows == quick.rows
        assert "RESYNC" not in quick.kinds
        later = await tenant.rename(ids[0])
        await slow.until(ids[0], later)
        assert slow.kinds[-1] == "DELTA"


@covers("D-64")
async def test_subscriber_slightly_behind_gets_deltas_in_order(tenant: LiveTenant) -> None:
    async with tenant.wire("admin", small_buffer=True) as stalled, tenant.wire("admin") as other:
        slow, quick = await tenant.open_list(stalled), await tenant.open_list(other)
        ids = sorted(quick.rows)[:250]
        stalled.socket.transport.pause_reading()
        await stall(tenant, ids, quick)
        few: list[Any] = []
        for id in ids[:5]:
            few.append((id, await tenant.rename(id)))
            await quick.until(*few[-1])
        stalled.socket.transport.resume_reading()
        await slow.until(*few[-1])
        assert "RESYNC" not in slow.kinds
        assert slow.rows == quick.rows


@covers("D-61")
async def test_deltas_beyond_the_replay_buffer_are_dropped(tenant: LiveTenant) -> None:
    async with tenant.wire("admin") as ws:
        rows = await tenant.open_list(ws)
        first, id = rows.cursor, min(rows.rows)
        for _ in range(MAX_REPLAY_DELTAS + 1):
            await rows.until(id, await tenant.rename(id))
        (group,) = lists(tenant)
        position = group.reader.position_of(first or "")
        assert position is not None
        assert not group.reaches(position)
        assert len(group.replay_buffer) == MAX_REPLAY_DELTAS

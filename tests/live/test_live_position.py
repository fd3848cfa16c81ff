"""Payloads of mutations contain the position at which live lists contain their write."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.live.live_tenant import LiveTenant
from tests.support.covers import covers

LIST = """
subscription ($after: String) {
  opportunities(after: $after, first: 1000) { kind cursor livePosition changes { kind id node { name } } }
}
"""
UPDATE = """
mutation ($input: OpportunityUpdateInput!) {
  done: opportunityUpdate(input: $input) { position: livePosition userErrors { code } }
}
"""
UPDATE_MANY = """
mutation ($inputs: [OpportunityUpdateInput!]!, $all: Boolean) {
  done: opportunityUpdateMany(inputs: $inputs, allOrNone: $all) {
    livePosition results { livePosition userErrors { code } }
  }
}
"""


async def update(tenant: LiveTenant, persona: str = "admin", key: str = "", **input: Any) -> Any:
    """The position in the payload of an update."""
    headers = {"idempotency_key": key} if key else {}
    response = await tenant.client.ask(persona, UPDATE, {"input": input}, **headers)
    return response.data["done"]["position"]


@covers("D-60")
async def test_positions_are_those_of_the_deltas(tenant: LiveTenant) -> None:
    id = await tenant.any_opportunity()
    async with tenant.wire("admin") as ws:
        await ws.subscribe("live", LIST)
        snapshot = (await ws.next("live"))["data"]["opportunities"]
        previous = snapshot["livePosition"]
        for _ in range(3):
            position = await update(tenant, id=id, name=tenant.new_name())
            delta = (await ws.next("live"))["data"]["opportunities"]
            assert previous < position == delta["livePosition"]
            assert len(position) == len(previous) == 32
            previous = position


@covers("D-60")
async def test_concurrent_writes_have_consecutive_positions(tenant: LiveTenant) -> None:
    """Every list state before a write's position lacks the write; every later state contains it."""
    query = "{ opportunities(first: 8) { nodes { id } } }"
    nodes = (await tenant.client.ask("admin", query)).data["opportunities"]["nodes"]
    names = {each["id"]: tenant.new_name() for each in nodes}
    async with tenant.wire("admin") as ws:
        await ws.subscribe("live", LIST)
        first = (await ws.next("live"))["data"]["opportunities"]["livePosition"]
        written = [update(tenant, id=id, name=name) for id, name in names.items()]
        positions = dict(zip(names, await asyncio.gather(*written), strict=True))
        assert sorted(positions.values()) == [f"{int(first, 16) + n:032x}" for n in range(1, 9)]
        missing = dict(names)
        while missing:
            delta = (await ws.next("live"))["data"]["opportunities"]
            changed = {each["id"]: each["node"]["name"] for each in delta["changes"]}
            due = {id for id in missing if positions[id] <= delta["livePosition"]}
            assert changed == {id: missing.pop(id) for id in due}


@covers("D-60")
async def test_positions_of_payloads_without_a_write(tenant: LiveTenant) -> None:
    id = await tenant.any_opportunity()
    name, key = tenant.new_name(), tenant.new_name()
    assert await update(tenant, id=id, name=name, key=key)
    assert await update(tenant, id=id, name=name) is None
    assert await update(tenant, id=id, name=name, key=key) is None
    assert await update(tenant, id=id, probability=140) is None


async def test_writers_receive_the_position_of_writes_that_change_nothing_in_their_list(
    tenant: LiveTenant,
) -> None:
    """Other users do not: the message would disclose that something invisible was written."""
    id = await tenant.any_opportunity("rep1")
    text = LIST.replace("after: $after", 'filter: { name: { eq: "none" } }, after: $after')
    async with tenant.wire("rep1") as own, tenant.wire("rep2") as other:
        for ws in (own, other):
            await ws.subscribe("live", text)
            assert (await ws.next("live"))["data"]["opportunities"]["changes"] == []
        position = await update(tenant, "rep1", id=id, name=tenant.new_name())
        message = (await own.next("live"))["data"]["opportunities"]
        assert (message["kind"], message["changes"]) == ("DELTA", [])
        assert message["livePosition"] == position
        # The next message of the other user is the one about their own write.
        theirs = await tenant.any_opportunity("rep2")
        position = await update(tenant, "rep2", id=theirs, name=tenant.new_name())
        message = (await other.next("live"))["data"]["opportunities"]
        assert message["livePosition"] == position
        await own.check_alive()
        assert len([each for each in own.received if each["type"] == "next"]) == 2


async def test_positions_of_bulk_mutations(tenant: LiveTenant) -> None:
    query = "{ opportunities(first: 2) { nodes { id } } }"
    one, other = (await tenant.client.ask("admin", query)).data["opportunities"]["nodes"]
    inputs = [{**one, "name": tenant.new_name()}, {**other, "probability": 140}]
    failed = await tenant.client.ask("admin", UPDATE_MANY, {"inputs": inputs, "all": True})
    assert failed.data["done"]["livePosition"] is None
    partly = (await tenant.client.ask("admin", UPDATE_MANY, {"inputs": inputs, "all": False})).data
    first, second = partly["done"]["results"]
    assert first["livePosition"] == partly["done"]["livePosition"] is not None
    assert second["livePosition"] is None

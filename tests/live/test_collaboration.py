"""Team members who work on the same opportunities receive each other's changes without another query."""

from __future__ import annotations

from tests.live.live_tenant import LiveTenant
from tests.live.wire import Rows
from tests.support.covers import covers
from tests.writes.client import public_id


async def until_left(rows: Rows, id: str) -> None:
    """Apply events until a record has left the list."""
    while id in rows.rows:
        await rows.event()


@covers("EP-017")
async def test_team_members_receive_each_others_changes(tenant: LiveTenant) -> None:
    """Seller, colleague and manager create, change, share and delete while the others are subscribed."""
    client = tenant.client
    colleague = public_id("emp", await client.employee_id("rep2"))
    async with (
        tenant.wire("rep1") as one,
        tenant.wire("rep2") as two,
        tenant.wire("manager") as three,
    ):
        seller, other, manager = [await tenant.open_list(each) for each in (one, two, three)]
        id = await client.opportunity("rep1", name="begun", amount="100")
        await seller.until(id, "begun")
        await manager.until(id, "begun")
        assert id not in other.rows
        for persona, name in (("rep1", "by the seller"), ("manager", "by the manager")):
            await client.mutate(persona, "opportunityUpdate", id=id, name=name)
            await seller.until(id, name)
            await manager.until(id, name)
        share = await client.mutate(
            "rep1", "opportunityShareCreate", opportunity=id, employee=colleague
        )
        await other.until(id, "by the manager")
        await client.mutate("rep1", "opportunityUpdate", id=id, name="for all", amount="250")
        for each in (seller, other, manager):
            await each.until(id, "for all")
            assert each.rows[id]["amount"] == {"amount": "250.00", "currency": "EUR"}
        await client.mutate("rep1", "opportunityShareDelete", id=share)
        await until_left(other, id)
        await client.mutate("rep1", "opportunityDelete", id=id)
        await until_left(seller, id)
        await until_left(manager, id)
    kinds = {kind for each in (seller, other, manager) for kind in each.kinds[1:]}
    assert kinds == {"DELTA"}, "no list may be sent in full again"

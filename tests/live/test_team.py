"""A team that works on the same opportunities: each member is sent what the others do, without asking again."""

from __future__ import annotations

from tests.live.live_tenant import LiveTenant
from tests.live.wire import Rows
from tests.support.covers import covers
from tests.writes.parallel import public_id


async def gone(rows: Rows, id: str) -> None:
    """Take events until a record has left the list."""
    while id in rows.rows:
        await rows.event()


@covers("EP-017")
async def test_team_members_receive_each_others_changes(here: LiveTenant) -> None:
    """Seller, colleague and manager each create, change, share and delete while the others follow."""
    own = here.own
    colleague = public_id("emp", await own.employee("rep2"))
    async with here.wire("rep1") as one, here.wire("rep2") as two, here.wire("manager") as boss:
        seller, other, manager = [await here.live(each) for each in (one, two, boss)]
        id = await own.opportunity("rep1", name="begun", amount="100")
        await seller.until(id, "begun")
        await manager.until(id, "begun")
        assert id not in other.rows
        for persona, name in (("rep1", "by the seller"), ("manager", "by the manager")):
            await own.done(persona, "opportunityUpdate", id=id, name=name)
            await seller.until(id, name)
            await manager.until(id, name)
        share = await own.done("rep1", "opportunityShareCreate", opportunity=id, employee=colleague)
        await other.until(id, "by the manager")
        await own.done("rep1", "opportunityUpdate", id=id, name="for all", amount="250")
        for each in (seller, other, manager):
            await each.until(id, "for all")
            assert each.rows[id]["amount"] == {"amount": "250.00", "currency": "EUR"}
        await own.done("rep1", "opportunityShareDelete", id=share)
        await gone(other, id)
        await own.done("rep1", "opportunityDelete", id=id)
        await gone(seller, id)
        await gone(manager, id)
    kinds = {kind for each in (seller, other, manager) for kind in each.kinds[1:]}
    assert kinds == {"DELTA"}, "nobody read the list anew"

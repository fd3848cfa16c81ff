"""What accounts and their addresses have to say before they are kept: no cycles, and exactly one head office."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from db.accounts import Account, Address
from db.engine.write import store
from db.engine.write.image import Row
from db.engine.write.unit import Unit
from domain.accounts import account_number, head_office
from domain.codes import Problem
from domain.faults import Fault
from resolvers.engine.drafts import Draft, Other
from resolvers.engine.settling import Deed, settles
from resolvers.engine.trees import refuse_cycles

ADDRESSES = 250
"""Of one account: each change of one looks at all of them."""
TOO_MANY = f"An account has at most {ADDRESSES} addresses: delete some, or make parts of it accounts of their own."
UNDER_ITSELF = "An account cannot be a part of itself, nor of one of its own parts."


@settles(Account)
async def accounts(unit: Unit, deed: Deed, drafts: list[Draft]) -> None:
    """A number for those that were given none; nothing above itself."""
    if deed is not Deed.SAVE:
        return
    for draft in drafts:
        if draft.after["number"] is None:
            draft.after["number"] = account_number(draft.after["id"])
    await refuse_cycles(unit, drafts, "parent_id", UNDER_ITSELF)


@settles(Address)
async def addresses(unit: Unit, deed: Deed, drafts: list[Draft]) -> None:
    """Of each account's addresses exactly one is the head office, whatever is done with the others."""
    by_account: dict[UUID, list[Draft]] = defaultdict(list)
    for draft in drafts:
        by_account[draft.after["account_id"]].append(draft)
    kept: dict[UUID, list[Row]] = defaultdict(list)
    entity = unit.model.entities["Address"]
    for row in await store.among(unit.connection, entity, "account_id", by_account):
        kept[row["account_id"]].append(row)
    for account, mine in by_account.items():
        if deed is not Deed.DELETE and len(kept[account]) + len(mine) > ADDRESSES:
            for draft in mine:
                if draft.before is None or draft.before["deleted_at"] is not None:
                    draft.fault(Fault(Problem.INVALID, TOO_MANY))
        _choose(deed, kept[account], mine)


def _choose(deed: Deed, kept: list[Row], drafts: list[Draft]) -> None:
    """Settle on the head office, changing those of the others that are concerned."""
    drafted = {each.after["id"] for each in drafts}
    others = [row for row in kept if row["id"] not in drafted]
    wanted = None
    if deed is Deed.SAVE:
        asked = [
            e.after["id"] for e in drafts if e.given.get("headOffice") and e.after["head_office"]
        ]
        wanted = asked[-1] if asked else None
    staying = [] if deed is Deed.DELETE else [each.after for each in drafts]
    if deed is Deed.RESTORE and any(row["head_office"] for row in others):
        for row in staying:
            row["head_office"] = False
    chosen = head_office([*others, *staying], wanted)
    for row in staying:
        row["head_office"] = row["id"] == chosen
    for draft in drafts:
        had = draft.before is not None and draft.before["head_office"]
        draft.early = had and not draft.after["head_office"]
    for row in others:
        if row["head_office"] != (row["id"] == chosen):
            other = Other(drafts[0].entity, row, {**row, "head_office": row["id"] == chosen})
            (drafts[0].then if other.after["head_office"] else drafts[0].first).append(other)

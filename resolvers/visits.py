"""Keeps the log of stages: when an opportunity came into each, and how long it stayed (X-23)."""

from __future__ import annotations

from db.engine.write import statements as store
from db.engine.write.row_json import blank
from db.engine.write.unit_of_work import UnitOfWork
from resolvers.engine.drafts import Draft, Other
from resolvers.engine.replacing import REPLACED


async def keep_visits(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """End the stay that each of these leaves, and begin the one that it comes to."""
    moved = [each for each in drafts if not each.failed and _is_moved(each)]
    entity = unit.model.entities["StageVisit"]
    left = [each.after["id"] for each in moved if each.before is not None]
    kept = await store.among(unit.connection, entity, "opportunity_id", left) if left else []
    for draft in moved:
        mine = [row for row in kept if row["opportunity_id"] == draft.after["id"]]
        for row in mine:
            if row["left_at"] is None:
                now = max(unit.now, row["entered_at"])
                seconds = int((now - row["entered_at"]).total_seconds())
                draft.then.append(Other(entity, row, {**row, "left_at": now, "seconds": seconds}))
        begun = {
            "opportunity_id": draft.after["id"],
            "stage_id": draft.after["stage_id"],
            "entered_at": unit.now,
        }
        draft.new.append((entity, blank(entity, unit.new_id(), unit.now) | begun))


def _is_moved(draft: Draft) -> bool:
    """Whether it comes to another stage; where a stage is replaced, the stays in it become stays in the other one."""
    before = draft.before
    if draft.verb == REPLACED:
        return False
    return before is None or before["stage_id"] != draft.after["stage_id"]

"""Writes the stage history: when an opportunity entered each stage, and how long it stayed (X-23)."""

from __future__ import annotations

from datetime import datetime

from db.engine.hidden import HiddenRow
from db.sales import Opportunity, StageHistory
from resolvers.engine.changeset import Action, Changeset, Saved, assign
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save


@before_save(Action.CREATE, Action.UPDATE)
async def record_stage_history(ctx: Context, items: Saved[Opportunity]) -> None:
    """End the entry of the old stage, and create one for the new stage.

    When a stage is replaced by another, its entries are moved to that stage instead.
    """
    moved = [each for each in items if each.differs(Opportunity.stage_id) and _is_placed(each)]
    moved_ids = [each.record.id for each in moved if each.before is not None]
    entries = await ctx.trusted(StageHistory).by_for_update(StageHistory.opportunity_id, moved_ids)
    for item in moved:
        for entry in entries.get(item.record.id, ()):
            if entry.decide(lambda row: row.left_at is None):
                _end_entry(item, entry, ctx.now)
        new_entry = ctx.unit.blank(StageHistory)
        new_entry.opportunity_id = item.record.id
        new_entry.stage_id = item.record.stage_id
        new_entry.entered_at = ctx.now
        item.also_create(new_entry)


def _is_placed(item: Changeset[Opportunity, object]) -> bool:
    stage: object = item.record.stage_id
    return stage is not None


def _end_entry(
    item: Changeset[Opportunity, object], entry: HiddenRow[StageHistory], now: datetime
) -> None:
    left_at = entry.map(lambda row: max(now, row.entered_at))
    seconds = entry.map(
        lambda row: int((max(now, row.entered_at) - row.entered_at).total_seconds())
    )
    item.also_change(
        entry, assign(StageHistory.left_at, left_at), assign(StageHistory.seconds, seconds)
    )

"""Keeps the log of stages: when an opportunity entered each, and how long it stayed (X-23)."""

from __future__ import annotations

from datetime import datetime

from db.engine.hidden import HiddenRow
from db.sales import Opportunity, StageHistory
from resolvers.engine.changeset import Action, Changeset, Saved, to
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save


@before_save(Action.CREATE, Action.UPDATE)
async def record_stage_history(ctx: Context, items: Saved[Opportunity]) -> None:
    """End the visit of the stage that each of these leaves, and begin one of its new stage.

    Where a stage is replaced, its visits become visits of the other stage instead.
    """
    moved = [each for each in items if each.differs(Opportunity.stage_id) and _is_placed(each)]
    left = [each.record.id for each in moved if each.before is not None]
    visits = await ctx.trusted(StageHistory).by_for_update(StageHistory.opportunity_id, left)
    for item in moved:
        for visit in visits.get(item.record.id, ()):
            if visit.decide(lambda row: row.left_at is None):
                _end(item, visit, ctx.now)
        begun = ctx.unit.blank(StageHistory)
        begun.opportunity_id = item.record.id
        begun.stage_id = item.record.stage_id
        begun.entered_at = ctx.now
        item.also_create(begun)


def _is_placed(item: Changeset[Opportunity, object]) -> bool:
    stage: object = item.record.stage_id
    return stage is not None


def _end(
    item: Changeset[Opportunity, object], visit: HiddenRow[StageHistory], now: datetime
) -> None:
    left = visit.map(lambda row: max(now, row.entered_at))
    seconds = visit.map(
        lambda row: int((max(now, row.entered_at) - row.entered_at).total_seconds())
    )
    item.also_change(visit, to(StageHistory.left_at, left), to(StageHistory.seconds, seconds))

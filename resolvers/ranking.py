"""Manual order of the opportunities in a stage, as on a Kanban board."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from db.engine.write.locking import Series
from db.sales import Opportunity
from domain.codes import UserErrorCode
from domain.message import Message
from domain.ranks import RankSide, beside, last
from domain.violations import Violation
from resolvers.engine.changeset import Changeset, Saved, assign
from resolvers.engine.command import arg, sets
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save

ONE_SIDE = Message("`before` and `after` cannot be combined. Send one of them.")
ONE_AT_A_TIME = Message(
    "Only one opportunity of a list can be placed next to another one. Send the others in separate"
    " mutations."
)
ELSEWHERE = Message("The neighboring opportunity is not in the target stage. Choose one that is.")
CROWDED = Message(
    "There is no room for the opportunity at this position. Choose another position in the stage."
)


@dataclass(frozen=True, kw_only=True)
class OpportunityMoveInput:
    """Opportunity to move. Status and probability follow from the stage."""

    stage: UUID = sets(Opportunity.stage_id, "New stage, of the opportunity's type.", required=True)
    before: UUID | None = arg("Opportunity of that stage to place it before.", of=Opportunity)
    after: UUID | None = arg(
        "Opportunity of that stage to place it after. Default: the last.", of=Opportunity
    )


@before_save()
async def set_rank(ctx: Context, items: Saved[Opportunity]) -> None:
    """Set the rank of opportunities that enter a stage: next to the named neighbor, by default last."""
    moved_ids = {each.record.id for each in items}
    entering, placed = 0, 0
    for item in items:
        stage: object = item.record.stage_id
        if stage is None:
            continue
        neighbors = _neighbors(item)
        if neighbors:
            placed += 1
            if len(neighbors) > 1 or placed > 1:
                message = ONE_SIDE if len(neighbors) > 1 else ONE_AT_A_TIME
                violation = Violation(UserErrorCode.INVALID, message)
                item.violation(violation, list(neighbors)[-1].value)
            else:
                [(side, neighbor)] = neighbors.items()
                await _place_beside(ctx, item, moved_ids, side, neighbor)
        elif item.differs(Opportunity.stage_id):
            item.record.rank_key = last(ctx.now, entering)
            entering += 1


def _neighbors(item: Changeset[Opportunity, object]) -> dict[RankSide, UUID]:
    """The neighbors named by a move, by side."""
    move = item.input
    if not isinstance(move, OpportunityMoveInput):
        return {}
    neighbors = {RankSide.BEFORE: move.before, RankSide.AFTER: move.after}
    return {side: id for side, id in neighbors.items() if id is not None}


async def _place_beside(
    ctx: Context,
    item: Changeset[Opportunity, object],
    moved_ids: Collection[UUID],
    side: RankSide,
    neighbor: UUID,
) -> None:
    """Place an opportunity next to another visible one of the same stage."""
    visible = await ctx.unit.visible(item.entity, [neighbor])
    rows = await ctx.trusted(Opportunity).by_id(visible)
    neighbor_row = rows.get(neighbor)
    if neighbor_row is None:
        item.missing(side.value)
        return
    # False for callers who may not read the neighbor's stage in its current status.
    in_stage = neighbor_row.reveal(ctx.viewer).get(Opportunity.stage_id) == item.record.stage_id
    if not in_stage or neighbor in moved_ids:
        item.violation(Violation(UserErrorCode.INVALID, ELSEWHERE), side.value)
        return
    key = neighbor_row.decide(lambda row: row.rank_key)
    if key is None:  # created before ranks existed
        key = await _rank_last(ctx, item, neighbor)
    await _rank_between(ctx, item, moved_ids, side, key)


async def _rank_last(ctx: Context, item: Changeset[Opportunity, object], id: UUID) -> str:
    """Set the rank of an opportunity without one to the last position."""
    key = last(ctx.now)
    for row in await ctx.trusted(Opportunity).select_for_update(Opportunity.id, [id]):
        item.also_change(row, assign(Opportunity.rank_key, key))
    return key


async def _rank_between(
    ctx: Context,
    item: Changeset[Opportunity, object],
    moved_ids: Collection[UUID],
    side: RankSide,
    key: str,
) -> None:
    """Set a rank between a key and the next visible one, without the moved opportunities.

    Invisible opportunities are ignored, because the rank would reveal that they exist.
    """
    next_key = await ctx.unit.nearest_visible(
        Series(item.entity, "stage_id", "rank_key"),
        item.record.stage_id,
        key,
        before=side is RankSide.BEFORE,
        without=moved_ids,
    )
    rank_key = next_key.decide(lambda neighbor_row: beside(side, key, neighbor_row, ctx.now))
    if rank_key is None:
        item.violation(Violation(UserErrorCode.INVALID, CROWDED), side.value)
    else:
        item.record.rank_key = rank_key

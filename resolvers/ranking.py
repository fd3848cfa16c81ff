"""Puts an opportunity at its place among those of its stage, as a board is arranged by hand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from db.engine.write.locking import Series
from db.sales import Opportunity
from domain.codes import UserErrorCode
from domain.ranks import RankSide, beside, last
from domain.violations import Violation
from resolvers.engine.changeset import Changeset, Saved, to
from resolvers.engine.command import arg, sets
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save

ONE_SIDE = "`before` and `after` cannot be combined. Send one of them."
ONE_AT_A_TIME = (
    "Only one opportunity of a list can be placed next to another one. Send the others in separate"
    " mutations."
)
ELSEWHERE = "The neighboring opportunity is not in the target stage. Choose one that is."
CROWDED = (
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
async def rank(ctx: Context, items: Saved[Opportunity]) -> None:
    """A new place for those that enter a stage: beside another one where that is named, otherwise the last."""
    moving = {each.record.id for each in items}
    arriving, placed = 0, 0
    for item in items:
        stage: object = item.record.stage_id
        if stage is None:
            continue
        named = _neighbors(item)
        if named:
            placed += 1
            if len(named) > 1 or placed > 1:
                wrong = ONE_SIDE if len(named) > 1 else ONE_AT_A_TIME
                violation = Violation(UserErrorCode.INVALID, wrong)
                item.violation(violation, list(named)[-1].value)
            else:
                [(side, neighbor)] = named.items()
                await _put(ctx, item, moving, side, neighbor)
        elif item.differs(Opportunity.stage_id):
            item.record.rank_key = last(ctx.now, arriving)
            arriving += 1


def _neighbors(item: Changeset[Opportunity, object]) -> dict[RankSide, UUID]:
    """The neighbors that a move names."""
    move = item.input
    if not isinstance(move, OpportunityMoveInput):
        return {}
    named = {RankSide.BEFORE: move.before, RankSide.AFTER: move.after}
    return {side: id for side, id in named.items() if id is not None}


async def _put(
    ctx: Context,
    item: Changeset[Opportunity, object],
    moving: Collection[UUID],
    side: RankSide,
    neighbor: UUID,
) -> None:
    """At one side of another opportunity that the caller sees in the same stage."""
    visible = await ctx.unit.visible(item.entity, [neighbor])
    rows = await ctx.trusted(Opportunity).by_id(visible)
    other = rows.get(neighbor)
    if other is None:
        item.missing(side.value)
        return
    # Not for callers who may not read the other one's stage in its present status.
    in_stage = other.reveal(ctx.viewer).get(Opportunity.stage_id) == item.record.stage_id
    if not in_stage or neighbor in moving:
        item.violation(Violation(UserErrorCode.INVALID, ELSEWHERE), side.value)
        return
    key = other.decide(lambda row: row.rank_key)
    if key is None:  # it is older than ranks are
        key = await _enter(ctx, item, neighbor)
    await _beside(ctx, item, moving, side, key)


async def _enter(ctx: Context, item: Changeset[Opportunity, object], id: UUID) -> str:
    """Give one that has no rank the last place of those that have one."""
    key = last(ctx.now)
    for row in await ctx.trusted(Opportunity).select_for_update(Opportunity.id, [id]):
        item.also_change(row, to(Opportunity.rank_key, key))
    return key


async def _beside(
    ctx: Context,
    item: Changeset[Opportunity, object],
    moving: Collection[UUID],
    side: RankSide,
    key: str,
) -> None:
    """Between a key and the next one that the caller sees, those that are moved left out.

    Opportunities that the caller does not see take no part: otherwise the rank would disclose that they exist.
    """
    following = await ctx.unit.nearest_visible(
        Series(item.entity, "stage_id", "rank_key"),
        item.record.stage_id,
        key,
        before=side is RankSide.BEFORE,
        without=moving,
    )
    rank = following.decide(lambda other: beside(side, key, other, ctx.now))
    if rank is None:
        item.violation(Violation(UserErrorCode.INVALID, CROWDED), side.value)
    else:
        item.record.rank_key = rank

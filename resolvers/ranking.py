"""Puts an opportunity at its place among those of its stage, as a board is arranged by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from db.engine.hidden import HiddenRow
from db.pipelines import standing
from db.sales import Opportunity
from domain.codes import UserErrorCode
from domain.ranks import Place, Side, arranged, behind, last
from domain.violations import Violation
from resolvers.engine.changeset import Changeset, Saved, to
from resolvers.engine.command import arg, sets
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save

SOME = 200
"""Opportunities of a stage that are read at once."""
MOST = 1_000
"""Opportunities that may have to make room for one."""
ONE_SIDE = "Name the one before which it is to stand, or the one after which: not both."
ONE_AT_A_TIME = (
    "Only one opportunity of a list can be put beside another one: send the next by itself."
)
ELSEWHERE = "That opportunity is not in the stage that this one goes to: name one that is."
CROWDED = "There is no room at this place: put the opportunity somewhere else in the stage."


@dataclass(frozen=True, kw_only=True)
class MoveInput:
    """Which opportunity, and where it goes. Its status and probability follow from the stage."""

    stage: UUID = sets(
        Opportunity.stage_id, "The new stage: one of the stages of its type.", required=True
    )
    before: UUID | None = arg(
        "The opportunity of that stage before which it is to stand.", of=Opportunity
    )
    after: UUID | None = arg(
        "The one after which it is to stand. Default: the last one.", of=Opportunity
    )


@before_save()
async def rank(ctx: Context, items: Saved[Opportunity]) -> None:
    """A new place for those that enter a stage: beside another one where that is named, otherwise the last."""
    moving = {each.record.id for each in items}
    arriving, beside = 0, 0
    for item in items:
        stage: object = item.record.stage_id
        if stage is None:
            continue
        named = _neighbours(item)
        if named:
            beside += 1
            if len(named) > 1 or beside > 1:
                wrong = ONE_SIDE if len(named) > 1 else ONE_AT_A_TIME
                violation = Violation(UserErrorCode.INVALID, wrong)
                item.violation(violation, list(named)[-1].value)
            else:
                [(side, neighbour)] = named.items()
                await _put(Stage(ctx, item, moving), side, neighbour)
        elif item.differs(Opportunity.stage_id):
            item.record.rank = last(ctx.now, arriving)
            arriving += 1


def _neighbours(item: Changeset[Opportunity, object]) -> dict[Side, UUID]:
    """The neighbours that a move names."""
    move = item.input
    if not isinstance(move, MoveInput):
        return {}
    named = {Side.BEFORE: move.before, Side.AFTER: move.after}
    return {side: id for side, id in named.items() if id is not None}


@dataclass(frozen=True)
class Stage:
    """The opportunities among which one is put, without those that are moved themselves.

    Those that the caller does not see take no part: otherwise the rank would disclose that they exist.
    """

    ctx: Context
    item: Changeset[Opportunity, object]
    moving: Collection[UUID]

    async def standing(self, side: Side, place: Place) -> AsyncIterator[tuple[list[Place], bool]]:
        """Those on one side of a place, the nearest first: ever more of them, and whether that is all."""
        unit, entity, seen = self.ctx.unit, self.item.entity, list[Place]()
        is_all = False
        while not is_all and len(seen) < MOST:
            found = await standing(unit.connection, self.item.record.stage_id, side, place, SOME)
            visible = await unit.visible(entity, [each.id for each in found])
            seen += [each for each in found if each.id in visible and each.id not in self.moving]
            is_all = len(found) < SOME
            place = place if is_all else found[-1]
            yield seen, is_all

    async def next(self, place: Place) -> Place | None:
        """The one that stands behind a place."""
        async for seen, _ in self.standing(Side.AFTER, place):
            if seen:
                return seen[0]
        return None


async def _put(stage: Stage, side: Side, neighbour: UUID) -> None:
    """At one side of another opportunity that the caller sees in the same stage."""
    ctx, item = stage.ctx, stage.item
    visible = await ctx.unit.visible(item.entity, [neighbour])
    rows = await ctx.trusted(Opportunity).by_id(visible)
    other = rows.get(neighbour)
    if other is None:
        item.missing(side.value)
        return
    # Not for callers who may not read the other one's stage in its present status.
    in_stage = other.reveal(ctx.viewer).get(Opportunity.stage_id) == item.record.stage_id
    if not in_stage or neighbour in stage.moving:
        item.violation(Violation(UserErrorCode.INVALID, ELSEWHERE), side.value)
        return
    rank = other.decide(lambda row: row.rank)
    if rank is None:  # it is older than ranks are
        rank = await _enter(stage, neighbour)
    await _beside(stage, Place(neighbour, rank), side)


async def _enter(stage: Stage, id: UUID) -> Decimal:
    """Give one that has no rank the last place of those that have one."""
    rank = last(stage.ctx.now)
    for row in await stage.ctx.trusted(Opportunity).select_for_update(Opportunity.id, [id]):
        stage.item.also_change(row, to(Opportunity.rank, rank))
    return rank


async def _beside(stage: Stage, place: Place, side: Side) -> None:
    item, high = stage.item, place
    if side is Side.AFTER:
        follower = await stage.next(place)
        if follower is None:
            item.record.rank = behind(place.rank, stage.ctx.now)
            return
        high = follower
    async for ahead, is_all in stage.standing(Side.BEFORE, high):
        ranks = arranged([each.rank for each in ahead], high.rank, is_all=is_all)
        if ranks is not None:
            item.record.rank = ranks[0]
            await _make_room(stage, dict(zip((each.id for each in ahead), ranks[1:], strict=False)))
            return
    item.violation(Violation(UserErrorCode.INVALID, CROWDED))


async def _make_room(stage: Stage, ranks: dict[UUID, Decimal]) -> None:
    """Move those that are in the way a little, in the same order."""
    item = stage.item
    item.after_ops = [op for op in item.after_ops if op.before.id not in ranks]
    rows: list[HiddenRow[Opportunity]] = await stage.ctx.trusted(Opportunity).select_for_update(
        Opportunity.id, ranks
    )
    for row in rows:
        item.also_change(row, to(Opportunity.rank, ranks[row.id]))

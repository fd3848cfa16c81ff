"""Puts an opportunity at its place among those of its stage, as a board is arranged by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.plan.values import parse_id
from db.engine.write import statements as store
from db.engine.write.row_json import Row
from db.engine.write.unit_of_work import UnitOfWork
from db.pipelines import standing
from domain.codes import UserErrorCode
from domain.ranks import Place, Side, arranged, behind, last
from domain.violations import Violation
from resolvers.engine.allowed import reads
from resolvers.engine.drafts import Draft, Other
from resolvers.engine.values import NO_ID

SOME = 200
"""How many of a stage are looked at in one go."""
MOST = 1_000
"""How many may have to make room for one."""
ONE_SIDE = "Name the one before which it is to stand, or the one after which: not both."
ONE_AT_A_TIME = (
    "Only one opportunity of a list can be put beside another one: send the next by itself."
)
ELSEWHERE = "That opportunity is not in the stage that this one goes to: name one that is."
CROWDED = "There is no room at this place: put the opportunity somewhere else in the stage."


async def rank(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """A new place for those that come into a stage, the last one if none was named."""
    moving = {each.after["id"] for each in drafts}
    arriving, beside = 0, 0
    for draft in drafts:
        named = [side for side in Side if draft.given.get(side.value) is not None]
        if named and draft.verb == "Move":
            beside += 1
            if len(named) > 1 or beside > 1:
                wrong = ONE_SIDE if len(named) > 1 else ONE_AT_A_TIME
                draft.fault(Violation(UserErrorCode.INVALID, wrong), named[-1].value)
            else:
                await _put(unit, draft, named[0], moving)
        elif draft.before is None or draft.before["stage_id"] != draft.after["stage_id"]:
            draft.after["rank"] = last(unit.now, arriving)
            arriving += 1


async def _put(unit: UnitOfWork, draft: Draft, side: Side, moving: Collection[UUID]) -> None:
    """At one side of another one that the caller sees in the same stage."""
    entity = draft.entity
    id = parse_id(draft.given[side.value], entity.prefix) or NO_ID
    rows = await store.look(unit.connection, entity, "id", await unit.seen(entity, [id]))
    if not rows:
        draft.missing(side.value)
        return
    [other] = rows
    # Whoever may not read where the other one is, as that stands, is not told by this, either.
    told = reads(cast("Viewer", unit.guard), entity, "stage", other)
    if not told or other["stage_id"] != draft.after["stage_id"] or id in moving:
        draft.fault(Violation(UserErrorCode.INVALID, ELSEWHERE), side.value)
        return
    if other["rank"] is None:  # it was there before there were ranks
        other = await _enter(unit, draft, id)
    await _beside(Stage(unit, draft, moving), Place(id, other["rank"]), side)


async def _enter(unit: UnitOfWork, draft: Draft, id: UUID) -> Row:
    """Give one that has no rank the last place of those that have one."""
    [row] = await store.among(unit.connection, draft.entity, "id", [id])
    after = {**row, "rank": last(unit.now)}
    draft.then.append(Other(draft.entity, row, after))
    return after


@dataclass(frozen=True)
class Stage:
    """The opportunities among which one is put, without those that are moved themselves.

    What the caller does not see takes no part: else his own opportunity's rank would tell of it.
    """

    unit: UnitOfWork
    draft: Draft
    moving: Collection[UUID]

    async def standing(self, side: Side, place: Place) -> AsyncIterator[tuple[list[Place], bool]]:
        """Those on one side of a place, the nearest first: ever more of them, and whether that is all."""
        unit, entity, seen = self.unit, self.draft.entity, list[Place]()
        is_all = False
        while not is_all and len(seen) < MOST:
            stage = self.draft.after["stage_id"]
            found = await standing(unit.connection, stage, side, place, SOME)
            visible = await unit.seen(entity, [each.id for each in found])
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


async def _beside(stage: Stage, place: Place, side: Side) -> None:
    draft, high = stage.draft, place
    if side is Side.AFTER:
        follower = await stage.next(place)
        if follower is None:
            draft.after["rank"] = behind(place.rank, stage.unit.now)
            return
        high = follower
    async for ahead, is_all in stage.standing(Side.BEFORE, high):
        ranks = arranged([each.rank for each in ahead], high.rank, is_all=is_all)
        if ranks is not None:
            draft.after["rank"] = ranks[0]
            await _make_room(stage, dict(zip((each.id for each in ahead), ranks[1:], strict=False)))
            return
    draft.fault(Violation(UserErrorCode.INVALID, CROWDED))


async def _make_room(stage: Stage, ranks: dict[UUID, object]) -> None:
    """Let those that are in the way move a little, in the same order."""
    if not ranks:
        return
    draft = stage.draft
    rows = await store.among(stage.unit.connection, draft.entity, "id", ranks)
    draft.then = [each for each in draft.then if each.before["id"] not in ranks]
    draft.then += [Other(draft.entity, row, {**row, "rank": ranks[row["id"]]}) for row in rows]

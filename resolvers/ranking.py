"""Puts an opportunity at its place among those of its stage, as a board is arranged by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from db.engine.plan.values import parse_id
from db.engine.write import store
from db.engine.write.image import Row
from db.engine.write.unit import Unit
from db.pipelines import standing_after, standing_before
from domain.codes import Problem
from domain.faults import Fault
from domain.ranks import STEP, between, last
from resolvers.engine.drafts import Draft, Other
from resolvers.engine.values import NO_ID

SIDES = ("before", "after")
MOST = 500
"""Opportunities of a stage that are given new ranks when there is no room between two."""
ONE_SIDE = "Name the one before which it is to stand, or the one after which: not both."
ELSEWHERE = "That opportunity is not in the stage that this one goes to: name one that is."
CROWDED = "There is no room at this place: put the opportunity somewhere else in the stage."


async def rank(unit: Unit, drafts: list[Draft]) -> None:
    """A new place for those that come into a stage, the last one if none was named."""
    for draft in drafts:
        named = [side for side in SIDES if draft.given.get(side) is not None]
        if len(named) > 1:
            draft.fault(Fault(Problem.INVALID, ONE_SIDE))
        elif named and draft.verb == "Move":
            await _beside(unit, draft, named[0])
        elif draft.before is None or draft.before["stage_id"] != draft.after["stage_id"]:
            draft.after["rank"] = last(unit.now)


async def _beside(unit: Unit, draft: Draft, side: str) -> None:
    entity = draft.entity
    id = parse_id(draft.given[side], entity.prefix) or NO_ID
    if id == draft.id or not await unit.seen(entity, [id]):
        draft.missing(side)
        return
    [other] = await store.among(unit.connection, entity, "id", [id])
    if other["stage_id"] != draft.after["stage_id"]:
        draft.fault(Fault(Problem.INVALID, ELSEWHERE))
        return
    at = other["rank"]
    if at is None:  # it was there before there were ranks
        at = last(other["created_at"])
        draft.then.append(Other(entity, other, {**other, "rank": at}))
    place = await _place(unit, draft, other, at, side)
    if place is None:
        draft.fault(Fault(Problem.INVALID, CROWDED))
    else:
        draft.after["rank"] = place


async def _place(unit: Unit, draft: Draft, other: Row, at: Decimal, side: str) -> Decimal | None:
    """A rank beside another one, for which those that follow make room if they must."""
    stage, connection = other["stage_id"], unit.connection
    following = await standing_after(connection, stage, at, other["id"], 2)
    ahead = next((rank for id, rank in following if id != draft.id), None)
    if side == "before":
        behind = await standing_before(connection, stage, at, other["id"])
        found = between(behind, at)
        return found if found is not None else await _make_room(unit, draft, other, at, first=True)
    found = between(at, ahead)
    return found if found is not None else await _make_room(unit, draft, other, at, first=False)


async def _make_room(
    unit: Unit, draft: Draft, other: Row, at: Decimal, *, first: bool
) -> Decimal | None:
    """Give all that follow a place new ranks, so that there is room in front of them."""
    after = await standing_after(unit.connection, other["stage_id"], at, other["id"], MOST + 1)
    if len(after) > MOST:
        return None
    moved: list[UUID] = [id for id, _ in after if id != draft.id]
    if first:
        moved.insert(0, other["id"])
    rows = await store.among(unit.connection, draft.entity, "id", moved)
    known: dict[UUID, dict[str, Any]] = {row["id"]: row for row in rows}
    for number, id in enumerate(moved, 2):
        if id in known:
            row = known[id]
            draft.then = [each for each in draft.then if each.before["id"] != id]
            draft.then.append(Other(draft.entity, row, {**row, "rank": at + STEP * number}))
    return at + STEP

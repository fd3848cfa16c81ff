"""Ends selling and begins it again: sold with its contracts, lost for a reason, unlocked, locked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from auth.engine.viewer import Viewer
from db import contract_facts
from db.engine.gate import Right
from db.engine.plan.values import parse_id
from db.engine.write import statements as store
from db.engine.write.row_json import Row
from db.engine.write.unit_of_work import UnitOfWork
from db.pipelines import pipelines
from db.sales import Opportunity
from domain.closing import (
    NO_QUOTE,
    SOLD,
    closed_on,
    lost,
    outcome,
    reopened,
    unlockable,
)
from domain.codes import UserErrorCode
from domain.sales import Step
from domain.setup import StageKind
from domain.violations import Violation
from resolvers.engine.allowed import HIDDEN
from resolvers.engine.changing import draft_changes
from resolvers.engine.drafts import Draft
from resolvers.engine.presets import preferences
from resolvers.engine.settling import prepares
from resolvers.engine.values import NO_ID
from resolvers.sold import keep_contracts

ENDS = {"Sell": StageKind.WON, "Lose": StageKind.LOST}
CLOSING = frozenset({*ENDS, "Unlock", "Lock"})
"""What is done with an opportunity besides changing and moving it. Whoever may say its stage may do so."""


async def _prepare(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    for draft in drafts:
        draft.leave("stage")
    await draft_changes(unit, viewer, drafts)


for _verb in CLOSING:
    prepares(Opportunity, _verb)(_prepare)


async def close(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """What each of these deeds makes of its opportunity, and of what belongs to it."""
    known = await pipelines(unit.connection, (each.after["type_id"] for each in drafts))
    unlocking = [each.after["id"] for each in drafts if each.verb == "Unlock"]
    visited = await contract_facts.visited(unit.connection, unlocking) if unlocking else {}
    for draft in drafts:
        pipeline = known.get(draft.after["type_id"], {})
        wanted = draft.after["stage_id"] if "stage" in draft.given else None
        draft.after["stage_id"] = (draft.before or {})["stage_id"]
        if draft.verb == "Unlock":
            _unlock(
                unit, draft, partial(reopened, pipeline, visited.get(draft.after["id"], ()), wanted)
            )
        elif draft.verb == "Lock":
            draft.after["locked"] = True
        else:
            _end(unit, draft, outcome(pipeline, ENDS[draft.verb], wanted))
    await _explain(unit, [each for each in drafts if each.verb == "Lose"])
    await _sell(unit, [each for each in drafts if each.verb == "Sell" and not each.failed])


def _unlock(unit: UnitOfWork, draft: Draft, reopen: Any) -> None:
    before = draft.before or {}
    draft.faults(_in_words(unit, fault) for fault in unlockable(before))
    if draft.failed:
        return
    if before["status"] == StageKind.OPEN and "stage" not in draft.given:
        draft.after["locked"] = False
        return
    step = reopen()
    _stand(draft, step)
    draft.after |= {"locked": False, "closed_on": None, "lost_reason_id": None, "lost_note": None}


def _in_words(unit: UnitOfWork, fault: Violation) -> Violation:
    """What is in the way, told to those who may see whether an opportunity was sold."""
    seen = all(unit.guard.right("Opportunity", n) is Right.OPEN for n in ("locked", "status"))
    return fault if seen else Violation(fault.problem, HIDDEN)


def _end(unit: UnitOfWork, draft: Draft, step: Step | Violation) -> None:
    if (draft.before or {})["locked"]:
        draft.fault(_in_words(unit, Violation(UserErrorCode.LOCKED, SOLD)))
        return
    _stand(draft, step)
    day = closed_on(draft.given.get("closedOn"), unit.now.date())
    if isinstance(day, Violation):
        draft.fault(day)
    else:
        sold = draft.verb == "Sell"
        gone = {"lost_reason_id": None, "lost_note": None} if sold else {}
        draft.after |= {"closed_on": day, "locked": sold, **gone}


def _stand(draft: Draft, step: Step | Violation) -> None:
    if isinstance(step, Violation):
        draft.fault(step)
        return
    standing = {"stage_id": step.stage, "status": step.kind.value, "probability": step.probability}
    draft.after |= standing


async def _explain(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """Why each was lost: one of the tenant's reasons."""
    if not drafts:
        return
    entity = unit.model.entities["LostReason"]
    wanted = {each.path: parse_id(each.given["reason"], entity.prefix) or NO_ID for each in drafts}
    seen = (await unit.linked({entity: wanted.values()}))[entity]
    rows = await store.look(unit.connection, entity, "id", seen) if seen else []
    reasons = {row["id"]: row for row in rows}
    for draft in drafts:
        reason, note = reasons.get(wanted[draft.path]), draft.given.get("note")
        if reason is None:
            draft.missing("reason")
            continue
        for fault in lost(reason, note):
            draft.fault(fault, "note")
        draft.after |= {"lost_reason_id": reason["id"], "lost_note": note}


async def _sell(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """The active quote is what was sold (D-03)."""
    if not drafts:
        return
    ids = [each.after["id"] for each in drafts]
    entity = unit.model.entities["Quote"]
    quotes = await store.among(unit.connection, entity, "opportunity_id", ids)
    active: Mapping[UUID, Row] = {q["opportunity_id"]: q for q in quotes if q["active"]}
    if any(id not in active for id in ids) and not (await preferences(unit))["sell_without_quote"]:
        for draft in drafts:
            if draft.after["id"] not in active:
                draft.fault(Violation(UserErrorCode.NO_ACTIVE_QUOTE, NO_QUOTE))
    await keep_contracts(unit, [each for each in drafts if not each.failed], active)

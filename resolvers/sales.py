"""What opportunities have to say before they are kept: where they begin, and that they stay within their pipeline."""

from __future__ import annotations

from db.engine.gate import Right
from db.engine.write.unit import Unit
from db.pipelines import pipelines
from db.sales import Opportunity
from domain.faults import Fault
from domain.sales import AMOUNTS, CURRENCY, Step, entered, moved, retyped, unfit
from resolvers.engine.drafts import Draft
from resolvers.engine.settling import Deed, settles


@settles(Opportunity)
async def opportunities(unit: Unit, deed: Deed, drafts: list[Draft]) -> None:
    """Stage, status and probability go together."""
    for draft in drafts:
        _check_amounts(unit, deed, draft)
    concerned = [each for each in drafts if deed is Deed.SAVE and _is_placed(each)]
    if not concerned:
        return
    known = await pipelines(unit.connection, (each.after["type_id"] for each in concerned))
    for draft in concerned:
        pipeline = known.get(draft.after["type_id"], {})
        before, stage = draft.before, draft.after["stage_id"]
        if before is None:
            _place(draft, entered(pipeline, stage))
        elif stage != before["stage_id"]:
            _place(draft, moved(pipeline, stage))
        elif fault := retyped(pipeline, stage):
            draft.fault(fault)


def _check_amounts(unit: Unit, deed: Deed, draft: Draft) -> None:
    """In another currency, the amounts that the caller sees must be ones that can be paid."""
    before, after = draft.before, draft.after
    if deed is not Deed.SAVE or before is None or before["currency"] == after["currency"]:
        return
    if CURRENCY.match(after["currency"]):
        kept = [name for name in AMOUNTS if before[name] == after[name]]
        seen = [n for n in kept if unit.guard.right("Opportunity", n) is Right.OPEN]
        draft.faults(unfit(after, seen))


def _is_placed(draft: Draft) -> bool:
    """Whether it comes to stand somewhere else, or among other stages."""
    before = draft.before
    return before is None or any(before[c] != draft.after[c] for c in ("stage_id", "type_id"))


def _place(draft: Draft, step: Step | Fault) -> None:
    if isinstance(step, Fault):
        draft.fault(step)
        return
    draft.after |= {"stage_id": step.stage, "status": step.kind.value}
    if draft.given.get("probability") is None:
        draft.after["probability"] = step.probability

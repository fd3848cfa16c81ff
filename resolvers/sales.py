"""What opportunities have to say before they are kept: where they begin, and that they stay within their pipeline."""

from __future__ import annotations

from db.engine.gate import Right
from db.engine.plan.values import parse_id
from db.engine.write import statements as store
from db.engine.write.unit_of_work import UnitOfWork
from db.pipelines import pipelines
from db.sales import Opportunity
from domain.closing import explained, follows_status
from domain.sales import AMOUNTS, CURRENCY, Step, entered, moved, retyped, unfit, unquoted
from domain.violations import Violation
from resolvers.closing import CLOSING, close
from resolvers.engine.drafts import Draft
from resolvers.engine.presets import preferences, preset
from resolvers.engine.replacing import REPLACED
from resolvers.engine.settling import Deed, settles
from resolvers.ranking import rank
from resolvers.visits import keep_visits


@settles(Opportunity)
async def opportunities(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """Stage, status and probability go together, whether it is moved, sold, lost or unlocked."""
    for draft in drafts:
        _check_amounts(unit, deed, draft)
    if deed is not Deed.SAVE:
        return
    for draft in drafts:
        if draft.verb == "Upsell":
            contracts = unit.model.entities["Contract"]
            draft.after["source_contract_id"] = parse_id(draft.given["contract"], contracts.prefix)
    copied = {"owner_id": "default_owner_id", "currency": "default_currency"}
    await preset(unit, drafts, copied, preferred="default_opportunity_type_id")
    ended = [each for each in drafts if each.verb in CLOSING]
    if ended:
        await close(unit, ended)
    others = [each for each in drafts if each.verb not in CLOSING]
    await _place_all(unit, others)
    for draft in others:
        if draft.after["status"] is not None:
            draft.after |= follows_status(draft.before, draft.after, unit.now.date())
    live = [each for each in drafts if not each.failed and each.after["stage_id"] is not None]
    await rank(unit, live)
    await keep_visits(unit, live)


async def _place_all(unit: UnitOfWork, drafts: list[Draft]) -> None:
    concerned = [each for each in drafts if _is_placed(each) and each.after["type_id"] is not None]
    if not concerned:
        return
    known = await pipelines(unit.connection, (each.after["type_id"] for each in concerned))
    steps: list[tuple[Draft, Step]] = []
    for draft in concerned:
        pipeline = known.get(draft.after["type_id"], {})
        before, stage = draft.before, draft.after["stage_id"]
        if before is not None and stage == before["stage_id"]:
            if fault := retyped(pipeline, stage):
                draft.fault(fault)
            continue
        step = entered(pipeline, stage) if before is None else moved(pipeline, stage)
        if isinstance(step, Violation):
            draft.fault(step)
        else:
            _place(draft, step)
            steps.append((draft, step))
    await _check_quoted(unit, steps)


async def _check_quoted(unit: UnitOfWork, steps: list[tuple[Draft, Step]]) -> None:
    """To some stages an opportunity comes with a quote only, if the tenant wants it so (VN-26)."""
    asked = [(d, step) for d, step in steps if step.needs_quote and d.verb != REPLACED]
    if not asked or not (await preferences(unit))["proof_needs_quote"]:
        return
    entity = unit.model.entities["Quote"]
    ids = [draft.after["id"] for draft, _ in asked if draft.before is not None]
    quotes = await store.look(unit.connection, entity, "opportunity_id", ids) if ids else []
    quoted = {row["opportunity_id"] for row in quotes}
    for draft, step in asked:
        comes_with = any(each.entity is entity for each in draft.nested)
        draft.faults(unquoted(step, has_quote=comes_with or draft.after["id"] in quoted))


def _check_amounts(unit: UnitOfWork, deed: Deed, draft: Draft) -> None:
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


def _place(draft: Draft, step: Step) -> None:
    if draft.verb != REPLACED:
        draft.faults(explained(draft.before, step))
    draft.after |= {"stage_id": step.stage, "status": step.kind.value}
    if draft.given.get("probability") is None:
        draft.after["probability"] = step.probability

"""Where opportunities stand: stage, status and probability go together, whoever moves them."""

from __future__ import annotations

from functools import partial

from db.engine.gate import Right
from db.pipelines import pipelines
from db.quotes import Quote
from db.sales import Opportunity
from db.setup import OpportunityType, Preferences
from domain.closing import explained, follows_status
from domain.sales import (
    AMOUNTS,
    CURRENCY,
    PipelineStep,
    amounts,
    entered,
    moved,
    retyped,
    unfit,
    unquoted,
)
from domain.violations import Violation
from resolvers.engine.changeset import Action, Changeset, Saved
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save
from resolvers.engine.presets import prefer_type, preset


@before_save(Action.UPDATE)
async def check_amounts(ctx: Context, items: Saved[Opportunity]) -> None:
    """In another currency, the amounts that the caller sees must be ones that it has coins for."""
    for item in items:
        before, after = item.existing, item.record
        if before.currency != after.currency and CURRENCY.match(after.currency):
            kept = [name for name in AMOUNTS if getattr(before, name) == getattr(after, name)]
            seen = [n for n in kept if ctx.viewer.right("Opportunity", n) is Right.OPEN]
            item.violations(unfit(after.currency, amounts(after, seen)))


@before_save(despite_errors=True)
async def preset_opportunity(ctx: Context, items: Saved[Opportunity]) -> None:
    """The preferred type, and what the type presets (VN-40)."""
    await prefer_type(ctx, items, Preferences, Preferences.default_opportunity_type_id)
    copied = {
        Opportunity.owner_id: OpportunityType.default_owner_id,
        Opportunity.currency: OpportunityType.default_currency,
    }
    await preset(ctx, items, OpportunityType, copied)


@before_save(despite_errors=True)
async def place(ctx: Context, items: Saved[Opportunity]) -> None:
    """A stage of the pipeline, with its status and probability; a new opportunity begins in the first one (VN-25)."""
    columns = (Opportunity.stage_id, Opportunity.type_id)
    concerned = [each for each in items if each.differs(*columns) and _has_type(each)]
    known = await pipelines(ctx.unit.connection, {each.record.type_id for each in concerned})
    steps: list[tuple[Changeset[Opportunity, object], PipelineStep]] = []
    for item in concerned:
        before, stage = item.before, item.record.stage_id
        pipeline = known[item.record.type_id]
        if before is not None and stage == before.stage_id:
            if violation := pipeline.decide(partial(retyped, stage=stage)):
                item.violation(violation)
            continue
        if before is None:
            step = pipeline.decide(partial(entered, wanted=stage))
        else:
            step = pipeline.decide(partial(moved, wanted=stage))
        if isinstance(step, Violation):
            item.violation(step)
        else:
            _stand(item, step)
            steps.append((item, step))
    await _check_quoted(ctx, steps)


def _has_type(item: Changeset[Opportunity, object]) -> bool:
    kind: object = item.record.type_id
    return kind is not None


def _stand(item: Changeset[Opportunity, object], step: PipelineStep) -> None:
    item.record.stage_id, item.record.status = step.stage, step.kind
    item.violations(explained(item.before, item.record))
    if not item.gives_value(Opportunity.probability):
        item.record.probability = step.probability


async def _check_quoted(
    ctx: Context, steps: list[tuple[Changeset[Opportunity, object], PipelineStep]]
) -> None:
    """Some stages require a quote, where the tenant wants it so (VN-26)."""
    asked = [
        (item, step)
        for item, step in steps
        if step.needs_quote and item.action is not Action.REPLACE
    ]
    if not asked:
        return
    preferences = await ctx.trusted(Preferences).get_one()
    if not preferences.decide(lambda row: row.proof_needs_quote):
        return
    ids = [item.record.id for item, _ in asked if item.before is not None]
    quotes = await ctx.trusted(Quote).by(Quote.opportunity_id, ids)
    for item, step in asked:
        comes_with = any(each.entity.type_ is Quote for each in item.children)
        has_quote = comes_with or bool(quotes.get(item.record.id))
        item.violations(unquoted(step, has_quote=has_quote))


@before_save(despite_errors=True)
async def follow_status(ctx: Context, items: Saved[Opportunity]) -> None:
    """When it was closed, and no reason for a loss unless it is lost."""
    for item in items:
        if not _has_status(item):
            continue
        follows = follows_status(item.before, item.record, ctx.today)
        if follows is not None:
            item.record.closed_on = follows.closed_on
            if follows.clears_reason:
                item.record.lost_reason_id = item.record.lost_note = None


def _has_status(item: Changeset[Opportunity, object]) -> bool:
    status: object = item.record.status
    return status is not None

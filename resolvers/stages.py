"""Stages of opportunities: keeps stage, status and probability consistent for every command."""

from __future__ import annotations

from functools import partial

from db.engine.gate import FieldAccess
from db.pipelines import pipelines
from db.quotes import Quote
from db.sales import Opportunity
from db.setup import OpportunityType, Preferences
from domain.outcome import closing_fields, lost_reason_violations
from domain.sales import (
    AMOUNT_COLUMNS,
    CURRENCY_CODE,
    PipelineStep,
    amounts,
    currency_violations,
    initial_step,
    next_step,
    stage_quote_violations,
    type_change_violation,
)
from domain.violations import Violation
from resolvers.engine.changeset import Action, Changeset, Saved
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save
from resolvers.engine.presets import prefer_type, preset


@before_save(Action.UPDATE)
async def check_amounts(ctx: Context, items: Saved[Opportunity]) -> None:
    """After a change of currency, refuse readable amounts with more decimals than the new currency has."""
    for item in items:
        before, after = item.existing, item.record
        if before.currency != after.currency and CURRENCY_CODE.match(after.currency):
            unchanged = [
                name for name in AMOUNT_COLUMNS if getattr(before, name) == getattr(after, name)
            ]
            readable = [
                n for n in unchanged if ctx.viewer.right("Opportunity", n) is FieldAccess.READABLE
            ]
            item.violations(currency_violations(after.currency, amounts(after, readable)))


@before_save(despite_errors=True)
async def preset_opportunity(ctx: Context, items: Saved[Opportunity]) -> None:
    """Set the preferred type and the type's presets (VN-40)."""
    await prefer_type(ctx, items, Preferences, Preferences.default_opportunity_type_id)
    copied = {
        Opportunity.owner_id: OpportunityType.default_owner_id,
        Opportunity.currency: OpportunityType.default_currency,
    }
    await preset(ctx, items, OpportunityType, copied)


@before_save(despite_errors=True)
async def set_stage(ctx: Context, items: Saved[Opportunity]) -> None:
    """Set the stage with its status and probability. Default for a new opportunity: the first stage of its type (VN-25)."""
    columns = (Opportunity.stage_id, Opportunity.type_id)
    changed = [each for each in items if each.differs(*columns) and _has_type(each)]
    pipelines_by_type = await pipelines(
        ctx.unit.connection, {each.record.type_id for each in changed}
    )
    steps: list[tuple[Changeset[Opportunity, object], PipelineStep]] = []
    for item in changed:
        before, stage = item.before, item.record.stage_id
        pipeline = pipelines_by_type[item.record.type_id]
        if before is not None and stage == before.stage_id:
            if violation := pipeline.decide(partial(type_change_violation, stage=stage)):
                item.violation(violation)
            continue
        if before is None:
            step = pipeline.decide(partial(initial_step, requested=stage))
        else:
            step = pipeline.decide(partial(next_step, requested=stage))
        if isinstance(step, Violation):
            item.violation(step)
        else:
            _apply(item, step)
            steps.append((item, step))
    await _check_quoted(ctx, steps)


def _has_type(item: Changeset[Opportunity, object]) -> bool:
    kind: object = item.record.type_id
    return kind is not None


def _apply(item: Changeset[Opportunity, object], step: PipelineStep) -> None:
    item.record.stage_id, item.record.status = step.stage, step.kind
    item.violations(lost_reason_violations(item.before, item.record))
    if not item.has_value(Opportunity.probability):
        item.record.probability = step.probability


async def _check_quoted(
    ctx: Context, steps: list[tuple[Changeset[Opportunity, object], PipelineStep]]
) -> None:
    """Refuse stages that require a quote to opportunities without one, if the tenant's preferences say so (VN-26)."""
    requiring = [
        (item, step)
        for item, step in steps
        if step.needs_quote and item.action is not Action.REPLACE
    ]
    if not requiring:
        return
    preferences = await ctx.trusted(Preferences).get_one()
    if not preferences.decide(lambda row: row.proof_needs_quote):
        return
    ids = [item.record.id for item, _ in requiring if item.before is not None]
    quotes = await ctx.trusted(Quote).by(Quote.opportunity_id, ids)
    for item, step in requiring:
        has_new_quote = any(each.entity.type_ is Quote for each in item.children)
        has_quote = has_new_quote or bool(quotes.get(item.record.id))
        item.violations(stage_quote_violations(step, has_quote=has_quote))


@before_save(despite_errors=True)
async def set_closed_on(ctx: Context, items: Saved[Opportunity]) -> None:
    """Set the close date, and clear the lost reason of opportunities that are not lost."""
    for item in items:
        if not _has_status(item):
            continue
        closing = closing_fields(item.before, item.record, ctx.today)
        if closing is not None:
            item.record.closed_on = closing.closed_on
            if closing.clears_reason:
                item.record.lost_reason_id = item.record.lost_note = None


def _has_status(item: Changeset[Opportunity, object]) -> bool:
    status: object = item.record.status
    return status is not None

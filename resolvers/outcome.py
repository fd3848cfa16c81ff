"""Commands that set the outcome of opportunities: `sell`, `lose`, `lock` and `unlock`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from uuid import UUID

from db import contract_facts
from db.engine.hidden import Hidden
from db.pipelines import pipelines
from db.quotes import Quote
from db.sales import Opportunity
from db.setup import LostReason, Preferences
from domain.codes import UserErrorCode
from domain.outcome import (
    NO_QUOTE_MESSAGE,
    checked_close_date,
    lost_note_violations,
    reopened_stage,
    stage_of_kind,
    unlock_violations,
)
from domain.sales import OPPORTUNITY_LOCKED_MESSAGE, PipelineStep
from domain.setup import StageKind
from domain.violations import Violation
from resolvers.contract_writer import write_contracts
from resolvers.engine.changeset import Changeset, Saved, without_failed
from resolvers.engine.command import Writes, arg, command, sets
from resolvers.engine.context import Context
from resolvers.stages import set_closed_on, set_stage

STAGE = "Final stage. Default: the type's first stage with that outcome."
CLOSED_ON = "Date of the outcome. Default: today."


@dataclass(frozen=True, kw_only=True)
class SellInput:
    """Opportunity to sell with its active quote."""

    closed_on: date | None = arg(CLOSED_ON)
    stage: UUID | None = sets(Opportunity.stage_id, STAGE)


@command(
    Opportunity,
    "sell",
    input=SellInput,
    requires=Writes(Opportunity.stage_id),
    skips=(set_stage, set_closed_on),
    doc=(
        "Sell an opportunity: accept its active quote, create contracts from its items, and lock it. "
        "A repeated sale after unlocking updates the contracts."
    ),
)
async def sell(ctx: Context, items: Saved[Opportunity]) -> None:
    """Accept the active quotes (D-03), and write their items into contracts (D-04)."""
    await _close(ctx, items, StageKind.WON)
    for item in items:
        item.record.locked = not item.failed
        item.record.lost_reason_id = item.record.lost_note = None
    sold = without_failed(items)
    ids = [each.record.id for each in sold]
    quotes = await ctx.trusted(Quote).by_for_update(Quote.opportunity_id, ids)
    active = {
        id: quote for id in ids for quote in quotes[id] if quote.decide(lambda row: row.active)
    }
    if any(id not in active for id in ids) and not await _sells_without_quote(ctx):
        for item in sold:
            if item.record.id not in active:
                item.violation(Violation(UserErrorCode.NO_ACTIVE_QUOTE, NO_QUOTE_MESSAGE))
    await write_contracts(ctx, without_failed(sold), active)


async def _sells_without_quote(ctx: Context) -> bool:
    preferences = await ctx.trusted(Preferences).get_one()
    return preferences.decide(lambda row: row.sell_without_quote)


@dataclass(frozen=True, kw_only=True)
class LoseInput:
    """Opportunity to close as lost, and the reason."""

    reason: UUID = arg("Reason for the loss, of `lostReasons`.", of=LostReason, required=True)
    note: str | None = arg("Note about the loss; required by some reasons.")
    closed_on: date | None = arg(CLOSED_ON)
    stage: UUID | None = sets(Opportunity.stage_id, STAGE)


@command(
    Opportunity,
    "lose",
    input=LoseInput,
    requires=Writes(Opportunity.stage_id),
    skips=(set_stage, set_closed_on),
    doc="Close an opportunity as lost, with a reason.",
)
async def lose(ctx: Context, items: list[Changeset[Opportunity, LoseInput]]) -> None:
    """Move opportunities to a lost stage, with one of the tenant's reasons (D-20)."""
    await _close(ctx, items, StageKind.LOST)
    entity = ctx.unit.model.of(LostReason)
    requested = {each.input.reason for each in items}
    visible = (await ctx.unit.lock_referenced({entity: requested}))[entity]
    reasons = await ctx.trusted(LostReason).by_id(visible)
    for item in items:
        reason = reasons.get(item.input.reason)
        if reason is None:
            item.missing("reason")
            continue
        for violation in reason.decide(partial(_note_violations, item.input.note)):
            item.violation(violation, "note")
        item.record.lost_reason_id, item.record.lost_note = reason.id, item.input.note


def _note_violations(note: str | None, reason: LostReason) -> Iterable[Violation]:
    return lost_note_violations(reason, note)


@dataclass(frozen=True, kw_only=True)
class UnlockInput:
    """Opportunity to reopen."""

    stage: UUID | None = sets(
        Opportunity.stage_id, "Open stage. Default: the last one the opportunity was in."
    )


@command(
    Opportunity,
    "unlock",
    input=UnlockInput,
    requires=Writes(Opportunity.stage_id),
    skips=(set_stage, set_closed_on),
    doc="Unlock an opportunity; one that was sold or lost becomes open again.",
)
async def unlock(ctx: Context, items: Saved[Opportunity]) -> None:
    """Move opportunities back to an open stage (EP-143)."""
    pipelines_by_type = await pipelines(
        ctx.unit.connection, (each.record.type_id for each in items)
    )
    stages_by_opportunity = await contract_facts.visited(
        ctx.unit.connection, (each.record.id for each in items)
    )
    for item in items:
        requested = _requested_stage(item)
        item.record.stage_id = item.existing.stage_id
        item.violations(unlock_violations(item.existing))
        if item.failed:
            continue
        item.record.locked = False
        if item.existing.status == StageKind.OPEN and requested is None:
            continue
        pipeline, stages = (
            pipelines_by_type[item.record.type_id],
            stages_by_opportunity[item.record.id],
        )
        step = pipeline.decide(partial(_reopen_step, stages, requested))
        _apply(item, step)
        item.record.closed_on = item.record.lost_reason_id = item.record.lost_note = None


def _reopen_step(
    stages_by_opportunity: Hidden[list[UUID]],
    requested: UUID | None,
    pipeline: Mapping[UUID, PipelineStep],
) -> PipelineStep | Violation:
    return stages_by_opportunity.decide(lambda stages: reopened_stage(pipeline, stages, requested))


@command(
    Opportunity,
    "lock",
    requires=Writes(Opportunity.stage_id),
    skips=(set_stage, set_closed_on),
    doc="Lock an opportunity and its quotes against changes.",
)
async def lock(ctx: Context, items: Saved[Opportunity]) -> None:
    """Lock opportunities."""
    for item in items:
        item.record.locked = True


async def _close(
    ctx: Context,
    items: Saved[Opportunity],
    kind: StageKind,
) -> None:
    """Move opportunities to a stage of an outcome and set the close date. Locked ones get an error."""
    pipelines_by_type = await pipelines(
        ctx.unit.connection, (each.record.type_id for each in items)
    )
    for item in items:
        requested = _requested_stage(item)
        item.record.stage_id = item.existing.stage_id
        if item.existing.locked:
            item.violation(
                Violation(UserErrorCode.LOCKED, OPPORTUNITY_LOCKED_MESSAGE, because=("locked",))
            )
            continue
        pipeline = pipelines_by_type[item.record.type_id]
        _apply(item, pipeline.decide(partial(stage_of_kind, kind=kind, requested=requested)))
        day = checked_close_date(item.input.closed_on, ctx.today)
        if isinstance(day, Violation):
            item.violation(day)
        else:
            item.record.closed_on = day


def _requested_stage(item: Changeset[Opportunity, object]) -> UUID | None:
    return item.record.stage_id if item.has_value(Opportunity.stage_id) else None


def _apply(item: Changeset[Opportunity, object], step: PipelineStep | Violation) -> None:
    if isinstance(step, Violation):
        item.violation(step)
        return
    item.record.stage_id = step.stage
    item.record.status, item.record.probability = step.kind, step.probability


COMMANDS = (sell, lose, unlock, lock)

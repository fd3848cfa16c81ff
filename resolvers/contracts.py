"""Contracts: how long their kind lasts, and how they end, renew and are detached from a sale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from db.contracts import Contract
from db.products import ContractKind
from db.sales import Opportunity
from domain.codes import UserErrorCode
from domain.contracts import (
    ENDED,
    NOT_SOLD,
    SOLD_ANEW,
    ContractStatus,
    ContractTerms,
    renewed,
    status_on,
    term,
)
from domain.violations import Violation
from resolvers.engine.changeset import Action, Changeset, Saved
from resolvers.engine.command import Reads, Writes, command, sets
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save


@before_save(Action.RESTORE)
async def check_sold_once(ctx: Context, items: Saved[Contract]) -> None:
    """What was sold anew while a contract was in the trash is in another one now (D-04)."""
    sold = {each.record.opportunity_id for each in items} - {None}
    if not sold:
        return
    opportunities = {id for id in sold if id is not None}
    await ctx.trusted(Opportunity).select_for_update(Opportunity.id, opportunities)
    rows = await ctx.trusted(Contract).select_for_update(Contract.opportunity_id, opportunities)
    existing = {row.decide(_sale) for row in rows}
    for item in items:
        key = _sale(item.record)
        if key in existing:
            item.violation(Violation(UserErrorCode.DUPLICATE, SOLD_ANEW, because=SALE))
        if item.record.opportunity_id is not None:
            existing.add(key)


SALE = ("opportunity_id", "kind_id", "currency")
"""The columns that tell one contract of a sale from another."""


def _sale(row: Contract) -> tuple[object, ...]:
    return row.opportunity_id, row.kind_id, row.currency


@before_save(despite_errors=True)
async def apply_kind(ctx: Context, items: Saved[Contract]) -> None:
    """Whether it is time-based follows from the kind; so does the term of a new one, where the caller names none."""
    changed = [each for each in items if each.differs(Contract.kind_id)]
    kinds = await ctx.trusted(ContractKind).by_id(each.record.kind_id for each in changed)
    for item in changed:
        found = kinds.get(item.record.kind_id)
        if found is not None:
            _apply(item, found.decide(_kind), ctx.today)


def _kind(row: ContractKind) -> ContractTerms:
    return ContractTerms(row.id, row.time_based, row.months, row.renews)


def _apply(item: Changeset[Contract, object], kind: ContractTerms, today: date) -> None:
    contract = item.record
    contract.time_based = kind.time_based
    if item.before is not None:
        return
    usual = term(kind, contract.starts_on or today)
    contract.starts_on = contract.starts_on or usual.starts_on
    contract.ends_on = contract.ends_on or usual.ends_on
    if contract.renewal_months is None:
        contract.renewal_months = usual.renewal_months
    contract.remind_on = contract.remind_on or usual.remind_on


@before_save(despite_errors=True)
async def follow_term(ctx: Context, items: Saved[Contract]) -> None:
    """Whether it is in force follows from its term."""
    for item in items:
        if item.differs(Contract.ends_on, Contract.renewal_months):
            item.record.status = status_on(item.record, ctx.today)


@dataclass(frozen=True, kw_only=True)
class EndInput:
    """Contract to end and its last day."""

    ends_on: date | None = sets(Contract.ends_on, "Last day. Default: today.")


@command(
    Contract,
    "end",
    input=EndInput,
    requires=Writes(Contract.ends_on),
    skips=(follow_term,),
    doc="End a contract; it does not renew.",
)
async def end(ctx: Context, items: Saved[Contract]) -> None:
    """Ended at once where the last day has come, otherwise on that day."""
    for item in items:
        contract = item.record
        if item.existing.status == ContractStatus.ENDED:
            item.violation(Violation(UserErrorCode.INVALID_TRANSITION, ENDED, because=("status",)))
        day = contract.ends_on if item.gives_value(Contract.ends_on) else None
        contract.ends_on = day or ctx.today
        contract.renewal_months = contract.remind_on = None
        ended = contract.ends_on <= ctx.today
        contract.status = ContractStatus.ENDED if ended else item.existing.status


@command(
    Contract,
    "renew",
    requires=Writes(Contract.ends_on),
    skips=(follow_term,),
    doc="Renew a contract for the agreed number of months.",
)
async def renew(ctx: Context, items: Saved[Contract]) -> None:
    """Extend it by its renewal."""
    for item in items:
        renewal = renewed(item.existing)
        if isinstance(renewal, Violation):
            item.violation(renewal)
        else:
            item.record.ends_on, item.record.remind_on = renewal.ends_on, renewal.remind_on
            item.record.status = renewal.status


@command(
    Contract,
    "detach",
    requires=Reads(Contract.opportunity_id),
    skips=(follow_term,),
    doc="Detach a contract from its opportunity; the next sale creates a new one.",
)
async def detach(ctx: Context, items: Saved[Contract]) -> None:
    """Without an opportunity."""
    for item in items:
        if item.existing.opportunity_id is None:
            item.violation(Violation(UserErrorCode.INVALID_TRANSITION, NOT_SOLD))
        item.record.opportunity_id = None


AREA = Area(
    "contracts",
    commands=(end, renew, detach),
    before_save={Contract: (check_sold_once, apply_kind, follow_term)},
)

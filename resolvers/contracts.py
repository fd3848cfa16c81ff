"""Hooks and commands of contracts: term, end, renewal, and detaching from an opportunity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from db.contracts import Contract
from db.products import ContractKind
from db.sales import Opportunity
from domain.codes import UserErrorCode
from domain.contracts import (
    ENDED_MESSAGE,
    NOT_SOLD_MESSAGE,
    SOLD_AGAIN_MESSAGE,
    ContractStatus,
    KindTerms,
    compute_term,
    renewed,
    status_on,
)
from domain.violations import Violation
from resolvers.engine.changeset import Action, Changeset, Saved
from resolvers.engine.command import Reads, Writes, command, sets
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save


@before_save(Action.RESTORE)
async def refuse_duplicate_sale(ctx: Context, items: Saved[Contract]) -> None:
    """Refuse to restore a contract if a later sale created another one for the same kind and currency (D-04)."""
    sold = {each.record.opportunity_id for each in items} - {None}
    if not sold:
        return
    opportunities = {id for id in sold if id is not None}
    await ctx.trusted(Opportunity).select_for_update(Opportunity.id, opportunities)
    rows = await ctx.trusted(Contract).select_for_update(Contract.opportunity_id, opportunities)
    existing = {row.decide(_sale_key) for row in rows}
    for item in items:
        key = _sale_key(item.record)
        if key in existing:
            item.violation(Violation(UserErrorCode.DUPLICATE, SOLD_AGAIN_MESSAGE, because=SALE_KEY))
        if item.record.opportunity_id is not None:
            existing.add(key)


SALE_KEY = ("opportunity_id", "kind_id", "currency")
"""The columns that identify a contract of an opportunity."""


def _sale_key(row: Contract) -> tuple[object, ...]:
    return row.opportunity_id, row.kind_id, row.currency


@before_save(despite_errors=True)
async def apply_kind(ctx: Context, items: Saved[Contract]) -> None:
    """Set `time_based` from the kind, and the term of a new contract unless the caller sets it."""
    changed = [each for each in items if each.differs(Contract.kind_id)]
    kinds = await ctx.trusted(ContractKind).by_id(each.record.kind_id for each in changed)
    for item in changed:
        kind_row = kinds.get(item.record.kind_id)
        if kind_row is not None:
            _apply(item, kind_row.decide(_terms), ctx.today)


def _terms(row: ContractKind) -> KindTerms:
    return KindTerms(row.id, row.time_based, row.months, row.renews)


def _apply(item: Changeset[Contract, object], kind: KindTerms, today: date) -> None:
    contract = item.record
    contract.time_based = kind.time_based
    if item.before is not None:
        return
    default_term = compute_term(kind, contract.starts_on or today)
    contract.starts_on = contract.starts_on or default_term.starts_on
    contract.ends_on = contract.ends_on or default_term.ends_on
    if contract.renewal_months is None:
        contract.renewal_months = default_term.renewal_months
    contract.remind_on = contract.remind_on or default_term.remind_on


@before_save(despite_errors=True)
async def set_status(ctx: Context, items: Saved[Contract]) -> None:
    """Set the status from the term."""
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
    skips=(set_status,),
    doc="End a contract; it does not renew.",
)
async def end(ctx: Context, items: Saved[Contract]) -> None:
    """End contracts immediately if the last day is not in the future, else on that day."""
    for item in items:
        contract = item.record
        if item.existing.status == ContractStatus.ENDED:
            item.violation(
                Violation(UserErrorCode.INVALID_TRANSITION, ENDED_MESSAGE, because=("status",))
            )
        last_date = contract.ends_on if item.has_value(Contract.ends_on) else None
        contract.ends_on = last_date or ctx.today
        contract.renewal_months = contract.remind_on = None
        ended = contract.ends_on <= ctx.today
        contract.status = ContractStatus.ENDED if ended else item.existing.status


@command(
    Contract,
    "renew",
    requires=Writes(Contract.ends_on),
    skips=(set_status,),
    doc="Renew a contract for the agreed number of months.",
)
async def renew(ctx: Context, items: Saved[Contract]) -> None:
    """Extend contracts by their renewal period."""
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
    skips=(set_status,),
    doc="Detach a contract from its opportunity; the next sale creates a new one.",
)
async def detach(ctx: Context, items: Saved[Contract]) -> None:
    """Remove the reference to the opportunity."""
    for item in items:
        if item.existing.opportunity_id is None:
            item.violation(Violation(UserErrorCode.INVALID_TRANSITION, NOT_SOLD_MESSAGE))
        item.record.opportunity_id = None


AREA = Area(
    "contracts",
    commands=(end, renew, detach),
    before_save={Contract: (refuse_duplicate_sale, apply_kind, set_status)},
)

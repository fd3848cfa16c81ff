"""Commands that create opportunities from other records: `copy` from an opportunity, `upsell` from a contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast
from uuid import UUID

from db.accounts import Account
from db.contracts import Contract
from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.hidden import is_readable
from db.engine.write.locking import Lock
from db.sales import Opportunity, OpportunityAccount, OpportunityContact
from domain.codes import UserErrorCode
from domain.contracts import ONE_OFF_MESSAGE
from domain.message import Message
from domain.violations import Violation
from resolvers.engine.changeset import Action, AnyChangeset, Changeset, assign
from resolvers.engine.command import Runs, arg, command, sets
from resolvers.engine.context import Context
from resolvers.engine.template import copied_params, visible_references

NOT_COPIED = frozenset({"stage", "probability", "owner", "externalId"})
"""Fields that a copy does not get; their defaults apply, with the caller as the owner."""
UNREACHABLE = Message(
    "The record in `{field}` is deleted, or you cannot see it. Restore it, or create a new record "
    "instead of a copy."
)
NAME = "Name of the new opportunity. Default: that of its source."


@dataclass(frozen=True, kw_only=True)
class OpportunityCopyInput:
    """Opportunity to copy; its quotes and contracts are not copied."""

    id: UUID = arg("ID of the opportunity to copy.", of=Opportunity, required=True)
    name: str | None = sets(Opportunity.name, NAME)


@command(
    Opportunity,
    "copy",
    input=OpportunityCopyInput,
    runs=Runs.BEFORE_CREATE,
    doc="Copy an opportunity with its contacts and related accounts.",
)
async def copy(ctx: Context, items: list[Changeset[Opportunity, OpportunityCopyInput]]) -> None:
    """Create an opportunity with those values of another one that the caller may read and write (EP-088)."""
    entity = ctx.unit.model.of(Opportunity)
    sources = await ctx.unit.lock_visible(entity, {each.input.id for each in items}, Lock.NONE)
    reachable = await visible_references(ctx, entity, sources.values())
    contacts = await ctx.trusted(OpportunityContact).select(
        OpportunityContact.opportunity_id, sources
    )
    related = await ctx.trusted(OpportunityAccount).select(
        OpportunityAccount.opportunity_id, sources
    )
    children = {
        OpportunityContact: await _visible(ctx, OpportunityContact, (each.id for each in contacts)),
        OpportunityAccount: await _visible(ctx, OpportunityAccount, (each.id for each in related)),
    }
    for item in items:
        source = sources.get(item.input.id)
        if source is None:
            item.missing("id")
            continue
        item.template = source
        sent = {name: value for name, value in item.params.items() if value is not None}
        item.params = _copied(ctx, item, reachable[source.id] | sent.keys()) | sent
        for type_, rows in children.items():
            if ctx.viewer.may_create(type_.__name__):
                item.children += _copies(ctx, item, type_, rows)


async def _visible(ctx: Context, type_: type[Record], ids: Iterable[UUID]) -> list[Record]:
    rows = await ctx.unit.lock_visible(ctx.unit.model.of(type_), ids, Lock.NONE)
    return list(rows.values())


def _copied(ctx: Context, item: AnyChangeset, reachable: set[str]) -> dict[str, object]:
    """Parameters of a copy, without references to records that the caller cannot see."""
    entity, source = item.entity, item.template
    assert source is not None  # noqa: S101 - set before
    params = copied_params(ctx.viewer, entity, source, NOT_COPIED)
    for name in entity.references.keys() & params.keys() - reachable:
        del params[name]
        if not entity.references[name].nullable:
            item.error(UserErrorCode.INVALID, UNREACHABLE.fill(field=name), "id")
    return params


def _copies(
    ctx: Context, item: AnyChangeset, type_: type[Record], rows: Iterable[Record]
) -> Iterable[AnyChangeset]:
    """Changesets of the copied children."""
    entity: Entity = ctx.unit.model.of(type_)
    relation = entity.references["opportunity"]
    for row in rows:
        if item.template is not None and getattr(row, relation.column) == item.template.id:
            params = copied_params(ctx.viewer, entity, row, NOT_COPIED | {relation.name})
            child: AnyChangeset = Changeset(entity, item.path, Action.CREATE, params)
            child.relation, child.parent_changeset, child.template = relation, item, row
            yield child


@dataclass(frozen=True, kw_only=True)
class UpsellInput:
    """New opportunity to extend a contract."""

    contract: UUID = arg("Time-based contract to extend.", of=Contract, required=True)
    name: str | None = sets(Opportunity.name, NAME)
    type: UUID | None = sets(
        Opportunity.type_id, "Opportunity type. Default: that of the preferences."
    )
    currency: str | None = sets(Opportunity.currency, "Currency. Default: that of the contract.")
    amount: Decimal | None = sets(Opportunity.amount, "Expected value, excluding tax.")
    expected_close_on: date | None = sets(Opportunity.expected_close_on, "Expected close date.")


@command(
    Opportunity,
    "upsell",
    input=UpsellInput,
    runs=Runs.BEFORE_CREATE,
    doc="Create an opportunity to extend a time-based contract.",
)
async def upsell(ctx: Context, items: list[Changeset[Opportunity, UpsellInput]]) -> None:
    """Create an opportunity for the account of a time-based contract (EP-150)."""
    entity = ctx.unit.model.of(Contract)
    contract_ids = {each.input.contract for each in items}
    contracts = await ctx.unit.lock_visible(entity, contract_ids, Lock.REFERENCE)
    reachable = await visible_references(ctx, entity, contracts.values())
    for item in items:
        if item.input.contract in contracts:
            _extend(ctx, item, cast("Contract", contracts[item.input.contract]), reachable)
        else:
            item.missing("contract")


def _extend(
    ctx: Context,
    item: Changeset[Opportunity, UpsellInput],
    contract: Contract,
    reachable: Mapping[UUID, set[str]],
) -> None:
    """Set the parameters from those fields of the contract that the caller may read."""
    entity = ctx.unit.model.of(Contract)

    def reads(column: str) -> bool:
        return is_readable(ctx.viewer, entity, column, contract)

    if not contract.time_based:
        violation = Violation(UserErrorCode.NOT_TIME_BASED, ONE_OFF_MESSAGE)
        item.violation(violation, "contract", because=[Contract.time_based])
    elif "account" not in reachable[contract.id] or not reads("account_id"):
        item.error(UserErrorCode.INVALID, UNREACHABLE.fill(field="account"), "contract")
    else:
        account = f"{ctx.unit.model.of(Account).prefix}_{contract.account_id.hex}"
        copied = {name: getattr(contract, name) for name in ("name", "currency") if reads(name)}
        sent = {name: value for name, value in item.params.items() if value is not None}
        item.params = {"account": account, **copied, **sent}
        item.initial.append(assign(Opportunity.source_contract_id, contract.id))


COMMANDS = (copy, upsell)

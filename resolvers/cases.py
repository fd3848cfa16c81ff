"""Hooks and commands of cases: status, accounts, contract and billing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from db import case_facts
from db.cases import Case, CaseAccount, CaseType
from db.contracts import Contract
from db.engine.hidden import Hidden, HiddenRow, all_of
from db.products import Product
from db.setup import Preferences
from domain.cases import (
    Billing,
    CaseState,
    Priority,
    Status,
    accounts_locked_violations,
    billing_violations,
    case_contract_violations,
    choose_status,
    closed_at,
    locked_violations,
    missing_service_violations,
    primary_account,
    primary_change_violations,
    service_violations,
)
from domain.codes import UserErrorCode
from domain.message import Message
from domain.violations import Violation
from resolvers.engine.changeset import (
    Action,
    AnyChangeset,
    Changeset,
    Saved,
    assign,
    parent_of,
    without_failed,
)
from resolvers.engine.command import Writes, command, sets
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.exclusive import hand_over
from resolvers.engine.hooks import after_change, before_save
from resolvers.engine.presets import prefer_type, preset
from resolvers.engine.values import NO_ID

ACCOUNTS = 50
"""Maximum accounts of a case, because every change of one reads all of them."""
TOO_MANY = Message("A case has at most {limit} accounts. Remove some first.", limit=ACCOUNTS)
WORKED_ON = Message(
    "Cases of the contract's current account use this contract. Remove it from those cases first."
)
Statuses = Hidden[dict[UUID, Status]]


# --- where a case stands --------------------------------------------------------------------------


@before_save(Action.DELETE, Action.RESTORE)
async def update_closed_at(ctx: Context, items: Saved[Case]) -> None:
    """Set `closed_at` of deleted and restored cases from their current status."""
    for item in items:
        item.record.closed_at = closed_at(item.before, item.record.state, ctx.now)


@before_save(despite_errors=True)
async def preset_case(ctx: Context, items: Saved[Case]) -> None:
    """Set the preferred type and the type's presets (VN-40)."""
    await prefer_type(ctx, items, Preferences, Preferences.default_case_type_id)
    copied = {Case.priority: CaseType.default_priority, Case.owner_id: CaseType.default_owner_id}
    await preset(ctx, items, CaseType, copied)


@before_save(Action.CREATE, despite_errors=True)
async def set_case_defaults(ctx: Context, items: Saved[Case]) -> None:
    """Set the default priority and the primary account of new cases."""
    for item in items:
        case = item.record
        case.priority = case.priority or Priority.NORMAL
        links = [each for each in item.children if each.entity.type_ is CaseAccount]
        if len(links) > ACCOUNTS:
            item.violation(Violation(UserErrorCode.INVALID, TOO_MANY))
        if links and not item.failed:
            primary = hand_over(links, CaseAccount.primary)
            case.primary_account_id = primary.decide(_account) if primary is not None else None


def _account(link: CaseAccount) -> UUID:
    return link.account_id


@before_save(despite_errors=True)
async def set_status(ctx: Context, items: Saved[Case]) -> None:
    """Set state and closing time from the status. Default status of a new case: the first open one."""
    moved = [each for each in items if each.differs(Case.status_id)]
    if moved:
        statuses = await case_facts.statuses(ctx.unit.connection)
        for item in moved:
            _set_status(ctx, item, statuses, item.record.status_id, None)


def _set_status(
    ctx: Context,
    item: Changeset[Case, object],
    statuses: Statuses,
    requested: UUID | None,
    state: CaseState | None,
) -> None:
    status = statuses.decide(lambda statuses_by_id: choose_status(statuses_by_id, requested, state))
    if isinstance(status, Violation):
        item.violation(status)
        return
    item.record.status_id, item.record.state = status.id, status.state
    item.record.closed_at = closed_at(item.before, status.state, ctx.now)


@before_save(Action.CREATE, Action.UPDATE, despite_errors=True)
async def check_locked(ctx: Context, items: Saved[Case]) -> None:
    """Refuse changes to the billing-relevant fields of a closed case (D-14)."""
    for item in items:
        if item.before is not None:
            item.violations(locked_violations(item.before, item.record))


# --- contracts ------------------------------------------------------------------------------------


@before_save(despite_errors=True)
async def check_contract(ctx: Context, items: Saved[Case]) -> None:
    """Check that a case has a contract if its type requires one, and that it belongs to the primary account."""
    changed = [each for each in items if each.differs(Case.type_id, Case.contract_id)]
    types: dict[UUID, HiddenRow[CaseType]] = {
        each.record.type_id: each.type_row
        for each in changed
        if each.type_row is not None and each.record.type_id is not None
    }
    missing = {each.record.type_id for each in changed} - types.keys()
    types |= await ctx.trusted(CaseType).by_id(missing)
    contracts = await ctx.trusted(Contract).by_id(each.record.contract_id for each in changed)
    for item in changed:
        case, contract = item.record, contracts.get(item.record.contract_id or NO_ID)
        if (
            contract is not None
            and case.primary_account_id is None
            and item.has_input(Case.contract_id)
        ):
            _link_buyer(ctx, item, contract)
        case_type = types.get(case.type_id or NO_ID)
        required = case_type is not None and case_type.decide(_requires_contract)
        buyer = contract.decide(_buyer) if contract is not None else None
        violations = case_contract_violations(
            required, case.contract_id, buyer, case.primary_account_id
        )
        item.violations(violations, [Contract.account_id] if buyer is not None else [])


def _requires_contract(case_type: CaseType) -> bool:
    return case_type.contract_required


def _buyer(contract: Contract) -> UUID:
    return contract.account_id


def _link_buyer(ctx: Context, item: Changeset[Case, object], contract: HiddenRow[Contract]) -> None:
    """Make the contract's account the primary account of a case without accounts, if the caller may read it."""
    account = contract.reveal(ctx.viewer).get(Contract.account_id)
    if account is None:
        return
    link = ctx.unit.blank(CaseAccount)
    link.case_id, link.account_id, link.primary = item.record.id, account, True
    item.also_create(link)
    item.record.primary_account_id = account


@after_change(Contract)
async def keep_contract_account(ctx: Context, items: list[AnyChangeset]) -> None:
    """Refuse to change the account of a contract that cases use."""
    moved: list[Changeset[Contract, object]] = [
        each
        for each in items
        if each.entity.type_ is Contract
        and each.before is not None
        and each.differs(Contract.account_id)
    ]
    referenced = await ctx.trusted(Case).by(Case.contract_id, [each.record.id for each in moved])
    for item in moved:
        if referenced[item.record.id]:
            violation = Violation(UserErrorCode.IN_USE, WORKED_ON, "account_id")
            item.violation(violation, because=[Case.contract_id])


# --- accounts -------------------------------------------------------------------------------------


@before_save(Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.RESTORE)
async def keep_primary_account(ctx: Context, items: Saved[CaseAccount]) -> None:
    """Keep exactly one primary account per case."""
    by_case: dict[UUID, list[Changeset[CaseAccount, object]]] = {}
    for item in items:
        if item.relation is None:  # nested creates are handled by `set_case_defaults`
            by_case.setdefault(item.record.case_id, []).append(item)
    existing = await ctx.trusted(CaseAccount).by_for_update(CaseAccount.case_id, by_case)
    cases = {id: parent_of(case_items[0], Case) for id, case_items in by_case.items()}
    contracts = await ctx.trusted(Contract).by_id(
        case.contract_id for case in cases.values() if case is not None
    )
    for id, case_items in by_case.items():
        if (case := cases[id]) is not None:
            _assign_primary(case_items, case, existing[id], contracts)


def _assign_primary(
    items: list[Changeset[CaseAccount, object]],
    case: Case,
    existing: list[HiddenRow[CaseAccount]],
    contracts: Mapping[UUID, HiddenRow[Contract]],
) -> None:
    for item in items:
        item.violations(accounts_locked_violations(case), [Case.state])
        if item.before is None and len(existing) + len(items) > ACCOUNTS:
            item.violation(Violation(UserErrorCode.INVALID, TOO_MANY))
    if len(without_failed(items)) < len(items):
        return
    primary_link = hand_over(items, CaseAccount.primary, existing)
    primary = primary_link.decide(_account) if primary_link is not None else None
    if primary != case.primary_account_id:
        contract = contracts.get(case.contract_id or NO_ID)
        buyer = contract.decide(_buyer) if contract is not None else None
        violations = primary_change_violations(case.contract_id, buyer, primary)
        items[0].violations(violations, [Case.contract_id, Contract.account_id])
        items[0].also_change(case, assign(Case.primary_account_id, primary))


@after_change(Case)
async def choose_primary_again(ctx: Context, items: list[AnyChangeset]) -> None:
    """Choose the primary account of a restored case again, because deleted accounts are not restored with it."""
    for item in items:
        if item.action is Action.RESTORE and item.entity.type_ is Case:
            links = [link for _, link in item.changes_of(CaseAccount)]
            links = [link for link in links if link.case_id == item.record.id]
            primary_link = primary_account(links)
            for link in links:
                link.primary = link.id == primary_link
            accounts = (link.account_id for link in links if link.primary)
            item.record.primary_account_id = next(accounts, None)


# --- types ----------------------------------------------------------------------------------------


@before_save(despite_errors=True)
async def check_billing(ctx: Context, items: Saved[CaseType]) -> None:
    """Check that the products for billing work are services with a price."""
    columns = (CaseType.billing, CaseType.hours_product_id, CaseType.overtime_product_id)
    changed = [each for each in items if each.differs(*columns)]
    product_ids = {id for each in changed for id in _products(each.record)}
    products = await ctx.trusted(Product).by_id(product_ids)
    billed = any(each.record.billing != Billing.NONE for each in changed)
    offered = billed and await case_facts.is_work_offered(ctx.unit.connection)
    products_by_id = all_of(products)
    for item in changed:
        violations = products_by_id.decide(partial(service_violations, item.record))
        item.violations(violations, [Product.service, Product.price])
        item.violations(missing_service_violations(item.record, offered))


def _products(kind: CaseType) -> Iterable[UUID | None]:
    return (kind.hours_product_id, kind.overtime_product_id)


@after_change(Product)
async def keep_billable(ctx: Context, items: list[AnyChangeset]) -> None:
    """Refuse to change a product so that case types can no longer bill work with it."""
    saved = [e for e in items if e.entity.type_ is Product and e.before is not None]
    invalid = [
        (each, violations)
        for each in saved
        if each.action not in (Action.DELETE, Action.RESTORE)
        and (violations := billing_violations(each.existing, each.record))
    ]
    ids = [each.record.id for each, _ in invalid]
    referenced: set[UUID] = set()
    for column in (CaseType.hours_product_id, CaseType.overtime_product_id):
        types_by_product = await ctx.trusted(CaseType).by(column, ids)
        referenced |= {id for id, rows in types_by_product.items() if id is not None and rows}
    for item, violations in invalid:
        if item.record.id in referenced:
            item.violations(violations)


# --- commands -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class CaseMoveInput:
    """Case to move and its new status, which determines whether it is open."""

    status: UUID = sets(Case.status_id, "New status, open or closed.", required=True)


@command(Case, "move", input=CaseMoveInput, doc="Move a case to another status.")
async def move(ctx: Context, items: Saved[Case]) -> None:
    """The status is set like any field; the hooks do the rest."""


@dataclass(frozen=True, kw_only=True)
class CloseInput:
    """Case to close. Its type, contract and accounts cannot change while it is closed."""

    status: UUID | None = sets(
        Case.status_id, "Closed status. Default: the first; a closed case keeps its status."
    )


@dataclass(frozen=True, kw_only=True)
class ReopenInput:
    """Case to reopen."""

    status: UUID | None = sets(
        Case.status_id, "Open status. Default: the first; an open case keeps its status."
    )


@command(
    Case,
    "close",
    input=CloseInput,
    requires=Writes(Case.status_id),
    skips=(set_status,),
    doc="Close a case.",
)
async def close(ctx: Context, items: Saved[Case]) -> None:
    """Move cases to a closed status."""
    await _move(ctx, items, CaseState.CLOSED)


@command(
    Case,
    "reopen",
    input=ReopenInput,
    requires=Writes(Case.status_id),
    skips=(set_status,),
    doc="Reopen a closed case.",
)
async def reopen(ctx: Context, items: Saved[Case]) -> None:
    """Move cases to an open status."""
    await _move(ctx, items, CaseState.OPEN)


async def _move(ctx: Context, items: Saved[Case], state: CaseState) -> None:
    moved = [e for e in items if e.has_input(Case.status_id) or e.existing.state != state]
    if not moved:
        return
    statuses = await case_facts.statuses(ctx.unit.connection)
    for item in moved:
        requested = item.record.status_id if item.has_input(Case.status_id) else None
        _set_status(ctx, item, statuses, requested, state)


AREA = Area(
    "cases",
    commands=(move, close, reopen),
    before_save={
        Case: (
            update_closed_at,
            preset_case,
            set_case_defaults,
            set_status,
            check_locked,
            check_contract,
        ),
        CaseAccount: (keep_primary_account,),
        CaseType: (check_billing,),
    },
    after_change=(choose_primary_again, keep_contract_account, keep_billable),
)

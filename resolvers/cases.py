"""Cases: where they stand, which accounts they concern, and which contract they are worked on under."""

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
    accounts_locked,
    closed_at,
    handed_over,
    locked,
    needs_service,
    placed,
    primary_account,
    services,
    still_billable,
    under_contract,
)
from domain.codes import UserErrorCode
from domain.violations import Violation
from resolvers.engine.changeset import (
    Action,
    AnyChangeset,
    Changeset,
    Saved,
    live,
    parent_of,
    to,
)
from resolvers.engine.command import Writes, command, sets
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.exclusive import hand_over
from resolvers.engine.hooks import after_change, before_save
from resolvers.engine.presets import prefer_type, preset
from resolvers.engine.values import NO_ID

ACCOUNTS = 50
"""Accounts of one case: each change of one reads all of them."""
TOO_MANY = f"A case has at most {ACCOUNTS} accounts. Remove some first."
WORKED_ON = (
    "Cases of the contract's current account use this contract. Remove it from those cases first."
)
Statuses = Hidden[dict[UUID, Status]]


# --- where a case stands --------------------------------------------------------------------------


@before_save(Action.DELETE, Action.RESTORE)
async def keep_closed_at(ctx: Context, items: Saved[Case]) -> None:
    """A case that is restored is as closed as its status says by now."""
    for item in items:
        item.record.closed_at = closed_at(item.before, item.record.state, ctx.now)


@before_save(despite_errors=True)
async def preset_case(ctx: Context, items: Saved[Case]) -> None:
    """The preferred type, and what the type presets (VN-40)."""
    await prefer_type(ctx, items, Preferences, Preferences.default_case_type_id)
    copied = {Case.priority: CaseType.default_priority, Case.owner_id: CaseType.default_owner_id}
    await preset(ctx, items, CaseType, copied)


@before_save(Action.CREATE, despite_errors=True)
async def begin_case(ctx: Context, items: Saved[Case]) -> None:
    """A priority, and one primary account among those that it is created with."""
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
async def place(ctx: Context, items: Saved[Case]) -> None:
    """State and time of closing follow from the status; a new case without one starts in an open one."""
    moved = [each for each in items if each.differs(Case.status_id)]
    if moved:
        statuses = await case_facts.statuses(ctx.unit.connection)
        for item in moved:
            _place(ctx, item, statuses, item.record.status_id, None)


def _place(
    ctx: Context,
    item: Changeset[Case, object],
    statuses: Statuses,
    wanted: UUID | None,
    state: CaseState | None,
) -> None:
    status = statuses.decide(lambda known: placed(known, wanted, state))
    if isinstance(status, Violation):
        item.violation(status)
        return
    item.record.status_id, item.record.state = status.id, status.state
    item.record.closed_at = closed_at(item.before, status.state, ctx.now)


@before_save(Action.CREATE, Action.UPDATE, despite_errors=True)
async def check_locked(ctx: Context, items: Saved[Case]) -> None:
    """What decides how a closed case is billed stays until it is reopened (D-14)."""
    for item in items:
        if item.before is not None:
            item.violations(locked(item.before, item.record))


# --- contracts ------------------------------------------------------------------------------------


@before_save()
async def check_contract(ctx: Context, items: Saved[Case]) -> None:
    """A contract where the type requires one, and one of the primary account."""
    concerned = [each for each in items if each.differs(Case.type_id, Case.contract_id)]
    types: dict[UUID, HiddenRow[CaseType]] = {
        each.record.type_id: each.type_row
        for each in concerned
        if each.type_row is not None and each.record.type_id is not None
    }
    missing = {each.record.type_id for each in concerned} - types.keys()
    types |= await ctx.trusted(CaseType).by_id(missing)
    contracts = await ctx.trusted(Contract).by_id(each.record.contract_id for each in concerned)
    for item in concerned:
        case, contract = item.record, contracts.get(item.record.contract_id or NO_ID)
        if (
            contract is not None
            and case.primary_account_id is None
            and item.gives(Case.contract_id)
        ):
            _concern_buyer(ctx, item, contract)
        case_type = types.get(case.type_id or NO_ID)
        required = case_type is not None and case_type.decide(_requires_contract)
        buyer = contract.decide(_buyer) if contract is not None else None
        violations = under_contract(required, case.contract_id, buyer, case.primary_account_id)
        item.violations(violations, [Contract.account_id] if buyer is not None else [])


def _requires_contract(case_type: CaseType) -> bool:
    return case_type.contract_required


def _buyer(contract: Contract) -> UUID:
    return contract.account_id


def _concern_buyer(
    ctx: Context, item: Changeset[Case, object], contract: HiddenRow[Contract]
) -> None:
    """A case that concerns no account yet concerns that of its contract, where the caller may read which that is."""
    account = contract.reveal(ctx.viewer).get(Contract.account_id)
    if account is None:
        return
    link = ctx.unit.blank(CaseAccount)
    link.case_id, link.account_id, link.primary = item.record.id, account, True
    item.also_create(link)
    item.record.primary_account_id = account


@after_change(Contract)
async def keep_contract_account(ctx: Context, items: list[AnyChangeset]) -> None:
    """A contract stays with its account as long as cases of that are worked on under it."""
    moved: list[Changeset[Contract, object]] = [
        each
        for each in items
        if each.entity.type_ is Contract
        and each.before is not None
        and each.differs(Contract.account_id)
    ]
    used = await ctx.trusted(Case).by(Case.contract_id, [each.record.id for each in moved])
    for item in moved:
        if used[item.record.id]:
            violation = Violation(UserErrorCode.IN_USE, WORKED_ON, "account_id")
            item.violation(violation, because=[Case.contract_id])


# --- accounts -------------------------------------------------------------------------------------


@before_save(Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.RESTORE)
async def keep_primary_account(ctx: Context, items: Saved[CaseAccount]) -> None:
    """Exactly one of a case's accounts is the primary one, whatever is done with the others."""
    by_case: dict[UUID, list[Changeset[CaseAccount, object]]] = {}
    for item in items:
        if item.relation is None:  # what is created along with its case was decided with that
            by_case.setdefault(item.record.case_id, []).append(item)
    kept = await ctx.trusted(CaseAccount).by_for_update(CaseAccount.case_id, by_case)
    cases = {id: parent_of(mine[0], Case) for id, mine in by_case.items()}
    contracts = await ctx.trusted(Contract).by_id(
        case.contract_id for case in cases.values() if case is not None
    )
    for id, mine in by_case.items():
        if (case := cases[id]) is not None:
            _keep_primary(mine, case, kept[id], contracts)


def _keep_primary(
    items: list[Changeset[CaseAccount, object]],
    case: Case,
    kept: list[HiddenRow[CaseAccount]],
    contracts: Mapping[UUID, HiddenRow[Contract]],
) -> None:
    for item in items:
        item.violations(accounts_locked(case), [Case.state])
        if item.before is None and len(kept) + len(items) > ACCOUNTS:
            item.violation(Violation(UserErrorCode.INVALID, TOO_MANY))
    if len(live(items)) < len(items):
        return
    chosen = hand_over(items, CaseAccount.primary, kept)
    primary = chosen.decide(_account) if chosen is not None else None
    if primary != case.primary_account_id:
        contract = contracts.get(case.contract_id or NO_ID)
        buyer = contract.decide(_buyer) if contract is not None else None
        violations = handed_over(case.contract_id, buyer, primary)
        items[0].violations(violations, [Case.contract_id, Contract.account_id])
        items[0].also_change(case, to(Case.primary_account_id, primary))


@after_change(Case)
async def choose_primary_again(ctx: Context, items: list[AnyChangeset]) -> None:
    """Accounts that are gone do not come back with a restored case: another one is its primary account then."""
    for item in items:
        if item.action is Action.RESTORE and item.entity.type_ is Case:
            links = [link for _, link in item.changes_of(CaseAccount)]
            links = [link for link in links if link.case_id == item.record.id]
            chosen = primary_account(links)
            for link in links:
                link.primary = link.id == chosen
            accounts = (link.account_id for link in links if link.primary)
            item.record.primary_account_id = next(accounts, None)


# --- types ----------------------------------------------------------------------------------------


@before_save()
async def check_billing(ctx: Context, items: Saved[CaseType]) -> None:
    """The products that work is billed as are services with a price."""
    columns = (CaseType.billing, CaseType.hours_product_id, CaseType.overtime_product_id)
    changed = [each for each in items if each.differs(*columns)]
    wanted = {id for each in changed for id in _products(each.record)}
    products = await ctx.trusted(Product).by_id(wanted)
    billed = any(each.record.billing != Billing.NONE for each in changed)
    offered = billed and await case_facts.is_work_offered(ctx.unit.connection)
    found = all_of(products)
    for item in changed:
        violations = found.decide(partial(services, item.record))
        item.violations(violations, [Product.service, Product.price])
        item.violations(needs_service(item.record, offered))


def _products(kind: CaseType) -> Iterable[UUID | None]:
    return (kind.hours_product_id, kind.overtime_product_id)


@after_change(Product)
async def keep_billable(ctx: Context, items: list[AnyChangeset]) -> None:
    """A product that types of cases bill work as stays a service with a price."""
    saved = [e for e in items if e.entity.type_ is Product and e.before is not None]
    wrong = [
        (each, violations)
        for each in saved
        if each.action not in (Action.DELETE, Action.RESTORE)
        and (violations := still_billable(each.existing, each.record))
    ]
    ids = [each.record.id for each, _ in wrong]
    used: set[UUID] = set()
    for column in (CaseType.hours_product_id, CaseType.overtime_product_id):
        found = await ctx.trusted(CaseType).by(column, ids)
        used |= {id for id, rows in found.items() if id is not None and rows}
    for item, violations in wrong:
        if item.record.id in used:
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
    skips=(place,),
    doc="Close a case.",
)
async def close(ctx: Context, items: Saved[Case]) -> None:
    """Move to a closed status."""
    await _turn(ctx, items, CaseState.CLOSED)


@command(
    Case,
    "reopen",
    input=ReopenInput,
    requires=Writes(Case.status_id),
    skips=(place,),
    doc="Reopen a closed case.",
)
async def reopen(ctx: Context, items: Saved[Case]) -> None:
    """Move to an open status."""
    await _turn(ctx, items, CaseState.OPEN)


async def _turn(ctx: Context, items: Saved[Case], state: CaseState) -> None:
    turned = [e for e in items if e.gives(Case.status_id) or e.existing.state != state]
    if not turned:
        return
    statuses = await case_facts.statuses(ctx.unit.connection)
    for item in turned:
        wanted = item.record.status_id if item.gives(Case.status_id) else None
        _place(ctx, item, statuses, wanted, state)


AREA = Area(
    "cases",
    commands=(move, close, reopen),
    before_save={
        Case: (keep_closed_at, preset_case, begin_case, place, check_locked, check_contract),
        CaseAccount: (keep_primary_account,),
        CaseType: (check_billing,),
    },
    after_change=(choose_primary_again, keep_contract_account, keep_billable),
)

"""What cases have to say before they are kept: where they stand, whom they concern, and what they are worked on under."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import cast
from uuid import UUID

from auth.engine.viewer import Viewer
from db import case_facts
from db.cases import Case, CaseAccount, CaseType
from db.contracts import Contract
from db.engine.write import statements as store
from db.engine.write.row_json import Row, blank
from db.engine.write.unit_of_work import UnitOfWork
from db.products import Product
from domain.cases import (
    SERVICES,
    Billing,
    CaseState,
    Priority,
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
from domain.numbering import number
from domain.violations import Violation
from resolvers.engine.allowed import reads
from resolvers.engine.changing import draft_changes
from resolvers.engine.drafts import Draft, Other
from resolvers.engine.holders import hand_over
from resolvers.engine.presets import preset
from resolvers.engine.replacing import REPLACED
from resolvers.engine.settling import Deed, follows, prepares, settles

TURNS = {"Close": CaseState.CLOSED, "Reopen": CaseState.OPEN}
ACCOUNTS = 50
"""That one case concerns: each change of one looks at all of them."""
TOO_MANY = f"A case concerns at most {ACCOUNTS} accounts: take some off first."
WORKED_ON = (
    "Cases of the present account are worked on under this contract: take them off it first."
)


@prepares(Case, "Close")
@prepares(Case, "Reopen")
async def turned(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """Closing and reopening set the status, whether it is named or not."""
    for draft in drafts:
        draft.leave("status")
    await draft_changes(unit, viewer, drafts)


@settles(Case)
async def cases(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """Whatever the caller left open, and that all of it goes together."""
    if deed is not Deed.SAVE:
        for draft in drafts:
            state = draft.after["state"]
            draft.after["closed_at"] = closed_at(draft.before, state, unit.now)
        return
    copied = {"priority": "default_priority", "owner_id": "default_owner_id"}
    types = await preset(unit, drafts, copied, preferred="default_case_type_id")
    for draft in (each for each in drafts if each.before is None):
        row = draft.after
        row["number"] = row["number"] or number("C", row["id"])
        row["priority"] = row["priority"] or Priority.NORMAL.value
        _link(draft)
    await _place(unit, drafts)
    for draft in drafts:
        if draft.before is not None and draft.verb != REPLACED:
            draft.faults(locked(draft.before, draft.after))
    await _check_contracts(unit, [each for each in drafts if not each.failed], types)


def _link(draft: Draft) -> None:
    """The accounts that a new case is created with: one of them is the primary one."""
    links = [each for each in draft.nested if each.entity.name == "CaseAccount"]
    if len(links) > ACCOUNTS:
        draft.fault(Violation(UserErrorCode.INVALID, TOO_MANY))
    if links and not draft.failed:
        primary = hand_over(Deed.SAVE, "primary", "primary", (), links)
        draft.after["primary_account_id"] = primary["account_id"] if primary else None


async def _place(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """The status, and what follows from it."""
    asked = [(each, _asked(each)) for each in drafts]
    concerned = [(draft, wish) for draft, wish in asked if wish is not None]
    if not concerned:
        return
    statuses = await case_facts.statuses(unit.connection)
    for draft, (wanted, state) in concerned:
        status = placed(statuses, wanted, state)
        if isinstance(status, Violation):
            draft.fault(status)
            continue
        since = closed_at(draft.before, status.state, unit.now)
        draft.after |= {"status_id": status.id, "state": status.state.value, "closed_at": since}


def _asked(draft: Draft) -> tuple[UUID | None, CaseState | None] | None:
    """Into which status a case is to come, and what that must mean; None where it stays."""
    before, wanted = draft.before, draft.after["status_id"]
    state = TURNS.get(draft.verb)
    if before is None:
        return wanted, None
    if state is not None:
        named = wanted if "status" in draft.given else None
        return None if named is None and before["state"] == state else (named, state)
    return None if wanted == before["status_id"] else (wanted, None)


async def _check_contracts(
    unit: UnitOfWork, drafts: list[Draft], known: Mapping[UUID, Row]
) -> None:
    """A contract where the type wants one, and of the primary account; without accounts, its account is that."""
    concerned = [each for each in drafts if _is_bound_anew(each)]
    entities = unit.model.entities
    asked = {each.after["type_id"] for each in concerned} - {None} - set(known)
    types = dict(known)
    if asked:
        found = await store.look(unit.connection, entities["CaseType"], "id", asked)
        types |= {row["id"]: row for row in found}
    bought = await _contracts(unit, (each.after["contract_id"] for each in concerned))
    for draft in concerned:
        row = draft.after
        contract = bought.get(row["contract_id"])
        buyer = contract["account_id"] if contract else None
        if contract is not None and row["primary_account_id"] is None and _told(unit, contract):
            _concern(unit, draft, contract["account_id"])
        required = types.get(row["type_id"], {}).get("contract_required", False)
        primary = row["primary_account_id"]
        draft.faults(under_contract(required, row["contract_id"], buyer, primary))


def _is_bound_anew(draft: Draft) -> bool:
    before, after = draft.before, draft.after
    return before is None or any(before[c] != after[c] for c in ("type_id", "contract_id"))


async def _contracts(unit: UnitOfWork, ids: Iterable[UUID | None]) -> dict[UUID | None, Row]:
    wanted = set(ids) - {None}
    if not wanted:
        return {}
    entity = unit.model.entities["Contract"]
    return {row["id"]: row for row in await store.look(unit.connection, entity, "id", wanted)}


def _told(unit: UnitOfWork, contract: Row) -> bool:
    """Whether the caller may read whose a contract is: a case that took its account over would tell him."""
    viewer = cast("Viewer", unit.guard)
    return reads(viewer, unit.model.entities["Contract"], "account", contract)


def _concern(unit: UnitOfWork, draft: Draft, account: UUID) -> None:
    """Let a case that concerns nobody yet concern an account."""
    entity = unit.model.entities["CaseAccount"]
    row = blank(entity, unit.new_id(), unit.now)
    row |= {"case_id": draft.after["id"], "account_id": account, "primary": True}
    draft.new.append((entity, row))
    draft.after["primary_account_id"] = account


@settles(CaseAccount)
async def case_accounts(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """Of the accounts that a case concerns exactly one is the primary one, whatever is done with the others."""
    by_case: dict[UUID, list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.way is None:  # what is created along with its case was seen to with that
            by_case[draft.after["case_id"]].append(draft)
    if not by_case:
        return
    kept: dict[UUID, list[Row]] = defaultdict(list)
    entity = unit.model.entities["CaseAccount"]
    for row in await store.among(unit.connection, entity, "case_id", by_case):
        kept[row["case_id"]].append(row)
    bound = (each.whole["contract_id"] for each in drafts if each.whole)
    buyers = {id: row["account_id"] for id, row in (await _contracts(unit, bound)).items()}
    for case, mine in by_case.items():
        _settle_case(unit, deed, kept[case], mine, buyers)


def _settle_case(
    unit: UnitOfWork,
    deed: Deed,
    kept: list[Row],
    drafts: list[Draft],
    buyers: Mapping[UUID | None, UUID],
) -> None:
    case, first = drafts[0].whole or {}, drafts[0]
    for draft in drafts:
        draft.faults(accounts_locked(case))
        if draft.before is None and len(kept) + len(drafts) > ACCOUNTS:
            draft.fault(Violation(UserErrorCode.INVALID, TOO_MANY))
    if any(each.failed for each in drafts):
        return
    chosen = hand_over(deed, "primary", "primary", kept, drafts)
    primary = chosen["account_id"] if chosen else None
    if primary != case["primary_account_id"]:
        contract = case["contract_id"]
        first.faults(handed_over(contract, buyers.get(contract), primary))
        after = {**case, "primary_account_id": primary}
        first.then.append(Other(unit.model.entities["Case"], case, after))


@follows(Case)
async def restored(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """Accounts that are gone do not come back with a case: another one is its primary account then."""
    for draft in drafts if deed is Deed.RESTORE else ():
        if draft.entity.name == "Case":
            links = [o.after for o in draft.then if o.entity.name == "CaseAccount"]
            mine = [row for row in links if row["case_id"] == draft.after["id"]]
            chosen = primary_account(mine)
            for row in mine:
                row["primary"] = row["id"] == chosen
            account = next((row["account_id"] for row in mine if row["id"] == chosen), None)
            draft.after["primary_account_id"] = account


@follows(Contract)
async def contracts(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """A contract stays with its account as long as cases of that are worked on under it."""
    moved = [
        each
        for each in drafts
        if each.entity.name == "Contract"
        and each.before is not None
        and each.before["account_id"] != each.after["account_id"]
    ]
    if moved:
        entity = unit.model.entities["Case"]
        ids = [each.after["id"] for each in moved]
        found = await store.look(unit.connection, entity, "contract_id", ids)
        used = {row["contract_id"] for row in found}
        for draft in moved:
            if draft.after["id"] in used:
                draft.fault(Violation(UserErrorCode.IN_USE, WORKED_ON, "account_id"))


@settles(CaseType)
async def case_types(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """What work is billed as must be work, and have a price."""
    columns = ("billing", *SERVICES)
    changed = [
        each
        for each in drafts
        if each.before is None or any(each.before[c] != each.after[c] for c in columns)
    ]
    if deed is not Deed.SAVE or not changed:
        return
    wanted = {each.after[name] for each in changed for name in SERVICES} - {None}
    products: dict[UUID, Row] = {}
    if wanted:
        entity = unit.model.entities["Product"]
        found = await store.look(unit.connection, entity, "id", wanted)
        products = {row["id"]: row for row in found}
    billed = any(each.after["billing"] != Billing.NONE for each in changed)
    offered = billed and await case_facts.is_work_offered(unit.connection)
    for draft in changed:
        draft.faults(services(draft.after, products))
        draft.faults(needs_service(draft.after, offered))


@follows(Product)
async def products(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """A product that types of cases bill work as stays a service with a price."""
    wrong = [
        (each, faults)
        for each in drafts
        if each.entity.name == "Product" and each.before is not None and deed is Deed.SAVE
        if (faults := still_billable(each.before, each.after))
    ]
    if not wrong:
        return
    entity, ids = unit.model.entities["CaseType"], [each.after["id"] for each, _ in wrong]
    used: set[UUID] = set()
    for name in SERVICES:
        used |= {row[name] for row in await store.look(unit.connection, entity, name, ids)}
    for draft, faults in wrong:
        if draft.after["id"] in used:
            draft.faults(faults)

"""What accounts and their parts have to say before they are kept: presets, spellings, roles of addresses, links both ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from uuid import UUID

from db.accounts import Account, AccountLink, Address
from db.engine.gate import Right
from db.engine.model import Entity
from db.engine.write import statements as store
from db.engine.write.row_json import Row, blank
from db.engine.write.unit_of_work import UnitOfWork
from domain.accounts import (
    Wanted,
    account_number,
    arranged,
    country_of,
    misplaced,
    unnamed,
)
from domain.codes import UserErrorCode
from domain.numbers import email, phone, registration_number, vat_number
from domain.violations import Violation
from resolvers.engine.allowed import HIDDEN, in_sight
from resolvers.engine.drafts import Draft, Other
from resolvers.engine.presets import preset
from resolvers.engine.settling import Deed, settles
from resolvers.engine.trees import refuse_cycles

ADDRESSES = 250
"""Of one account: each change of one looks at all of them."""
TOO_MANY = f"An account has at most {ADDRESSES} addresses: delete some, or make parts of it accounts of their own."
UNDER_ITSELF = (
    "An account cannot be a part of itself, nor of one of its own parts: "
    "choose another one above it, or none."
)
TO_ITSELF = "An account cannot be linked to itself: name the other one."
LINKED_TWICE = (
    "The list links the same two accounts twice: leave one out, a link holds for both ways."
)
TWO_NOTES = (
    "The list holds both records of this link, with different notes: one is enough for both ways."
)
PRESET = {
    "owner_id": "default_owner_id",
    "sender_email": "sender_email",
    "document_delivery": "document_delivery",
}
"""What a new account takes over from its type (VN-11 to VN-13)."""
ONE_OF = ("head_office", "default_invoicing")
"""What at most one address of an account is, as Postgres has it, too."""
ROLES = {"invoicing": "invoicing", "defaultInvoicing": "default_invoicing"}
"""What a caller may ask of an address that depends on others, as the API has it and as it is kept."""
WITHIN = ("phone", "registration_number", "vat_number")
"""What is read as somebody in the account's country writes it."""


@settles(Account)
async def accounts(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """A number and a type for those that were given none; one spelling of numbers; nothing above itself."""
    if deed is not Deed.SAVE:
        return
    for draft in drafts:
        if draft.after["number"] is None:
            draft.after["number"] = account_number(draft.after["id"])
    await _spell(unit, drafts)
    await _take_over(unit, drafts)
    await refuse_cycles(unit, drafts, "parent_id", UNDER_ITSELF)
    await _move_invoicing(unit, drafts)


async def _take_over(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """The type for those that have none, what it presets, and the names that it knows."""
    kinds = dict(await preset(unit, drafts, PRESET, preferred="default_account_type_id"))
    concerned = [each for each in drafts if _differs(each, "type_id", "name", "last_name")]
    others = {each.after["type_id"] for each in concerned} - {None, *kinds}
    if others:
        entity = concerned[0].entity.targets["type"]
        found = await store.look(unit.connection, entity, "id", others)
        kinds |= {row["id"]: row for row in found}
    for draft in concerned:
        if (kind := kinds.get(draft.after["type_id"])) is not None:
            for fault in unnamed(kind, draft.before, draft.after):
                draft.fault(in_sight(unit.guard, draft.entity, fault))


async def _spell(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """One spelling of what was set anew; of numbers, as they are written where the account is at home."""
    known = await countries(unit, [each for each in drafts if _differs(each, *WITHIN)])
    for draft in drafts:
        country = known.get(draft.after["id"])
        draft.spell("phone", partial(phone, country=country))
        draft.spell("registration_number", partial(registration_number, country=country))
        draft.spell("vat_number", partial(vat_number, country=country))
        for column in ("email", "invoice_email", "sender_email"):
            draft.spell(column, email)


async def countries(unit: UnitOfWork, drafts: list[Draft]) -> dict[UUID, str | None]:
    """The countries of accounts, as far as the caller may read them: what is refused for one tells which it is."""
    if unit.guard.right("Account", "country") is not Right.OPEN:
        return {}
    places: dict[UUID, list[Row]] = defaultdict(list)
    unsaid = [each for each in drafts if each.after["country"] is None]
    if unit.guard.right("Address", "country") is Right.OPEN:
        for draft in unsaid:
            places[draft.after["id"]] = new_addresses(draft)
        known = [each.after["id"] for each in unsaid if each.before is not None]
        for row in await addresses_of(unit, known):
            places[row["account_id"]].append(row)
    return {each.after["id"]: country_of(each.after, places[each.after["id"]]) for each in drafts}


async def addresses_of(unit: UnitOfWork, accounts: Iterable[UUID]) -> list[Row]:
    """The addresses that accounts have by now."""
    wanted = sorted(set(accounts))
    entity = unit.model.entities["Address"]
    return await store.look(unit.connection, entity, "account_id", wanted) if wanted else []


def new_addresses(account: Draft) -> list[Row]:
    """The addresses that are created along with an account."""
    return [each.after for each in account.nested if each.entity.name == "Address"]


def _differs(draft: Draft, *columns: str) -> bool:
    before = draft.before
    return before is None or any(before[each] != draft.after[each] for each in columns)


async def _move_invoicing(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """From now on, invoices of some accounts go to their postal addresses (SMP-20)."""
    turned = {
        each.after["id"]: each
        for each in drafts
        if each.before is not None
        and each.after["postal_is_invoicing"]
        and not each.before["postal_is_invoicing"]
    }
    if not turned:
        return
    entity = unit.model.entities["Address"]
    kept: dict[UUID, list[Row]] = defaultdict(list)
    for row in await store.among(unit.connection, entity, "account_id", turned):
        kept[row["account_id"]].append(row)
    for id, draft in turned.items():
        roles = arranged(kept[id], Wanted(follows=True))
        for row in kept[id]:
            _change_other(draft, entity, row, {**row, **roles[row["id"]]})


@settles(Address)
async def addresses(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """Of each account's addresses exactly one is the head office, and one the default of those that invoices go to."""
    by_account: dict[UUID, list[Draft]] = defaultdict(list)
    for draft in drafts:
        by_account[draft.after["account_id"]].append(draft)
    kept: dict[UUID, list[Row]] = defaultdict(list)
    entity = unit.model.entities["Address"]
    for row in await store.among(unit.connection, entity, "account_id", by_account):
        kept[row["account_id"]].append(row)
    for account, mine in by_account.items():
        if deed is not Deed.DELETE and len(kept[account]) + len(mine) > ADDRESSES:
            for draft in mine:
                if draft.before is None or draft.before["deleted_at"] is not None:
                    draft.fault(Violation(UserErrorCode.INVALID, TOO_MANY))
        follows = bool((mine[0].whole or {}).get("postal_is_invoicing"))
        if deed is Deed.SAVE:
            _refuse_misplaced(unit, mine, follows)
        _arrange(deed, kept[account], mine, follows)


def _refuse_misplaced(unit: UnitOfWork, drafts: list[Draft], follows: bool) -> None:
    """Who may not read why an invoice goes where it does is not told it, either."""
    told = unit.guard.right("Account", "postalIsInvoicing") is Right.OPEN
    for draft in drafts:
        asked = {column for name, column in ROLES.items() if name in draft.given}
        for fault in misplaced(draft.after, asked, follows):
            hidden = follows and not told
            draft.fault(Violation(fault.problem, HIDDEN) if hidden else fault)


def _arrange(deed: Deed, kept: list[Row], drafts: list[Draft], follows: bool) -> None:
    """Settle on the roles of all addresses, changing those of the others that are concerned."""
    drafted = {each.after["id"] for each in drafts}
    others = [row for row in kept if row["id"] not in drafted]
    staying = [] if deed is Deed.DELETE else [each.after for each in drafts]
    if deed is Deed.RESTORE:
        for role in ONE_OF:
            if any(row[role] for row in others):
                for row in staying:
                    row[role] = False
    asked = drafts if deed is Deed.SAVE else []
    head, default = _asked(asked, "headOffice"), _asked(asked, "defaultInvoicing")
    roles = arranged([*others, *staying], Wanted(follows, head, default))
    for row in staying:
        row |= roles[row["id"]]
    for draft in drafts:
        if draft.before is not None and draft.before["deleted_at"] is None and staying:
            _give_up(draft)
    for row in others:
        _change_other(drafts[0], drafts[0].entity, row, {**row, **roles[row["id"]]})


def _asked(drafts: list[Draft], name: str) -> UUID | None:
    """The address that is to hold a role: of several, the last one that was asked for."""
    ids = [each.after["id"] for each in drafts if each.given.get(name)]
    return ids[-1] if ids else None


def _give_up(draft: Draft) -> None:
    """What another address takes over must be given up before; at once if another role is taken in turn."""
    before = draft.before or {}
    lost = [role for role in ONE_OF if before[role] and not draft.after[role]]
    won = any(draft.after[role] and not before[role] for role in ONE_OF)
    if lost and won:
        draft.before = {**before, **dict.fromkeys(lost, False)}
        draft.first.append(Other(draft.entity, before, draft.before))
    else:
        draft.early = bool(lost)


def _change_other(draft: Draft, entity: Entity, before: Row, after: Row) -> None:
    """Change another address along with a record: what it gives up before that is kept, what it takes on after it."""
    if before == after:
        return
    lost = [role for role in ONE_OF if before[role] and not after[role]]
    won = any(after[role] and not before[role] for role in ONE_OF)
    if lost and won:
        between = {**before, **dict.fromkeys(lost, False)}
        draft.first.append(Other(entity, before, between))
        draft.then.append(Other(entity, between, after))
    else:
        (draft.first if lost else draft.then).append(Other(entity, before, after))


@settles(AccountLink)
async def links(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """A link holds for both ways: each of the two accounts has a record of it, which says the same (EP-191, EP-192)."""
    if deed is Deed.RESTORE:
        return  # it comes back with an account, and with it the other record
    new = [each for each in drafts if each.before is None]
    _mirror_new(unit, new)
    there = [each for each in drafts if each.before is not None]
    if not there:
        return
    entity = there[0].entity
    rows = await store.among(
        unit.connection, entity, "account_id", sorted({e.after["other_id"] for e in there})
    )
    mirrors = {(row["account_id"], row["other_id"]): row for row in rows}
    drafted = {each.after["id"]: each for each in there}
    for draft in there:
        mirror = mirrors.get((draft.after["other_id"], draft.after["account_id"]))
        if mirror is None:
            continue
        if mirror["id"] in drafted:
            _agree(deed, draft, drafted[mirror["id"]])
            continue
        said = {"note": draft.after["note"], "deleted_at": draft.after["deleted_at"]}
        if any(mirror[column] != value for column, value in said.items()):
            draft.then.append(Other(entity, mirror, {**mirror, **said}))


def _mirror_new(unit: UnitOfWork, drafts: list[Draft]) -> None:
    met: set[frozenset[UUID]] = set()
    for draft in drafts:
        one, other = draft.after["account_id"], draft.after["other_id"]
        pair = frozenset((one, other))
        if one == other:
            draft.fault(Violation(UserErrorCode.INVALID, TO_ITSELF, "other_id"))
        elif pair in met:
            draft.fault(Violation(UserErrorCode.DUPLICATE, LINKED_TWICE, "other_id"))
        else:
            row = blank(draft.entity, unit.new_id(), unit.now)
            said = {"account_id": other, "other_id": one, "note": draft.after["note"]}
            draft.new.append((draft.entity, {**row, **said}))
        met.add(pair)


def _agree(deed: Deed, draft: Draft, mirror: Draft) -> None:
    """Both records of a link stand in one list: they are to say the same."""
    if deed is Deed.SAVE and draft.after["note"] != mirror.after["note"]:
        draft.fault(Violation(UserErrorCode.INVALID, TWO_NOTES, "note"))

"""Accounts, their addresses and their links: presets, normal forms, roles of addresses, and both records of a link."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import TypeVar
from uuid import UUID

from db.accounts import Account, AccountLink, Address
from db.engine.hidden import HiddenRow, each_of
from db.engine.row import ColumnOf, grouped
from db.setup import AccountType, Preferences
from domain.accounts import (
    AddressRoles,
    RequestedRoles,
    arranged,
    country_of,
    misplaced,
    unnamed,
)
from domain.codes import UserErrorCode
from domain.numbers import email, phone, registration_number, vat_number
from domain.violations import Violation
from resolvers.engine.changeset import (
    Action,
    AnyChangeset,
    Changeset,
    Saved,
    children_of,
    parent_of,
    to,
)
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.exclusive import last_request
from resolvers.engine.hooks import before_save
from resolvers.engine.presets import prefer_type, preset
from resolvers.engine.trees import refuse_cycles

D = TypeVar("D")
ADDRESSES = 250
"""Addresses of one account: each change of one reads all of them."""
TOO_MANY = (
    f"An account has at most {ADDRESSES} addresses. Delete some, or create sub-accounts for them."
)
UNDER_ITSELF = "An account cannot be its own ancestor. Choose another parent account, or none."
TO_ITSELF = "An account cannot be linked to itself. Choose another account."
LINKED_TWICE = (
    "The list links the same two accounts twice. Remove one: a link holds in both directions."
)
TWO_NOTES = (
    "The list contains both directions of this link with different notes. Send only one of them."
)
EXCLUSIVE = (Address.head_office, Address.default_invoicing)
"""The roles that at most one address of an account has; unique indexes hold that, too."""


# --- accounts -------------------------------------------------------------------------------------


@before_save()
async def normalize_account(ctx: Context, items: Saved[Account]) -> None:
    """Numbers and e-mail addresses that were set anew in their normal form: numbers as written in the account's country."""
    local = (Account.phone, Account.registration_number, Account.vat_number)
    known = await _countries(ctx, [each for each in items if each.differs(*local)])
    for item in items:
        country = known.get(item.record.id)
        item.normalize(Account.phone, partial(phone, country=country))
        item.normalize(Account.registration_number, partial(registration_number, country=country))
        item.normalize(Account.vat_number, partial(vat_number, country=country))
        for column in (Account.email, Account.invoice_email, Account.sender_email):
            item.normalize(column, email)


@before_save(despite_errors=True)
async def preset_account(ctx: Context, items: Saved[Account]) -> None:
    """The preferred type, what the type presets (VN-11 to VN-13), and the names that it allows."""
    await prefer_type(ctx, items, Preferences, Preferences.default_account_type_id)
    copied = {
        Account.owner_id: AccountType.default_owner_id,
        Account.sender_email: AccountType.sender_email,
        Account.document_delivery: AccountType.document_delivery,
    }
    types = await preset(ctx, items, AccountType, copied)
    named = (Account.type_id, Account.name, Account.last_name)
    renamed = [each for each in items if each.differs(*named)]
    others = {each.record.type_id for each in renamed} - types.keys()
    types |= await ctx.trusted(AccountType).by_id(others)
    for item in renamed:
        if (id := item.record.type_id) is not None and id in types:
            rule = partial(unnamed, before=item.before, after=item.record)
            for violation in types[id].decide(rule):
                item.violation(violation)


@before_save(despite_errors=True)
async def refuse_account_cycles(ctx: Context, items: Saved[Account]) -> None:
    """No account is above itself."""
    await refuse_cycles(ctx, list(items), Account.parent_id, UNDER_ITSELF)


@before_save()
async def move_invoicing(ctx: Context, items: Saved[Account]) -> None:
    """The postal address becomes the invoicing address of accounts that begin to follow it (SMP-20)."""
    turned = {
        each.record.id: each
        for each in items
        if each.before is not None
        and each.record.postal_is_invoicing
        and not each.before.postal_is_invoicing
    }
    kept = await ctx.trusted(Address).by_for_update(Address.account_id, turned)
    for id, item in turned.items():
        roles = each_of(kept[id]).decide(partial(arranged, wanted=RequestedRoles(follows=True)))
        for row in kept[id]:
            _change_roles(item, row, roles[row.id])


@dataclass(frozen=True)
class Places:
    """The addresses of an account: those that are created along with it, and those that exist, which are hidden."""

    new: Sequence[Address] = ()
    kept: Sequence[HiddenRow[Address]] = ()

    def decide(self, rule: Callable[[list[Address]], D]) -> D:
        """What a rule makes of all of them."""
        return each_of(self.kept).decide(lambda rows: rule([*self.new, *rows]))


def new_places(account: AnyChangeset) -> Places:
    """The addresses that are created along with an account."""
    return Places(new=[each.record for each in children_of(account, Address)])


async def places_of(ctx: Context, accounts: Iterable[UUID]) -> dict[UUID, Places]:
    """The addresses that accounts have."""
    found = await ctx.trusted(Address).by(Address.account_id, accounts)
    return {id: Places(kept=rows) for id, rows in found.items()}


def readable_country(ctx: Context, account: Account, places: Places) -> str | None:
    """The country of an account, as far as the caller may read it: the refusal of a number discloses it."""
    if not ctx.may_read(Account.country):
        return None
    if not ctx.may_read(Address.country):
        return account.country
    return places.decide(partial(country_of, account))


async def _countries(ctx: Context, items: Saved[Account]) -> dict[UUID, str | None]:
    places: dict[UUID, Places] = {}
    if ctx.may_read(Account.country) and ctx.may_read(Address.country):
        unsaid = [each for each in items if each.record.country is None]
        places = {each.record.id: new_places(each) for each in unsaid if each.before is None}
        known = (each.record.id for each in unsaid if each.before is not None)
        places |= await places_of(ctx, known)
    return {
        each.record.id: readable_country(ctx, each.record, places.get(each.record.id, Places()))
        for each in items
    }


# --- addresses ------------------------------------------------------------------------------------


@before_save(*Action)
async def share_roles(ctx: Context, items: Saved[Address]) -> None:
    """Of each account's addresses exactly one is the head office, and one the default of those that invoices go to."""
    by_account = grouped(items, lambda item: item.record.account_id)
    kept = await ctx.trusted(Address).by_for_update(Address.account_id, by_account)
    for id, mine in by_account.items():
        _limit(mine, kept[id])
        account = parent_of(mine[0], Account)
        follows = account is not None and account.postal_is_invoicing
        _refuse_misplaced(mine, follows=follows)
        _share_roles(mine, kept[id], follows=follows)


def _limit(items: Saved[Address], kept: Sequence[HiddenRow[Address]]) -> None:
    for item in items:
        added = item.action is not Action.DELETE and (
            item.before is None or item.before.deleted_at is not None
        )
        if added and len(kept) + len(items) > ADDRESSES:
            item.violation(Violation(UserErrorCode.INVALID, TOO_MANY))


def _refuse_misplaced(items: Saved[Address], *, follows: bool) -> None:
    """Whether invoices follow the postal address is the reason, where they do."""
    why = (Account.postal_is_invoicing,) if follows else ()
    for item in items:
        roles = (Address.invoicing, Address.default_invoicing)
        asked = {role.key for role in roles if item.gives(role)}
        item.violations(misplaced(item.record, asked, follows), why)


def _share_roles(
    items: Saved[Address], kept: Sequence[HiddenRow[Address]], *, follows: bool
) -> None:
    """Decide on the roles of all addresses of an account, and change those of the others that are concerned."""
    own = {each.record.id for each in items}
    others = [row for row in kept if row.id not in own]
    staying = [each.record for each in items if each.action is not Action.DELETE]
    _return_without_roles(items, others)
    head, default = (last_request(items, role) for role in EXCLUSIVE)
    wanted = RequestedRoles(follows, head, default)
    roles = each_of(others).decide(lambda rows: arranged([*rows, *staying], wanted))
    for row in staying:
        mine = roles[row.id]
        row.invoicing, row.head_office = mine.invoicing, mine.head_office
        row.default_invoicing = mine.default_invoicing
    for item in items:
        if item.action is not Action.DELETE:
            _give_up(item)
    for other in others:
        _change_roles(items[0], other, roles[other.id])


def _return_without_roles(items: Saved[Address], others: Sequence[HiddenRow[Address]]) -> None:
    """A restored address does not take back a role that another one has by now."""
    for role in EXCLUSIVE:
        if any(row.decide(attrgetter(role.key)) for row in others):
            for item in items:
                if item.action is Action.RESTORE:
                    setattr(item.record, role.key, False)


def _exchange(after: Address | AddressRoles, before: Address) -> tuple[list[ColumnOf[bool]], bool]:
    """The exclusive roles that an address loses, and whether it gains another one."""
    lost = [r for r in EXCLUSIVE if getattr(before, r.key) and not getattr(after, r.key)]
    gains = any(getattr(after, r.key) and not getattr(before, r.key) for r in EXCLUSIVE)
    return lost, gains


def _give_up(item: Changeset[Address, object]) -> None:
    """A role that another address takes over is given up before; at once where this one gains another in turn."""
    before = item.before
    if before is None or before.deleted_at is not None:
        return
    lost, gains = _exchange(item.record, before)
    if lost and gains:
        item.also_change(before, *(to(role, False) for role in lost), first=True)
        item.set_before(item.before_ops[-1].after)
    else:
        item.priority = bool(lost)


def _change_roles(item: AnyChangeset, row: HiddenRow[Address], roles: AddressRoles) -> None:
    """Change another address along with a record: what it gives up before that, what it takes over after it."""
    lost, gains = row.decide(partial(_exchange, roles))
    assignments = (
        to(Address.invoicing, roles.invoicing),
        to(Address.head_office, roles.head_office),
        to(Address.default_invoicing, roles.default_invoicing),
    )
    if lost and gains:
        item.also_change(row, *(to(role, False) for role in lost), first=True)
        item.also_change(item.before_ops[-1].after, *assignments)
    else:
        item.also_change(row, *assignments, first=bool(lost))


# --- links ----------------------------------------------------------------------------------------


@before_save(Action.CREATE)
async def mirror_link(ctx: Context, items: Saved[AccountLink]) -> None:
    """A link holds for both ways: each of the two accounts has a record of it (EP-191, EP-192)."""
    met: set[frozenset[UUID]] = set()
    for item in items:
        link = item.record
        pair = frozenset((link.account_id, link.other_id))
        if len(pair) == 1:
            item.violation(Violation(UserErrorCode.INVALID, TO_ITSELF, "other_id"))
        elif pair in met:
            item.violation(Violation(UserErrorCode.DUPLICATE, LINKED_TWICE, "other_id"))
        else:
            mirror = ctx.unit.blank(AccountLink)
            mirror.account_id, mirror.other_id = link.other_id, link.account_id
            mirror.note = link.note
            item.also_create(mirror)
        met.add(pair)


@before_save(Action.UPDATE, Action.REPLACE, Action.DELETE)
async def change_mirror(ctx: Context, items: Saved[AccountLink]) -> None:
    """Both records of a link hold the same note, and are deleted together; they are restored with either account."""
    others = {each.record.other_id for each in items}
    rows = await ctx.trusted(AccountLink).select_for_update(AccountLink.account_id, others)
    mirrors = {row.decide(lambda link: (link.account_id, link.other_id)): row for row in rows}
    own = {each.record.id: each for each in items}
    for item in items:
        link = item.record
        mirror = mirrors.get((link.other_id, link.account_id))
        if mirror is None:
            continue
        if mirror.id not in own:
            note, deleted_at = to(AccountLink.note, link.note), link.deleted_at
            item.also_change(mirror, note, to(AccountLink.deleted_at, deleted_at))
        elif item.action is not Action.DELETE and link.note != own[mirror.id].record.note:
            item.violation(Violation(UserErrorCode.INVALID, TWO_NOTES, "note"))


AREA = Area(
    "accounts",
    before_save={
        Account: (
            normalize_account,
            preset_account,
            refuse_account_cycles,
            move_invoicing,
        ),
        Address: (share_roles,),
        AccountLink: (mirror_link, change_mirror),
    },
)

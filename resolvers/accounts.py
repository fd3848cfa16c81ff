"""Hooks of accounts, addresses and account links: presets, normalization, address roles, and both records of a link."""

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
    address_role_violations,
    arrange_roles,
    country_of,
    disallowed_name_violations,
)
from domain.codes import UserErrorCode
from domain.message import Message
from domain.numbers import email, phone, registration_number, vat_number
from domain.violations import Violation
from resolvers.engine.changeset import (
    Action,
    AnyChangeset,
    Changeset,
    Saved,
    assign,
    children_of,
    parent_of,
)
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.exclusive import last_request
from resolvers.engine.hooks import before_save
from resolvers.engine.presets import prefer_type, preset
from resolvers.engine.trees import refuse_cycles

D = TypeVar("D")
ADDRESSES = 250
"""Maximum addresses of an account, because every change of one reads all of them."""
TOO_MANY = Message(
    "An account has at most {limit} addresses. Delete some, or create sub-accounts for them.",
    limit=ADDRESSES,
)
UNDER_ITSELF = Message(
    "An account cannot be its own ancestor. Choose another parent account, or none."
)
TO_ITSELF = Message("An account cannot be linked to itself. Choose another account.")
LINKED_TWICE = Message(
    "The list links the same two accounts twice. Remove one: a link holds in both directions."
)
TWO_NOTES = Message(
    "The list contains both directions of this link with different notes. Send only one of them."
)
EXCLUSIVE = (Address.head_office, Address.default_invoicing)
"""Roles that at most one address of an account has, also enforced by unique indexes."""


# --- accounts -------------------------------------------------------------------------------------


@before_save(despite_errors=True)
async def normalize_account(ctx: Context, items: Saved[Account]) -> None:
    """Normalize changed numbers and email addresses; numbers according to the account's country."""
    local = (Account.phone, Account.registration_number, Account.vat_number)
    countries = await _countries(ctx, [each for each in items if each.differs(*local)])
    for item in items:
        country = countries.get(item.record.id)
        item.normalize(Account.phone, partial(phone, country=country))
        item.normalize(Account.registration_number, partial(registration_number, country=country))
        item.normalize(Account.vat_number, partial(vat_number, country=country))
        for column in (Account.email, Account.invoice_email, Account.sender_email):
            item.normalize(column, email)


@before_save(despite_errors=True)
async def preset_account(ctx: Context, items: Saved[Account]) -> None:
    """Set the preferred type and the type's presets (VN-11 to VN-13), and check the name parts that the type requires."""
    await prefer_type(ctx, items, Preferences, Preferences.default_account_type_id)
    copied = {
        Account.owner_id: AccountType.default_owner_id,
        Account.sender_email: AccountType.sender_email,
        Account.document_delivery: AccountType.document_delivery,
    }
    types = await preset(ctx, items, AccountType, copied)
    named = (Account.type_id, Account.name, Account.last_name)
    renamed = [each for each in items if each.differs(*named)]
    other_types = {each.record.type_id for each in renamed} - types.keys()
    types |= await ctx.trusted(AccountType).by_id(other_types)
    for item in renamed:
        if (id := item.record.type_id) is not None and id in types:
            rule = partial(disallowed_name_violations, before=item.before, after=item.record)
            for violation in types[id].decide(rule):
                item.violation(violation)


@before_save(despite_errors=True)
async def refuse_account_cycles(ctx: Context, items: Saved[Account]) -> None:
    """Refuse accounts that would be their own ancestor."""
    await refuse_cycles(ctx, list(items), Account.parent_id, UNDER_ITSELF)


@before_save()
async def move_invoicing(ctx: Context, items: Saved[Account]) -> None:
    """Make the postal address the invoicing address of accounts where `postal_is_invoicing` is switched on (SMP-20)."""
    following = {
        each.record.id: each
        for each in items
        if each.before is not None
        and each.record.postal_is_invoicing
        and not each.before.postal_is_invoicing
    }
    addresses = await ctx.trusted(Address).by_for_update(Address.account_id, following)
    for id, item in following.items():
        roles = each_of(addresses[id]).decide(
            partial(arrange_roles, requested=RequestedRoles(follows=True))
        )
        for row in addresses[id]:
            _change_roles(item, row, roles[row.id])


@dataclass(frozen=True)
class AccountAddresses:
    """The addresses of an account: newly created ones, and existing ones as hidden rows."""

    new: Sequence[Address] = ()
    existing: Sequence[HiddenRow[Address]] = ()

    def decide(self, rule: Callable[[list[Address]], D]) -> D:
        """Result of a rule on all of them."""
        return each_of(self.existing).decide(lambda rows: rule([*self.new, *rows]))


def new_addresses(account: AnyChangeset) -> AccountAddresses:
    """The addresses in the changeset of a new account."""
    return AccountAddresses(new=[each.record for each in children_of(account, Address)])


async def addresses_of(ctx: Context, accounts: Iterable[UUID]) -> dict[UUID, AccountAddresses]:
    """The existing addresses of accounts, by account id."""
    addresses = await ctx.trusted(Address).by(Address.account_id, accounts)
    return {id: AccountAddresses(existing=rows) for id, rows in addresses.items()}


def readable_country(ctx: Context, account: Account, addresses: AccountAddresses) -> str | None:
    """The country of an account, from the fields that the caller may read: errors about numbers reveal it."""
    if not ctx.may_read(Account.country):
        return None
    if not ctx.may_read(Address.country):
        return account.country
    return addresses.decide(partial(country_of, account))


async def _countries(ctx: Context, items: Saved[Account]) -> dict[UUID, str | None]:
    addresses: dict[UUID, AccountAddresses] = {}
    if ctx.may_read(Account.country) and ctx.may_read(Address.country):
        without = [each for each in items if each.record.country is None]
        addresses = {each.record.id: new_addresses(each) for each in without if each.before is None}
        existing = (each.record.id for each in without if each.before is not None)
        addresses |= await addresses_of(ctx, existing)
    none = AccountAddresses()
    return {
        each.record.id: readable_country(ctx, each.record, addresses.get(each.record.id, none))
        for each in items
    }


# --- addresses ------------------------------------------------------------------------------------


@before_save(*Action)
async def assign_roles(ctx: Context, items: Saved[Address]) -> None:
    """Keep exactly one head office and one default invoicing address per account."""
    by_account = grouped(items, lambda item: item.record.account_id)
    addresses = await ctx.trusted(Address).by_for_update(Address.account_id, by_account)
    for id, account_items in by_account.items():
        _limit(account_items, addresses[id])
        account = parent_of(account_items[0], Account)
        follows = account is not None and account.postal_is_invoicing
        _check_invoicing_roles(account_items, follows=follows)
        _assign_roles(account_items, addresses[id], follows=follows)


def _limit(items: Saved[Address], existing: Sequence[HiddenRow[Address]]) -> None:
    for item in items:
        added = item.action is not Action.DELETE and (
            item.before is None or item.before.deleted_at is not None
        )
        if added and len(existing) + len(items) > ADDRESSES:
            item.violation(Violation(UserErrorCode.INVALID, TOO_MANY))


def _check_invoicing_roles(items: Saved[Address], *, follows: bool) -> None:
    """Add errors for invalid invoicing roles. `follows`: the account invoices to its postal address."""
    reasons = (Account.postal_is_invoicing,) if follows else ()
    for item in items:
        roles = (Address.invoicing, Address.default_invoicing)
        sent = {role.key for role in roles if item.has_input(role)}
        item.violations(address_role_violations(item.record, sent, follows), reasons)


def _assign_roles(
    items: Saved[Address], existing: Sequence[HiddenRow[Address]], *, follows: bool
) -> None:
    """Assign the roles of all addresses of an account, and change the other addresses accordingly."""
    ids = {each.record.id for each in items}
    other_rows = [row for row in existing if row.id not in ids]
    remaining = [each.record for each in items if each.action is not Action.DELETE]
    _drop_taken_roles(items, other_rows)
    head, default = (last_request(items, role) for role in EXCLUSIVE)
    requested = RequestedRoles(follows, head, default)
    roles = each_of(other_rows).decide(lambda rows: arrange_roles([*rows, *remaining], requested))
    for row in remaining:
        own_roles = roles[row.id]
        row.invoicing, row.head_office = own_roles.invoicing, own_roles.head_office
        row.default_invoicing = own_roles.default_invoicing
    for item in items:
        if item.action is not Action.DELETE:
            _order_role_changes(item)
    for other in other_rows:
        _change_roles(items[0], other, roles[other.id])


def _drop_taken_roles(items: Saved[Address], others: Sequence[HiddenRow[Address]]) -> None:
    """Remove exclusive roles from restored addresses if another address has them by now."""
    for role in EXCLUSIVE:
        if any(row.decide(attrgetter(role.key)) for row in others):
            for item in items:
                if item.action is Action.RESTORE:
                    setattr(item.record, role.key, False)


def _role_changes(
    after: Address | AddressRoles, before: Address
) -> tuple[list[ColumnOf[bool]], bool]:
    """The exclusive roles that an address loses, and whether it gains another one."""
    lost_roles = [r for r in EXCLUSIVE if getattr(before, r.key) and not getattr(after, r.key)]
    gains = any(getattr(after, r.key) and not getattr(before, r.key) for r in EXCLUSIVE)
    return lost_roles, gains


def _order_role_changes(item: Changeset[Address, object]) -> None:
    """Write the loss of a role before another address gains it; as a separate change if this one also gains a role."""
    before = item.before
    if before is None or before.deleted_at is not None:
        return
    lost_roles, gains = _role_changes(item.record, before)
    if lost_roles and gains:
        item.also_change(before, *(assign(role, False) for role in lost_roles), first=True)
        item.set_before(item.before_ops[-1].after)
    else:
        item.priority = bool(lost_roles)


def _change_roles(item: AnyChangeset, row: HiddenRow[Address], roles: AddressRoles) -> None:
    """Change another address with a record: role losses before the record is written, gains after it."""
    lost_roles, gains = row.decide(partial(_role_changes, roles))
    assignments = (
        assign(Address.invoicing, roles.invoicing),
        assign(Address.head_office, roles.head_office),
        assign(Address.default_invoicing, roles.default_invoicing),
    )
    if lost_roles and gains:
        item.also_change(row, *(assign(role, False) for role in lost_roles), first=True)
        item.also_change(item.before_ops[-1].after, *assignments)
    else:
        item.also_change(row, *assignments, first=bool(lost_roles))


# --- links ----------------------------------------------------------------------------------------


@before_save(Action.CREATE)
async def mirror_link(ctx: Context, items: Saved[AccountLink]) -> None:
    """Create the mirror record of each link, so that both accounts have one (EP-191, EP-192)."""
    pairs: set[frozenset[UUID]] = set()
    for item in items:
        link = item.record
        pair = frozenset((link.account_id, link.other_id))
        if len(pair) == 1:
            item.violation(Violation(UserErrorCode.INVALID, TO_ITSELF, "other_id"))
        elif pair in pairs:
            item.violation(Violation(UserErrorCode.DUPLICATE, LINKED_TWICE, "other_id"))
        else:
            mirror = ctx.unit.blank(AccountLink)
            mirror.account_id, mirror.other_id = link.other_id, link.account_id
            mirror.note = link.note
            item.also_create(mirror)
        pairs.add(pair)


@before_save(Action.UPDATE, Action.REPLACE, Action.DELETE)
async def change_mirror(ctx: Context, items: Saved[AccountLink]) -> None:
    """Keep the note and the deletion of both records of a link the same; they are restored with either account."""
    others = {each.record.other_id for each in items}
    rows = await ctx.trusted(AccountLink).select_for_update(AccountLink.account_id, others)
    mirrors = {row.decide(lambda link: (link.account_id, link.other_id)): row for row in rows}
    changesets = {each.record.id: each for each in items}
    for item in items:
        link = item.record
        mirror = mirrors.get((link.other_id, link.account_id))
        if mirror is None:
            continue
        if mirror.id not in changesets:
            note, deleted_at = assign(AccountLink.note, link.note), link.deleted_at
            item.also_change(mirror, note, assign(AccountLink.deleted_at, deleted_at))
        elif item.action is not Action.DELETE and link.note != changesets[mirror.id].record.note:
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
        Address: (assign_roles,),
        AccountLink: (mirror_link, change_mirror),
    },
)

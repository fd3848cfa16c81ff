"""Hooks of persons and affiliations: presets, normalization, and the address at which a person works."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from db.accounts import Account, Address
from db.engine.hidden import each_of
from db.people import Affiliation, Person
from db.setup import PersonType, Preferences
from domain.accounts import head_office
from domain.numbers import email, phone
from domain.people import foreign_address_violations
from resolvers.accounts import AccountAddresses, addresses_of, new_addresses, readable_country
from resolvers.engine.changeset import (
    SAVES,
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
from resolvers.engine.hooks import before_save
from resolvers.engine.presets import prefer_type, preset

PHONES = (Affiliation.phone, Affiliation.second_phone)


@before_save(despite_errors=True)
async def normalize_person(ctx: Context, items: Saved[Person]) -> None:
    """Normalize changed telephone numbers and email addresses."""
    for item in items:
        item.normalize(Person.phone, partial(phone, country=_country(ctx, item)))
        item.normalize(Person.email, email)


def _country(ctx: Context, item: Changeset[Person, object]) -> str | None:
    """Country of the first account in a new person's affiliations. Without one, numbers need a country code."""
    if not ctx.may_read(Account.country):
        return None
    accounts = (parent_of(affiliation, Account) for affiliation in children_of(item, Affiliation))
    countries = (account.country for account in accounts if account is not None)
    return next((country for country in countries if country), None)


@before_save(despite_errors=True)
async def preset_person(ctx: Context, items: Saved[Person]) -> None:
    """Set the preferred type and the type's default owner."""
    await prefer_type(ctx, items, Preferences, Preferences.default_person_type_id)
    await preset(ctx, items, PersonType, {Person.owner_id: PersonType.default_owner_id})


@before_save(*SAVES, Action.RESTORE, despite_errors=True)
async def set_affiliation_address(ctx: Context, items: Saved[Affiliation]) -> None:
    """Set the address of the account. Default: its head office (VPM-04, VPM-08)."""
    at_account = [each for each in items if _has_account(each)]
    addresses_by_item = await _addresses(
        ctx, [each for each in at_account if _needs_addresses(each)]
    )
    for item in at_account:
        addresses = addresses_by_item.get(item.record.id)
        if item.action is not Action.RESTORE:
            _normalize(ctx, item, addresses or AccountAddresses())
        if addresses is not None:
            _set_address(item, addresses)


def _has_account(item: Changeset[Affiliation, object]) -> bool:
    account: UUID | None = item.record.account_id
    return account is not None  # otherwise it is reported as missing


def _needs_addresses(item: Changeset[Affiliation, object]) -> bool:
    """Whether the account's addresses are needed, for the affiliation's address or for the country of numbers."""
    if item.action is Action.RESTORE or item.differs(Affiliation.address_id):
        return True
    account = parent_of(item, Account)
    lacks_country = account is None or account.country is None
    return lacks_country and item.differs(*PHONES)


async def _addresses(ctx: Context, items: Saved[Affiliation]) -> dict[UUID, AccountAddresses]:
    """The existing or new addresses of each affiliation's account, by affiliation id."""
    new = {each.record.id: account for each in items if (account := _new_account(each))}
    others = [each for each in items if each.record.id not in new]
    existing = await addresses_of(ctx, {each.record.account_id for each in others})
    return {id: new_addresses(account) for id, account in new.items()} | {
        each.record.id: existing[each.record.account_id] for each in others
    }


def _new_account(item: Changeset[Affiliation, object]) -> AnyChangeset | None:
    """The account's changeset, if the same input creates the account."""
    created = (item.references.get("account"), item.parent_changeset)
    return next((each for each in created if each and each.entity.type_ is Account), None)


def _normalize(
    ctx: Context, item: Changeset[Affiliation, object], addresses: AccountAddresses
) -> None:
    account = parent_of(item, Account)
    country = readable_country(ctx, account, addresses) if account is not None else None
    for column in PHONES:
        item.normalize(column, partial(phone, country=country))
    item.normalize(Affiliation.email, email)


def _set_address(item: Changeset[Affiliation, object], addresses: AccountAddresses) -> None:
    affiliation = item.record
    foreign = addresses.decide(partial(foreign_address_violations, affiliation))
    if affiliation.address_id is None or (item.action is Action.RESTORE and foreign):
        affiliation.address_id, foreign = addresses.decide(head_office), []
    item.violations(foreign)


@before_save(Action.DELETE)
async def move_to_head_office(ctx: Context, items: Saved[Address]) -> None:
    """Move affiliations from a deleted address to the account's head office (D-12)."""
    deleted = {each.record.id: each for each in items}
    moved = await ctx.trusted(Affiliation).by_for_update(Affiliation.address_id, deleted)
    rows = [(deleted[id], row) for id in deleted for row in moved[id]]
    remaining = await addresses_of(ctx, {row.decide(_account) for _, row in rows})
    for item, row in rows:
        others = [
            each for each in remaining[row.decide(_account)].existing if each.id not in deleted
        ]
        item.also_change(row, assign(Affiliation.address_id, each_of(others).decide(head_office)))


def _account(affiliation: Affiliation) -> UUID:
    return affiliation.account_id


AREA = Area(
    "people",
    before_save={
        Person: (normalize_person, preset_person),
        Affiliation: (set_affiliation_address,),
        Address: (move_to_head_office,),
    },
)

"""Persons and their jobs: presets, normal forms, and the address of the account that a person works at."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from db.accounts import Account, Address
from db.engine.hidden import each_of
from db.people import Affiliation, Person
from db.setup import PersonType, Preferences
from domain.accounts import head_office
from domain.numbers import email, phone
from domain.people import foreign_address
from resolvers.accounts import Places, new_places, places_of, readable_country
from resolvers.engine.changeset import (
    SAVES,
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
from resolvers.engine.hooks import before_save
from resolvers.engine.presets import prefer_type, preset

PHONES = (Affiliation.phone, Affiliation.second_phone)


@before_save()
async def normalize_person(ctx: Context, items: Saved[Person]) -> None:
    """The telephone number and the e-mail address in their normal forms, where they were set anew."""
    for item in items:
        item.normalize(Person.phone, partial(phone, country=_country_of_work(ctx, item)))
        item.normalize(Person.email, email)


def _country_of_work(ctx: Context, item: Changeset[Person, object]) -> str | None:
    """The country of the first job that a person is created with; other numbers need their country code."""
    if not ctx.may_read(Account.country):
        return None
    accounts = (parent_of(job, Account) for job in children_of(item, Affiliation))
    countries = (account.country for account in accounts if account is not None)
    return next((country for country in countries if country), None)


@before_save(despite_errors=True)
async def preset_person(ctx: Context, items: Saved[Person]) -> None:
    """The preferred type, and the owner that the type presets."""
    await prefer_type(ctx, items, Preferences, Preferences.default_person_type_id)
    await preset(ctx, items, PersonType, {Person.owner_id: PersonType.default_owner_id})


@before_save(*SAVES, Action.RESTORE)
async def place_affiliation(ctx: Context, items: Saved[Affiliation]) -> None:
    """A person works at an address of the account: its head office, if none is named (VPM-04, VPM-08)."""
    at_account = [each for each in items if _has_account(each)]
    known = await _places(ctx, [each for each in at_account if _is_placed(each)])
    for item in at_account:
        places = known.get(item.record.id)
        if item.action is not Action.RESTORE:
            _normalize(ctx, item, places or Places())
        if places is not None:
            _place(item, places)


def _has_account(item: Changeset[Affiliation, object]) -> bool:
    account: UUID | None = item.record.account_id
    return account is not None  # otherwise it is reported as missing


def _is_placed(item: Changeset[Affiliation, object]) -> bool:
    """Whether the account's addresses matter: to where the person works, or to how numbers are written there."""
    if item.action is Action.RESTORE or item.differs(Affiliation.address_id):
        return True
    account = parent_of(item, Account)
    unsaid = account is None or account.country is None
    return unsaid and item.differs(*PHONES)


async def _places(ctx: Context, items: Saved[Affiliation]) -> dict[UUID, Places]:
    """The addresses of the account of each of these: those that exist, or that are created along."""
    new = {each.record.id: account for each in items if (account := _new_account(each))}
    there = [each for each in items if each.record.id not in new]
    kept = await places_of(ctx, {each.record.account_id for each in there})
    return {id: new_places(account) for id, account in new.items()} | {
        each.record.id: kept[each.record.account_id] for each in there
    }


def _new_account(item: Changeset[Affiliation, object]) -> AnyChangeset | None:
    """The account, if it is created along: with the person, or as the parent of all this."""
    created = (item.references.get("account"), item.parent_changeset)
    return next((each for each in created if each and each.entity.type_ is Account), None)


def _normalize(ctx: Context, item: Changeset[Affiliation, object], places: Places) -> None:
    account = parent_of(item, Account)
    country = readable_country(ctx, account, places) if account is not None else None
    for column in PHONES:
        item.normalize(column, partial(phone, country=country))
    item.normalize(Affiliation.email, email)


def _place(item: Changeset[Affiliation, object], places: Places) -> None:
    job = item.record
    foreign = places.decide(partial(foreign_address, job))
    if job.address_id is None or (item.action is Action.RESTORE and foreign):
        job.address_id, foreign = places.decide(head_office), []
    item.violations(foreign)


@before_save(Action.DELETE)
async def move_to_head_office(ctx: Context, items: Saved[Address]) -> None:
    """Persons who work at an address that is deleted work at the head office from then on (D-12)."""
    going = {each.record.id: each for each in items}
    moved = await ctx.trusted(Affiliation).by_for_update(Affiliation.address_id, going)
    rows = [(going[id], row) for id in going for row in moved[id]]
    left = await places_of(ctx, {row.decide(_account) for _, row in rows})
    for item, row in rows:
        staying = [each for each in left[row.decide(_account)].kept if each.id not in going]
        item.also_change(row, to(Affiliation.address_id, each_of(staying).decide(head_office)))


def _account(job: Affiliation) -> UUID:
    return job.account_id


AREA = Area(
    "people",
    before_save={
        Person: (normalize_person, preset_person),
        Affiliation: (place_affiliation,),
        Address: (move_to_head_office,),
    },
)

"""What persons and their affiliations have to say before they are kept: presets, spellings, and a place of the account."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from uuid import UUID

from db.accounts import Address
from db.engine.gate import Right
from db.engine.write import statements as store
from db.engine.write.row_json import Row
from db.engine.write.unit_of_work import UnitOfWork
from db.people import Affiliation, Person
from domain.accounts import country_of, head_office
from domain.numbers import email, phone
from domain.people import elsewhere
from resolvers.accounts import addresses_of, new_addresses
from resolvers.engine.drafts import Draft, Other
from resolvers.engine.presets import preset
from resolvers.engine.settling import Deed, settles

PHONES = ("phone", "second_phone")


@settles(Person)
async def persons(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """A type and an owner for those that were given none, and one spelling of numbers."""
    if deed is not Deed.SAVE:
        return
    for draft in drafts:
        draft.spell("phone", partial(phone, country=_country_of_work(unit, draft)))
        draft.spell("email", email)
    copied = {"owner_id": "default_owner_id"}
    await preset(unit, drafts, copied, preferred="default_person_type_id")


def _country_of_work(unit: UnitOfWork, draft: Draft) -> str | None:
    """Where a person works who is created along with that; of others, a number is written with its country's code."""
    if unit.guard.right("Account", "country") is not Right.OPEN:
        return None
    jobs = (each for each in draft.nested if each.after.get("account_id") is not None)
    wholes = (each.whole for each in jobs if each.entity.name == "Affiliation" and each.whole)
    return next((whole["country"] for whole in wholes if whole["country"]), None)


@settles(Affiliation)
async def affiliations(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """At one of the account's places: its head office, if none is named (VPM-04, VPM-08)."""
    drafts = [each for each in drafts if each.after["account_id"] is not None]
    if deed is Deed.DELETE or not drafts:
        return
    known = await _places(unit, [each for each in drafts if _is_placed(deed, each)])
    for draft in drafts:
        places = known.get(draft.after["id"])
        if deed is Deed.SAVE:
            _spell(unit, draft, places or [])
        if places is None:
            continue
        stays = draft.after["address_id"] in {each["id"] for each in places}
        if draft.after["address_id"] is None or (deed is Deed.RESTORE and not stays):
            draft.after["address_id"] = head_office(places)
        draft.faults(elsewhere(draft.after, places))


def _is_placed(deed: Deed, draft: Draft) -> bool:
    """Whether the account's places matter: to where somebody works, or how numbers are written there."""
    before, after = draft.before, draft.after
    if deed is Deed.RESTORE or before is None or before["address_id"] != after["address_id"]:
        return True
    unsaid = (draft.whole or {}).get("country") is None
    return unsaid and any(before[each] != after[each] for each in PHONES)


async def _places(unit: UnitOfWork, drafts: list[Draft]) -> dict[UUID, list[Row]]:
    """For each of these, the addresses of its account: those that are there, or are created along."""
    accounts = {each.after["id"]: _new_account(each) for each in drafts}
    there = [each for each in drafts if accounts[each.after["id"]] is None]
    kept: dict[UUID, list[Row]] = defaultdict(list)
    for row in await addresses_of(unit, (each.after["account_id"] for each in there)):
        kept[row["account_id"]].append(row)
    return {
        each.after["id"]: kept[each.after["account_id"]] if new is None else new_addresses(new)
        for each, new in zip(drafts, accounts.values(), strict=True)
    }


def _new_account(draft: Draft) -> Draft | None:
    """The account, if it is created along: with the person at it, or as the whole of all this."""
    above = draft.above if draft.above and draft.above.entity.name == "Account" else None
    return draft.brought.get("account", above)


def _spell(unit: UnitOfWork, draft: Draft, places: list[Row]) -> None:
    guard, country = unit.guard, None
    if guard.right("Account", "country") is Right.OPEN and draft.whole is not None:
        open_ones = places if guard.right("Address", "country") is Right.OPEN else []
        country = country_of(draft.whole, open_ones)
    for column in PHONES:
        draft.spell(column, partial(phone, country=country))
    draft.spell("email", email)


@settles(Address)
async def moved(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """Whoever works at an address that is deleted works at the head office from then on (D-12)."""
    if deed is not Deed.DELETE:
        return
    entity = unit.model.entities["Affiliation"]
    by_address = {each.after["id"]: each for each in drafts}
    rows = await store.among(unit.connection, entity, "address_id", by_address)
    if not rows:
        return
    left: dict[UUID, list[Row]] = defaultdict(list)
    for place in await addresses_of(unit, (row["account_id"] for row in rows)):
        if place["id"] not in by_address:
            left[place["account_id"]].append(place)
    for row in rows:
        head = head_office(left[row["account_id"]])
        by_address[row["address_id"]].then.append(Other(entity, row, {**row, "address_id": head}))

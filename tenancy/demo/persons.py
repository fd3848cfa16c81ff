"""Rows of the persons and of their jobs, current and former; some have none."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from domain.people import Gender
from tenancy.demo.accounts import owners
from tenancy.demo.lists import PERSON_TYPES
from tenancy.demo.pipelines import ATTRIBUTE_NUMBERS
from tenancy.demo.rows import Draw, Row, Rows, made_id
from tenancy.demo.words import (
    DEPARTMENTS,
    FIRST_NAMES,
    FUNCTIONS,
    INFIXES,
    LAST_NAMES,
    NOTES,
    PARTS,
)

PERSONS = 120
JOBS = (1, 1, 0, 2, 1, 1)
"""Number of jobs of each person, cyclically."""


def people(slug: str, now: date, made: Mapping[str, Sequence[Row]]) -> Rows:
    """All rows of the area, by table."""
    draw = Draw(slug, "person", now)
    persons = [
        _person(draw, number, owner) for number, owner in enumerate(owners(draw, PERSONS), start=1)
    ]
    return {"person": persons, "affiliation": _jobs(slug, now, persons, made)}


def _person(draw: Draw, number: int, owner: int) -> Row:
    rng, slug = draw.rng, draw.slug
    first = rng.choice((*FIRST_NAMES, None))
    letters = str(made_id("attribute", ATTRIBUTE_NUMBERS["letters"]))
    kind = number % len(PERSON_TYPES)
    carried = kind in (0, 2) and number % 5 == 0
    return {
        **draw.key(number),
        "gender": rng.choice((None, *(each.value for each in Gender))),
        "first_name": first,
        "name_infix": rng.choice(INFIXES),
        "last_name": rng.choice(LAST_NAMES) if first is None or number % 11 else None,
        "email": f"person{number}.{rng.randint(10, 99)}@{slug}.example" if number % 6 else None,
        "phone": f"+316{rng.randint(10_000_000, 59_999_999)}" if number % 4 else None,
        "born_on": draw.day(-30_000, -7_000) if number % 2 else None,
        "type_id": made_id("person_type", kind + 1),
        "owner_id": made_id("employee", owner),
        "note": draw.note(NOTES),
        "external_id": f"{slug}-person-{number}" if number % 7 == 0 else None,
        "custom": json.dumps({letters: rng.random() < 0.5} if carried else {}),
        **draw.stamps(deleted=number % 29 == 0),
    }


def _jobs(
    slug: str, now: date, persons: Sequence[Row], made: Mapping[str, Sequence[Row]]
) -> list[Row]:
    draw = Draw(slug, "affiliation", now)
    of: dict[object, list[Row]] = {}
    for address in made["address"]:
        of.setdefault(address["account_id"], []).append(address)
    pairs = [
        (person, account)
        for number, person in enumerate(persons)
        for account in draw.rng.sample(made["account"], JOBS[number % len(JOBS)])
    ]
    return [
        _job(draw, number, person, account, of.get(account["id"], []))
        for number, (person, account) in enumerate(pairs, 1)
    ]


def _job(draw: Draw, number: int, person: Row, account: Row, places: Sequence[Row]) -> Row:
    rng, slug = draw.rng, draw.slug
    since, active = draw.day(-4000, -500), rng.random() < 0.8
    return {
        **draw.key(number),
        "account_id": account["id"],
        "person_id": person["id"],
        "address_id": rng.choice([place["id"] for place in places]) if places else None,
        "department": rng.choice(DEPARTMENTS),
        "function": rng.choice(FUNCTIONS),
        "role": rng.choice((*PARTS, None)),
        "email": f"desk{number}.{rng.randint(10, 99)}@work.{slug}.example" if number % 5 else None,
        "phone": f"+3120{rng.randint(2_000_000, 7_999_999)}" if number % 3 else None,
        "second_phone": f"+3130{rng.randint(2_000_000, 7_999_999)}" if number % 4 == 0 else None,
        "active": active,
        "since": since if number % 8 else None,
        "until": None if active else since + timedelta(days=rng.randint(1, 450)),
        **draw.stamps_within(person, account, deleted=number % 13 == 0),
    }

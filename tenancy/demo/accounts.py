"""Rows of the accounts: the names and the hierarchy are fixed, everything else is random."""

import json
from datetime import date
from uuid import UUID

from domain.setup import DocumentDelivery
from tenancy.demo.addresses import addresses
from tenancy.demo.companies import COMPANIES, DELETED
from tenancy.demo.lists import ACCOUNT_TYPES
from tenancy.demo.people import NUMBERS, PEOPLE
from tenancy.demo.pipelines import ATTRIBUTE_NUMBERS
from tenancy.demo.rows import Draw, Row, Rows, made_id
from tenancy.demo.words import CITIES, INDUSTRIES, LAST_NAMES, NOTES, SEGMENTS

NEVER = date.min
"""Day of draws that need no timestamps."""
LINKS, MANAGED = 12, 30


def owners(draw: Draw, count: int) -> list[int]:
    """Employee numbers of `count` owners: each employee at least once if possible, the rest weighted by `share`."""
    employees = list(range(1, len(PEOPLE) + 1))
    more = max(0, count - len(employees))
    owner_numbers = employees[:count]
    owner_numbers += draw.rng.choices(employees, [person.share for person in PEOPLE], k=more)
    draw.rng.shuffle(owner_numbers)
    return owner_numbers


def accounts(slug: str, now: date) -> Rows:
    """All rows of the area, by table."""
    draw = Draw(slug, "account", now)
    owner_numbers = owners(draw, len(COMPANIES))
    made = [
        _account(draw, number, name, parent, owner)
        for number, ((name, parent), owner) in enumerate(
            zip(COMPANIES, owner_numbers, strict=True), start=1
        )
    ]
    return {
        "account": made,
        "address": addresses(slug, now, made),
        "account_manager": _managers(Draw(slug, "account_manager", now), made),
        "account_link": _links(Draw(slug, "account_link", now), made),
    }


def _account(draw: Draw, number: int, name: str | None, parent: int | None, owner: int) -> Row:
    rng, slug = draw.rng, draw.slug
    city, country = rng.choice(CITIES)
    known = rng.random() < 0.9
    return {
        **draw.key(number),
        "name": name,
        "number": f"{slug.upper()}-{rng.randint(10, 99)}{number:03}",
        "industry_id": _industry(rng.choice((*INDUSTRIES, None))),
        "website": f"https://site{number}.{slug}.example" if rng.random() < 0.8 else None,
        "phone": f"+{rng.randint(30, 49)} 555 {rng.randint(0, 9999):04}" if known else None,
        "city": city if known else None,
        "country": country if known else None,
        "employee_count": rng.choice((None, 0, 12, 250, *(rng.randint(1, 9000) for _ in range(9)))),
        "key_account": rng.random() < 0.25,
        "parent_id": made_id("account", parent) if parent else None,
        "owner_id": made_id("employee", owner),
        "external_id": f"{slug}-{number}" if number % 7 == 0 else None,
        "custom": json.dumps(_segment(draw), ensure_ascii=False),
        **draw.stamps(deleted=number in DELETED),
        **_particulars(slug, number, name),
    }


def _industry(name: str | None) -> UUID | None:
    return None if name is None else made_id("industry", INDUSTRIES.index(name) + 1)


def _particulars(slug: str, number: int, name: str | None) -> Row:
    """Optional values. They have their own generator, so that adding one does not change other values."""
    draw = Draw(slug, f"account {number}", NEVER)
    rng, kind = draw.rng, 1 + number % len(ACCOUNT_TYPES)
    person = ACCOUNT_TYPES[kind - 1] == "Personal" and name is not None
    return {
        "type_id": made_id("account_type", kind) if number % 6 else None,
        "last_name": rng.choice(LAST_NAMES) if person else None,
        "email": f"desk{rng.randint(1, 99)}@site{number}.{slug}.example" if number % 4 else None,
        "registration_number": f"{slug.upper()} {rng.randint(10**7, 10**8)}"
        if number % 3
        else None,
        "vat_number": f"{slug.upper()}{rng.randint(10**8, 10**9)}" if number % 5 else None,
        "description": draw.note(NOTES),
        "invoice_name": f"{slug.upper()} ledger {rng.randint(1, 99)}" if number % 4 == 0 else None,
        "invoice_email": f"ledger@site{number}.{slug}.example" if number % 4 == 0 else None,
        "postal_is_invoicing": rng.random() < 0.3,
        "sender_email": f"team{rng.randint(1, 9)}@{slug}.example" if number % 2 else None,
        "document_delivery": rng.choice((None, *(each.value for each in DocumentDelivery))),
    }


def _managers(draw: Draw, accounts: list[Row]) -> list[Row]:
    """Account managers: random pairs of account and user, active or not."""
    users = [NUMBERS[person.handle] for person in PEOPLE if person.role]
    pairs = [(account, user) for account in accounts for user in users]
    return [
        {
            **draw.key(number),
            "account_id": account["id"],
            "user_id": made_id("user", user),
            **draw.stamps_within(account, deleted=number % 10 == 0),
        }
        for number, (account, user) in enumerate(draw.rng.sample(pairs, MANAGED), 1)
    ]


def _links(draw: Draw, accounts: list[Row]) -> list[Row]:
    """Account links: each is two records, one per direction, equal in everything else."""
    pairs = [(one, other) for at, one in enumerate(accounts) for other in accounts[at + 1 :]]
    rows: list[Row] = []
    for number, pair in enumerate(draw.rng.sample(pairs, LINKS)):
        both = {
            "note": draw.note(NOTES),
            **draw.stamps_within(*pair, deleted=number % 6 == 5),
        }
        rows += [
            {**draw.key(len(rows) + at), "account_id": one["id"], "other_id": other["id"], **both}
            for at, (one, other) in enumerate((pair, pair[::-1]), 1)
        ]
    return rows


def _segment(draw: Draw) -> dict[str, str]:
    """The attribute `segment`; a third of the accounts has none."""
    if draw.rng.random() < 0.33:
        return {}
    key = str(made_id("attribute", ATTRIBUTE_NUMBERS["segment"]))
    return {key: draw.rng.choice(SEGMENTS)}

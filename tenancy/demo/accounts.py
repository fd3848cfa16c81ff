"""Rows of the accounts: the names and the tree are fixed, everything else is drawn."""

import json
from datetime import date
from typing import Any

from tenancy.demo.addresses import addresses
from tenancy.demo.companies import COMPANIES, DELETED
from tenancy.demo.people import PEOPLE
from tenancy.demo.pipelines import ATTRIBUTE_NUMBERS
from tenancy.demo.rows import Draw, Row, Rows, made_id
from tenancy.demo.words import CITIES, INDUSTRIES, SEGMENTS


def owners(draw: Draw, count: int) -> list[int]:
    """Numbers of employees: each at least once where there are enough, then by their share."""
    everybody = list(range(1, len(PEOPLE) + 1))
    more = max(0, count - len(everybody))
    drawn = everybody[:count]
    drawn += draw.rng.choices(everybody, [person.share for person in PEOPLE], k=more)
    draw.rng.shuffle(drawn)
    return drawn


def accounts(slug: str, now: date) -> Rows:
    """Every row of the area, by table."""
    draw = Draw(slug, "account", now)
    drawn = owners(draw, len(COMPANIES))
    made = [
        _account(draw, number, name, parent, owner)
        for number, ((name, parent), owner) in enumerate(
            zip(COMPANIES, drawn, strict=True), start=1
        )
    ]
    return {"account": made, "address": addresses(slug, now, made)}


def _account(draw: Draw, number: int, name: str | None, parent: int | None, owner: int) -> Row:
    rng, slug = draw.rng, draw.slug
    city, country = rng.choice(CITIES)
    known = rng.random() < 0.9
    return {
        **draw.key(number),
        "name": name,
        "number": f"{slug.upper()}-{rng.randint(10, 99)}{number:03}",
        "industry": rng.choice((*INDUSTRIES, None)),
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
    }


def _segment(draw: Draw) -> dict[str, Any]:
    """A third has none."""
    if draw.rng.random() < 0.33:
        return {}
    key = str(made_id("attribute", ATTRIBUTE_NUMBERS["segment"]))
    return {key: draw.rng.choice(SEGMENTS)}

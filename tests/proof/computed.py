"""What fields hold that are computed of others of the record, worked out here; the lock file says of which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from tests.proof.contract import fields
from tests.proof.lock import ENTITIES
from tests.proof.rows import Row

EXACT = Context(prec=200, rounding=ROUND_HALF_UP)
"""Arithmetic that loses no digit of what we keep."""


@dataclass(frozen=True)
class Computed:
    """How a field is worked out of its inputs, in the order of the lock; one empty input empties it, if not partial."""

    work_out: Callable[..., Any]
    partial: bool = False


def weighted(amount: Decimal, probability: int) -> Decimal:
    return EXACT.divide(EXACT.multiply(amount, Decimal(probability)), Decimal(100))


def net_margin(margin: Decimal, commission: Decimal) -> Decimal:
    return EXACT.subtract(margin, commission)


def initials(name: str) -> str | None:
    """The first letter or digit of the first and of the last word that has any."""
    letters = [[sign for sign in word if sign.isalnum()] for word in name.split()]
    first = [word[0].upper() for word in letters if word]
    return "".join(first[:1] + first[1:][-1:]) or None


def website_domain(website: str) -> str | None:
    """What stands between the scheme and the path, without name, port and `www.`; tests have no odder ones."""
    host = website.strip().partition("://")[2] or website.strip()
    for end in "/?#":
        host = host.partition(end)[0]
    host = host.rpartition("@")[2].partition(":")[0].lower()
    return host.removeprefix("www.") if "." in host else None


def close_quarter(day: date) -> str:
    return f"{day.year:04}-Q{1 + (day.month - 1) // 3}"


def display_name(**given: str | None) -> str | None:
    """The names, else what the account is registered by, else its domain, else its number."""
    names = [given[each] for each in ("name", "lastName")]
    joined = " ".join(each.strip() for each in names if each and each.strip())
    domain = (given["email"] or "").rpartition("@")[2].strip()
    return joined or (given["registrationNumber"] or "").strip() or domain or given["number"]


def full_name(**given: str | None) -> str | None:
    names = [given[each] for each in ("firstName", "nameInfix", "lastName")]
    return " ".join(each.strip() for each in names if each and each.strip()) or None


COMPUTED: Mapping[tuple[str, str], Computed] = {
    ("Opportunity", "weighted"): Computed(weighted),
    ("Opportunity", "netMargin"): Computed(net_margin),
    ("Opportunity", "closeQuarter"): Computed(close_quarter),
    ("Account", "websiteDomain"): Computed(website_domain),
    ("Account", "displayName"): Computed(display_name, partial=True),
    ("Person", "fullName"): Computed(full_name, partial=True),
    ("Employee", "initials"): Computed(initials),
}
"""Fields by entity and name; those that are partial take their inputs by name."""


def computed(entity: str) -> tuple[str, ...]:
    """The computed fields of an entity."""
    return tuple(ENTITIES[entity].computed)


def held(entity: str, name: str, row: Row) -> Any:
    """What a record holds in a field, whoever looks: of money the amount, exactly; of a link the id."""
    if name not in ENTITIES[entity].computed:
        return row[fields(entity)[name].column]
    how = COMPUTED[entity, name]
    given = {each: held(entity, each, row) for each in ENTITIES[entity].computed[name]}
    if how.partial:
        return how.work_out(**given)
    return None if None in given.values() else how.work_out(*given.values())

"""Independent calculation of computed fields; the lock file lists the inputs of each."""

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
"""Decimal context with enough precision for every stored amount."""


@dataclass(frozen=True)
class Computed:
    """A computed field: function of its inputs, in lock order. Null if an input is null, unless partial."""

    calculate: Callable[..., Any]
    partial: bool = False


def weighted(amount: Decimal, probability: int) -> Decimal:
    return EXACT.divide(EXACT.multiply(amount, Decimal(probability)), Decimal(100))


def net_margin(margin: Decimal, commission: Decimal) -> Decimal:
    return EXACT.subtract(margin, commission)


def initials(name: str) -> str | None:
    """Initials: the first letter or digit of the first and the last word that contain one."""
    letters = [[sign for sign in word if sign.isalnum()] for word in name.split()]
    first = [word[0].upper() for word in letters if word]
    return "".join(first[:1] + first[1:][-1:]) or None


def website_domain(website: str) -> str | None:
    """Host of a URL, without user info, port and `www.`; covers only the forms that the tests use."""
    host = website.strip().partition("://")[2] or website.strip()
    for end in "/?#":
        host = host.partition(end)[0]
    host = host.rpartition("@")[2].partition(":")[0].lower()
    return host.removeprefix("www.") if "." in host else None


def close_quarter(day: date) -> str:
    return f"{day.year:04}-Q{1 + (day.month - 1) // 3}"


def display_name(**inputs: str | None) -> str | None:
    """Display name of an account: its names, else its registered name, else its domain, else its number."""
    names = [inputs[each] for each in ("name", "lastName")]
    joined = " ".join(each.strip() for each in names if each and each.strip())
    domain = (inputs["email"] or "").rpartition("@")[2].strip()
    return joined or (inputs["registrationNumber"] or "").strip() or domain or inputs["number"]


def full_name(**inputs: str | None) -> str | None:
    names = [inputs[each] for each in ("firstName", "nameInfix", "lastName")]
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
"""Computed fields by entity and name; partial ones receive their inputs by name."""


def computed(entity: str) -> tuple[str, ...]:
    """The computed fields of an entity."""
    return tuple(ENTITIES[entity].computed)


def field_value(entity: str, name: str, row: Row) -> Any:
    """Value of a field before rights apply: for money the exact amount, for a link the id."""
    if name not in ENTITIES[entity].computed:
        return row[fields(entity)[name].column]
    how = COMPUTED[entity, name]
    inputs = {each: field_value(entity, each, row) for each in ENTITIES[entity].computed[name]}
    if how.partial:
        return how.calculate(**inputs)
    return None if None in inputs.values() else how.calculate(*inputs.values())

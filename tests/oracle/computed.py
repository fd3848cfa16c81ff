"""What is worked out of other fields of a record: of which, and how, as the contract tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

EXACT = Context(prec=200, rounding=ROUND_HALF_UP)
"""Arithmetic that loses no digit of what we keep."""


@dataclass(frozen=True)
class Computed:
    """One field that no column holds. Its rights are those of its inputs; one empty input empties it."""

    inputs: tuple[str, ...]
    work_out: Callable[..., Any]
    partial: bool = False
    """Whether it can be worked out although some of them are empty."""
    measured: bool = False
    """Whether the database works it out, so that filters, orders and measures know it."""


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


def display_name(
    name: str | None,
    last_name: str | None,
    registration: str | None,
    email: str | None,
    number: str,
) -> str:
    names = " ".join(one.strip() for one in (name, last_name) if one and one.strip())
    domain = (email or "").rpartition("@")[2].strip() if email else ""
    return names or (registration or "").strip() or domain or number


def full_name(first: str | None, infix: str | None, last: str | None) -> str | None:
    return " ".join(one.strip() for one in (first, infix, last) if one and one.strip()) or None


COMPUTED: dict[tuple[str, str], Computed] = {
    ("Opportunity", "weighted"): Computed(("amount", "probability"), weighted, measured=True),
    ("Opportunity", "netMargin"): Computed(("margin", "commission"), net_margin, measured=True),
    ("Opportunity", "closeQuarter"): Computed(("expectedCloseOn",), close_quarter),
    ("Account", "websiteDomain"): Computed(("website",), website_domain),
    ("Account", "displayName"): Computed(
        ("name", "lastName", "registrationNumber", "email", "number"), display_name, partial=True
    ),
    ("Person", "fullName"): Computed(("firstName", "infix", "lastName"), full_name, partial=True),
    ("Employee", "initials"): Computed(("name",), initials),
}


def computed_of(entity: str) -> dict[str, Computed]:
    """The computed fields of an entity by name."""
    return {name: one for (of, name), one in COMPUTED.items() if of == entity}

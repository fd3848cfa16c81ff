"""Rules of accounts: names of countries, and the one head office among an account's addresses."""

import re
from collections.abc import Iterable, Sequence
from uuid import UUID

from domain.codes import Problem
from domain.faults import Fault, Row

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""
COUNTRY = re.compile(r"[A-Z]{2}\Z")


def in_country(_: Row | None, after: Row) -> Sequence[Fault]:
    """What is wrong with where something is: a country is two capital letters."""
    if after["country"] is None or COUNTRY.match(after["country"]):
        return []
    message = "Write the country as two capital letters of ISO 3166-1, such as NL."
    return [Fault(Problem.INVALID, message, "country")]


def account(before: Row | None, after: Row) -> Sequence[Fault]:
    """What is wrong with an account by itself."""
    return in_country(before, after)


def display_name(
    name: str | None,
    last_name: str | None,
    registration_number: str | None,
    email: str | None,
    number: str | None,
) -> str | None:
    """What to call an account on screens, whatever is known of it (D-21)."""
    names = " ".join(part.strip() for part in (name, last_name) if part and part.strip())
    domain = (email or "").rpartition("@")[2].strip()
    return names or (registration_number or "").strip() or domain or number


def head_office(addresses: Iterable[Row], wanted: UUID | None = None) -> UUID | None:
    """Which of an account's addresses is its head office (D-12).

    The one that is `wanted`, if it is among them; else the one that is; else the oldest that remains.
    """
    found = sorted(addresses, key=lambda each: (each["created_at"], each["id"]))
    if wanted in [each["id"] for each in found]:
        return wanted
    heads = [each["id"] for each in found if each["head_office"]]
    return next(iter([*heads, *(each["id"] for each in found)]), None)


def account_number(id: UUID) -> str:
    """A number for an account that was given none: short, told apart when read aloud, and nobody else's."""
    rest, digits = id.int & ((1 << 40) - 1), []
    for _ in range(8):
        rest, digit = divmod(rest, 32)
        digits.append(DIGITS[digit])
    return "A-" + "".join(digits)

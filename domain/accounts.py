"""Rules of accounts: how their type has them named, and the roles of their addresses."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.codes import UserErrorCode
from domain.holders import holder
from domain.numbering import number
from domain.violations import Row, Violation

COUNTRY = re.compile(r"[A-Z]{2}\Z")
FOLLOWS = (
    "Invoices of this account go to its postal address: change which address is that, "
    "or set `postalIsInvoicing` of the account to false."
)


def in_country(_: Row | None, after: Row) -> Sequence[Violation]:
    """What is wrong with where something is: a country is two capital letters."""
    if after["country"] is None or COUNTRY.match(after["country"]):
        return []
    message = "Write the country as two capital letters of ISO 3166-1, such as NL."
    return [Violation(UserErrorCode.INVALID, message, "country")]


def account(before: Row | None, after: Row) -> Sequence[Violation]:
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


def unnamed(kind: Row, before: Row | None, after: Row) -> list[Violation]:
    """Which names an account has that its type does not know (EP-172); those it had before it may keep."""
    faults = []
    for switch, column, word in (
        ("with_name", "name", "name"),
        ("with_last_name", "last_name", "last name"),
    ):
        is_new = before is None or any(before[c] != after[c] for c in (column, "type_id"))
        if is_new and not kind[switch] and (after[column] or "").strip():
            message = (
                f"Accounts of this type have no {word}: leave it empty, or choose another type."
            )
            faults.append(Violation(UserErrorCode.INVALID, message, column))
    return faults


def head_office(addresses: Iterable[Row], wanted: UUID | None = None) -> UUID | None:
    """Which of an account's addresses is its head office (D-12)."""
    return holder(addresses, "head_office", wanted)


def default_invoicing(addresses: Iterable[Row], wanted: UUID | None = None) -> UUID | None:
    """Which of an account's addresses invoices go to if nothing else is said, if they go anywhere (VPM-24)."""
    found = [each for each in addresses if each["invoicing"]]
    return holder(found, "default_invoicing", wanted)


def country_of(account: Row, addresses: Collection[Row]) -> str | None:
    """Where an account is at home, as far as it is known: what it says itself, else where its head office is."""
    head = head_office(addresses)
    places = (each["country"] for each in addresses if each["id"] == head)
    return account["country"] or next(places, None)


@dataclass(frozen=True)
class Wanted:
    """What callers asked of an account's addresses, whose row says which of them invoices go to."""

    follows: bool
    """Whether invoices go to the postal address, wherever that is (SMP-20)."""
    head: UUID | None = None
    default: UUID | None = None


def arranged(addresses: Sequence[Row], wanted: Wanted) -> dict[UUID, dict[str, bool]]:
    """The roles that each of an account's addresses comes to have, of those that depend on the others."""
    rows = [{**a, "invoicing": a["postal"]} if wanted.follows else a for a in addresses]
    head, default = head_office(rows, wanted.head), default_invoicing(rows, wanted.default)
    return {
        row["id"]: {
            "invoicing": row["invoicing"],
            "head_office": row["id"] == head,
            "default_invoicing": row["id"] == default,
        }
        for row in rows
    }


def misplaced(after: Row, asked: Collection[str], follows: bool) -> list[Violation]:
    """What is wrong with the roles that a caller asks for an address, by columns (SMP-21, VPM-24)."""
    if follows and "invoicing" in asked and after["invoicing"] != after["postal"]:
        return [Violation(UserErrorCode.INVALID, FOLLOWS, "invoicing")]
    invoicing = after["postal"] if follows else after["invoicing"]
    if "default_invoicing" in asked and after["default_invoicing"] and not invoicing:
        message = "No invoices go to this address: make it an invoicing address, too."
        return [
            Violation(UserErrorCode.INVALID, FOLLOWS if follows else message, "default_invoicing")
        ]
    return []


def account_number(id: UUID) -> str:
    """A number for an account that was given none: short, told apart when read aloud, and nobody else's."""
    return number("A", id)

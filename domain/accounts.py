"""Rules of accounts: the names that their type allows, and the roles of their addresses."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.codes import UserErrorCode
from domain.holders import Candidate, choose_holder
from domain.message import Message
from domain.setup import NamingSwitches
from domain.violations import Violation

COUNTRY_CODE = re.compile(r"[A-Z]{2}\Z")
INVOICING_FOLLOWS_MESSAGE = Message(
    "Invoices of this account go to its postal address. Change the postal address, or set "
    "`postalIsInvoicing` of the account to false."
)


class Located(Protocol):
    """An account or an address: its country as ISO 3166-1 alpha-2."""

    country: str | None


class AccountNames(Protocol):
    """The names of an account, and the type that allows them."""

    name: str | None
    last_name: str | None
    type_id: UUID | None


class OfficeAddress(Candidate, Protocol):
    """An address that can be its account's head office."""

    head_office: bool


class LocatedOffice(Located, OfficeAddress, Protocol):
    """An address that can be its account's head office, with its country."""


class AddressPurposes(Protocol):
    """Whether an address is used for post and for invoices."""

    postal: bool
    invoicing: bool
    default_invoicing: bool


class RoledAddress(OfficeAddress, AddressPurposes, Protocol):
    """An address with the roles that depend on the other addresses of its account."""


@dataclass(frozen=True)
class AddressRoles:
    """The roles of one address that depend on the account or on its other addresses."""

    invoicing: bool
    head_office: bool
    default_invoicing: bool


@dataclass(frozen=True)
class RequestedRoles:
    """Requested exclusive roles of an account's addresses, and where the account's invoices go."""

    follows: bool
    """Whether invoices go to the postal address (SMP-20)."""
    head: UUID | None = None
    default: UUID | None = None


def country_violations(_: Located | None, after: Located) -> Sequence[Violation]:
    """Violation of a country that is not two capital letters."""
    if after.country is None or COUNTRY_CODE.match(after.country):
        return []
    message = Message(
        "The country code is invalid. Use two capital letters of ISO 3166-1, such as NL."
    )
    return [Violation(UserErrorCode.INVALID, message, "country")]


def account_violations(before: Located | None, after: Located) -> Sequence[Violation]:
    """Violations of an account by itself."""
    return country_violations(before, after)


def display_name(
    name: str | None,
    last_name: str | None,
    registration_number: str | None,
    email: str | None,
    number: str | None,
) -> str | None:
    """The name of an account on screens: the first of its attributes that is set (D-21)."""
    names = " ".join(part.strip() for part in (name, last_name) if part and part.strip())
    domain = (email or "").rpartition("@")[2].strip()
    return names or (registration_number or "").strip() or domain or number


def disallowed_name_violations(
    kind: NamingSwitches, before: AccountNames | None, after: AccountNames
) -> list[Violation]:
    """Violations of names that the account's type does not allow (EP-172). Unchanged names of an unchanged type are allowed."""
    type_changed = before is not None and before.type_id != after.type_id
    old_name, old_last = (before.name, before.last_name) if before is not None else (None, None)
    violations = []
    for allowed, column, label, old, new in (
        (kind.with_name, "name", Message("name"), old_name, after.name),
        (kind.with_last_name, "last_name", Message("last name"), old_last, after.last_name),
    ):
        if not allowed and (type_changed or old != new) and (new or "").strip():
            message = Message(
                "Accounts of this type have no {label}. Leave the field empty, or choose another "
                "type.",
                label=label,
            )
            violations.append(Violation(UserErrorCode.INVALID, message, column))
    return violations


def head_office(addresses: Iterable[OfficeAddress], requested: UUID | None = None) -> UUID | None:
    """The id of the account's head office (D-12)."""
    return choose_holder(addresses, lambda each: each.head_office, requested)


def country_of(account: Located, addresses: Collection[LocatedOffice]) -> str | None:
    """The account's country, else the country of its head office; None if neither is set."""
    head = head_office(addresses)
    countries = (each.country for each in addresses if each.id == head)
    return account.country or next(countries, None)


def arrange_roles(
    addresses: Sequence[RoledAddress], requested: RequestedRoles
) -> dict[UUID, AddressRoles]:
    """The roles of an account's addresses by id, with exactly one head office.

    If there are invoicing addresses, exactly one of them is the default (VPM-24).
    """
    invoicing = {a.id: a.postal if requested.follows else a.invoicing for a in addresses}
    invoicing_addresses = [each for each in addresses if invoicing[each.id]]
    head = head_office(addresses, requested.head)
    default = choose_holder(
        invoicing_addresses, lambda each: each.default_invoicing, requested.default
    )
    return {
        id: AddressRoles(invoices, head_office=id == head, default_invoicing=id == default)
        for id, invoices in invoicing.items()
    }


def address_role_violations(
    after: AddressPurposes, asked: Collection[str], follows: bool
) -> list[Violation]:
    """Violations of sent invoicing roles; `asked` contains the sent columns (SMP-21, VPM-24)."""
    if follows and "invoicing" in asked and after.invoicing != after.postal:
        return [Violation(UserErrorCode.INVALID, INVOICING_FOLLOWS_MESSAGE, "invoicing")]
    invoicing = after.postal if follows else after.invoicing
    if "default_invoicing" in asked and after.default_invoicing and not invoicing:
        message = Message(
            "A default invoicing address must be an invoicing address. Set `invoicing` to true as "
            "well."
        )
        return [
            Violation(
                UserErrorCode.INVALID,
                INVOICING_FOLLOWS_MESSAGE if follows else message,
                "default_invoicing",
            )
        ]
    return []

"""What is computed of a row's columns, worked out by the tests themselves, and how money is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = Mapping[str, Any]
DIGITS = {"JPY": 0, "KWD": 3}
"""How many digits the demonstration's currencies have, where it is not two."""


def shown(amount: Decimal, currency: str, more: int = 0) -> str:
    """An amount with its currency's digits, or for averages with `more`; halves go away from zero."""
    step = Decimal(1).scaleb(-(DIGITS.get(currency, 2) + more))
    return f"{amount.quantize(step, ROUND_HALF_UP):f}"


def _weighted(row: Row) -> Decimal | None:
    amount, probability = row["amount"], row["probability"]
    if amount is None or probability is None:
        return None
    exact: Decimal = amount * probability / 100
    return exact


def _net_margin(row: Row) -> Decimal | None:
    margin, commission = row["margin"], row["commission"]
    if margin is None or commission is None:
        return None
    exact: Decimal = margin - commission
    return exact


def _initials(row: Row) -> str | None:
    """Names of the demonstration are plain words; odd ones are tests/domain's matter."""
    words = row["name"].split()
    letters: str = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()


def _domain(row: Row) -> str | None:
    address: str | None = row["website"]
    if address is None:
        return None
    return address.partition("://")[2].partition("/")[0].removeprefix("www.").lower()


def _quarter(row: Row) -> str | None:
    day = row["expected_close_on"]
    return None if day is None else f"{day.year}-Q{(day.month + 2) // 3}"


def _display_name(row: Row) -> str | None:
    names = [name for name in (row["name"], row["last_name"]) if name]
    domain = (row["email"] or "").partition("@")[2]
    shown: str = " ".join(names) or row["registration_number"] or domain or row["number"]
    return shown


def _full_name(row: Row) -> str | None:
    return " ".join(row[n] for n in ("first_name", "infix", "last_name") if row[n]) or None


COMPUTED: Mapping[str, Callable[[Row], Any]] = {
    "Opportunity.weighted": _weighted,
    "Opportunity.netMargin": _net_margin,
    "Opportunity.closeQuarter": _quarter,
    "Employee.initials": _initials,
    "Account.websiteDomain": _domain,
    "Account.displayName": _display_name,
    "Person.fullName": _full_name,
}
"""By the field: what it holds in a row, whoever asks."""


def computed(type_name: str) -> dict[str, Callable[[Row], Any]]:
    """The computed fields of a type, with how."""
    start = f"{type_name}."
    return {n.removeprefix(start): how for n, how in COMPUTED.items() if n.startswith(start)}

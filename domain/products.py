"""Rules of products and contract kinds: ranges of prices, taxes and terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from domain.codes import UserErrorCode
from domain.message import Message
from domain.sales import CURRENCY_CODE, currency_violations
from domain.violations import Violation

MAX_TERM_MONTHS = 1200
"""Maximum months of a contract's term."""


class PricedProduct(Protocol):
    """The price of one unit of a product, and the tax on it in percent."""

    currency: str
    price: Decimal | None
    tax_percent: Decimal | None


class KindTerm(Protocol):
    """The term of contracts of a kind."""

    time_based: bool
    months: int | None
    renews: bool


def product_violations(_: PricedProduct | None, after: PricedProduct) -> Sequence[Violation]:
    """Violations of a product by itself."""
    violations = []
    if not CURRENCY_CODE.match(after.currency):
        message = Message(
            "The currency code is invalid. Use three capital letters of ISO 4217, such as EUR."
        )
        violations.append(Violation(UserErrorCode.INVALID, message, "currency"))
    else:
        violations += currency_violations(after.currency, {"price": after.price})
    return [*violations, *percent_violations({"tax_percent": after.tax_percent})]


def percent_violations(shares: Mapping[str, Decimal | None]) -> list[Violation]:
    """Violations of percentages by column that are not between 0 and 100."""
    message = Message("The percentage is out of range. Enter a value from 0 to 100.")
    return [
        Violation(UserErrorCode.INVALID, message, column)
        for column, share in shares.items()
        if share is not None and not 0 <= share <= 100
    ]


def contract_kind_violations(_: KindTerm | None, after: KindTerm) -> Sequence[Violation]:
    """Violations of a contract kind by itself: only time-based kinds have a term."""
    months = after.months
    if months is not None and not 1 <= months <= MAX_TERM_MONTHS:
        message = Message(
            "The term is out of range. Enter 1 to {limit} months.",
            limit=MAX_TERM_MONTHS,
        )
        return [Violation(UserErrorCode.INVALID, message, "months")]
    if not after.time_based and (months is not None or after.renews):
        message = Message(
            "Only time-based contract kinds have a term and a renewal. Set `timeBased`, or leave "
            "both empty."
        )
        return [Violation(UserErrorCode.INVALID, message, "time_based")]
    return []

"""Rules of products: what a price, a tax and the term of a contract may be."""

from collections.abc import Sequence

from domain.codes import UserErrorCode
from domain.sales import CURRENCY, unfit
from domain.violations import Row, Violation

LONGEST_TERM = 1200
"""Months."""


def product(_: Row | None, after: Row) -> Sequence[Violation]:
    """What is wrong with a product by itself."""
    faults = []
    if not CURRENCY.match(after["currency"]):
        message = "Write the currency as three capital letters of ISO 4217, such as EUR."
        faults.append(Violation(UserErrorCode.INVALID, message, "currency"))
    else:
        faults += unfit(after, ["price"])
    return [*faults, *percent(after, "tax_percent")]


def percent(after: Row, *columns: str) -> list[Violation]:
    """Which of these shares are none: they lie between 0 and 100."""
    message = "Write a share from 0 to 100, in percent."
    return [
        Violation(UserErrorCode.INVALID, message, column)
        for column in columns
        if after[column] is not None and not 0 <= after[column] <= 100
    ]


def contract_kind(_: Row | None, after: Row) -> Sequence[Violation]:
    """What is wrong with a kind of contract: what is delivered once has no term."""
    months = after["months"]
    if months is not None and not 1 <= months <= LONGEST_TERM:
        message = f"Write a term of 1 to {LONGEST_TERM} months."
        return [Violation(UserErrorCode.INVALID, message, "months")]
    if not after["time_based"] and (months is not None or after["renews"]):
        message = "What is delivered once has no term and does not renew: make the kind time-based."
        return [Violation(UserErrorCode.INVALID, message, "time_based")]
    return []

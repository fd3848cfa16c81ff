"""Rules of quotes: what a quote and its lines may hold, and what they add up to."""

from collections.abc import Sequence
from enum import StrEnum

from domain.codes import Problem
from domain.faults import Fault, Row
from domain.products import percent
from domain.sales import CURRENCY


class ItemKind(StrEnum):
    """What a line of a quote is there for."""

    ITEM = "ITEM"
    ROUNDING = "ROUNDING"


def quote(_: Row | None, after: Row) -> Sequence[Fault]:
    """What is wrong with a quote by itself."""
    faults = percent(after, "discount_percent")
    if not CURRENCY.match(after["currency"]):
        message = "Write the currency as three capital letters of ISO 4217, such as EUR."
        faults.append(Fault(Problem.INVALID, message, "currency"))
    begin, end = after["valid_from"], after["valid_until"]
    if begin is not None and end is not None and end < begin:
        message = "The offer cannot end before it begins: correct one of the two days."
        faults.append(Fault(Problem.INVALID, message, "valid_until"))
    return faults


def quote_item(_: Row | None, after: Row) -> Sequence[Fault]:
    """What is wrong with a line by itself."""
    return percent(after, "discount_percent", "tax_percent")

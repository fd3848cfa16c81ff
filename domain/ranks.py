"""Places in an order that people arrange by hand: a number between those of the neighbours, while there is one."""

from datetime import datetime
from decimal import Decimal

LEAST = Decimal("0.0001")
"""What two ranks differ by at least, as they are kept."""
STEP = Decimal(1024)
"""How far apart ranks are when they are given anew."""


def last(now: datetime) -> Decimal:
    """The rank of what comes last: later than everything that came before, without looking at it."""
    return Decimal(repr(now.timestamp())).quantize(LEAST)


def between(low: Decimal | None, high: Decimal | None) -> Decimal | None:
    """A rank between two, each None where nothing stands; None if there is no room."""
    if low is None:
        return Decimal(0) if high is None else high - STEP
    if high is None:
        return low + STEP
    middle = ((low + high) / 2).quantize(LEAST)
    return middle if low < middle < high else None

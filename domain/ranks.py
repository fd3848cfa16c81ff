"""Places in an order that people arrange by hand: keys between those of two neighbors, so that nobody else moves."""

from datetime import UTC, datetime, timedelta
from enum import Enum

from fractional_indexing import generate_key_between

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""In the order of their bytes, and lower case alone: so a key sorts alike whether or not its case is folded."""
HEAD = "l"
"""What the library writes before a whole number of 12 digits: enough for the microseconds of every `datetime`."""
WIDTH = 12
PLACES = 4
"""Digits that tell those apart that come at the same moment: 1,679,616 of them."""
LONGEST = 1_000
"""Characters of a key. One is needed for each five that are put into the same gap, one beside the other."""
BEGINNING = datetime.min.replace(tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


class RankSide(Enum):
    """Of which of two neighbors something stands."""

    BEFORE = "before"
    AFTER = "after"


def last(now: datetime, place: int = 0) -> str:
    """The key of what comes last: later than everything that came before, without looking at it.

    `place` tells those apart that come at the same moment, from 0 to 1,679,615.
    """
    # A fraction never ends with a zero.
    return HEAD + _digits((now - BEGINNING) // MOMENT, WIDTH) + _digits(place, PLACES).rstrip("0")


def _digits(number: int, width: int) -> str:
    found = ""
    for _ in range(width):
        number, digit = divmod(number, len(DIGITS))
        found = DIGITS[digit] + found
    if number:
        raise ValueError(f"A number is too large for {width} digits of a key.")
    return found


def beside(side: RankSide, key: str, following: str | None, now: datetime) -> str | None:
    """A key at one side of `key`, before that of the `following` one in the same direction, if there is one.

    None where it would have more than 1,000 characters. What is put behind all others stays before whatever
    comes later.
    """
    match side:
        case RankSide.BEFORE:
            made = generate_key_between(following, key, digits=DIGITS)
        case RankSide.AFTER:
            made = generate_key_between(key, following, digits=DIGITS)
            if following is None:
                made = max(made, last(now))
    return made if len(made) <= LONGEST else None

"""Rank keys for manual order: a new key between two neighbors, so that no other record changes."""

from datetime import UTC, datetime, timedelta
from enum import Enum

from fractional_indexing import generate_key_between

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Digits in byte order and lower case only, so that keys sort the same with and without case folding."""
PREFIX = "l"
"""Prefix of the library for integers of 12 digits, which is enough for the microseconds of every `datetime`."""
TIME_DIGITS = 12
TIE_DIGITS = 4
"""Digits that distinguish records of the same moment: 1,679,616 per microsecond."""
MAX_RANK_LENGTH = 1_000
"""Maximum characters of a key. Repeated insertion into the same gap needs one more character per five keys."""
EPOCH = datetime.min.replace(tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class RankSide(Enum):
    """Side of a neighbor on which a record is placed."""

    BEFORE = "before"
    AFTER = "after"


def last(now: datetime, place: int = 0) -> str:
    """A key after all keys created earlier, derived from the time, without reading them.

    `place` distinguishes records of the same moment, from 0 to 1,679,615.
    """
    # A fraction never ends with a zero.
    return (
        PREFIX
        + _digits((now - EPOCH) // MICROSECOND, TIME_DIGITS)
        + _digits(place, TIE_DIGITS).rstrip("0")
    )


def _digits(number: int, width: int) -> str:
    found = ""
    for _ in range(width):
        number, digit = divmod(number, len(DIGITS))
        found = DIGITS[digit] + found
    if number:
        raise ValueError(f"A number is too large for {width} digits of a key.")
    return found


def beside(side: RankSide, key: str, following: str | None, now: datetime) -> str | None:
    """A key on one side of `key`, between it and the `following` key in that direction, if there is one.

    None if it would have more than 1,000 characters. A key after all others still sorts before keys that
    `last` creates later.
    """
    match side:
        case RankSide.BEFORE:
            new_key = generate_key_between(following, key, digits=DIGITS)
        case RankSide.AFTER:
            new_key = generate_key_between(key, following, digits=DIGITS)
            if following is None:
                new_key = max(new_key, last(now))
    return new_key if len(new_key) <= MAX_RANK_LENGTH else None

"""Places in an order that people arrange by hand: numbers between those of the neighbours, where few must make room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

LEAST = Decimal("0.0001")
"""What two ranks differ by at least, as they are kept."""
GAP = LEAST * 16
"""How far apart ranks are at least where they are given side by side, so that something fits in between."""
STEP = Decimal(1024)
"""How far apart ranks are where there is room without end."""


class Side(Enum):
    """Of which of two neighbours something stands."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Place:
    """Where something stands: by its rank, and by its id where two have the same."""

    id: UUID
    rank: Decimal


def last(now: datetime, place: int = 0) -> Decimal:
    """The rank of what comes last: later than everything that came before, without looking at it.

    `place` tells those apart that come at the same moment.
    """
    return Decimal(repr(now.timestamp())).quantize(LEAST) + place * GAP


def behind(low: Decimal, now: datetime) -> Decimal:
    """The rank of what is put behind all others, and stays before whatever comes later."""
    return max(last(now), low + GAP)


def arranged(ahead: Sequence[Decimal], high: Decimal, *, is_all: bool) -> list[Decimal] | None:
    """New ranks for what is put between `ahead`, nearest first, and `high`: the newcomer's first.

    The others are for as many of `ahead` as must make room, nearest first, which is none as a rule. None
    if there is no room among those that are known, and there are more of them.
    """
    for moving, low in enumerate(ahead):
        if high - low >= (moving + 2) * (GAP if moving else LEAST):
            share = (high - low) / (moving + 2)
            return [(high - share * n).quantize(LEAST) for n in range(1, moving + 2)]
    return [high - STEP * n for n in range(1, len(ahead) + 2)] if is_all else None

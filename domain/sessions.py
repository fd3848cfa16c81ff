"""What happens to a session when a refresh token is presented."""

from datetime import datetime, timedelta
from enum import Enum, auto

REPEAT_WINDOW = timedelta(seconds=30)
"""Time during which the previous refresh token still returns the current tokens."""


class RefreshOutcome(Enum):
    """What a refresh token does to its session."""

    ROTATE = auto()
    """The token is current: the next tokens are issued."""
    REPEAT = auto()
    """The token was just replaced: the tokens that replaced it are returned again."""
    REUSED = auto()
    """The token was used before, so one of its users may have stolen it: the session ends."""
    UNKNOWN = auto()
    """The token has not been issued yet; nothing happens."""


def refresh_outcome(
    presented: int, current: int, rotated_at: datetime | None, now: datetime
) -> RefreshOutcome:
    """The outcome for a token of generation `presented`.

    `current` was issued at `rotated_at`; None means that this is not known, so nothing is repeated.
    """
    if presented == current:
        return RefreshOutcome.ROTATE
    if presented > current:
        return RefreshOutcome.UNKNOWN
    # Two tabs refresh at once, or an answer is lost. A token before the previous one cannot be such a
    # case: its successor was presented too, so its answer has arrived.
    is_previous = presented == current - 1
    if is_previous and rotated_at is not None and now - rotated_at <= REPEAT_WINDOW:
        return RefreshOutcome.REPEAT
    return RefreshOutcome.REUSED

"""What a refresh token does to its session, by its generation and the time since the last rotation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.sessions import RefreshOutcome, refresh_outcome

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("presented", "current", "seconds", "outcome"),
    [
        pytest.param(1, 1, None, RefreshOutcome.ROTATE, id="first token"),
        pytest.param(7, 7, 0, RefreshOutcome.ROTATE, id="current, just issued"),
        pytest.param(7, 7, 86_400, RefreshOutcome.ROTATE, id="current, issued long ago"),
        pytest.param(6, 7, 0, RefreshOutcome.REPEAT, id="previous, at once"),
        pytest.param(6, 7, 30, RefreshOutcome.REPEAT, id="previous, within the window"),
        pytest.param(6, 7, -2, RefreshOutcome.REPEAT, id="previous, another server's clock is ahead"),
        pytest.param(6, 7, 30.000001, RefreshOutcome.REUSED, id="previous, after the window"),
        pytest.param(6, 7, None, RefreshOutcome.REUSED, id="previous, time of rotation unknown"),
        pytest.param(5, 7, 0, RefreshOutcome.REUSED, id="the one before, within the window"),
        pytest.param(1, 7, 0, RefreshOutcome.REUSED, id="first of many"),
        pytest.param(8, 7, 0, RefreshOutcome.UNKNOWN, id="next, not issued yet"),
    ],
)  # fmt: skip
def test_outcome_of_a_refresh_token(
    presented: int, current: int, seconds: float | None, outcome: RefreshOutcome
) -> None:
    rotated_at = None if seconds is None else NOW - timedelta(seconds=seconds)
    assert refresh_outcome(presented, current, rotated_at, NOW) is outcome

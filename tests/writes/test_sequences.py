"""Random write sequences: the application and a plain Python model agree after every step."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.support.covers import covers
from tests.writes.steps import sequence
from tests.writes.tenant import Tenant

STEPS = 25
DAILY, NIGHTLY = 40, 2_000
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
COVERED = (
    *("D-12", "D-17", "D-32", "D-33", "D-36", "D-37", "D-60", "D-63"),
    *("VN-25", "EP-141", "SMP-12"),
)


@covers(*COVERED)
async def test_sequences(tenant: Tenant) -> None:
    tally: dict[str, int] = {}
    for seed in range(DAILY):
        told: list[str] = []
        try:
            await sequence(tenant, random.Random(seed).randrange, STEPS, tally, told.append)
        except AssertionError as wrong:
            steps = "\n".join(told[-6:])
            raise AssertionError(
                f"sequence {seed}, at the last of these:\n{steps}\n{wrong}"
            ) from wrong
    outcomes = {name.partition(" ")[2] or name for name in tally}
    assert outcomes >= {
        *("done", "NOT_APPLIED", "NOT_FOUND", "FORBIDDEN", "FIELD_FORBIDDEN", "FIELD_READ_ONLY"),
        *("CONFLICT", "INVALID", "TOO_LONG", "DUPLICATE", "IN_USE", "LOCKED"),
        *("INVALID_TRANSITION", "IDEMPOTENCY_MISMATCH", "replayed"),
    }, "every kind of outcome was met"


@covers(*COVERED)
@pytest.mark.nightly
def test_more_sequences(tenant: Tenant, loop: asyncio.AbstractEventLoop) -> None:
    """Many more, and what goes wrong is cut down to the least that does."""

    @settings(
        max_examples=NIGHTLY,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=SLOW,
        print_blob=False,
        report_multiple_bugs=False,
    )
    @given(st.data())
    def hold(data: st.DataObject) -> None:
        def pick(many: int) -> int:
            return data.draw(st.integers(0, many - 1))

        loop.run_until_complete(sequence(tenant, pick, STEPS, {}, note))

    hold()

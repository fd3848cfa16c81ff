"""Rank keys, as cases and as properties of arbitrary moves."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from fractional_indexing import generate_key_between, validate_order_key
from hypothesis import given
from hypothesis import strategies as st

from domain.ranks import DIGITS, MAX_RANK_LENGTH, RankSide, beside, last
from tests.support.covers import covers

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
KEY = re.compile("[a-z][0-9a-z]+")
"""The format that the column's CHECK requires."""
moments = st.datetimes(timezones=st.just(UTC))
places = st.integers(0, 36**4 - 1)


def between(low: str | None, high: str | None) -> str:
    return generate_key_between(low, high, digits=DIGITS)


@covers("X-21")
@given(st.tuples(moments, places), st.tuples(moments, places))
def test_later_key_is_larger(one: tuple[datetime, int], other: tuple[datetime, int]) -> None:
    low, high = sorted((one, other))
    if low == high:
        assert last(*low) == last(*high)
        return
    assert last(*low) < last(*high)
    for key in (last(*low), last(*high)):
        validate_order_key(key, DIGITS)
    made = between(last(*low), last(*high))
    assert last(*low) < made < last(*high)
    assert between(None, last(*low)) < last(*low)
    assert between(last(*high), None) > last(*high)


@covers("X-21")
def test_keys_of_one_moment_are_distinct() -> None:
    keys = [last(NOON, place) for place in range(5_000)]
    assert keys == sorted(set(keys))
    assert keys[-1] < last(NOON + MOMENT)
    with pytest.raises(ValueError, match="too large"):
        last(NOON, 36**4)


@covers("X-21")
def test_key_after_all_others() -> None:
    assert beside(RankSide.AFTER, last(NOON - MOMENT), None, NOON) == last(NOON)
    ahead = beside(RankSide.AFTER, last(NOON + timedelta(days=1)), None, NOON)
    assert ahead == last(NOON + timedelta(days=1) + MOMENT), "although its clock is ahead of ours"


@covers("X-21")
@pytest.mark.parametrize(
    ("side", "gap", "most"),
    [
        pytest.param(RankSide.BEFORE, MOMENT, 250, id="always before the same one"),
        pytest.param(RankSide.AFTER, MOMENT, 250, id="always after the same one"),
        pytest.param(RankSide.BEFORE, None, 13, id="always the first"),
    ],
)
def test_repeated_insertion_into_one_gap_is_bounded(
    side: RankSide, gap: timedelta | None, most: int
) -> None:
    """Each key is inserted between the previous one and a fixed neighbor: keys grow by about a fifth of a character."""
    fixed = last(NOON)
    one = None if gap is None else last(NOON - gap if side is RankSide.BEFORE else NOON + gap)
    for _ in range(1_000):
        if gap is None:
            made = fixed = beside(side, fixed, None, NOON) or ""
        else:
            made = one = beside(side, fixed, one, NOON) or ""
        assert KEY.fullmatch(made)
    assert len(made) <= most


@covers("X-21")
def test_full_gap_has_no_key() -> None:
    low, high = last(NOON), last(NOON + MOMENT)
    made: str | None = high
    rounds = 0
    while made is not None:
        high, made, rounds = made, beside(RankSide.AFTER, low, made, NOON), rounds + 1
    assert len(high) == MAX_RANK_LENGTH
    assert rounds > 4 * MAX_RANK_LENGTH


@covers("X-21")
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), max_size=30),
    st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=60),
)
def test_any_moves_give_the_intended_order(
    first: list[tuple[int, int]], moves: list[tuple[int, bool]]
) -> None:
    """As on the board: equal keys are ordered by id, and skipped when a record is placed next to them."""
    order = sorted((last(NOON + MOMENT * at, place), id) for id, (at, place) in enumerate(first))
    for number, (at, after) in enumerate(moves):
        id = 1000 + number
        if not order:
            order.append((last(NOON), id))
            continue
        key = order[at % len(order)][0]
        side = RankSide.AFTER if after else RankSide.BEFORE
        larger = min((each for each, _ in order if each > key), default=None)
        smaller = max((each for each, _ in order if each < key), default=None)
        made = beside(side, key, larger if after else smaller, NOON)
        assert made is not None
        assert KEY.fullmatch(made)
        low, high = (key, larger) if after else (smaller, key)
        assert (low or "") < made < (high or "~")
        order = sorted([*order, (made, id)])
    keys = [key for key, _ in order]
    assert keys == sorted(keys, key=str.casefold) == sorted(keys, key=str.encode)

"""Rules of places in an order, as tables of cases, and over whatever is drawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ranks import GAP, LEAST, STEP, arranged, behind, last
from tests.support.covers import covers

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
AT = Decimal(1_773_489_600)


def ranks(*given: float) -> list[Decimal]:
    return [Decimal(str(each)) for each in given]


@covers("X-21")
@pytest.mark.parametrize(
    ("ahead", "high", "is_all", "expected"),
    [
        pytest.param([], 10, True, ranks(10 - 1024), id="nothing before it"),
        pytest.param([], 10, False, None, id="nobody knows what is before it"),
        pytest.param([4], 10, True, ranks(7), id="half way"),
        pytest.param([4, 3], 10, False, ranks(7), id="half way, whatever is before that"),
        pytest.param([9.9998], 10, True, ranks(9.9999), id="the last place between two"),
        pytest.param([9.9999, 4], 10, True, ranks(8, 6), id="the next one moves"),
        pytest.param([10, 10, 4], 10, True, ranks(8.5, 7, 5.5), id="equal ones move"),
        pytest.param([10, 10], 10, True, ranks(-1014, -2038, -3062), id="all of them move"),
        pytest.param([10, 10], 10, False, None, id="more than all that are known would"),
        pytest.param([9.9999, 9.9997], 10, False, None, id="side by side is no room"),
    ],
)
def test_room(
    ahead: list[float], high: float, is_all: bool, expected: list[Decimal] | None
) -> None:
    assert arranged(ranks(*ahead), Decimal(high), is_all=is_all) == expected


@covers("X-21")
def test_the_last_place() -> None:
    assert last(NOON) == AT
    assert [last(NOON, place) - AT for place in range(3)] == [0, GAP, 2 * GAP]
    assert behind(AT - 5, NOON) == AT
    assert behind(AT + 5, NOON) == AT + 5 + GAP, "although its clock is ahead of ours"
    assert last(NOON + timedelta(seconds=1)) > last(NOON, 100)
    assert STEP > GAP > LEAST


@covers("X-21")
@given(
    st.lists(st.integers(0, 40), max_size=30),
    st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=60),
)
def test_whatever_is_moved_the_order_is_the_one_that_was_meant(
    first: list[int], moves: list[tuple[int, Any]]
) -> None:
    """As the board does it: equal ranks are told apart by ids, and one is put before another, or last."""
    order = [(LEAST * rank, id) for id, rank in enumerate(first)]
    order.sort()
    for number, (place, at_end) in enumerate(moves):
        id = 1000 + number
        if at_end or not order:
            low = order[-1][0] if order else Decimal()
            order.append((behind(low, NOON), id))
            continue
        place %= len(order)
        ahead = [rank for rank, _ in reversed(order[:place])]
        new = arranged(ahead, order[place][0], is_all=True)
        assert new is not None
        for back, rank in enumerate(new[1:], 1):
            order[place - back] = (rank, order[place - back][1])
        order.insert(place, (new[0], id))
        assert order == sorted(order)
        assert all(rank == rank.quantize(LEAST) for rank, _ in order)

"""Rules of accounts, as tables of cases."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.accounts import head_office, in_country
from domain.codes import Problem
from domain.faults import Row
from tests.support.covers import covers

OLD, MIDDLE, NEW, OTHER = (UUID(int=number) for number in (3, 1, 2, 9))
AGES = {OLD: 1, MIDDLE: 2, NEW: 3}


def address(identity: UUID, *, head: bool = False) -> Row:
    return {"id": identity, "created_at": AGES[identity], "head_office": head}


@pytest.mark.parametrize(
    ("country", "right"),
    [
        *(pytest.param(text, True, id=repr(text)) for text in ("NL", "DE", None)),
        *(
            pytest.param(text, False, id=repr(text))
            for text in ("nl", "NLD", "N", "", "N1", "NL\n", " NL", "ÅÅ", "\uff2e\uff2c")
        ),
    ],
)
def test_country(country: str | None, right: bool) -> None:
    faults = in_country(None, {"country": country})
    assert [(fault.problem, fault.column) for fault in faults] == (
        [] if right else [(Problem.INVALID, "country")]
    )


@covers("D-12")
@pytest.mark.parametrize(
    ("addresses", "wanted", "head"),
    [
        pytest.param([], None, None, id="no address"),
        pytest.param([], OLD, None, id="wanted, but not there"),
        pytest.param([address(NEW)], None, NEW, id="the first"),
        pytest.param([address(NEW), address(OLD)], None, OLD, id="the oldest, in any order"),
        pytest.param([address(NEW, head=True), address(OLD)], None, NEW, id="the one that is"),
        pytest.param([address(OLD, head=True), address(NEW)], NEW, NEW, id="the one wanted"),
        pytest.param([address(OLD), address(NEW, head=True)], OTHER, NEW, id="of another account"),
        pytest.param([address(MIDDLE), address(NEW)], None, MIDDLE, id="the holder is gone"),
        pytest.param(
            [address(NEW, head=True), address(MIDDLE, head=True)], None, MIDDLE, id="never two"
        ),
    ],
)
def test_head_office(addresses: list[Row], wanted: UUID | None, head: UUID | None) -> None:
    assert head_office(addresses, wanted) == head
    assert head_office(reversed(addresses), wanted) == head


@covers("D-12")
def test_of_the_same_age_the_id_decides() -> None:
    same = [{**address(each), "created_at": 5} for each in (OLD, MIDDLE, NEW)]
    assert head_office(same) == min(OLD, MIDDLE, NEW)

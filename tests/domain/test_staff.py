"""The employee hierarchy."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.staff import below, reports, shared_upwards
from tests.support.covers import covers

BOSS, POST, REP, PEER, CLERK = (UUID(int=number) for number in range(1, 6))
TREE: dict[UUID, UUID | None] = {BOSS: None, POST: BOSS, REP: POST, PEER: BOSS, CLERK: REP}


@covers("D-09", "EP-343")
@pytest.mark.parametrize(
    ("employee", "tree", "found"),
    [
        pytest.param(
            BOSS, TREE, {BOSS, POST, REP, PEER, CLERK}, id="all levels, through a vacant position"
        ),
        pytest.param(POST, TREE, {POST, REP, CLERK}, id="a branch"),
        pytest.param(CLERK, TREE, {CLERK}, id="a leaf"),
        pytest.param(REP, {REP: CLERK, CLERK: REP}, {REP, CLERK}, id="a cycle ends"),
        pytest.param(REP, {REP: REP}, {REP}, id="their own manager"),
        pytest.param(REP, {}, {REP}, id="not in the tree"),
        pytest.param(BOSS, {REP: POST}, {BOSS}, id="a deleted manager leads nowhere"),
    ],
)
def test_below(employee: UUID, tree: dict[UUID, UUID | None], found: set[UUID]) -> None:
    assert below(employee, reports(tree)) == found


@covers("D-09", "EP-342")
@pytest.mark.parametrize(
    ("opened", "shared"),
    [
        pytest.param({}, {BOSS, POST, REP, PEER, CLERK}, id="employees without users are included"),
        pytest.param(
            {REP: {"Deal"}, PEER: set()}, {BOSS, POST, REP, CLERK}, id="no right, not shared"
        ),
        pytest.param({REP: set()}, {BOSS, POST, PEER, CLERK}, id="those below them still are"),
        pytest.param(
            {BOSS: set()}, {BOSS, POST, REP, PEER, CLERK}, id="own records are always visible"
        ),
    ],
)
def test_managers_see_what_the_roles_below_grant(
    opened: dict[UUID, set[str]], shared: set[UUID]
) -> None:
    rights = {employee: frozenset(names) for employee, names in opened.items()}
    assert set(shared_upwards(BOSS, below(BOSS, reports(TREE)), rights, "Deal")) == shared


@covers("D-09", "EP-342")
def test_full_profile_below_shares_everything() -> None:
    rights = {REP: None, PEER: frozenset[str]()}
    shared = shared_upwards(BOSS, below(BOSS, reports(TREE)), rights, "Deal")
    assert set(shared) == {BOSS, POST, REP, CLERK}

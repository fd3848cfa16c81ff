"""Cycle detection in hierarchies."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.tree import closes_cycle
from tests.support.covers import covers

A, B, C, D, OUT = (UUID(int=number) for number in range(1, 6))
CHAIN: dict[UUID, UUID | None] = {A: None, B: A, C: B, D: None}
RING: dict[UUID, UUID | None] = {A: B, B: C, C: A, D: A}


@covers("SMP-12", "D-09")
@pytest.mark.parametrize(
    ("child", "parent", "tree", "closes"),
    [
        pytest.param(A, A, CHAIN, True, id="itself"),
        pytest.param(A, B, CHAIN, True, id="its child"),
        pytest.param(A, C, CHAIN, True, id="a grandchild"),
        pytest.param(B, C, CHAIN, True, id="in the middle"),
        pytest.param(C, A, CHAIN, False, id="a grandparent"),
        pytest.param(C, B, CHAIN, False, id="where it is"),
        pytest.param(A, D, CHAIN, False, id="another tree"),
        pytest.param(D, C, CHAIN, False, id="at the end"),
        pytest.param(D, OUT, CHAIN, False, id="a parent that is not known"),
        pytest.param(OUT, OUT, CHAIN, True, id="itself, unknown"),
        pytest.param(D, A, RING, False, id="below an existing cycle"),
        pytest.param(A, C, RING, True, id="within a cycle"),
    ],
)
def test_closes_cycle(
    child: UUID, parent: UUID, tree: dict[UUID, UUID | None], closes: bool
) -> None:
    assert closes_cycle(child, parent, tree) is closes

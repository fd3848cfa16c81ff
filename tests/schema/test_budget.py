"""The budget of a tenant per minute: reported, separate per tenant, refused when used up."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.codes import Code, Refused
from schema.engine.budget import Budget
from tests.support.covers import covers
from tests.support.world import World

ONE, OTHER = UUID(int=1), UUID(int=2)


@covers("D-39")
def test_budget_is_spent_and_renewed_each_minute() -> None:
    clock = [120.0]
    budget = Budget(lambda: clock[0], per_minute=100)
    assert budget.spend(ONE, 60) == 40
    with pytest.raises(Refused, match="objects per minute") as refused:
        budget.spend(ONE, 41)
    assert refused.value.code is Code.RATE_LIMITED
    assert refused.value.extensions["retryAfter"] == 61
    assert budget.spend(OTHER, 100) == 0, "each tenant has its own budget"
    assert budget.spend(ONE, 40) == 0, "what was refused was not spent"
    clock[0] = 180.0
    assert budget.spend(ONE, 1) == 99


@covers("D-39", "D-57")
async def test_computed_fields_are_charged(world: World) -> None:
    """A million values computed in Python would block other requests, though they are few objects."""
    spent = {}
    for field in ("name", "initials"):
        query = f"{{ employees(first: 10) {{ nodes {{ {field} email }} }} }}"
        await world.ask("rep1", query)  # compiling is charged once
        costs = [(await world.ask("rep1", query)).json["extensions"]["cost"] for _ in range(2)]
        assert costs[0]["fields"] == 20
        spent[field] = costs[0]["remaining"] - costs[1]["remaining"]
    assert spent["initials"] == spent["name"] + 20

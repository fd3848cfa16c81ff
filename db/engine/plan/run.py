"""Runs plans: one statement, whose columns are the roots' texts as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from db.engine.gate import Compiled
from db.engine.plan.planner import Plan
from db.engine.transaction import Driver, Placement


async def run(
    connection: Driver, placement: Placement, plan: Plan, values: Sequence[object]
) -> Mapping[str, bytes]:
    """The text of each root field that the database answers, by its key."""
    if plan.compiled is None:
        return {}
    row = await connection.fetchrow(tagged(placement, plan.compiled), *values)
    return dict(zip(plan.columns, row or (), strict=True))


async def explain(
    connection: Driver, placement: Placement, plan: Plan, values: Sequence[object]
) -> list[str]:
    """What Postgres would do for a plan, line by line; nothing is read."""
    if plan.compiled is None:
        return []
    rows = await connection.fetch("EXPLAIN " + tagged(placement, plan.compiled), *values)
    return [row[0] for row in rows]


def tagged(placement: Placement, compiled: Compiled) -> str:
    """The statement with its tenant in front: each tenant has a plan of its own, which the path needs."""
    return f"/*{placement.schema}*/ {compiled.sql}"

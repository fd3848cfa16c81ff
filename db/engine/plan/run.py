"""Runs plans: one statement with one column per root field, the JSON text as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from db.engine.gate import Compiled
from db.engine.plan.planner import Plan
from db.engine.transaction import Driver, Placement


async def run(
    connection: Driver, placement: Placement, plan: Plan, values: Sequence[object]
) -> Mapping[str, bytes]:
    """The JSON text of each root field in the statement, by response key."""
    if plan.compiled is None:
        return {}
    row = await connection.fetchrow(tagged(placement, plan.compiled), *values)
    return dict(zip(plan.columns, row or (), strict=True))


async def explain(
    connection: Driver, placement: Placement, plan: Plan, values: Sequence[object]
) -> list[str]:
    """The output of EXPLAIN for a plan; the statement is not executed."""
    if plan.compiled is None:
        return []
    rows = await connection.fetch("EXPLAIN " + tagged(placement, plan.compiled), *values)
    return [row[0] for row in rows]


def tagged(placement: Placement, compiled: Compiled) -> str:
    """The statement with a comment naming the tenant's schema, so that cached plans are per tenant: `search_path` differs."""
    return f"/*{placement.schema}*/ {compiled.sql}"

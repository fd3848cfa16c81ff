"""The pipelines of a tenant, read to decide by: which stages a type of opportunity activates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from db.engine.write.tagged import Tagged
from domain.sales import Step
from domain.setup import StageKind

ACTIVE = (
    "SELECT p.type_id, p.stage_id, s.kind, p.position, p.probability "
    "FROM pipeline_stage p JOIN stage s ON s.id = p.stage_id "
    "WHERE p.type_id = ANY($1) AND p.deleted_at IS NULL AND s.deleted_at IS NULL"
)


async def pipelines(connection: Tagged, types: Iterable[UUID]) -> dict[UUID, dict[UUID, Step]]:
    """For each type the stages it activates, by their ids."""
    found: dict[UUID, dict[UUID, Step]] = defaultdict(dict)
    for row in await connection.fetch(ACTIVE, sorted(set(types))):
        kind = StageKind(row["kind"])
        step = Step(row["stage_id"], kind, row["position"], row["probability"])
        found[row["type_id"]][step.stage] = step
    return found

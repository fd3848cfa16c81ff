"""The pipelines of a tenant, read to decide by: which stages a type of opportunity activates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from db.engine.write.tagged import Tagged
from domain.sales import Step
from domain.setup import StageKind

ACTIVE = (
    "SELECT p.type_id, p.stage_id, s.kind, p.position, p.probability "
    "FROM pipeline_stage p JOIN stage s ON s.id = p.stage_id "
    "WHERE p.type_id = ANY($1) AND p.deleted_at IS NULL AND s.deleted_at IS NULL"
)


NEIGHBOURS = {
    "before": "(rank, id) < ($2, $3) ORDER BY rank DESC, id DESC LIMIT 1",
    "after": "(rank, id) > ($2, $3) ORDER BY rank, id LIMIT $4",
}
IN_USE = (
    "SELECT DISTINCT p.id FROM pipeline_stage p JOIN opportunity o "
    "ON o.type_id = p.type_id AND o.stage_id = p.stage_id AND o.deleted_at IS NULL "
    "WHERE p.id = ANY($1)"
)


async def standing_before(
    connection: Tagged, stage: UUID, rank: Decimal, id: UUID
) -> Decimal | None:
    """The rank of the opportunity that stands before a place in a stage."""
    text = f"SELECT rank FROM opportunity WHERE stage_id = $1 AND deleted_at IS NULL AND {NEIGHBOURS['before']}"  # noqa: S608 - our own words
    rows = await connection.fetch(text, stage, rank, id)
    return rows[0]["rank"] if rows else None


async def standing_after(
    connection: Tagged, stage: UUID, rank: Decimal, id: UUID, most: int
) -> list[tuple[UUID, Decimal]]:
    """The opportunities that stand after a place in a stage, in their order, with their ranks."""
    text = f"SELECT id, rank FROM opportunity WHERE stage_id = $1 AND deleted_at IS NULL AND {NEIGHBOURS['after']}"  # noqa: S608 - our own words
    return [(row["id"], row["rank"]) for row in await connection.fetch(text, stage, rank, id, most)]


async def used_stages(connection: Tagged, pipeline_stages: Iterable[UUID]) -> set[UUID]:
    """Those stages of types in which opportunities of the type are."""
    return {row["id"] for row in await connection.fetch(IN_USE, sorted(set(pipeline_stages)))}


async def pipelines(connection: Tagged, types: Iterable[UUID]) -> dict[UUID, dict[UUID, Step]]:
    """For each type the stages it activates, by their ids."""
    found: dict[UUID, dict[UUID, Step]] = defaultdict(dict)
    for row in await connection.fetch(ACTIVE, sorted(set(types))):
        kind = StageKind(row["kind"])
        step = Step(row["stage_id"], kind, row["position"], row["probability"])
        found[row["type_id"]][step.stage] = step
    return found

"""The pipelines of a tenant, read to decide by: which stages a type of opportunity activates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from db.engine.write.connection import TenantConnection
from domain.ranks import Place, Side
from domain.sales import Step
from domain.setup import StageKind

ACTIVE = (
    "SELECT p.type_id, p.stage_id, s.kind, p.position, p.probability, s.needs_quote "
    "FROM pipeline_stage p JOIN stage s ON s.id = p.stage_id "
    "WHERE p.type_id = ANY($1) AND p.deleted_at IS NULL AND s.deleted_at IS NULL"
)

BESIDE = {
    Side.BEFORE: "(rank, id) < ($2, $3) ORDER BY rank DESC, id DESC",
    Side.AFTER: "(rank, id) > ($2, $3) ORDER BY rank, id",
}
IN_USE = (
    "SELECT DISTINCT p.id FROM pipeline_stage p JOIN opportunity o "
    "ON o.type_id = p.type_id AND o.stage_id = p.stage_id AND o.deleted_at IS NULL "
    "WHERE p.id = ANY($1)"
)


async def standing(
    connection: TenantConnection, stage: UUID, side: Side, place: Place, most: int
) -> list[Place]:
    """The opportunities of a stage that stand on one side of a place, the nearest first."""
    text = (
        "SELECT id, rank FROM opportunity "  # noqa: S608 - our own words
        f"WHERE stage_id = $1 AND deleted_at IS NULL AND {BESIDE[side]} LIMIT $4"
    )
    rows = await connection.fetch(text, stage, place.rank, place.id, most)
    return [Place(row["id"], row["rank"]) for row in rows]


async def used_stages(connection: TenantConnection, pipeline_stages: Iterable[UUID]) -> set[UUID]:
    """Those stages of types in which opportunities of the type are."""
    return {row["id"] for row in await connection.fetch(IN_USE, sorted(set(pipeline_stages)))}


async def pipelines(
    connection: TenantConnection, types: Iterable[UUID]
) -> dict[UUID, dict[UUID, Step]]:
    """For each type the stages it activates, by their ids."""
    found: dict[UUID, dict[UUID, Step]] = defaultdict(dict)
    for row in await connection.fetch(ACTIVE, sorted(set(types))):
        kind = StageKind(row["kind"])
        numbers = (row["position"], row["probability"])
        step = Step(row["stage_id"], kind, *numbers, needs_quote=row["needs_quote"])
        found[row["type_id"]][step.stage] = step
    return found

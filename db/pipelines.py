"""Trusted reads of pipelines: the stages of opportunity types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from uuid import UUID

from sqlalchemy import Uuid, select

from db.engine.gate import Compiled
from db.engine.hidden import Hidden
from db.engine.sql import one_of
from db.engine.write.connection import TenantConnection
from db.engine.write.statements import fetch, trusted
from db.sales import Opportunity
from db.setup import PipelineStage, Stage
from domain.sales import PipelineStep
from domain.setup import StageKind

IDS = "ids"


@cache
def _used() -> Compiled:
    step, opportunity = PipelineStage.__table__, Opportunity.__table__
    is_in_step = (
        (opportunity.c.type_id == step.c.type_id)
        & (opportunity.c.stage_id == step.c.stage_id)
        & opportunity.c.deleted_at.is_(None)
    )
    statement = select(step.c.id).distinct().select_from(step.join(opportunity, is_in_step))
    return trusted(statement.where(one_of(step.c.id, IDS, Uuid())))


async def used_stages(connection: TenantConnection, pipeline_stages: Iterable[UUID]) -> set[UUID]:
    """The ids of those pipeline stages that contain opportunities."""
    ids = sorted(set(pipeline_stages))
    rows = await fetch(connection, _used(), ids=ids) if ids else []
    return {row["id"] for row in rows}


@cache
def _active() -> Compiled:
    step, stage = PipelineStage.__table__, Stage.__table__
    statement = select(
        step.c.type_id,
        step.c.stage_id,
        stage.c.kind,
        step.c.position,
        step.c.probability,
        stage.c.needs_quote,
    )
    live = (step.c.deleted_at.is_(None), stage.c.deleted_at.is_(None))
    joined = step.join(stage, stage.c.id == step.c.stage_id)
    return trusted(statement.select_from(joined).where(one_of(step.c.type_id, IDS, Uuid()), *live))


async def pipelines(
    connection: TenantConnection, types: Iterable[UUID]
) -> dict[UUID, Hidden[dict[UUID, PipelineStep]]]:
    """The pipeline of each type, by stage id; empty for unknown types."""
    ids = sorted(set(types))
    steps: dict[UUID, dict[UUID, PipelineStep]] = defaultdict(dict)
    for row in await fetch(connection, _active(), ids=ids) if ids else []:
        kind = StageKind(row["kind"])
        numbers = (row["position"], row["probability"])
        step = PipelineStep(row["stage_id"], kind, *numbers, needs_quote=row["needs_quote"])
        steps[row["type_id"]][step.stage] = step
    return {type_: Hidden(steps[type_]) for type_ in ids}

"""Names of other records in errors, as far as the caller may see them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.hidden import Revealed
from resolvers.engine.changeset import NamedRecord
from resolvers.engine.context import Context

NAMES = ("name", "number")
"""The fields that name a record, the best one first."""


async def visible_records(
    ctx: Context, entity: Entity, ids: Iterable[UUID | None]
) -> dict[UUID, NamedRecord]:
    """Those of the records that the caller sees now."""
    return {
        id: NamedRecord(f"{entity.prefix}_{id.hex}", _name_of(entity, row))
        for id, row in (await _revealed(ctx, entity, ids)).items()
    }


async def visible_targets(
    ctx: Context, entity: Entity, reference: str, ids: Iterable[UUID | None]
) -> dict[UUID, NamedRecord]:
    """The targets of a reference of records, as far as the caller sees the record, its reference and the target."""
    column = getattr(entity.type_, entity.references[reference].column)
    rows = await _revealed(ctx, entity, ids)
    target_ids = {id: row.get(column) for id, row in rows.items()}
    targets = await visible_records(ctx, entity.targets[reference], target_ids.values())
    return {id: targets[target] for id, target in target_ids.items() if target in targets}


async def _revealed(
    ctx: Context, entity: Entity, ids: Iterable[UUID | None]
) -> dict[UUID, Revealed[Record]]:
    visible = await ctx.unit.visible(entity, {id for id in ids if id is not None})
    rows = await ctx.trusted(entity.type_).by_id(visible)
    return {id: row.reveal(ctx.viewer) for id, row in rows.items()}


def _name_of(entity: Entity, row: Revealed[Record]) -> str | None:
    columns = (
        getattr(entity.type_, entity.fields[name].column) for name in NAMES if name in entity.fields
    )
    return next((str(name) for each in columns if (name := row.get(each)) is not None), None)

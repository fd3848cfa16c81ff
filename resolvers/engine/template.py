"""Values that a duplicate copies from a record: only those that the caller may write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.fields import Reference
from db.engine.gate import FieldAccess
from domain.setup import AttributeKind
from resolvers.engine.context import Context
from resolvers.engine.values import ATTRIBUTES


def copied_params(
    viewer: Viewer, entity: Entity, row: Record, without: frozenset[str]
) -> dict[str, object]:
    """A visible record's values as parameters: the fields that the caller may read and write, without those in `but`."""
    params: dict[str, object] = {}
    for name, member in entity.written.items():
        value = getattr(row, member.column)
        is_open = viewer.right(entity.name, name) is FieldAccess.READABLE
        if value is None or name in without:
            continue
        if not is_open or not viewer.may_write(entity.name, name):
            continue
        if isinstance(member, Reference):
            params[name] = f"{entity.targets[name].prefix}_{value.hex}"
        else:
            params[name] = value
    if entity.attributes is not None:
        params[ATTRIBUTES] = _attributes(viewer, entity, getattr(row, entity.attributes))
    return params


def _attributes(
    viewer: Viewer, entity: Entity, values: Mapping[str, object]
) -> list[dict[str, object]]:
    attributes = []
    for each in viewer.attributes(entity.name):
        if each.id not in values or not viewer.may_write(entity.name, each.id):
            continue
        value = values[each.id]
        if each.kind is AttributeKind.NUMBER:
            value = Decimal(str(value))
        attributes.append({"key": each.key, each.kind.value.lower(): value})
    return attributes


async def visible_references(
    ctx: Context, entity: Entity, rows: Iterable[Record]
) -> dict[UUID, set[str]]:
    """Lock the visible targets of these rows' references, and return the names of those references by row id."""
    all_rows = list(rows)
    relations = entity.references.items()
    ids_by_target: dict[Entity, set[UUID]] = {entity.targets[name]: set() for name, _ in relations}
    for name, relation in relations:
        ids = (getattr(row, relation.column) for row in all_rows)
        ids_by_target[entity.targets[name]] |= {id for id in ids if id is not None}
    visible = await ctx.unit.lock_referenced(ids_by_target)
    return {
        row.id: {
            name
            for name, relation in relations
            if getattr(row, relation.column) in visible[entity.targets[name]]
        }
        for row in all_rows
    }

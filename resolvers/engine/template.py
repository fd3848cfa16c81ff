"""What a copy takes over from a record: only what the caller could have written themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.fields import Reference
from db.engine.gate import Right
from domain.setup import AttributeKind
from resolvers.engine.context import Context
from resolvers.engine.values import ATTRIBUTES


def params_like(
    viewer: Viewer, entity: Entity, row: Record, but: frozenset[str]
) -> dict[str, object]:
    """A visible record's values as parameters, `but` some fields, of those that the caller may read and write."""
    params: dict[str, object] = {}
    for name, what in entity.written.items():
        value = getattr(row, what.column)
        may = viewer.right(entity.name, name) is Right.OPEN and viewer.may_write(entity.name, name)
        if value is None or name in but or not may:
            continue
        if isinstance(what, Reference):
            params[name] = f"{entity.targets[name].prefix}_{value.hex}"
        else:
            params[name] = value
    if entity.attributes is not None:
        params[ATTRIBUTES] = _attributes(viewer, entity, getattr(row, entity.attributes))
    return params


def _attributes(
    viewer: Viewer, entity: Entity, held: Mapping[str, object]
) -> list[dict[str, object]]:
    found = []
    for each in viewer.attributes(entity.name):
        if each.id not in held or not viewer.may_write(entity.name, each.id):
            continue
        value = held[each.id]
        if each.kind is AttributeKind.NUMBER:
            value = Decimal(str(value))
        found.append({"key": each.key, each.kind.value.lower(): value})
    return found


async def visible_references(
    ctx: Context, entity: Entity, rows: Iterable[Record]
) -> dict[UUID, set[str]]:
    """Of each of these, by its id, the references that lead to records the caller sees, locked to be referred to."""
    found = list(rows)
    relations = entity.references.items()
    wanted: dict[Entity, set[UUID]] = {entity.targets[name]: set() for name, _ in relations}
    for name, relation in relations:
        ids = (getattr(row, relation.column) for row in found)
        wanted[entity.targets[name]] |= {id for id in ids if id is not None}
    visible = await ctx.unit.lock_referenced(wanted)
    return {
        row.id: {
            name
            for name, relation in relations
            if getattr(row, relation.column) in visible[entity.targets[name]]
        }
        for row in found
    }

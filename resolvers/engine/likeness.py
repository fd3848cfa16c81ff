"""What a copy takes over from a record: no more than who makes it could write himself."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.fields import Reference
from db.engine.gate import Right
from db.engine.model import Entity
from db.engine.write.row_json import Row
from db.engine.write.unit_of_work import UnitOfWork
from domain.setup import AttributeKind
from resolvers.engine.values import ATTRIBUTES


def like(viewer: Viewer, entity: Entity, row: Row, but: frozenset[str]) -> dict[str, Any]:
    """A record's values as a caller would give them, `but` some, of those fields that he may read and write."""
    given: dict[str, Any] = {}
    for name, what in entity.written.items():
        value = row[what.column]
        is_his = viewer.right(entity.name, name) is Right.OPEN and viewer.may_write(
            entity.name, name
        )
        if value is None or name in but or not is_his:
            continue
        if isinstance(what, Reference):
            given[name] = f"{entity.targets[name].prefix}_{value.hex}"
        else:
            given[name] = value
    if entity.attributes is not None:
        given[ATTRIBUTES] = _attributes(viewer, entity, row[entity.attributes])
    return given


def _attributes(viewer: Viewer, entity: Entity, held: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for each in viewer.attributes(entity.name):
        if each.id not in held or not viewer.may_write(entity.name, each.id):
            continue
        value = held[each.id]
        if each.kind is AttributeKind.NUMBER:
            value = Decimal(str(value))
        found.append({"key": each.key, each.kind.value.lower(): value})
    return found


async def reached(unit: UnitOfWork, entity: Entity, rows: Iterable[Row]) -> dict[UUID, set[str]]:
    """Of each of these, by its id, the references that lead to records the caller sees, locked to be linked to."""
    held = list(rows)
    ways = entity.references.items()
    wanted: dict[Entity, set[UUID]] = {entity.targets[name]: set() for name, _ in ways}
    for name, way in ways:
        wanted[entity.targets[name]] |= {row[way.column] for row in held if row[way.column]}
    seen = await unit.linked(wanted)
    return {
        row["id"]: {name for name, way in ways if row[way.column] in seen[entity.targets[name]]}
        for row in held
    }

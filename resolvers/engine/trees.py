"""Hierarchies of records. Moves are serialized by a lock, so that concurrent moves cannot close a cycle."""

from __future__ import annotations

from uuid import UUID

from db.engine.row import ColumnOf
from db.engine.write import statements
from domain.codes import UserErrorCode
from domain.message import Message
from domain.tree import closes_cycle
from domain.violations import Violation
from resolvers.engine.changeset import AnyChangeset
from resolvers.engine.context import Context


async def refuse_cycles(
    ctx: Context, items: list[AnyChangeset], column: ColumnOf[UUID | None], message: Message
) -> None:
    """Add an error to every record that would become its own ancestor by a self-referencing column."""
    key = column.key
    moved = [each for each in items if each.before is not None and each.differs(column)]
    attached = [each for each in moved if getattr(each.record, key) is not None]
    if not attached:
        return
    entity = attached[0].entity
    await statements.advisory_lock(ctx.unit.connection, f"{entity.name}.{key}")
    ids = {getattr(each.record, key) for each in attached} | {each.record.id for each in items}
    parents = await statements.ancestors(ctx.unit.connection, entity, key, ids)
    for each in moved:
        # In order: of two changes that close a cycle together, only the second fails.
        parent = getattr(each.record, key)
        if parent is not None and closes_cycle(each.record.id, parent, parents):
            each.violation(Violation(UserErrorCode.CYCLE, message, key))
        else:
            parents[each.record.id] = parent

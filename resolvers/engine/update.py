"""Updates records: locks them, checks rights and versions, sets parameters, and runs the command's handler and hooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.base import Record, Standard
from db.engine.entity import Entity
from db.engine.write.locking import Lock
from db.engine.write.row_json import changed_columns
from domain.access import WriteScope
from domain.codes import Code, UserErrorCode
from domain.message import Message
from resolvers.engine.changeset import AnyChangeset, without_failed
from resolvers.engine.conflicts import check_versions
from resolvers.engine.context import Context
from resolvers.engine.create import check_record, check_references, check_unique
from resolvers.engine.hooks import run_before_save
from resolvers.engine.permissions import NOT_EDITABLE, cannot_change, check_fields
from resolvers.engine.values import NO_ID, set_params

Scope = Callable[[str], "WriteScope | None"]
"""Function from an entity to the rows that the caller may change or delete."""
IN_TRASH = Message("The record is in the trash. Restore it first, or check the ID.")
TWICE = Message("The list contains this record more than once. Combine the changes in one input.")


async def update(
    ctx: Context,
    items: list[AnyChangeset],
    handler: Callable[[Context, list[Any]], Awaitable[None]] | None = None,
) -> None:
    """Prepare updates of records given by id; a command's `handler` runs before the hooks.

    A changeset that is refused is not checked further. One with errors is, so that all errors are returned together;
    neither is written.
    """
    for item in items:
        name = item.entity.name
        if ctx.viewer.may_see(name) and ctx.viewer.edits(name) is None:
            item.refuse(Code.FORBIDDEN, cannot_change(item))
        else:
            check_fields(item, ctx.viewer)
    valid = without_failed(items)
    await lock(ctx, valid, Lock.UPDATE, ctx.viewer.edits)
    for item in valid:
        # Rights on values are checked before any error that depends on values, such as a conflict.
        if item.before is not None and ctx.viewer.rights[item.entity.name].status_rules:
            check_fields(item, ctx.viewer, item.before)
    valid = without_failed(valid)
    for item in valid:
        item.copy_before()
        set_params(item, ctx.viewer)
    await check_versions(ctx, valid)
    valid = [each for each in valid if not each.is_refused]
    await check_references(ctx, valid)
    if handler is not None and (valid_items := without_failed(valid)):
        await handler(ctx, valid_items)
    await run_before_save(ctx, valid)
    for item in valid:
        check_record(ctx, item)
    await check_unique(ctx, valid)


async def lock(ctx: Context, items: Sequence[AnyChangeset], mode: Lock, scope: Scope) -> None:
    """Lock the records, and refuse those that are not visible or that the caller may not change."""
    if not items:
        return
    entity = items[0].entity
    report_duplicates(items)
    ids = {each.id or NO_ID for each in items}
    parents = await _lock_parents_of(ctx, entity, ids)
    locked = await ctx.unit.lock_visible(entity, ids, mode)
    restorable = await _restorable(ctx, entity, ids - set(locked))
    for item in items:
        id = item.id or NO_ID
        if id in restorable:
            item.refuse(Code.NOT_FOUND, IN_TRASH, "id")
        else:
            attach_locked_row(ctx.viewer, scope, item, locked.get(id), parents)


async def _restorable(ctx: Context, entity: Entity, ids: set[UUID]) -> set[UUID]:
    """Those of these ids whose records are in the trash, from where the caller may restore them."""
    ids = ids - {NO_ID}
    if not ids or entity.parents or Standard.RESTORE not in entity.type_.__commands__:
        return set()
    rows = await ctx.unit.lock_visible(entity, ids, Lock.NONE, trashed=True)
    scope = ctx.viewer.deletes(entity.name)
    return {id for id, row in rows.items() if ctx.viewer.is_within(scope, entity, row)}


def attach_locked_row(
    viewer: Viewer,
    scope: Scope,
    item: AnyChangeset,
    row: Record | None,
    parents: Mapping[UUID, Record],
) -> None:
    """Set the existing row, and refuse it if the caller may not change it. The rights on a child are those on its parent."""
    entity = item.entity
    if row is None:
        item.missing("id")
        return
    item.set_before(row)
    relation = entity.parent_of(row)
    item.parent = parents.get(getattr(row, relation.column)) if relation else None
    owned = (entity, row)
    if relation is not None and entity.owner is None and item.parent is not None:
        owned = (entity.targets[relation.name], item.parent)
    if not viewer.is_within(scope(entity.name), *owned):
        item.refuse(Code.FORBIDDEN, NOT_EDITABLE, "id")


async def _lock_parents_of(ctx: Context, entity: Entity, ids: set[UUID]) -> dict[UUID, Record]:
    """Lock the parents of these records before the records, as every transaction does."""
    if not entity.parents:
        return {}
    children = await ctx.unit.lock_visible(entity, ids, Lock.NONE)
    return await lock_parents(ctx, entity, children.values())


async def lock_parents(ctx: Context, entity: Entity, rows: Iterable[Record]) -> dict[UUID, Record]:
    """Lock the visible parents of these rows, in the order of entity names."""
    ids_by_parent: dict[Entity, set[UUID]] = {}
    for row in rows:
        for relation, parent_entity in zip(entity.parents, entity.parent_types, strict=True):
            if (id := getattr(row, relation.column)) is not None:
                ids_by_parent.setdefault(parent_entity, set()).add(id)
    parents: dict[UUID, Record] = {}
    for parent_entity in sorted(ids_by_parent, key=lambda each: each.name):
        parents |= await ctx.unit.lock_visible(
            parent_entity, ids_by_parent[parent_entity], Lock.UPDATE
        )
    return parents


def report_duplicates(items: Sequence[AnyChangeset]) -> None:
    """Add an error to inputs with the same record, because the result would depend on their order."""
    counts = Counter(each.id for each in items)
    for each in items:
        if counts[each.id] > 1 and each.id not in (None, NO_ID):
            each.error(UserErrorCode.INVALID, TWICE, "id")


def is_changed(item: AnyChangeset) -> bool:
    """Whether any column changes."""
    return bool(changed_columns(item.entity, item.existing, item.record))

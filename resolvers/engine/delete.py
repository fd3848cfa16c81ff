"""Moves records and their children to the trash, and restores those that were deleted together (D-15)."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.fields import Reference
from db.engine.row import with_values
from db.engine.write import statements
from db.engine.write.locking import Lock
from domain.codes import Code, UserErrorCode
from domain.message import Message
from resolvers.engine.changeset import AnyChangeset, RelatedChange, without_failed
from resolvers.engine.conflicts import refuse_other_versions
from resolvers.engine.context import Context
from resolvers.engine.create import check_unique
from resolvers.engine.hooks import run_after_change, run_before_save
from resolvers.engine.permissions import cannot_change
from resolvers.engine.replace import REPLACE_WITH, replace
from resolvers.engine.update import (
    attach_locked_row,
    lock,
    lock_parents,
    report_duplicates,
)
from resolvers.engine.values import NO_ID

IN_USE = Message("Other records refer to this one. Change or delete them first.")
IN_USE_REPLACE = Message(
    "Other records refer to this one. Name a replacement in `replaceWith`, or change them first."
)
PARENT_DELETED = Message(
    "A record that this one belongs to is in the trash. Restore that record first."
)


async def delete(ctx: Context, items: list[AnyChangeset]) -> None:
    """Prepare deletions of records that no other record refers to."""
    _check_right(ctx.viewer, items)
    valid = without_failed(items)
    await lock(ctx, valid, Lock.DELETE, ctx.viewer.deletes)
    valid = without_failed(valid)
    if not valid:
        return
    await refuse_other_versions(ctx, valid)
    entity = valid[0].entity
    await replace(ctx, valid)
    for item in valid:
        item.set_after(with_values(item.existing, {"deleted_at": ctx.now}))
    await run_before_save(ctx, valid)
    # After the hooks, which check rights: an unauthorized caller must not learn what refers to the record.
    await _check_references(ctx, entity, valid)
    ids = [_id(each) for each in without_failed(valid)]
    children = await statements.children(ctx.unit.connection, ctx.unit.model, entity, ids)
    changesets = {_id(each): each for each in valid}
    for kind, row in children:
        item = changesets[row.id] = _changeset_of_parent(kind, row, changesets)
        if row.deleted_at is None:
            _set_deleted_at(item, kind, row, ctx.now)
    await run_after_change(ctx, valid)


def _set_deleted_at(item: AnyChangeset, entity: Entity, row: Record, at: object) -> None:
    after = with_values(row, {"deleted_at": at})
    item.after_ops.append(RelatedChange(entity.type_, row, after))


async def _check_references(ctx: Context, entity: Entity, items: list[AnyChangeset]) -> None:
    """Add errors to records that are referred to. Records that stay may refer to others of the list, so repeat."""
    changed = True
    while changed:
        ids = [_id(each) for each in without_failed(items)]
        connection, model = ctx.unit.connection, ctx.unit.model
        referenced = await statements.referenced(connection, model, entity, ids) if ids else set()
        for item in items:
            if item.params.get(REPLACE_WITH) is not None:
                referenced.discard(_id(item))  # its references are replaced
        changed = bool(referenced)
        for item in items:
            if item.id in referenced and not item.failed:
                message = IN_USE_REPLACE if entity.is_replaceable else IN_USE
                item.error(UserErrorCode.IN_USE, message, "id")


async def restore(ctx: Context, items: list[AnyChangeset]) -> None:
    """Prepare restorations: a record that is not in the trash stays as it is."""
    _check_right(ctx.viewer, items)
    valid = without_failed(items)
    report_duplicates(valid)
    if not valid:
        return
    entity = valid[0].entity
    await _lock_trash(ctx, entity, valid)
    valid = [each for each in without_failed(valid) if each.existing.deleted_at is not None]
    await _check_needed(ctx, valid)
    for item in valid:
        item.set_after(with_values(item.existing, {"deleted_at": None}))
    await run_before_save(ctx, valid)
    await _restore_children(ctx, entity, without_failed(valid))
    await run_after_change(ctx, valid)
    await check_unique(ctx, valid)


async def _lock_trash(ctx: Context, entity: Entity, items: list[AnyChangeset]) -> None:
    ids = {each.id or NO_ID for each in items}
    parents: dict[UUID, Record] = {}
    if entity.parents:
        # Parents are locked before their children, as in every transaction.
        children = await ctx.unit.lock_visible(entity, ids, Lock.NONE, trashed=True)
        children |= await ctx.unit.lock_visible(entity, ids, Lock.NONE)
        parents = await lock_parents(ctx, entity, children.values())
    trashed = await ctx.unit.lock_visible(entity, ids, Lock.DELETE, trashed=True)
    live_rows = await ctx.unit.lock_visible(entity, ids - set(trashed), Lock.UPDATE)
    rows = trashed | live_rows
    for item in items:
        attach_locked_row(ctx.viewer, ctx.viewer.deletes, item, rows.get(item.id or NO_ID), parents)
        if item.before is not None:
            item.copy_before()


async def _check_needed(ctx: Context, items: list[AnyChangeset]) -> None:
    """Add an error to records whose parents or required references are in the trash."""
    ids_by_target: dict[Entity, set[UUID]] = defaultdict(set)
    for item in items:
        for relation in _needed(item.entity, item.existing):
            target = item.entity.targets[relation.name]
            ids_by_target[target].add(getattr(item.existing, relation.column))
    deleted = await statements.deleted(ctx.unit.connection, ids_by_target)
    for item in items:
        if _links(item.entity, item.existing) & deleted:
            item.error(UserErrorCode.PARENT_DELETED, PARENT_DELETED, "id")


async def _restore_children(ctx: Context, entity: Entity, items: list[AnyChangeset]) -> None:
    """Restore the children of the same deletion, except those with a required reference into the trash."""
    changesets = {_id(each): each for each in items}
    children = await statements.children(
        ctx.unit.connection, ctx.unit.model, entity, list(changesets)
    )
    ids_by_target: dict[Entity, set[UUID]] = defaultdict(set)
    for kind, row in children:
        for relation in _needed(kind, row):
            ids_by_target[kind.targets[relation.name]].add(getattr(row, relation.column))
    deleted = await statements.deleted(ctx.unit.connection, ids_by_target)
    for kind, row in children:
        if not any(getattr(row, relation.column) in changesets for relation in kind.parents):
            continue
        item = _changeset_of_parent(kind, row, changesets)
        missing = _links(kind, row) & deleted - changesets.keys()  # children of children come after
        if row.deleted_at == item.existing.deleted_at and not missing:
            _set_deleted_at(item, kind, row, None)
            changesets[row.id] = item


def _needed(entity: Entity, row: Record) -> list[Reference]:
    """The references a record depends on: required references, and those to its parents."""
    return [
        r
        for r in entity.references.values()
        if not r.nullable or (r.exposed.owned and getattr(row, r.column) is not None)
    ]


def _links(entity: Entity, row: Record) -> set[UUID]:
    return {getattr(row, relation.column) for relation in _needed(entity, row)}


def _changeset_of_parent(
    entity: Entity, row: Record, changesets: dict[UUID, AnyChangeset]
) -> AnyChangeset:
    """The changeset of a child's first deleted parent."""
    ids = (getattr(row, relation.column) for relation in entity.parents)
    return next(changesets[id] for id in ids if id in changesets)


def _check_right(viewer: Viewer, items: list[AnyChangeset]) -> None:
    for item in items:
        if viewer.may_see(item.entity.name) and viewer.deletes(item.entity.name) is None:
            item.refuse(Code.FORBIDDEN, cannot_change(item))


def _id(item: AnyChangeset) -> UUID:
    assert item.id is not None  # noqa: S101 - locked records have an id
    return item.id

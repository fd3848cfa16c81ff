"""Moves records and their children to the trash, and restores what went there in one deletion (D-15)."""

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
from resolvers.engine.changeset import AnyChangeset, RelatedChange, live
from resolvers.engine.context import Context
from resolvers.engine.create import check_unique
from resolvers.engine.hooks import run_after_change, run_before_save
from resolvers.engine.permissions import no_changing
from resolvers.engine.replace import REPLACE_WITH, replace
from resolvers.engine.update import judge, lock, lock_parents, refuse_conflict, refuse_twice
from resolvers.engine.values import NO_ID

IN_USE = "Other records refer to this one. Change or delete them first."
IN_USE_REPLACE = (
    "Other records refer to this one. Name a replacement in `replaceWith`, or change them first."
)
PARENT_DELETED = "A record that this one belongs to is in the trash. Restore that record first."


async def delete(ctx: Context, items: list[AnyChangeset]) -> None:
    """Prepare deletions of records that no other record refers to."""
    _check_right(ctx.viewer, items)
    found = live(items)
    await lock(ctx, found, Lock.DELETE, ctx.viewer.deletes)
    found = live(found)
    if not found:
        return
    for item in found:
        if item.version is not None and item.version != item.existing.version:
            refuse_conflict(item)
    entity = found[0].entity
    await replace(ctx, found)
    for item in found:
        item.begin(with_values(item.existing, {"deleted_at": ctx.now}))
    await run_before_save(ctx, found)
    # After the hooks, which check rights: an unauthorized caller must not learn what refers to the record.
    await _check_use(ctx, entity, found)
    ids = [_id(each) for each in live(found)]
    children = await statements.children(ctx.unit.connection, ctx.unit.model, entity, ids)
    owners = {_id(each): each for each in found}
    for kind, row in children:
        item = owners[row.id] = _parent_among(kind, row, owners)
        if row.deleted_at is None:
            _stamp(item, kind, row, ctx.now)
    await run_after_change(ctx, found)


def _stamp(item: AnyChangeset, entity: Entity, row: Record, at: object) -> None:
    after = with_values(row, {"deleted_at": at})
    item.after_ops.append(RelatedChange(entity.type_, row, after))


async def _check_use(ctx: Context, entity: Entity, items: list[AnyChangeset]) -> None:
    """Note what another record refers to; what stays for that reason may refer to another one of the list."""
    staying = True
    while staying:
        ids = [_id(each) for each in live(items)]
        connection, model = ctx.unit.connection, ctx.unit.model
        used = await statements.referenced(connection, model, entity, ids) if ids else set()
        for item in items:
            if item.params.get(REPLACE_WITH) is not None:
                used.discard(_id(item))  # another one takes its place
        staying = bool(used)
        for item in items:
            if item.id in used and not item.failed:
                message = IN_USE_REPLACE if entity.is_replaceable else IN_USE
                item.error(UserErrorCode.IN_USE, message, "id")


async def restore(ctx: Context, items: list[AnyChangeset]) -> None:
    """Prepare restorations: a record that is not in the trash stays as it is."""
    _check_right(ctx.viewer, items)
    found = live(items)
    refuse_twice(found)
    if not found:
        return
    entity = found[0].entity
    await _lock_trash(ctx, entity, found)
    found = [each for each in live(found) if each.existing.deleted_at is not None]
    await _check_needed(ctx, found)
    for item in found:
        item.begin(with_values(item.existing, {"deleted_at": None}))
    await run_before_save(ctx, found)
    await _restore_children(ctx, entity, live(found))
    await run_after_change(ctx, found)
    await check_unique(ctx, found)


async def _lock_trash(ctx: Context, entity: Entity, items: list[AnyChangeset]) -> None:
    ids = {each.id or NO_ID for each in items}
    parents: dict[UUID, Record] = {}
    if entity.parents:
        # Parents are locked before their children, as in every transaction.
        children = await ctx.unit.lock_visible(entity, ids, Lock.NONE, trashed=True)
        children |= await ctx.unit.lock_visible(entity, ids, Lock.NONE)
        parents = await lock_parents(ctx, entity, children.values())
    trashed = await ctx.unit.lock_visible(entity, ids, Lock.DELETE, trashed=True)
    there = await ctx.unit.lock_visible(entity, ids - set(trashed), Lock.UPDATE)
    found = trashed | there
    for item in items:
        judge(ctx.viewer, ctx.viewer.deletes, item, found.get(item.id or NO_ID), parents)
        if item.before is not None:
            item.begin_from_before()


async def _check_needed(ctx: Context, items: list[AnyChangeset]) -> None:
    """What a record cannot be without must not be in the trash."""
    wanted: dict[Entity, set[UUID]] = defaultdict(set)
    for item in items:
        for relation in _needed(item.entity, item.existing):
            target = item.entity.targets[relation.name]
            wanted[target].add(getattr(item.existing, relation.column))
    deleted = await statements.deleted(ctx.unit.connection, wanted)
    for item in items:
        if _links(item.entity, item.existing) & deleted:
            item.error(UserErrorCode.PARENT_DELETED, PARENT_DELETED, "id")


async def _restore_children(ctx: Context, entity: Entity, items: list[AnyChangeset]) -> None:
    """Those children that went in the same deletion, but for what ties the record to something in the trash."""
    owners = {_id(each): each for each in items}
    found = await statements.children(ctx.unit.connection, ctx.unit.model, entity, list(owners))
    wanted: dict[Entity, set[UUID]] = defaultdict(set)
    for kind, row in found:
        for relation in _needed(kind, row):
            wanted[kind.targets[relation.name]].add(getattr(row, relation.column))
    deleted = await statements.deleted(ctx.unit.connection, wanted)
    for kind, row in found:
        if not any(getattr(row, relation.column) in owners for relation in kind.parents):
            continue
        item = _parent_among(kind, row, owners)
        missing = _links(kind, row) & deleted - owners.keys()  # children of children come after
        if row.deleted_at == item.existing.deleted_at and not missing:
            _stamp(item, kind, row, None)
            owners[row.id] = item


def _needed(entity: Entity, row: Record) -> list[Reference]:
    """The relations that a record cannot be without: those that are required, and those to its parents."""
    return [
        r
        for r in entity.references.values()
        if not r.nullable or (r.exposed.owned and getattr(row, r.column) is not None)
    ]


def _links(entity: Entity, row: Record) -> set[UUID]:
    return {getattr(row, relation.column) for relation in _needed(entity, row)}


def _parent_among(entity: Entity, row: Record, owners: dict[UUID, AnyChangeset]) -> AnyChangeset:
    """The deletion that a child goes with: that of the first of its parents that go."""
    ids = (getattr(row, relation.column) for relation in entity.parents)
    return next(owners[id] for id in ids if id in owners)


def _check_right(viewer: Viewer, items: list[AnyChangeset]) -> None:
    for item in items:
        if viewer.may_see(item.entity.name) and viewer.deletes(item.entity.name) is None:
            item.refuse(Code.FORBIDDEN, no_changing(item))


def _id(item: AnyChangeset) -> UUID:
    assert item.id is not None  # noqa: S101 - what was locked has an id
    return item.id

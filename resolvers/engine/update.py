"""Updates records: locks them, checks rights and versions, sets parameters, and runs the command's handler and hooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.plan.values import parse_id
from db.engine.write import statements
from db.engine.write.locking import Lock
from db.engine.write.row_json import changed_columns, column_text, value_text
from domain.access import WriteScope
from domain.codes import Code, UserErrorCode
from domain.message import Message
from resolvers.engine.changeset import AnyChangeset, without_failed
from resolvers.engine.context import Context
from resolvers.engine.create import check_record, check_references, check_unique
from resolvers.engine.hooks import run_before_save
from resolvers.engine.permissions import NOT_EDITABLE, check_fields, no_changing
from resolvers.engine.values import ATTRIBUTES, NO_ID, attributes_of, set_params

Scope = Callable[[str], "WriteScope | None"]
"""Function from an entity to the rows that the caller may change or delete."""
CHANGED = Message("These fields changed since version {version}: {fields}. Reload and try again.")
NEWER = Message("The record changed since version {version}. Reload and try again.")
AHEAD = Message("The record has no version {version} yet. Send the version that you last read.")
TWICE = Message("The list contains this record more than once. Combine the changes in one input.")


@dataclass(frozen=True)
class FieldConflict:
    """A field that another caller changed since this caller read it, with the three values as text."""

    field: str
    mine: str | None
    theirs: str | None
    base: str | None
    """Value in the version that the caller read."""


async def update(
    ctx: Context,
    items: list[AnyChangeset],
    handler: Callable[[Context, list[Any]], Awaitable[None]] | None = None,
) -> None:
    """Prepare updates of records given by id; a command's `handler` runs before the hooks."""
    for item in items:
        name = item.entity.name
        if ctx.viewer.may_see(name) and ctx.viewer.edits(name) is None:
            item.refuse(Code.FORBIDDEN, no_changing(item))
        else:
            check_fields(item, ctx.viewer)
    valid = without_failed(items)
    await lock(ctx, valid, Lock.UPDATE, ctx.viewer.edits)
    for item in valid:
        # Before any error that depends on field values, such as a conflict.
        if item.before is not None and ctx.viewer.rights[item.entity.name].ruled:
            check_fields(item, ctx.viewer, item.before)
    valid = without_failed(valid)
    for item in valid:
        item.copy_before()
        set_params(item, ctx.viewer)
    await check_versions(ctx, valid)
    valid = [each for each in valid if not each.refused]
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
    for item in items:
        attach_locked_row(ctx.viewer, scope, item, locked.get(item.id or NO_ID), parents)


def attach_locked_row(
    viewer: Viewer,
    scope: Scope,
    item: AnyChangeset,
    row: Record | None,
    parents: Mapping[UUID, Record],
) -> None:
    """Set the existing row, and refuse it if the caller may not change it. The parent decides for a child."""
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


def refuse_conflict(item: AnyChangeset, fields: Sequence[FieldConflict] = ()) -> None:
    """Refuse a change that is based on an old version, or on a version that does not exist yet."""
    ahead = (item.version or 0) > item.existing.version
    message = CHANGED if fields else AHEAD if ahead else NEWER
    text = message.fill(version=item.version, fields=", ".join(each.field for each in fields))
    conflict = {"version": item.existing.version, "fields": [asdict(each) for each in fields]}
    item.refuse(Code.CONFLICT, text, "version", conflict=conflict)


async def check_versions(ctx: Context, items: list[AnyChangeset]) -> None:
    """Refuse conflicts: fields that another transaction changed to a different value since the caller read them (D-36)."""
    outdated = {
        each.existing.id: each.version
        for each in items
        if each.before is not None
        and each.version is not None
        and each.version != each.before.version
    }
    if not outdated:
        return
    since = await statements.changes_since(ctx.unit.connection, outdated)
    for item in items:
        if item.before is None or item.before.id not in outdated:
            continue
        conflicts = _conflicts(item, ctx.viewer, since[item.before.id])
        fields = [await _hide_reference(ctx, item, each) for each in conflicts]
        if fields or outdated[item.before.id] > item.before.version:
            refuse_conflict(item, fields)


async def _hide_reference(
    ctx: Context, item: AnyChangeset, conflict: FieldConflict
) -> FieldConflict:
    """Omit the id of a record that the caller cannot see, because it would reveal that the record exists."""
    target = item.entity.targets.get(conflict.field)
    if target is None:
        return conflict
    theirs, base = (parse_id(each, target.prefix) for each in (conflict.theirs, conflict.base))
    visible = await ctx.unit.visible(target, {id for id in (theirs, base) if id is not None})
    return replace(
        conflict,
        theirs=conflict.theirs if theirs in visible else None,
        base=conflict.base if base in visible else None,
    )


def _conflicts(
    item: AnyChangeset, viewer: Viewer, since: Mapping[str, str | None]
) -> list[FieldConflict]:
    conflicts = []
    entity = item.entity
    for name in item.params:
        if name == ATTRIBUTES:
            conflicts += _attribute_conflicts(item, viewer, since)
            continue
        key = f"{entity.name}.{name}"
        if name not in entity.written or key not in since:
            continue
        column = entity.written[name].column
        mine, theirs = (column_text(entity, column, row) for row in (item.record, item.existing))
        if mine != theirs:
            conflicts.append(FieldConflict(name, mine, theirs, since[key]))
    return conflicts


def _attribute_conflicts(
    item: AnyChangeset, viewer: Viewer, since: Mapping[str, str | None]
) -> list[FieldConflict]:
    column, conflicts = item.entity.attributes or "", []
    for each in attributes_of(item.params):
        attribute = viewer.attribute(item.entity.name, str(each["key"]))
        if attribute is None or f"{item.entity.name}.{attribute.id}" not in since:
            continue
        mine, theirs = (
            None if value is None else value_text(value)
            for value in (
                getattr(row, column).get(attribute.id) for row in (item.record, item.existing)
            )
        )
        base = since[f"{item.entity.name}.{attribute.id}"]
        if mine != theirs:
            conflicts.append(FieldConflict(attribute.key, mine, theirs, base))
    return conflicts


def is_changed(item: AnyChangeset) -> bool:
    """Whether any column changes."""
    return bool(changed_columns(item.entity, item.existing, item.record))

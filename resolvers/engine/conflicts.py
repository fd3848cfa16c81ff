"""Detects that a record was changed since the caller read it, and describes the change (D-36)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.gate import FieldAccess
from db.engine.plan.values import parse_id
from db.engine.trace import HistoryEntry
from db.engine.write import history
from db.engine.write.history import LastChange
from db.engine.write.row_json import column_text, value_text
from domain.codes import UserErrorCode
from domain.message import Message
from resolvers.engine.changeset import AnyChangeset, ConflictingField, NamedRecord, VersionConflict
from resolvers.engine.context import Context
from resolvers.engine.record_names import visible_targets
from resolvers.engine.values import ATTRIBUTES, attributes_of

CHANGED = Message("These fields changed since version {version}: {fields}. Reload and try again.")
NEWER = Message("The record changed since version {version}. Reload and try again.")
HISTORY = HistoryEntry.__name__
AHEAD = Message("The record has no version {version} yet. Send the version that you last read.")


async def refuse_other_versions(ctx: Context, items: Sequence[AnyChangeset]) -> None:
    """Add an error where the sent version is not the current one, whatever changed since."""
    outdated = [each for each in items if each.version not in (None, each.existing.version)]
    await _refuse(ctx, [(each, []) for each in outdated])


async def check_versions(ctx: Context, items: Sequence[AnyChangeset]) -> None:
    """Add an error where another transaction changed a field to a different value since the caller read it."""
    outdated = _outdated(items)
    if not outdated:
        return
    since = await history.changes_since(ctx.unit.connection, outdated)
    refused: list[tuple[AnyChangeset, list[ConflictingField]]] = []
    for item in items:
        if item.before is None or item.before.id not in outdated:
            continue
        conflicts = _conflicts(item, ctx.viewer, since[item.before.id])
        fields = [await _hide_reference(ctx, item, each) for each in conflicts]
        if fields or _is_ahead(item):
            refused.append((item, fields))
    await _refuse(ctx, refused)


def _outdated(items: Sequence[AnyChangeset]) -> dict[UUID, int]:
    """The sent versions that are not the current ones, by record."""
    return {
        each.existing.id: each.version
        for each in items
        if each.before is not None
        and each.version is not None
        and each.version != each.before.version
    }


def _is_ahead(item: AnyChangeset) -> bool:
    return item.version is not None and bool(item.version > item.existing.version)


async def _refuse(
    ctx: Context, refused: Sequence[tuple[AnyChangeset, Sequence[ConflictingField]]]
) -> None:
    """Add the error of a conflict, or of a version that does not exist yet."""
    outdated = _outdated([item for item, _ in refused])
    if not outdated:
        return
    changes = await history.last_changes(ctx.unit.connection, outdated)
    entries = {each.id for several in changes.values() for each in several.values()}
    # The history has rights of its own, so its entries are read through the gate like all records.
    visible = await ctx.unit.visible(ctx.unit.model.entities[HISTORY], entries)
    may_read_time = ctx.viewer.right(HISTORY, "at") is FieldAccess.READABLE
    last = {
        id(item): _last(fields, changes[item.existing.id], visible if may_read_time else set())
        for item, fields in refused
    }
    users = await _changed_by(ctx, {each.user_id for each in last.values() if each})
    for item, fields in refused:
        if _is_ahead(item):
            item.error(UserErrorCode.INVALID, AHEAD.fill(version=item.version), "version")
            continue
        change = last[id(item)]
        names = ", ".join(each.field for each in fields)
        message = (
            CHANGED.fill(version=item.version, fields=names)
            if fields
            else NEWER.fill(version=item.version)
        )
        conflict = VersionConflict(
            item.existing.version,
            change.at if change else None,
            users.get(change.user_id) if change and change.user_id else None,
            tuple(fields),
        )
        item.error(UserErrorCode.CONFLICT, message, "version", conflict=conflict)


def _last(
    fields: Sequence[ConflictingField], changes: Mapping[str, LastChange], visible: set[UUID]
) -> LastChange | None:
    """The last visible change of these fields, or of any field if there are none."""
    keys = {each.key for each in fields} or changes.keys()
    found = [changes[key] for key in keys if key in changes and changes[key].id in visible]
    return max(found, key=lambda each: each.at, default=None)


async def _changed_by(ctx: Context, ids: set[UUID | None]) -> Mapping[UUID, NamedRecord]:
    """The employees of these users, as far as the caller sees them."""
    if ctx.viewer.right(HISTORY, "user") is not FieldAccess.READABLE:
        return {}
    users = ctx.unit.model.entities[HISTORY].targets["user"]
    return await visible_targets(ctx, users, "employee", ids)


async def _hide_reference(
    ctx: Context, item: AnyChangeset, conflict: ConflictingField
) -> ConflictingField:
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
) -> list[ConflictingField]:
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
            conflicts.append(ConflictingField(name, mine, theirs, since[key], key))
    return conflicts


def _attribute_conflicts(
    item: AnyChangeset, viewer: Viewer, since: Mapping[str, str | None]
) -> list[ConflictingField]:
    column, conflicts = item.entity.attributes or "", []
    for each in attributes_of(item.params):
        attribute = viewer.attribute(item.entity.name, str(each["key"]))
        key = f"{item.entity.name}.{attribute.id}" if attribute else ""
        if attribute is None or key not in since:
            continue
        mine, theirs = (
            None if value is None else value_text(value)
            for value in (
                getattr(row, column).get(attribute.id) for row in (item.record, item.existing)
            )
        )
        if mine != theirs:
            conflicts.append(ConflictingField(attribute.key, mine, theirs, since[key], key))
    return conflicts

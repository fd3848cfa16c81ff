"""Creates records: checks rights, builds rows, checks references and parents, runs hooks, and checks the result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.fields import Reference
from db.engine.write import statements
from db.engine.write.locking import Lock
from db.engine.write.row_json import blank, row_json
from domain.codes import Code, UserErrorCode
from domain.message import Message
from domain.violations import Violation
from resolvers.engine.attributes import check_carried
from resolvers.engine.changeset import AnyChangeset, NamedRecord, without_failed
from resolvers.engine.context import Context
from resolvers.engine.hooks import run_before_save
from resolvers.engine.permissions import (
    NOT_EDITABLE,
    check_creating,
    check_fields,
)
from resolvers.engine.record_names import visible_records
from resolvers.engine.values import EMPTY, set_params

TWO = Message("An existing and a new record cannot be combined. Send one of them.")
EXISTS = Message("Another record already has this value. Choose another value, or use that record.")


async def create(ctx: Context, items: list[AnyChangeset]) -> None:
    """Prepare new records with their nested creates."""
    for item in items:
        check_creating(item, ctx.viewer)
        for each in item.with_nested():
            check_fields(each, ctx.viewer)
    valid = without_failed(items)
    for item in valid:
        _build(ctx, item)
    await check_references(ctx, valid)
    every = [each for item in valid for each in item.with_nested()]
    await _check_parents(ctx, every)
    await run_before_save(ctx, every)
    for each in every:
        check_record(ctx, each)
    await check_unique(ctx, every)


def _build(ctx: Context, item: AnyChangeset) -> None:
    """Build the new row from column defaults, owner and parameters."""
    item.id = ctx.unit.new_id()
    item.set_after(blank(item.entity, item.id, ctx.now))
    owner = item.entity.owner
    if owner is not None and owner != "id":
        setattr(item.record, owner, ctx.viewer.employee)
    for each in item.initial:
        setattr(item.record, each.column.key, each.value)
    set_params(item, ctx.viewer)
    for name, nested in item.references.items():
        _build(ctx, nested)
        relation = item.entity.references[name]
        if getattr(item.record, relation.column) is not None:
            item.violation(Violation(UserErrorCode.INVALID, TWO, relation.column))
        setattr(item.record, relation.column, nested.id)
    for child in item.children:
        _build(ctx, child)
        assert child.relation is not None  # noqa: S101 - children have one
        setattr(child.record, child.relation.column, item.id)
        child.parent, child.parent_changeset = item.record, item


def check_record(ctx: Context, item: AnyChangeset) -> None:
    """Check the row to write: required values, and the entity's rule."""
    missing = [
        member
        for member in item.entity.written.values()
        if getattr(item.record, member.column) is None and not member.nullable
    ]
    check_carried(item, ctx.viewer)
    for member in missing:
        # Report no missing value where a value was refused, or where it would follow from one.
        follows = item.failed and member.exposed.server_assigned
        if not follows and not item.has_error(member.column):
            item.violation(Violation(UserErrorCode.REQUIRED, EMPTY, member.column))
    if not missing and ctx.viewer.rights[item.entity.name].status_rules:
        check_fields(item, ctx.viewer, item.before or item.record)
    # Server-assigned values are set only if there are no errors; without them the rule cannot run.
    if all(member.exposed.server_assigned for member in missing):
        found = ctx.unit.violations(item.entity, item.before, item.record)
        item.violations([each for each in found if not item.has_error(each.column)])


async def check_references(ctx: Context, items: list[AnyChangeset]) -> None:
    """Lock the targets of set references, and refuse references to records that the caller cannot see."""
    ids_by_target: dict[Entity, set[UUID]] = defaultdict(set)
    references: list[tuple[AnyChangeset, Reference, Entity, UUID]] = []
    for item in (each for one in items for each in one.with_nested()):
        for name in item.params:
            relation = item.entity.references.get(name)
            if relation is None or (id := getattr(item.record, relation.column)) is None:
                continue
            if item.before is None and relation is item.entity.parent_of(item.record):
                continue  # parents are locked for an update instead
            target = item.entity.targets[name]
            ids_by_target[target].add(id)
            references.append((item, relation, target, id))
    if not references:
        return
    visible = await ctx.unit.lock_referenced(ids_by_target)
    for item, relation, target, id in references:
        if id not in visible[target]:
            item.missing(relation.name)


async def _check_parents(ctx: Context, items: list[AnyChangeset]) -> None:
    """Check that the caller sees and may change the parent of each new child."""
    by_relation: dict[tuple[Entity, Reference], list[AnyChangeset]] = defaultdict(list)
    for each in items:
        relation = each.entity.parent_of(each.record)
        if relation is None or relation is each.relation or each.failed:
            continue
        if relation.name in each.references:
            each.parent = each.references[relation.name].record
        else:
            by_relation[each.entity, relation].append(each)
    for (entity, relation), children in by_relation.items():
        parent_entity = entity.targets[relation.name]
        ids = {getattr(each.record, relation.column) for each in children}
        locked = await ctx.unit.lock_visible(parent_entity, ids, Lock.UPDATE)
        for each in children:
            each.parent = locked.get(getattr(each.record, relation.column))
            _check_parent(ctx.viewer, each, relation, parent_entity)


def _check_parent(
    viewer: Viewer, item: AnyChangeset, relation: Reference, parent_entity: Entity
) -> None:
    if item.parent is None:
        item.missing(relation.name)
    elif item.entity.owner is None and not viewer.is_within(
        viewer.edits(item.entity.name), parent_entity, item.parent
    ):
        item.refuse(Code.FORBIDDEN, NOT_EDITABLE, relation.name)


async def check_unique(ctx: Context, items: list[AnyChangeset]) -> None:
    """Add errors for unique values that another live record or another changeset already has."""
    by_entity: dict[Entity, list[AnyChangeset]] = defaultdict(list)
    for each in items:
        if not each.is_refused:
            by_entity[each.entity].append(each)
    for entity, entity_items in by_entity.items():
        for columns in statements.unique_columns(entity):
            await _check_columns(ctx, entity, columns, entity_items)


def _key(row: Record, columns: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(getattr(row, column) for column in columns)


async def _check_columns(
    ctx: Context, entity: Entity, columns: tuple[str, ...], items: list[AnyChangeset]
) -> None:
    changed = [
        each
        for each in items
        if None not in (key := _key(each.record, columns))
        and (each.before is None or _key(each.before, columns) != key or each.before.deleted_at)
    ]
    if not changed:
        return
    rows = (row_json(entity, each.record) for each in changed)
    existing = await statements.existing(ctx.unit.connection, entity, columns, rows)
    named = await _duplicated(ctx, entity, columns, existing.values())
    for each in changed:
        key = _key(each.record, columns)
        if key in existing:
            sent = [c for c in columns if entity.named[c].name in each.params]
            violation = Violation(UserErrorCode.DUPLICATE, EXISTS, (sent or [""])[-1])
            each.violation(violation, record=named.get(existing[key]))
        if not each.failed:  # failed changesets do not occupy the value
            existing[key] = each.record.id


async def _duplicated(
    ctx: Context, entity: Entity, columns: tuple[str, ...], ids: Iterable[UUID]
) -> dict[UUID, NamedRecord]:
    """The records that have the values already, if the caller sees them with these values."""
    if not all(ctx.may_read(getattr(entity.type_, column)) for column in columns):
        return {}
    return await visible_records(ctx, entity, ids)

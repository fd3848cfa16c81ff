"""Creates records: checks rights, begins the rows, checks references and parents, runs the hooks, checks the result."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.fields import Reference
from db.engine.write import statements
from db.engine.write.locking import Lock
from db.engine.write.row_json import blank, row_json
from domain.codes import Code, UserErrorCode
from domain.violations import Violation
from resolvers.engine.attributes import check_carried
from resolvers.engine.changeset import AnyChangeset, live
from resolvers.engine.context import Context
from resolvers.engine.hooks import run_before_save
from resolvers.engine.permissions import (
    NOT_EDITABLE,
    check_creating,
    check_fields,
)
from resolvers.engine.values import EMPTY, fill

TWO = "An existing and a new record cannot be combined. Send one of them."
EXISTS = "Another record already has this value. Choose another value, or use that record."


async def create(ctx: Context, items: list[AnyChangeset]) -> None:
    """Prepare new records with what is created along with them."""
    for item in items:
        check_creating(item, ctx.viewer)
        for each in item.everything():
            check_fields(each, ctx.viewer)
    begun = live(items)
    for item in begun:
        _begin(ctx, item)
    await check_references(ctx, begun)
    every = [each for item in begun for each in item.everything()]
    await _check_parents(ctx, every)
    await run_before_save(ctx, every)
    for each in every:
        finish(ctx, each)
    await check_unique(ctx, every)


def _begin(ctx: Context, item: AnyChangeset) -> None:
    """Set the defaults of its columns, the owner and the parameters."""
    item.id = ctx.unit.new_id()
    item.begin(blank(item.entity, item.id, ctx.now))
    owner = item.entity.owner
    if owner is not None and owner != "id":
        setattr(item.record, owner, ctx.viewer.employee)
    for each in item.initial:
        setattr(item.record, each.column.key, each.value)
    fill(item, ctx.viewer)
    for name, other in item.references.items():
        _begin(ctx, other)
        relation = item.entity.references[name]
        if getattr(item.record, relation.column) is not None:
            item.violation(Violation(UserErrorCode.INVALID, TWO, relation.column))
        setattr(item.record, relation.column, other.id)
    for child in item.children:
        _begin(ctx, child)
        assert child.relation is not None  # noqa: S101 - children have one
        setattr(child.record, child.relation.column, item.id)
        child.parent, child.parent_changeset = item.record, item


def finish(ctx: Context, item: AnyChangeset) -> None:
    """Check the record as it is to be written: nothing may be missing, and its own rule must hold."""
    missing = [
        what
        for what in item.entity.written.values()
        if getattr(item.record, what.column) is None and not what.nullable
    ]
    check_carried(item, ctx.viewer)
    known = {each.path for each in item.errors}
    for what in missing:
        # Nothing is missing where a value was refused, nor what would have followed from one.
        if (*item.path, what.name) not in known and not (
            item.failed and what.exposed.server_assigned
        ):
            item.violation(Violation(UserErrorCode.REQUIRED, EMPTY, what.column))
    if not missing and ctx.viewer.rights[item.entity.name].ruled:
        check_fields(item, ctx.viewer, item.before or item.record)
    # The rule is not asked about what the server chooses, which it does only where nothing is wrong yet.
    if all(what.exposed.server_assigned for what in missing):
        for violation in ctx.unit.violations(item.entity, item.before, item.record):
            item.violation(violation)


async def check_references(ctx: Context, items: list[AnyChangeset]) -> None:
    """Note every reference that was set and leads to no record that the caller sees; lock those that it leads to."""
    wanted: dict[Entity, set[UUID]] = defaultdict(set)
    found: list[tuple[AnyChangeset, Reference, Entity, UUID]] = []
    for item in (each for one in items for each in one.everything()):
        for name in item.params:
            relation = item.entity.references.get(name)
            if relation is None or (id := getattr(item.record, relation.column)) is None:
                continue
            if item.before is None and relation is item.entity.parent_of(item.record):
                continue  # parents are locked for an update instead
            target = item.entity.targets[name]
            wanted[target].add(id)
            found.append((item, relation, target, id))
    if not found:
        return
    visible = await ctx.unit.lock_referenced(wanted)
    for item, relation, target, id in found:
        if id not in visible[target]:
            item.missing(relation.name)


async def _check_parents(ctx: Context, items: list[AnyChangeset]) -> None:
    """A child is added to a parent that the caller sees and may change."""
    by_relation: dict[tuple[Entity, Reference], list[AnyChangeset]] = defaultdict(list)
    for each in items:
        relation = each.entity.parent_of(each.record)
        if relation is None or relation is each.relation or each.failed:
            continue
        if relation.name in each.references:
            each.parent = each.references[relation.name].record
        else:
            by_relation[each.entity, relation].append(each)
    for (entity, relation), mine in by_relation.items():
        above = entity.targets[relation.name]
        ids = {getattr(each.record, relation.column) for each in mine}
        locked = await ctx.unit.lock_visible(above, ids, Lock.UPDATE)
        for each in mine:
            each.parent = locked.get(getattr(each.record, relation.column))
            _judge_parent(ctx.viewer, each, relation, above)


def _judge_parent(viewer: Viewer, item: AnyChangeset, relation: Reference, above: Entity) -> None:
    if item.parent is None:
        item.missing(relation.name)
    elif item.entity.owner is None and not viewer.within(
        viewer.edits(item.entity.name), above, item.parent
    ):
        item.refuse(Code.FORBIDDEN, NOT_EDITABLE, relation.name)


async def check_unique(ctx: Context, items: list[AnyChangeset]) -> None:
    """Note values that another live record has already, or another one of these."""
    by_entity: dict[Entity, list[AnyChangeset]] = defaultdict(list)
    for each in items:
        if not (each.refused or each.forbidden or each.read_only):
            by_entity[each.entity].append(each)
    for entity, mine in by_entity.items():
        for columns in statements.unique_columns(entity):
            await _check_columns(ctx, entity, columns, mine)


def _key(row: Record, columns: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(getattr(row, column) for column in columns)


async def _check_columns(
    ctx: Context, entity: Entity, columns: tuple[str, ...], items: list[AnyChangeset]
) -> None:
    concerned = [
        each
        for each in items
        if None not in (key := _key(each.record, columns))
        and (each.before is None or _key(each.before, columns) != key or each.before.deleted_at)
    ]
    if not concerned:
        return
    rows = (row_json(entity, each.record) for each in concerned)
    existing = await statements.existing(ctx.unit.connection, entity, columns, rows)
    for each in concerned:
        key = _key(each.record, columns)
        if key in existing:
            given = [c for c in columns if entity.named[c].name in each.params]
            violation = Violation(UserErrorCode.DUPLICATE, EXISTS, (given or [""])[-1])
            each.violation(violation)
        if not each.failed:  # what fails takes nothing from the others
            existing.add(key)

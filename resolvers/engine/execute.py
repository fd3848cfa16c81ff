"""Executes a command: prepares its changesets, and writes those without errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.model import Model
from db.engine.plan.values import parse_id
from db.engine.row import declared_by
from domain.codes import Code
from domain.message import Message
from domain.setup import HistoryEventKind
from resolvers.engine.changeset import (
    SAVES,
    Action,
    AnyChangeset,
    Changeset,
    Params,
    Path,
    RelatedChange,
    without_failed,
)
from resolvers.engine.command import Command
from resolvers.engine.context import Context
from resolvers.engine.hooks import in_order, run_verify, types_in_order
from resolvers.engine.permissions import OUT_OF_SIGHT, check_feature
from resolvers.engine.update import is_changed
from resolvers.engine.values import NO_ID

PASSES = 5
"""Maximum preparations of one list: inputs that remain after failures are prepared again."""
ENTANGLED = Message(
    "The inputs of the list depend on each other. Send this one in a separate request."
)
KINDS = {Action.DELETE: HistoryEventKind.DELETED, Action.RESTORE: HistoryEventKind.RESTORED}


@dataclass(frozen=True)
class CommandRequest:
    """A command with its inputs, each with its path in the arguments."""

    command: Command
    inputs: tuple[tuple[Path, Params], ...]
    all_or_none: bool = True


async def execute(ctx: Context, request: CommandRequest) -> list[AnyChangeset]:
    """Run a command, and return the changeset of each input in order. Failed ones are not written.

    With `all_or_none`, the caller must roll back if any changeset failed.
    """
    pending = list(request.inputs)
    failed: dict[Path, AnyChangeset] = {}
    items: list[AnyChangeset] = []
    for attempt in range(1, PASSES + 1):
        items = _changesets(ctx.unit.model, request.command, pending)
        check_feature(ctx.viewer, items)
        if len(without_failed(items)) == len(items):
            await request.command.prepare(ctx, items)
        failures = [each for each in items if each.failed]
        if not failures and not request.all_or_none:
            failures = await _write_visible(ctx, items)
        elif not failures:
            await _write(ctx, items)
            await _verify(ctx, items)
        if not failures or request.all_or_none:
            break
        # Decisions for the remaining inputs may depend on the failed ones: prepare them again without those.
        failed |= {each.path: each for each in failures}
        pending = [(path, params) for path, params in pending if path not in failed]
        if attempt == PASSES:
            items = _changesets(ctx.unit.model, request.command, pending)
            for each in items:
                each.refuse(Code.RETRYABLE, ENTANGLED)
        if not pending:
            items = []
            break
    results = failed | {each.path: each for each in items}
    return [results[path] for path, _ in request.inputs]


def count(model: Model, request: CommandRequest) -> int:
    """Number of records in a request, including nested creates."""
    items = _changesets(model, request.command, request.inputs)
    return sum(1 for item in items for _ in item.with_nested())


def _changesets(
    model: Model, command: Command, inputs: Iterable[tuple[Path, Params]]
) -> list[AnyChangeset]:
    items = []
    entity = model.of(command.record)
    for path, params in inputs:
        item = _changeset(model, entity, path, params, command.action)
        if command.input is not None:
            item.input = command.read(model, params)
            item.params = command.settable(item.params)
        if not command.takes_id:
            item.id = None
        item.skips = command.skips
        items.append(item)
    return items


def _changeset(
    model: Model, entity: Entity, path: Path, params: Params, action: Action
) -> AnyChangeset:
    """The changeset of an input, with its nested creates."""
    relations = {str(r.exposed.reverse): (child, r) for child, r in model.nested(entity)}
    values = {k: v for k, v in params.items() if k not in ("id", "version") and k not in relations}
    raw_id = params.get("id")
    id = parse_id(raw_id, entity.prefix) or NO_ID if raw_id is not None else None
    item: AnyChangeset = Changeset(
        entity, path, action, values, id=id, version=cast("int | None", params.get("version"))
    )
    for name, (child, relation) in relations.items():
        for number, each in enumerate(cast("Sequence[Params]", params.get(name) or ())):
            nested_path = (*path, name, str(number))
            nested = _changeset(model, child, nested_path, each, Action.CREATE)
            nested.relation = relation
            item.children.append(nested)
    for name, relation in entity.nested_creates.items():
        if (input_ := values.get(name)) is not None:
            del values[name]
            target = entity.targets[relation.name]
            nested_path = (*path, name)
            item.references[relation.name] = _changeset(
                model, target, nested_path, cast("Params", input_), Action.CREATE
            )
    return item


async def _write_visible(ctx: Context, items: list[AnyChangeset]) -> list[AnyChangeset]:
    """Write and verify; roll back everything if any changeset fails. Returns the failed ones."""
    savepoint = await ctx.unit.savepoint()
    await _write(ctx, items)
    await _verify(ctx, items)
    hidden = [each for each in items if each.failed]
    if hidden:
        await ctx.unit.roll_back(savepoint)
    return hidden


async def _write(ctx: Context, items: list[AnyChangeset]) -> None:
    """Write the prepared changesets: preceding operations, records, then following operations."""
    every = [each for item in items for each in item.with_nested()]
    await _write_related(ctx, (op for each in every for op in each.before_ops))
    for entity in types_in_order(every):
        entity_items = [each for each in every if each.entity is entity]
        await ctx.unit.add(entity, [each.record for each in entity_items if each.before is None])
        for prioritized in (True, False):
            await _write_changed(
                ctx, entity, [each for each in entity_items if each.priority is prioritized]
            )
    await _write_related(ctx, (op for each in every for op in each.after_ops))
    await _write_created(ctx, every)
    for each in every:
        for effect in each.side_effects:
            await effect(ctx.unit.connection)


async def _write_changed(ctx: Context, entity: Entity, items: list[AnyChangeset]) -> None:
    """Write the changed records that existed before."""
    existing = [each for each in items if each.before is not None]
    saved = [(e.existing, e.record) for e in existing if e.action in SAVES and is_changed(e)]
    await ctx.unit.change(entity, saved)
    for action, kind in KINDS.items():
        moved = [
            (each.existing, each.record)
            for each in existing
            if each.action is action and each.existing.deleted_at != each.record.deleted_at
        ]
        await ctx.unit.change(entity, moved, kind)


async def _write_created(ctx: Context, items: Iterable[AnyChangeset]) -> None:
    """Write new related records, reference targets first."""
    rows_by_entity: dict[Entity, list[Record]] = {}
    for item in items:
        for row in item.created:
            rows_by_entity.setdefault(ctx.unit.model.of(declared_by(row)), []).append(row)
    for entity in in_order(rows_by_entity):
        await ctx.unit.add(entity, rows_by_entity[entity])


async def _write_related(ctx: Context, ops: Iterable[RelatedChange]) -> None:
    """Write related changes as deletions, restorations or updates, depending on `deleted_at`."""
    changes: dict[tuple[type[Record], HistoryEventKind], list[tuple[Record, Record]]] = {}
    for op in ops:
        kind = HistoryEventKind.UPDATED
        if op.before.deleted_at != op.after.deleted_at:
            kind = (
                HistoryEventKind.RESTORED
                if op.after.deleted_at is None
                else HistoryEventKind.DELETED
            )
        changes.setdefault((op.type_, kind), []).append((op.before, op.after))
    for (type_, kind), pairs in changes.items():
        await ctx.unit.change(ctx.unit.model.of(type_), pairs, kind)


async def _verify(ctx: Context, items: list[AnyChangeset]) -> None:
    """Run the checks of written records, and refuse records that the caller can no longer see."""
    every = [each for item in items for each in item.with_nested()]
    await run_verify(ctx, every)
    # Visibility of a nested child follows from its parent, which is checked here or was before.
    roots = (each for each in every if each.parent_changeset is None)
    by_entity: dict[Entity, dict[UUID, AnyChangeset]] = {}
    for each in roots:
        if each.record.deleted_at is None:
            by_entity.setdefault(each.entity, {})[each.record.id] = each
    for entity, entity_items in by_entity.items():
        visible = await ctx.unit.still_visible(entity, entity_items)
        for id, each in entity_items.items():
            if id not in visible:
                each.refuse(Code.FORBIDDEN, OUT_OF_SIGHT)

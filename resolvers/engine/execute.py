"""Executes a command on records of one type: prepares all of its changesets, and writes those with which nothing is wrong."""

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
from domain.setup import HistoryEventKind
from resolvers.engine.changeset import (
    SAVES,
    Action,
    AnyChangeset,
    Changeset,
    Params,
    Path,
    RelatedChange,
    live,
)
from resolvers.engine.command import Command
from resolvers.engine.context import Context
from resolvers.engine.hooks import in_order, run_verify, types_in_order
from resolvers.engine.permissions import OUT_OF_SIGHT, check_feature
from resolvers.engine.update import is_changed
from resolvers.engine.values import NO_ID

PASSES = 5
"""Maximum number of times the remaining inputs are prepared again after conflicts within one list."""
ENTANGLED = "The inputs of the list depend on each other. Send this one in a separate request."
KINDS = {Action.DELETE: HistoryEventKind.DELETED, Action.RESTORE: HistoryEventKind.RESTORED}


@dataclass(frozen=True)
class CommandRequest:
    """A command with its inputs, each with its place in the arguments."""

    command: Command
    inputs: tuple[tuple[Path, Params], ...]
    all_or_none: bool = True


async def execute(ctx: Context, request: CommandRequest) -> list[AnyChangeset]:
    """The changeset of each input, in their order. Nothing is written of one that failed.

    With `all_or_none`, one that fails leaves it to the caller to roll back the rest.
    """
    pending = list(request.inputs)
    failed: dict[Path, AnyChangeset] = {}
    items: list[AnyChangeset] = []
    for attempt in range(1, PASSES + 1):
        items = _changesets(ctx.unit.model, request.command, pending)
        check_feature(ctx.viewer, items)
        if len(live(items)) == len(items):
            await request.command.prepare(ctx, items)
        wrong = [each for each in items if each.failed]
        if not wrong and not request.all_or_none:
            wrong = await _write_visible(ctx, items)
        elif not wrong:
            await _write(ctx, items)
            await _verify(ctx, items)
        if not wrong or request.all_or_none:
            break
        # Decisions for the remaining inputs may depend on the failed ones: prepare them again without those.
        failed |= {each.path: each for each in wrong}
        pending = [(path, params) for path, params in pending if path not in failed]
        if attempt == PASSES:
            items = _changesets(ctx.unit.model, request.command, pending)
            for each in items:
                each.refuse(Code.RETRYABLE, ENTANGLED)
        if not pending:
            items = []
            break
    found = failed | {each.path: each for each in items}
    return [found[path] for path, _ in request.inputs]


def count(model: Model, request: CommandRequest) -> int:
    """How many records a request is about, with those that are created along with others."""
    items = _changesets(model, request.command, request.inputs)
    return sum(1 for item in items for _ in item.everything())


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
    """What an input sets, of which record, and what is created along with it."""
    relations = {str(r.exposed.reverse): (child, r) for child, r in model.nested(entity)}
    own = {k: v for k, v in params.items() if k not in ("id", "version") and k not in relations}
    given = params.get("id")
    id = parse_id(given, entity.prefix) or NO_ID if given is not None else None
    item: AnyChangeset = Changeset(
        entity, path, action, own, id=id, version=cast("int | None", params.get("version"))
    )
    for name, (child, relation) in relations.items():
        for number, each in enumerate(cast("Sequence[Params]", params.get(name) or ())):
            at = (*path, name, str(number))
            made = _changeset(model, child, at, each, Action.CREATE)
            made.relation = relation
            item.children.append(made)
    for name, relation in entity.nested_creates.items():
        if (new := own.get(name)) is not None:
            del own[name]
            target = entity.targets[relation.name]
            at = (*path, name)
            item.references[relation.name] = _changeset(
                model, target, at, cast("Params", new), Action.CREATE
            )
    return item


async def _write_visible(ctx: Context, items: list[AnyChangeset]) -> list[AnyChangeset]:
    """Write what the caller sees afterwards, and undo all of it if there is something else."""
    mark = await ctx.unit.savepoint()
    await _write(ctx, items)
    await _verify(ctx, items)
    hidden = [each for each in items if each.failed]
    if hidden:
        await ctx.unit.roll_back(mark)
    return hidden


async def _write(ctx: Context, items: list[AnyChangeset]) -> None:
    """Write the prepared operations: those that must come first, the records, then those that follow."""
    every = [each for item in items for each in item.everything()]
    await _write_related(ctx, (op for each in every for op in each.before_ops))
    for entity in types_in_order(every):
        mine = [each for each in every if each.entity is entity]
        await ctx.unit.add(entity, [each.record for each in mine if each.before is None])
        for first in (True, False):
            await _write_changed(ctx, entity, [each for each in mine if each.priority is first])
    await _write_related(ctx, (op for each in every for op in each.after_ops))
    await _write_created(ctx, every)
    for each in every:
        for effect in each.side_effects:
            await effect(ctx.unit.connection)


async def _write_changed(ctx: Context, entity: Entity, items: list[AnyChangeset]) -> None:
    """Those that were there before, where anything of them changed."""
    there = [each for each in items if each.before is not None]
    saved = [(e.existing, e.record) for e in there if e.action in SAVES and is_changed(e)]
    await ctx.unit.change(entity, saved)
    for action, kind in KINDS.items():
        moved = [
            (each.existing, each.record)
            for each in there
            if each.action is action and each.existing.deleted_at != each.record.deleted_at
        ]
        await ctx.unit.change(entity, moved, kind)


async def _write_created(ctx: Context, items: Iterable[AnyChangeset]) -> None:
    """New related records: what is referred to first."""
    made: dict[Entity, list[Record]] = {}
    for item in items:
        for row in item.created:
            made.setdefault(ctx.unit.model.of(declared_by(row)), []).append(row)
    for entity in in_order(made):
        await ctx.unit.add(entity, made[entity])


async def _write_related(ctx: Context, ops: Iterable[RelatedChange]) -> None:
    """Related changes: what goes to the trash or comes out of it is a deletion or a restoration, the rest an update."""
    grouped: dict[tuple[type[Record], HistoryEventKind], list[tuple[Record, Record]]] = {}
    for op in ops:
        kind = HistoryEventKind.UPDATED
        if op.before.deleted_at != op.after.deleted_at:
            kind = (
                HistoryEventKind.RESTORED
                if op.after.deleted_at is None
                else HistoryEventKind.DELETED
            )
        grouped.setdefault((op.type_, kind), []).append((op.before, op.after))
    for (type_, kind), pairs in grouped.items():
        await ctx.unit.change(ctx.unit.model.of(type_), pairs, kind)


async def _verify(ctx: Context, items: list[AnyChangeset]) -> None:
    """The after-image: a record that was written must still be one that the caller sees."""
    every = [each for item in items for each in item.everything()]
    await run_verify(ctx, every)
    # A child that is created along is seen with its parent, which is checked here, or was before.
    alone = (each for each in every if each.parent_changeset is None)
    by_entity: dict[Entity, dict[UUID, AnyChangeset]] = {}
    for each in alone:
        if each.record.deleted_at is None:
            by_entity.setdefault(each.entity, {})[each.record.id] = each
    for entity, mine in by_entity.items():
        visible = await ctx.unit.still_visible(entity, mine)
        for id, each in mine.items():
            if id not in visible:
                each.refuse(Code.FORBIDDEN, OUT_OF_SIGHT)

"""Does what was asked with records of one kind: prepares all of it, and keeps what nothing is wrong with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.model import Entity, Model
from db.engine.plan.values import parse_id
from db.engine.write.row_json import Row
from db.engine.write.unit_of_work import UnitOfWork
from domain.codes import Code
from domain.setup import ChangeKind
from resolvers.engine.allowed import OUT_OF_SIGHT, check_feature
from resolvers.engine.changing import draft_changes, is_changed
from resolvers.engine.creating import draft_new
from resolvers.engine.drafts import Draft, Other, Path
from resolvers.engine.removing import draft_deletes, draft_restores
from resolvers.engine.settling import Prepare, check, kinds, prepared
from resolvers.engine.upserting import draft_upserts
from resolvers.engine.values import NO_ID

PREPARE: Mapping[str, Prepare] = {
    "Create": draft_new,
    "Delete": draft_deletes,
    "Restore": draft_restores,
    "Upsert": draft_upserts,
}
"""Every other verb changes what is there: an update, and whatever an area calls what it does."""
PASSES = 5
"""How often what is left of a list is decided anew, when some of it turned out to be in the way of the rest."""
ENTANGLED = "The inputs depend on each other: send this one in a request of its own."
KINDS = {"Delete": ChangeKind.DELETED, "Restore": ChangeKind.RESTORED}


@dataclass(frozen=True)
class Wish:
    """One deed as it was asked for: for each of its inputs, where it stands and what it holds."""

    entity: Entity
    verb: str
    inputs: tuple[tuple[Path, Mapping[str, Any]], ...]
    all_or_none: bool = True


async def do(unit: UnitOfWork, viewer: Viewer, wish: Wish) -> list[Draft]:
    """What became of each input, in their order. Nothing is kept of one that failed.

    If all or none is to be done, one that fails leaves it to the caller to take back the rest.
    """
    pending = list(wish.inputs)
    failed: dict[Path, Draft] = {}
    for attempt in range(1, PASSES + 1):
        drafts = _drafts(unit.model, wish, pending)
        check_feature(viewer, drafts)
        if not any(each.failed for each in drafts):
            await _prepare(wish)(unit, viewer, drafts)
        wrong = [each for each in drafts if each.failed]
        if not wrong and not wish.all_or_none:
            wrong = await _keep_those_in_sight(unit, wish, drafts)
        elif not wrong:
            await _keep(unit, wish, drafts)
            await _look(unit, drafts)
        if not wrong or wish.all_or_none:
            break
        # What was decided with them in mind is decided anew without them.
        failed |= {each.path: each for each in wrong}
        pending = [(path, given) for path, given in pending if path not in failed]
        if attempt == PASSES:
            drafts = _drafts(unit.model, wish, pending)
            for each in drafts:
                each.refuse(Code.RETRYABLE, ENTANGLED)
        if not pending:
            drafts = []
            break
    found = failed | {each.path: each for each in drafts}
    return [found[path] for path, _ in wish.inputs]


def count(model: Model, wish: Wish) -> int:
    """How many records a wish is about, with those that are created along with others."""
    drafts = (_draft(model, wish.entity, path, given) for path, given in wish.inputs)
    return sum(1 for draft in drafts for _ in draft.everything())


def is_allowed(viewer: Viewer, wish: Wish) -> bool:
    """Whether the caller may still do such a thing at all: asked before he is told what came of it once."""
    name = wish.entity.name
    if wish.verb == "Create":
        return viewer.may_create(name)
    if wish.verb == "Upsert":
        return viewer.may_create(name) or viewer.edits(name) is not None
    if wish.verb in KINDS:
        return viewer.deletes(name) is not None
    return viewer.edits(name) is not None


def _prepare(wish: Wish) -> Prepare:
    """What an area prepares its own way, or what every kind of record knows."""
    own = prepared(wish.entity, wish.verb)
    return own or PREPARE.get(wish.verb, draft_changes)


def _drafts(
    model: Model, wish: Wish, pending: Iterable[tuple[Path, Mapping[str, Any]]]
) -> list[Draft]:
    drafts = [_draft(model, wish.entity, path, given) for path, given in pending]
    for draft in drafts:
        draft.verb = wish.verb
    return drafts


def _draft(model: Model, entity: Entity, path: Path, given: Mapping[str, Any]) -> Draft:
    """An input read: what is to be set, of which record, and what is created along with it."""
    ways = {str(way.exposed.reverse): (part, way) for part, way in model.nested(entity)}
    own = {k: v for k, v in given.items() if k not in ("id", "version") and k not in ways}
    id = parse_id(given["id"], entity.prefix) or NO_ID if given.get("id") is not None else None
    nested = []
    for name, (part, way) in ways.items():
        for number, each in enumerate(given.get(name) or ()):
            made = _draft(model, part, (*path, name, str(number)), each)
            made.way = way
            nested.append(made)
    brought = {
        way.name: _draft(model, entity.targets[way.name], (*path, name), own.pop(name))
        for name, way in entity.brings.items()
        if own.get(name) is not None
    }
    return Draft(entity, path, own, id, given.get("version"), nested=nested, brought=brought)


async def _keep_those_in_sight(unit: UnitOfWork, wish: Wish, drafts: list[Draft]) -> list[Draft]:
    """Keep what the caller sees afterwards, and take back all of it if there is something else."""
    mark = await unit.mark()
    await _keep(unit, wish, drafts)
    await _look(unit, drafts)
    hidden = [each for each in drafts if each.failed]
    if hidden:
        await unit.take_back(mark)
    return hidden


async def _keep(unit: UnitOfWork, wish: Wish, drafts: list[Draft]) -> None:
    """Write what was prepared: what must make room first, then the records, then what follows from them."""
    kind = KINDS.get(wish.verb, ChangeKind.UPDATED)
    every = [each for draft in drafts for each in draft.everything()]
    await _change_others(unit, (other for each in every for other in each.first))
    for entity in kinds(every):
        mine = [each for each in every if each.entity is entity]
        await unit.add(entity, [each.after for each in mine if each.before is None])
        changed: list[tuple[Row, Row]] = [
            (each.before, each.after)
            for each in mine
            if each.before is not None and (kind is not ChangeKind.UPDATED or is_changed(each))
        ]
        if kind is not ChangeKind.UPDATED:
            changed = [pair for pair in changed if pair[0]["deleted_at"] != pair[1]["deleted_at"]]
        early = {each.id for each in mine if each.early}
        for first in (True, False):
            pairs = [pair for pair in changed if (pair[0]["id"] in early) is first]
            await unit.change(entity, pairs, kind)
    await _change_others(unit, (other for each in every for other in each.then))
    await _add_new(unit, every)
    for each in every:
        for deed in each.besides:
            await deed(unit.connection)


async def _add_new(unit: UnitOfWork, drafts: Iterable[Draft]) -> None:
    """What comes of the drafts besides, in the order that they name its kinds in: what is pointed at first."""
    made: dict[Entity, list[Row]] = {}
    for draft in drafts:
        for entity, row in draft.new:
            made.setdefault(entity, []).append(row)
    for entity, rows in made.items():
        await unit.add(entity, rows)


async def _change_others(unit: UnitOfWork, others: Iterable[Other]) -> None:
    """What goes into the bin along with something, or comes out of it, is told so; the rest as a change."""
    grouped: dict[tuple[Entity, ChangeKind], list[tuple[Row, Row]]] = {}
    for each in others:
        binned = each.before["deleted_at"] != each.after["deleted_at"]
        done = ChangeKind.RESTORED if each.after["deleted_at"] is None else ChangeKind.DELETED
        key = (each.entity, done if binned else ChangeKind.UPDATED)
        grouped.setdefault(key, []).append((each.before, each.after))
    for (entity, done), pairs in grouped.items():
        await unit.change(entity, pairs, done)


async def _look(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """The after-image: a record that is kept must still be one that the caller sees."""
    every = [each for draft in drafts for each in draft.everything()]
    await check(unit, every)
    # What is created as a part is seen with its whole, which was looked at, or is looked at here.
    alone = (each for each in every if each.above is None)
    live = [each for each in alone if each.after.get("deleted_at") is None]
    by_kind: dict[Entity, dict[UUID, Draft]] = {}
    for each in live:
        by_kind.setdefault(each.entity, {})[each.after["id"]] = each
    for entity, mine in by_kind.items():
        seen = await unit.in_sight(entity, mine)
        for id, each in mine.items():
            if id not in seen:
                each.refuse(Code.FORBIDDEN, OUT_OF_SIGHT)

"""Deletes records into the bin and takes them out again, each with what are parts of it, in one deletion (D-15)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.fields import Reference
from db.engine.model import Entity
from db.engine.write import statements as store
from db.engine.write.locking import Lock
from db.engine.write.row_json import Row
from db.engine.write.unit_of_work import UnitOfWork
from domain.codes import Code, UserErrorCode
from resolvers.engine.allowed import no_changing
from resolvers.engine.changing import hold, hold_wholes, judge, refuse_twice
from resolvers.engine.creating import check_unique
from resolvers.engine.drafts import Draft, Other, Told
from resolvers.engine.replacing import REPLACE, replace
from resolvers.engine.settling import Deed, follow, settle
from resolvers.engine.values import NO_ID

CHANGED = "Somebody else changed the record meanwhile: look at it again before you delete it."
IN_USE = "Other records still refer to this one: change or delete those first."
IN_USE_REPLACE = (
    "Other records still refer to this one: name another one in `replaceWith` that takes its place."
)
WHOLE_DELETED = "What this record belongs to is in the bin: restore that first."


async def draft_deletes(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """Prepare deletions: of records that nothing else points to."""
    _check_right(viewer, drafts)
    live = [each for each in drafts if not each.failed]
    await hold(unit, viewer, live, Lock.DELETE, viewer.deletes)
    live = [each for each in live if not each.failed]
    if not live:
        return
    for draft in live:
        before = draft.before or {}
        if draft.version is not None and draft.version != before["version"]:
            conflict = {"version": before["version"], "fields": []}
            draft.refuse(Code.CONFLICT, CHANGED, "version", conflict=conflict)
    entity = live[0].entity
    await replace(unit, viewer, live)
    for draft in live:
        draft.after = {**(draft.before or {}), "deleted_at": unit.now}
    await settle(unit, Deed.DELETE, live)
    # Whoever may not do it is refused by his area first: he is not told what refers to the record.
    await _check_use(unit, entity, live)
    parts = await store.parts(
        unit.connection, unit.model, entity, [_id(each) for each in live if not each.failed]
    )
    owners = {_id(each): each for each in live}
    for kind, row in parts:
        draft = owners[row["id"]] = _whole_of(kind, row, owners)
        if row["deleted_at"] is None:
            draft.then.append(Other(kind, row, {**row, "deleted_at": unit.now}))
    await follow(unit, Deed.DELETE, live)


async def _check_use(unit: UnitOfWork, entity: Entity, drafts: list[Draft]) -> None:
    """Note what something else points to; what stays for that reason may point to another one of the list."""
    staying = True
    while staying:
        ids = [_id(each) for each in drafts if not each.failed]
        used = await store.used(unit.connection, unit.model, entity, ids) if ids else set()
        for draft in drafts:
            if draft.given.get(REPLACE) is not None:
                used.discard(draft.id)  # the other one takes its place
        staying = bool(used)
        for draft in drafts:
            if draft.id in used and not draft.failed:
                message = IN_USE_REPLACE if entity.is_replaceable else IN_USE
                draft.told.append(Told(UserErrorCode.IN_USE, message, (*draft.path, "id")))


async def draft_restores(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """Prepare restorations: a record that is not in the bin stays as it is."""
    _check_right(viewer, drafts)
    live = [each for each in drafts if not each.failed]
    refuse_twice(live)
    if not live:
        return
    entity = live[0].entity
    await _hold_bin(unit, viewer, entity, live)
    live = [e for e in live if not e.failed and e.before and e.before["deleted_at"] is not None]
    await _check_above(unit, live)
    for draft in live:
        draft.after = {**(draft.before or {}), "deleted_at": None}
    await settle(unit, Deed.RESTORE, live)
    await _restore_parts(unit, entity, [each for each in live if not each.failed])
    await follow(unit, Deed.RESTORE, live)
    await check_unique(unit, live)


async def _hold_bin(unit: UnitOfWork, viewer: Viewer, entity: Entity, drafts: list[Draft]) -> None:
    ids = {each.id or NO_ID for each in drafts}
    wholes: dict[UUID, Row] = {}
    if entity.wholes:
        # The whole is locked before its parts, as everybody does.
        looked = await unit.hold(entity, ids, Lock.NONE, bin=True)
        looked |= await unit.hold(entity, ids, Lock.NONE)
        wholes = await hold_wholes(unit, entity, looked.values())
    binned = await unit.hold(entity, ids, Lock.DELETE, bin=True)
    live = await unit.hold(entity, ids - set(binned), Lock.CHANGE)
    found = binned | live
    for draft in drafts:
        judge(viewer, viewer.deletes, draft, found.get(draft.id or NO_ID), wholes)
        draft.after = draft.before or {}


async def _check_above(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """What a record cannot be without must be there, too."""
    wanted: dict[Entity, set[UUID]] = defaultdict(set)
    for draft in drafts:
        for way in _needed(draft.entity, draft.before or {}):
            wanted[draft.entity.targets[way.name]].add((draft.before or {})[way.column])
    gone = await store.gone(unit.connection, wanted)
    for draft in drafts:
        if _links(draft.entity, draft.before or {}) & gone:
            draft.told.append(Told(UserErrorCode.WHOLE_DELETED, WHOLE_DELETED, (*draft.path, "id")))


async def _restore_parts(unit: UnitOfWork, entity: Entity, drafts: list[Draft]) -> None:
    """Those parts that went in the same deletion, but for what ties the record to something that is gone."""
    owners = {_id(each): each for each in drafts}
    found = await store.parts(unit.connection, unit.model, entity, list(owners))
    wanted: dict[Entity, set[UUID]] = defaultdict(set)
    for kind, row in found:
        for way in _needed(kind, row):
            wanted[kind.targets[way.name]].add(row[way.column])
    gone = await store.gone(unit.connection, wanted)
    for kind, row in found:
        if not any(row[way.column] in owners for way in kind.wholes):
            continue
        draft = _whole_of(kind, row, owners)
        missing = _links(kind, row) & gone - owners.keys()  # parts of parts come after those
        if row["deleted_at"] == (draft.before or {})["deleted_at"] and not missing:
            draft.then.append(Other(kind, row, {**row, "deleted_at": None}))
            owners[row["id"]] = draft


def _needed(entity: Entity, row: Mapping[str, Any]) -> list[Reference]:
    """The links that a record cannot be without: those that must be there, and to what it is a part of."""
    every = entity.references.values()
    return [w for w in every if not w.nullable or (w.exposed.part and row[w.column] is not None)]


def _links(entity: Entity, row: dict[str, Any]) -> set[UUID]:
    return {row[way.column] for way in _needed(entity, row)}


def _whole_of(kind: Entity, row: dict[str, Any], owners: dict[UUID, Draft]) -> Draft:
    """The deletion that a part goes with: the first of what it is a part of, of those that go."""
    return next(owners[row[w.column]] for w in kind.wholes if row[w.column] in owners)


def _check_right(viewer: Viewer, drafts: list[Draft]) -> None:
    for draft in drafts:
        if viewer.may_see(draft.entity.name) and viewer.deletes(draft.entity.name) is None:
            draft.refuse(Code.FORBIDDEN, no_changing(draft))


def _id(draft: Draft) -> UUID:
    assert draft.id is not None  # noqa: S101 - what was held has an id
    return draft.id

"""Puts one record in the place of another that is to be deleted, wherever something points to that (D-11)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.fields import Reference
from db.engine.model import Entity
from db.engine.plan.values import parse_id
from db.engine.write import statements as store
from db.engine.write.locking import Lock
from db.engine.write.row_json import Row, named
from db.engine.write.unit_of_work import UnitOfWork
from domain.codes import UserErrorCode
from resolvers.engine.drafts import Draft, Other, Told
from resolvers.engine.settling import Deed, settle
from resolvers.engine.values import NO_ID

REPLACE = "replaceWith"
REPLACED = "Replace"
"""The verb of what comes to point to another record because its own is replaced."""
ITSELF = "The record cannot take its own place: name another one."
GOING = "This one is to be deleted, too: name one that stays."
UNLIKE = "Only a record with the same `{field}` can take the place of this one: name one of those."
UNFIT = "Not everything that refers to the record could refer to this one instead: {why}"


async def replace(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """Prepare, for those drafts that name one, that what points to them points to another record.

    Whoever may delete a record of the set-up may do that, whatever he sees of what points to it: he is not
    told how much that was. What would then be there twice goes along with the record.
    """
    asked = [each for each in drafts if each.given.get(REPLACE) is not None and not each.failed]
    if not asked:
        return
    entity = asked[0].entity
    going = {each.id for each in drafts}
    wanted = {each.id: parse_id(each.given[REPLACE], entity.prefix) or NO_ID for each in asked}
    seen = await unit.hold(entity, wanted.values(), Lock.LINK)
    for draft in asked:
        other = wanted[draft.id]
        if other == draft.id:
            draft.told.append(Told(UserErrorCode.INVALID, ITSELF, (*draft.path, REPLACE)))
        elif other not in seen:
            draft.missing(REPLACE)
        elif other in going:
            draft.told.append(Told(UserErrorCode.INVALID, GOING, (*draft.path, REPLACE)))
        elif entity.alike and (draft.before or {})[entity.alike] != seen[other][entity.alike]:
            unlike = UNLIKE.format(field=named(entity)[entity.alike].name)
            draft.told.append(Told(UserErrorCode.INVALID, unlike, (*draft.path, REPLACE)))
    for draft in asked:
        for kind, way in unit.model.users(entity):
            if not draft.failed:
                await _move(unit, draft, kind, way, wanted[draft.id])


async def _move(unit: UnitOfWork, draft: Draft, kind: Entity, way: Reference, other: UUID) -> None:
    """Let the records of one kind point elsewhere, as their area sees fit."""
    rows = await store.among(unit.connection, kind, way.column, [draft.id])
    twice = await _twice(unit, kind, [{**row, way.column: other} for row in rows])
    moved = []
    for row in rows:
        if row["id"] in twice:
            gone = {**row, "deleted_at": unit.now}
            draft.first.append(Other(kind, row, gone))
            continue
        given: dict[str, Any] = {way.name: f"{draft.entity.prefix}_{other.hex}"}
        after = {**row, way.column: other}
        moved.append(
            Draft(kind, draft.path, given, row["id"], verb=REPLACED, before=row, after=after)
        )
    await settle(unit, Deed.SAVE, moved)
    for each in moved:
        each.faults(unit.faults(kind, each.before, each.after))
        if each.told or each.refused:
            why = each.told[0].message if each.told else str(each.refused[0])
            told = Told(UserErrorCode.INVALID, UNFIT.format(why=why), (*draft.path, REPLACE))
            draft.told = draft.told or [told]
        draft.first += [*each.first, Other(kind, each.before or {}, each.after)]
        draft.then += each.then
        draft.new += each.new
        draft.besides += each.besides


async def _twice(unit: UnitOfWork, kind: Entity, rows: list[Row]) -> set[UUID]:
    """Which of these could not be kept, because there is such a record already or one of them is."""
    found: set[UUID] = set()
    for columns in store.unique_columns(kind):
        taken = await store.taken(unit.connection, kind, columns, rows) if rows else set()
        for row in rows:
            value = tuple(row[column] for column in columns)
            if None in value:
                continue
            if value in taken:
                found.add(row["id"])
            taken.add(value)
    return found

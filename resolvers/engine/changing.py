"""Changes records that are there: held, then judged by whose they are, by what others changed meanwhile, and by the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.model import Entity
from db.engine.plan.values import parse_id
from db.engine.write import statements as store
from db.engine.write.locking import Lock
from db.engine.write.row_json import Row, changed, plain, told
from db.engine.write.unit_of_work import UnitOfWork
from domain.access import WriteScope
from domain.codes import Code, UserErrorCode
from resolvers.engine.allowed import NOT_YOURS, check_fields, no_changing
from resolvers.engine.creating import check_links, check_unique, finish
from resolvers.engine.drafts import Draft, Told
from resolvers.engine.settling import Deed, settle
from resolvers.engine.values import ATTRIBUTES, NO_ID, fill

Scope = Callable[[str], "WriteScope | None"]
"""Which rows of an entity a deed is open for."""
QUICKER = "Somebody else changed the same meanwhile: look at what is there now, and decide again."


async def draft_changes(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """Prepare changes of records that are known by their ids."""
    for draft in drafts:
        if viewer.may_see(draft.entity.name) and viewer.edits(draft.entity.name) is None:
            draft.refuse(Code.FORBIDDEN, no_changing(draft))
        else:
            check_fields(draft, viewer)
    live = [each for each in drafts if not each.failed]
    await hold(unit, viewer, live, Lock.CHANGE, viewer.edits)
    for draft in live:
        # Before anything is said of what the field holds: a conflict would tell it.
        if draft.before is not None and viewer.rights[draft.entity.name].ruled:
            check_fields(draft, viewer, draft.before)
    live = [each for each in live if not each.failed]
    for draft in live:
        draft.after = dict(draft.before or {})
        fill(draft, viewer)
    await check_versions(unit, viewer, live)
    live = [each for each in live if not each.refused]
    await check_links(unit, live)
    await settle(unit, Deed.SAVE, live)
    for draft in live:
        finish(unit, viewer, draft)
    await check_unique(unit, live)


async def hold(
    unit: UnitOfWork, viewer: Viewer, drafts: list[Draft], lock: Lock, scope: Scope
) -> None:
    """Find the records, locked: noting which are not there, and which are there but not the caller's."""
    if not drafts:
        return
    entity = drafts[0].entity
    refuse_twice(drafts)
    ids = {each.id or NO_ID for each in drafts}
    wholes = await _wholes(unit, entity, ids)
    held = await unit.hold(entity, ids, lock)
    for draft in drafts:
        judge(viewer, scope, draft, held.get(draft.id or NO_ID), wholes)


def judge(
    viewer: Viewer, scope: Scope, draft: Draft, row: Row | None, wholes: Mapping[UUID, Row]
) -> None:
    """Note the record that was found, and whether it is the caller's: a part is whose its whole is."""
    draft.before, entity = row, draft.entity
    if row is None:
        draft.missing("id")
        return
    way = entity.whole(row)
    draft.whole = wholes.get(row[way.column]) if way else None
    owned = (entity, row)
    if way is not None and entity.owner is None and draft.whole is not None:
        owned = (entity.targets[way.name], draft.whole)
    if not viewer.within(scope(entity.name), *owned):
        draft.refuse(Code.FORBIDDEN, NOT_YOURS, "id")


async def _wholes(unit: UnitOfWork, entity: Entity, ids: set[UUID]) -> dict[UUID, Row]:
    """What these are parts of, locked before they are: everybody locks in that order."""
    if not entity.wholes:
        return {}
    parts = await unit.hold(entity, ids, Lock.NONE)
    return await hold_wholes(unit, entity, parts.values())


async def hold_wholes(unit: UnitOfWork, entity: Entity, rows: Iterable[Row]) -> dict[UUID, Row]:
    """What these rows are parts of, as far as the caller sees it, locked in the order of their kinds."""
    wanted: dict[Entity, set[UUID]] = {}
    for row in rows:
        for way, above in zip(entity.wholes, entity.above, strict=True):
            if row[way.column] is not None:
                wanted.setdefault(above, set()).add(row[way.column])
    held: dict[UUID, Row] = {}
    for above in sorted(wanted, key=lambda each: each.name):
        held |= await unit.hold(above, wanted[above], Lock.CHANGE)
    return held


def refuse_twice(drafts: list[Draft]) -> None:
    """One record stands once in a list: which of two changes is meant to last, nobody could say."""
    times = Counter(each.id for each in drafts)
    for each in drafts:
        if times[each.id] > 1 and each.id not in (None, NO_ID):
            message = "This record stands in the list more than once: put the changes together."
            each.told.append(Told(UserErrorCode.INVALID, message, (*each.path, "id")))


async def check_versions(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """Note conflicts: fields that somebody else changed since the caller looked, to something else (D-36)."""
    late = {
        each.before["id"]: each.version
        for each in drafts
        if each.before is not None
        and each.version is not None
        and each.version != each.before["version"]
    }
    if not late:
        return
    since = await store.since(unit.connection, late)
    for draft in drafts:
        before = draft.before
        if before is None or before["id"] not in late:
            continue
        fields = _conflicts(draft, viewer, since[before["id"]])
        await _hide_links(unit, draft, fields)
        if fields or late[before["id"]] > before["version"]:
            conflict = {"version": before["version"], "fields": fields}
            draft.refuse(Code.CONFLICT, QUICKER, "version", conflict=conflict)


async def _hide_links(unit: UnitOfWork, draft: Draft, fields: list[dict[str, str | None]]) -> None:
    """What somebody else linked to is told where the caller sees it: an id alone says that there is one."""
    for field in fields:
        target = draft.entity.targets.get(field["field"] or "")
        if target is None:
            continue
        ids = {word: parse_id(field[word], target.prefix) for word in ("theirs", "base")}
        seen = await unit.seen(target, {id for id in ids.values() if id is not None})
        field.update({word: field[word] if id in seen else None for word, id in ids.items()})


def _conflicts(
    draft: Draft, viewer: Viewer, since: dict[str, str | None]
) -> list[dict[str, str | None]]:
    found = []
    entity, before = draft.entity, draft.before or {}
    for name in draft.given:
        if name == ATTRIBUTES:
            found += _attribute_conflicts(draft, viewer, since)
            continue
        key = f"{entity.name}.{name}"
        if name not in entity.written or key not in since:
            continue
        column = entity.written[name].column
        mine, theirs = (told(entity, column, row) for row in (draft.after, before))
        if mine != theirs:
            found.append({"field": name, "mine": mine, "theirs": theirs, "base": since[key]})
    return found


def _attribute_conflicts(
    draft: Draft, viewer: Viewer, since: dict[str, str | None]
) -> list[dict[str, str | None]]:
    column, found = draft.entity.attributes or "", []
    for each in draft.given[ATTRIBUTES] or []:
        attribute = viewer.attribute(draft.entity.name, each["key"])
        if attribute is None or f"{draft.entity.name}.{attribute.id}" not in since:
            continue
        mine, theirs = (
            None if value is None else plain(value)
            for value in (
                row[column].get(attribute.id) for row in (draft.after, draft.before or {})
            )
        )
        base = since[f"{draft.entity.name}.{attribute.id}"]
        if mine != theirs:
            found.append({"field": attribute.key, "mine": mine, "theirs": theirs, "base": base})
    return found


def is_changed(draft: Draft) -> bool:
    """Whether there is anything to keep."""
    return bool(changed(draft.entity, draft.before or {}, draft.after))

"""Creates records: what may be set, what it leads to, what the areas and the record's own rule say; nothing is kept yet."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.fields import Reference
from db.engine.model import Entity
from db.engine.write import statements as store
from db.engine.write.locking import Lock
from db.engine.write.row_json import Row, blank, named
from db.engine.write.unit_of_work import UnitOfWork
from domain.codes import Code, UserErrorCode
from domain.violations import Violation
from resolvers.engine.allowed import NOT_YOURS, check_creating, check_fields, in_sight
from resolvers.engine.carried import check_carried
from resolvers.engine.drafts import Draft
from resolvers.engine.settling import Deed, settle
from resolvers.engine.values import EMPTY, fill

TWO = "Name one that is there or give a new one, not both."
TAKEN = "Another record has this already: choose another value, or find that record."


async def draft_new(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """Prepare new records with what is created along with them."""
    for draft in drafts:
        check_creating(draft, viewer)
        for each in draft.everything():
            check_fields(each, viewer)
    live = [each for each in drafts if not each.failed]
    for draft in live:
        _begin(unit, viewer, draft)
    await check_links(unit, live)
    every = [each for draft in live for each in draft.everything()]
    await _check_wholes(unit, viewer, every)
    await settle(unit, Deed.SAVE, every)
    for each in every:
        finish(unit, viewer, each)
    await check_unique(unit, every)


def _begin(unit: UnitOfWork, viewer: Viewer, draft: Draft) -> None:
    """Fill in what was given, and what a record begins with."""
    draft.id = unit.new_id()
    draft.after = blank(draft.entity, draft.id, unit.now)
    owner = draft.entity.owner
    if owner is not None and owner != "id":
        draft.after[owner] = viewer.employee
    fill(draft, viewer)
    for name, other in draft.brought.items():
        _begin(unit, viewer, other)
        way = draft.entity.references[name]
        if draft.after[way.column] is not None:
            draft.fault(Violation(UserErrorCode.INVALID, TWO, way.column))
        draft.after[way.column] = other.id
    for part in draft.nested:
        _begin(unit, viewer, part)
        assert part.way is not None  # noqa: S101 - only parts are nested
        part.after[part.way.column] = draft.id
        part.whole, part.above = draft.after, draft


def finish(unit: UnitOfWork, viewer: Viewer, draft: Draft) -> None:
    """The last look at a record as it is to be kept: nothing may be missing, and its own rule must hold."""
    missing = [
        what
        for what in draft.entity.written.values()
        if draft.after[what.column] is None and not what.nullable
    ]
    check_carried(draft, viewer)
    known = {each.path for each in draft.told}
    for what in missing:
        # Nothing is missing where a value was refused, nor what would have followed from one.
        if (*draft.path, what.name) not in known and not (draft.failed and what.exposed.chosen):
            draft.fault(Violation(UserErrorCode.REQUIRED, EMPTY, what.column))
    if not missing and viewer.rights[draft.entity.name].ruled:
        check_fields(draft, viewer, draft.before or draft.after)
    # A rule says nothing of what the server chooses, which it does only where nothing is wrong yet.
    if all(what.exposed.chosen for what in missing):
        for fault in unit.faults(draft.entity, draft.before, draft.after):
            draft.fault(in_sight(viewer, draft.entity, fault))


async def check_links(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """Note every link that was set and leads to nothing the caller sees; hold what it leads to."""
    wanted: dict[Entity, set[UUID]] = defaultdict(set)
    links: list[tuple[Draft, Reference, Entity, UUID]] = []
    for draft in (each for one in drafts for each in one.everything()):
        for name in draft.given:
            way = draft.entity.references.get(name)
            if way is None or draft.after[way.column] is None:
                continue
            if draft.before is None and way is draft.entity.whole(draft.after):
                continue  # held, not only linked to
            target = draft.entity.targets[name]
            wanted[target].add(draft.after[way.column])
            links.append((draft, way, target, draft.after[way.column]))
    if not links:
        return
    seen = await unit.linked(wanted)
    for draft, way, target, id in links:
        if id not in seen[target]:
            draft.missing(way.name)


async def _check_wholes(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """A part is added to a whole that the caller sees, and may change."""
    by_way: dict[tuple[Entity, Reference], list[Draft]] = defaultdict(list)
    for each in drafts:
        way = each.entity.whole(each.after)
        if way is None or way is each.way or each.failed:
            continue
        if way.name in each.brought:
            each.whole = each.brought[way.name].after
        else:
            by_way[each.entity, way].append(each)
    for (entity, way), mine in by_way.items():
        above = entity.targets[way.name]
        held = await unit.hold(above, {each.after[way.column] for each in mine}, Lock.CHANGE)
        for each in mine:
            each.whole = held.get(each.after[way.column])
            if each.whole is None:
                each.missing(way.name)
            elif entity.owner is None and not viewer.within(
                viewer.edits(entity.name), above, each.whole
            ):
                each.refuse(Code.FORBIDDEN, NOT_YOURS, way.name)


async def check_unique(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """Note what another live record has already, or another one of these."""
    by_kind: dict[Entity, list[Draft]] = defaultdict(list)
    for each in drafts:
        if not (each.refused or each.forbidden or each.read_only):
            by_kind[each.entity].append(each)
    for entity, mine in by_kind.items():
        for columns in store.unique_columns(entity):
            await _check_columns(unit, entity, columns, mine)


async def _check_columns(
    unit: UnitOfWork, entity: Entity, columns: tuple[str, ...], drafts: list[Draft]
) -> None:
    def value(row: Row) -> tuple[object, ...]:
        return tuple(row[column] for column in columns)

    concerned = [
        each
        for each in drafts
        if None not in value(each.after)
        and (
            each.before is None
            or value(each.before) != value(each.after)
            or each.before["deleted_at"]
        )
    ]
    if not concerned:
        return
    taken = await store.taken(unit.connection, entity, columns, [each.after for each in concerned])
    for each in concerned:
        if value(each.after) in taken:
            given = [c for c in columns if named(entity)[c].name in each.given]
            each.fault(Violation(UserErrorCode.DUPLICATE, TAKEN, (given or [""])[-1]))
        if not each.failed:  # what fails takes nothing from the others
            taken.add(value(each.after))

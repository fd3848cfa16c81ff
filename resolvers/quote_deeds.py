"""Prepares what is done with quotes only: all of their lines set in one go, or a copy made of one."""

from __future__ import annotations

from collections import Counter, defaultdict
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.write import statements as store
from db.engine.write.locking import Lock
from db.engine.write.row_json import Row, blank, changed
from db.engine.write.unit_of_work import UnitOfWork
from db.quotes import Quote, QuoteItem
from domain.access import WriteScope
from domain.codes import Code, UserErrorCode
from domain.numbering import number
from domain.quotes import closed
from resolvers.engine.allowed import NOT_YOURS, check_fields, no_changing, no_creating
from resolvers.engine.changing import hold, is_changed
from resolvers.engine.creating import check_links, check_unique, finish
from resolvers.engine.drafts import Draft, Other, Told
from resolvers.engine.settling import prepares
from resolvers.engine.values import fill
from resolvers.quote_lines import ITEMS, SET, fill_lines, reckon
from resolvers.quotes import check_unlocked, check_version, tell

ITEM, OPPORTUNITY = QuoteItem.__name__, "Opportunity"
TWICE = "This line stands in the list more than once: put the changes together."


@prepares(Quote, SET)
async def set_items(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """The lines become those of the list: changed where it names them, new where not, deleted where it lacks them."""
    for draft in drafts:
        _check_rights(draft, viewer)
        for line in draft.nested:
            check_fields(line, viewer)
    live = [each for each in drafts if not each.failed]
    await hold(unit, viewer, live, Lock.CHANGE, viewer.edits)
    live = [each for each in live if not each.failed]
    for draft in live:
        draft.after = dict(_row(draft))
        check_version(draft)
        check_unlocked(unit, draft)
        tell(unit, draft, closed(_row(draft), draft.after))
    live = [each for each in live if not each.failed]
    await _match(unit, viewer, live)
    await check_links(unit, live)
    await fill_lines(unit, live)
    for line in (line for draft in live for line in draft.nested if not line.refused):
        finish(unit, viewer, line)
    await reckon(unit, live)
    for draft in live:
        finish(unit, viewer, draft)
        _come_after(draft)


def _check_rights(draft: Draft, viewer: Viewer) -> None:
    """What is not seen at all is told as missing when it is held; what is seen may not be changed by everybody."""
    seen = viewer.may_see(draft.entity.name)
    if seen and (viewer.edits(draft.entity.name) is None or not viewer.may_see(ITEM)):
        draft.refuse(Code.FORBIDDEN, no_changing(draft))


async def _match(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """Find the lines that are named, begin those that are not, and let go those that the list lacks."""
    entity = unit.model.entities[ITEM]
    kept: dict[UUID, dict[UUID, Row]] = defaultdict(dict)
    ids = [draft.after["id"] for draft in drafts]
    for row in await store.among(unit.connection, entity, "quote_id", ids) if ids else []:
        kept[row["quote_id"]][row["id"]] = row
    for draft in drafts:
        mine = kept[draft.after["id"]]
        times = Counter(line.id for line in draft.nested if line.id is not None)
        for place, line in enumerate(draft.nested, 1):
            line.whole, line.above = draft.after, draft
            if line.id is None:
                _begin(unit, viewer, draft, line)
            else:
                _change(unit, viewer, draft, line, mine.get(line.id), place)
            if line.id is not None and times[line.id] > 1:
                line.told.append(Told(UserErrorCode.INVALID, TWICE, (*line.path, "id")))
        gone = [row for id, row in mine.items() if id not in times]
        if gone and not _is_within(viewer, viewer.deletes(ITEM), draft):
            draft.refuse(Code.FORBIDDEN, no_changing(draft), ITEMS)
        draft.then += [Other(entity, row, {**row, "deleted_at": unit.now}) for row in gone]


def _begin(unit: UnitOfWork, viewer: Viewer, draft: Draft, line: Draft) -> None:
    line.id = unit.new_id()
    line.after = blank(line.entity, line.id, unit.now) | {"quote_id": draft.after["id"]}
    if not viewer.may_create(ITEM):
        line.refuse(Code.FORBIDDEN, no_creating(line))
    elif not _is_within(viewer, viewer.edits(ITEM), draft):
        line.refuse(Code.FORBIDDEN, NOT_YOURS)
    fill(line, viewer)


def _change(
    unit: UnitOfWork, viewer: Viewer, draft: Draft, line: Draft, row: Row | None, place: int
) -> None:
    if row is None:
        line.after = blank(line.entity, unit.new_id(), unit.now)
        line.missing("id")
        return
    line.before, line.after = row, dict(row)
    touched = line.given or row["position"] != place
    if touched and not _is_within(viewer, viewer.edits(ITEM), draft):
        line.refuse(Code.FORBIDDEN, NOT_YOURS, "id")
    fill(line, viewer)


def _is_within(viewer: Viewer, scope: WriteScope | None, draft: Draft) -> bool:
    """Whether the quote's opportunity, whose the lines are, is within a scope."""
    above = draft.entity.targets["opportunity"]
    return draft.whole is not None and viewer.within(scope, above, draft.whole)


def _come_after(draft: Draft) -> None:
    """The quote has a new version whenever its lines have: so whoever saw the old ones is told."""
    others = any(line.before is None or is_changed(line) for line in draft.nested) or draft.then
    if others and not changed(draft.entity, _row(draft), draft.after):
        draft.then.append(Other(draft.entity, _row(draft), draft.after))


@prepares(Quote, "Duplicate")
async def duplicate(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """A copy stands beside the quote: with its lines, but neither active nor approved (EP-122)."""
    for draft in drafts:
        check_fields(draft, viewer)
        if viewer.may_see(draft.entity.name) and not viewer.may_create(draft.entity.name):
            draft.refuse(Code.FORBIDDEN, no_creating(draft))
    live = [each for each in drafts if not each.failed]
    await hold(unit, viewer, live, Lock.CHANGE, viewer.edits)
    for draft in live:
        check_unlocked(unit, draft)
    live = [each for each in live if not each.failed]
    if not live:
        return
    entity = unit.model.entities[ITEM]
    kept: dict[UUID, list[Row]] = defaultdict(list)
    ids = [each.id for each in live]
    for row in await store.among(unit.connection, entity, "quote_id", ids):
        kept[row["quote_id"]].append(row)
    for draft in live:
        _copy(unit, viewer, draft, kept[_row(draft)["id"]])
        for each in draft.everything():
            finish(unit, viewer, each)
    await check_unique(unit, live)


def _copy(unit: UnitOfWork, viewer: Viewer, draft: Draft, rows: list[Row]) -> None:
    """All of it is copied, what the caller may not see as well: else the copy would be another offer."""
    row = _row(draft)
    if rows and not viewer.may_create(ITEM):
        draft.refuse(Code.FORBIDDEN, no_creating(draft))
    id = unit.new_id()
    fresh = {"number": number("Q", id), "active": False, "approved_at": None, "accepted_at": None}
    draft.id, draft.before = id, None
    draft.after = _copied(unit, row, id) | fresh
    fill(draft, viewer)
    entity = unit.model.entities[ITEM]
    for place, source in enumerate(sorted(rows, key=lambda row: (row["position"], row["id"]))):
        line = Draft(entity, (*draft.path, ITEMS, str(place)), {}, unit.new_id())
        line.after = _copied(unit, source, line.id) | {"quote_id": id}
        line.whole, line.above = draft.after, draft
        draft.nested.append(line)


def _copied(unit: UnitOfWork, row: Row, id: UUID | None) -> Row:
    """A row that begins as another one is, and remembers which."""
    now = {"created_at": unit.now, "updated_at": unit.now}
    return {**row, "id": id, "version": 1, **now, "source_id": row["id"]}


def _row(draft: Draft) -> Row:
    assert draft.before is not None  # noqa: S101 - asked of quotes that were held only
    return draft.before

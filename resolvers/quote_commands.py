"""Commands of quotes that do more than update one: setting all of its lines at once, and duplicating it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.hidden import HiddenRow
from db.engine.row import copy_row
from db.engine.write.locking import Lock
from db.quotes import Quote, QuoteItem
from domain.access import WriteScope
from domain.codes import Code, UserErrorCode
from domain.numbering import number
from domain.quotes import closed
from resolvers.engine.changeset import (
    Action,
    Changeset,
    RelatedChange,
    Saved,
    live,
    to,
)
from resolvers.engine.command import (
    Runs,
    children,
    command,
    may_duplicate,
    sets,
)
from resolvers.engine.context import Context
from resolvers.engine.create import check_references, check_unique, finish
from resolvers.engine.permissions import NOT_EDITABLE, check_fields, no_changing, no_creating
from resolvers.engine.update import is_changed, lock
from resolvers.engine.values import fill
from resolvers.quote_lines import ITEMS, Line, add_up, fill_lines, lines_of
from resolvers.quote_locks import check_unlocked, opportunity_of, refuse_older_version

Q = TypeVar("Q", Quote, QuoteItem)
TWICE = "The list contains this line more than once. Combine the changes in one entry."


@dataclass(frozen=True, kw_only=True)
class SetItemsInput:
    """Quote and all its lines."""

    items: list[QuoteItem] = children(QuoteItem, "All lines in order, at most 250.")


@command(
    Quote,
    "set_items",
    input=SetItemsInput,
    runs=Runs.EXCLUSIVE,
    doc=(
        "Replace all lines of a quote: lines with an ID are updated, others created, missing ones deleted. "
        "Defaults come from the product."
    ),
)
async def set_items(ctx: Context, items: Saved[Quote]) -> None:
    """The lines become those of the list."""
    for item in items:
        _check_rights(item, ctx.viewer)
        for line in lines_of(item):
            check_fields(line, ctx.viewer)
    found = live(items)
    await lock(ctx, found, Lock.UPDATE, ctx.viewer.edits)
    found = live(found)
    for item in found:
        item.copy_before()
        refuse_older_version(item)
        check_unlocked(item)
        item.violations(closed(item.existing, item.record))
    found = live(found)
    await _match(ctx, found)
    await check_references(ctx, list(found))
    await fill_lines(ctx, found)
    for line in (line for item in found for line in lines_of(item) if not line.refused):
        finish(ctx, line)
    for item in live(found):
        add_up(item, [line.record for line in lines_of(item)])
    for item in found:
        finish(ctx, item)
        _bump_version(item)


def _check_rights(item: Changeset[Quote, object], viewer: Viewer) -> None:
    """A quote that is not visible at all is missing once it is locked; a visible one may not be everybody's to change."""
    visible = viewer.may_see(item.entity.name)
    changeable = viewer.edits(item.entity.name) is not None and viewer.may_see(QuoteItem.__name__)
    if visible and not changeable:
        item.refuse(Code.FORBIDDEN, no_changing(item))


async def _match(ctx: Context, items: Saved[Quote]) -> None:
    """Find the lines that are named, begin those that are not, and delete those that the list lacks."""
    ids = [item.record.id for item in items]
    kept = await ctx.trusted(QuoteItem).by_for_update(QuoteItem.quote_id, ids)
    deletes = ctx.viewer.deletes(QuoteItem.__name__)
    for item in items:
        mine = {row.id: row for row in kept[item.record.id]}
        times = Counter(line.id for line in lines_of(item) if line.id is not None)
        for place, line in enumerate(lines_of(item), 1):
            line.parent, line.parent_changeset = item.record, item
            if line.id is None:
                _begin(ctx, item, line)
            else:
                _change(ctx, item, line, mine.get(line.id), place)
            if line.id is not None and times[line.id] > 1:
                line.error(UserErrorCode.INVALID, TWICE, "id")
        gone = [row for id, row in mine.items() if id not in times]
        if gone and not _is_within(ctx.viewer, deletes, item):
            item.refuse(Code.FORBIDDEN, no_changing(item), ITEMS)
        for row in gone:
            item.also_change(row, to(QuoteItem.deleted_at, ctx.now))


def _begin(ctx: Context, item: Changeset[Quote, object], line: Line) -> None:
    row = ctx.unit.blank(QuoteItem)
    row.quote_id = item.record.id
    line.id = row.id
    line.set_after(row)
    if not ctx.viewer.may_create(QuoteItem.__name__):
        line.refuse(Code.FORBIDDEN, no_creating(line))
    elif not _is_within(ctx.viewer, ctx.viewer.edits(QuoteItem.__name__), item):
        line.refuse(Code.FORBIDDEN, NOT_EDITABLE)
    fill(line, ctx.viewer)


def _change(
    ctx: Context,
    item: Changeset[Quote, object],
    line: Line,
    found: HiddenRow[QuoteItem] | None,
    place: int,
) -> None:
    if found is None:
        line.set_after(ctx.unit.blank(QuoteItem))
        line.missing("id")
        return
    found.decide(line.set_before)
    line.copy_before()
    touched = line.params or line.existing.position != place
    if touched and not _is_within(ctx.viewer, ctx.viewer.edits(QuoteItem.__name__), item):
        line.refuse(Code.FORBIDDEN, NOT_EDITABLE, "id")
    fill(line, ctx.viewer)


def _is_within(viewer: Viewer, scope: WriteScope | None, item: Changeset[Quote, object]) -> bool:
    """Whether the quote's opportunity, to which the lines belong, is within a scope."""
    above, opportunity = item.entity.targets["opportunity"], opportunity_of(item)
    return opportunity is not None and viewer.within(scope, above, opportunity)


def _bump_version(item: Changeset[Quote, object]) -> None:
    """The quote has a new version whenever its lines have, so that older versions of them conflict."""
    lines = any(line.before is None or is_changed(line) for line in lines_of(item) if line.after)
    if (lines or item.after_ops) and not is_changed(item):
        item.after_ops.append(RelatedChange(Quote, item.existing, item.record))


@dataclass(frozen=True, kw_only=True)
class DuplicateInput:
    """Quote to duplicate."""

    name: str | None = sets(Quote.name, "Name of the duplicate. Default: that of the quote.")


@command(
    Quote,
    "duplicate",
    input=DuplicateInput,
    runs=Runs.EXCLUSIVE,
    takes_version=False,
    allowed=may_duplicate,
    doc="Duplicate a quote with its lines, as an inactive draft.",
)
async def duplicate(ctx: Context, items: Saved[Quote]) -> None:
    """A copy beside the quote (EP-122)."""
    for item in items:
        check_fields(item, ctx.viewer)
        name = item.entity.name
        if ctx.viewer.may_see(name) and not ctx.viewer.may_create(name):
            item.refuse(Code.FORBIDDEN, no_creating(item))
    found = live(items)
    await lock(ctx, found, Lock.UPDATE, ctx.viewer.edits)
    for item in live(found):
        check_unlocked(item)
    found = live(found)
    ids = [each.existing.id for each in found]
    kept = await ctx.trusted(QuoteItem).by_for_update(QuoteItem.quote_id, ids)
    for item in found:
        _duplicate(ctx, item, kept[item.existing.id])
        for each in item.with_nested():
            finish(ctx, each)
    await check_unique(ctx, list(found))


def _duplicate(
    ctx: Context, item: Changeset[Quote, object], rows: list[HiddenRow[QuoteItem]]
) -> None:
    """All of it is copied, also what the caller may not see: otherwise the copy would be another offer."""
    if rows and not ctx.viewer.may_create(QuoteItem.__name__):
        item.refuse(Code.FORBIDDEN, no_creating(item))
    quote = _copy(ctx, item.existing)
    quote.number, quote.active = number(Quote.__letter__, quote.id), False
    quote.approved_at = quote.accepted_at = None
    item.id, item.before, item.action = quote.id, None, Action.CREATE
    item.set_after(quote)
    fill(item, ctx.viewer)
    lines = [_hidden_copy(ctx, row, quote.id) for row in rows]
    lines.sort(key=lambda line: (line.position, line.source_id))
    entity = ctx.unit.model.of(QuoteItem)
    for place, copy in enumerate(lines):
        path = (*item.path, ITEMS, str(place))
        line: Line = Changeset(entity, path, Action.CREATE, {}, id=copy.id)
        line.set_after(copy)
        line.parent, line.parent_changeset = item.record, item
        item.children.append(line)


def _hidden_copy(ctx: Context, row: HiddenRow[QuoteItem], quote: UUID) -> QuoteItem:
    copy = row.decide(lambda source: _copy(ctx, source))
    copy.quote_id = quote
    return copy


def _copy(ctx: Context, source: Q) -> Q:
    """A row that begins as another one is, and refers to it."""
    copy = copy_row(source)
    copy.id, copy.version, copy.source_id = ctx.unit.new_id(), 1, source.id
    copy.created_at = copy.updated_at = ctx.now
    return copy


COMMANDS = (set_items, duplicate)

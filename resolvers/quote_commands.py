"""Quote commands with their own preparation: `setItems` replaces all lines, `duplicate` copies a quote."""

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
from domain.message import Message
from domain.numbering import generate_number
from domain.quotes import immutability_violations
from resolvers.engine.changeset import (
    Action,
    Changeset,
    RelatedChange,
    Saved,
    assign,
    without_failed,
)
from resolvers.engine.command import (
    Runs,
    children,
    command,
    may_duplicate,
    sets,
)
from resolvers.engine.conflicts import refuse_other_versions
from resolvers.engine.context import Context
from resolvers.engine.create import check_record, check_references, check_unique
from resolvers.engine.permissions import NOT_EDITABLE, cannot_change, cannot_create, check_fields
from resolvers.engine.update import is_changed, lock
from resolvers.engine.values import set_params
from resolvers.quote_lines import ITEMS, Line, add_up, fill_lines, lines_of
from resolvers.quote_locks import check_unlocked, opportunity_of

Q = TypeVar("Q", Quote, QuoteItem)
TWICE = Message("The list contains this line more than once. Combine the changes in one entry.")


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
    """Replace the lines of quotes."""
    for item in items:
        _check_rights(item, ctx.viewer)
        for line in lines_of(item):
            check_fields(line, ctx.viewer)
    valid = without_failed(items)
    await lock(ctx, valid, Lock.UPDATE, ctx.viewer.edits)
    valid = without_failed(valid)
    await refuse_other_versions(ctx, valid)
    for item in valid:
        item.copy_before()
        check_unlocked(item)
        item.violations(immutability_violations(item.existing, item.record))
    valid = without_failed(valid)
    await _match_lines(ctx, valid)
    await check_references(ctx, list(valid))
    await fill_lines(ctx, valid)
    for line in (line for item in valid for line in lines_of(item) if not line.refused):
        check_record(ctx, line)
    for item in without_failed(valid):
        add_up(item, [line.record for line in lines_of(item)])
    for item in valid:
        check_record(ctx, item)
        _bump_version(item)


def _check_rights(item: Changeset[Quote, object], viewer: Viewer) -> None:
    """Refuse visible quotes that the caller may not change. Invisible ones are refused as missing when they are locked."""
    visible = viewer.may_see(item.entity.name)
    changeable = viewer.edits(item.entity.name) is not None and viewer.may_see(QuoteItem.__name__)
    if visible and not changeable:
        item.refuse(Code.FORBIDDEN, cannot_change(item))


async def _match_lines(ctx: Context, items: Saved[Quote]) -> None:
    """Match the sent lines with existing ones by id: update these, create those without an id, and delete the others."""
    ids = [item.record.id for item in items]
    existing = await ctx.trusted(QuoteItem).by_for_update(QuoteItem.quote_id, ids)
    deletes = ctx.viewer.deletes(QuoteItem.__name__)
    for item in items:
        lines_by_id = {row.id: row for row in existing[item.record.id]}
        counts = Counter(line.id for line in lines_of(item) if line.id is not None)
        for position, line in enumerate(lines_of(item), 1):
            line.parent, line.parent_changeset = item.record, item
            if line.id is None:
                _create_line(ctx, item, line)
            else:
                _update_line(ctx, item, line, lines_by_id.get(line.id), position)
            if line.id is not None and counts[line.id] > 1:
                line.error(UserErrorCode.INVALID, TWICE, "id")
        removed = [row for id, row in lines_by_id.items() if id not in counts]
        if removed and not _is_within(ctx.viewer, deletes, item):
            item.refuse(Code.FORBIDDEN, cannot_change(item), ITEMS)
        for row in removed:
            item.also_change(row, assign(QuoteItem.deleted_at, ctx.now))


def _create_line(ctx: Context, item: Changeset[Quote, object], line: Line) -> None:
    row = ctx.unit.blank(QuoteItem)
    row.quote_id = item.record.id
    line.id = row.id
    line.set_after(row)
    if not ctx.viewer.may_create(QuoteItem.__name__):
        line.refuse(Code.FORBIDDEN, cannot_create(line))
    elif not _is_within(ctx.viewer, ctx.viewer.edits(QuoteItem.__name__), item):
        line.refuse(Code.FORBIDDEN, NOT_EDITABLE)
    set_params(line, ctx.viewer)


def _update_line(
    ctx: Context,
    item: Changeset[Quote, object],
    line: Line,
    row: HiddenRow[QuoteItem] | None,
    position: int,
) -> None:
    if row is None:
        line.set_after(ctx.unit.blank(QuoteItem))
        line.missing("id")
        return
    row.decide(line.set_before)
    line.copy_before()
    changes = line.params or line.existing.position != position
    if changes and not _is_within(ctx.viewer, ctx.viewer.edits(QuoteItem.__name__), item):
        line.refuse(Code.FORBIDDEN, NOT_EDITABLE, "id")
    set_params(line, ctx.viewer)


def _is_within(viewer: Viewer, scope: WriteScope | None, item: Changeset[Quote, object]) -> bool:
    """Whether the quote's opportunity is within a scope; it determines the rights on the lines."""
    parent_entity, opportunity = item.entity.targets["opportunity"], opportunity_of(item)
    return opportunity is not None and viewer.is_within(scope, parent_entity, opportunity)


def _bump_version(item: Changeset[Quote, object]) -> None:
    """Increment the quote's version if any line changes, so that concurrent changes of lines conflict."""
    changed = any(line.before is None or is_changed(line) for line in lines_of(item) if line.after)
    if (changed or item.after_ops) and not is_changed(item):
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
    """Duplicate quotes in their opportunities (EP-122)."""
    for item in items:
        check_fields(item, ctx.viewer)
        name = item.entity.name
        if ctx.viewer.may_see(name) and not ctx.viewer.may_create(name):
            item.refuse(Code.FORBIDDEN, cannot_create(item))
    valid = without_failed(items)
    await lock(ctx, valid, Lock.UPDATE, ctx.viewer.edits)
    for item in without_failed(valid):
        check_unlocked(item)
    valid = without_failed(valid)
    ids = [each.existing.id for each in valid]
    lines = await ctx.trusted(QuoteItem).by_for_update(QuoteItem.quote_id, ids)
    for item in valid:
        _duplicate(ctx, item, lines[item.existing.id])
        for each in item.with_nested():
            check_record(ctx, each)
    await check_unique(ctx, list(valid))


def _duplicate(
    ctx: Context, item: Changeset[Quote, object], rows: list[HiddenRow[QuoteItem]]
) -> None:
    """Copy all values, including those that the caller may not read; otherwise the duplicate would be a different offer."""
    if rows and not ctx.viewer.may_create(QuoteItem.__name__):
        item.refuse(Code.FORBIDDEN, cannot_create(item))
    quote = _copy(ctx, item.existing)
    quote.number, quote.active = generate_number(Quote.__number_prefix__, quote.id), False
    quote.approved_at = quote.accepted_at = None
    item.id, item.before, item.action = quote.id, None, Action.CREATE
    item.set_after(quote)
    set_params(item, ctx.viewer)
    lines = [_hidden_copy(ctx, row, quote.id) for row in rows]
    lines.sort(key=lambda line: (line.position, line.source_id))
    entity = ctx.unit.model.of(QuoteItem)
    for index, copy in enumerate(lines):
        path = (*item.path, ITEMS, str(index))
        line: Line = Changeset(entity, path, Action.CREATE, {}, id=copy.id)
        line.set_after(copy)
        line.parent, line.parent_changeset = item.record, item
        item.children.append(line)


def _hidden_copy(ctx: Context, row: HiddenRow[QuoteItem], quote: UUID) -> QuoteItem:
    copy = row.decide(lambda source: _copy(ctx, source))
    copy.quote_id = quote
    return copy


def _copy(ctx: Context, source: Q) -> Q:
    """A new row with the values of another one, and a reference to it."""
    copy = copy_row(source)
    copy.id, copy.version, copy.source_id = ctx.unit.new_id(), 1, source.id
    copy.created_at = copy.updated_at = ctx.now
    return copy


COMMANDS = (set_items, duplicate)

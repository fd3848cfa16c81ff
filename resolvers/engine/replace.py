"""Replaces references to a record that is deleted by references to another record (D-11)."""

from __future__ import annotations

from uuid import UUID

from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.fields import Reference
from db.engine.plan.values import parse_id
from db.engine.row import with_values
from db.engine.write import statements
from db.engine.write.locking import Lock
from db.engine.write.row_json import row_json
from domain.codes import UserErrorCode
from domain.message import Message
from resolvers.engine.changeset import Action, AnyChangeset, Changeset, FieldError, RelatedChange
from resolvers.engine.context import Context
from resolvers.engine.hooks import run_before_save
from resolvers.engine.values import NO_ID

REPLACE_WITH = "replaceWith"
ITSELF = Message("A record cannot replace itself. Choose another record.")
GOING = Message("The replacement is deleted by the same mutation. Choose a record that remains.")
UNLIKE = Message("The replacement must have the same `{field}`. Choose another record.")
UNFIT = Message("Not every record that refers to this one can refer to the replacement: {problem}")


async def replace(ctx: Context, items: list[AnyChangeset]) -> None:
    """Prepare the replacement of references, for deletions with `replaceWith`.

    The right to delete the record suffices, even if the caller cannot see the referring records; their
    number is not revealed. Referring records that would become duplicates are deleted.
    """
    replaced = [
        each for each in items if each.params.get(REPLACE_WITH) is not None and not each.failed
    ]
    if not replaced:
        return
    entity = replaced[0].entity
    deleted_ids = {each.id for each in items}
    replacements = {
        each.id: parse_id(each.params[REPLACE_WITH], entity.prefix) or NO_ID for each in replaced
    }
    visible = await ctx.unit.lock_visible(entity, replacements.values(), Lock.REFERENCE)
    for item in replaced:
        replacement = replacements[item.id]
        if replacement == item.id:
            item.error(UserErrorCode.INVALID, ITSELF, REPLACE_WITH)
        elif replacement not in visible:
            item.missing(REPLACE_WITH)
        elif replacement in deleted_ids:
            item.error(UserErrorCode.INVALID, GOING, REPLACE_WITH)
        elif (column := entity.merge_key) and _differ(item.existing, visible[replacement], column):
            message = UNLIKE.fill(field=entity.named[column].name)
            item.error(UserErrorCode.INVALID, message, REPLACE_WITH)
    for item in replaced:
        for kind, relation in ctx.unit.model.users(entity):
            if not item.failed:
                await _move(ctx, item, kind, relation, replacements[item.id])


def _differ(one: Record, replacement: Record, column: str) -> bool:
    return bool(getattr(one, column) != getattr(replacement, column))


async def _move(
    ctx: Context, item: AnyChangeset, entity: Entity, relation: Reference, replacement: UUID
) -> None:
    """Move the references of one type's records to the replacement, and run the hooks on these records."""
    connection = ctx.unit.connection
    rows = await statements.select_for_update(connection, entity, relation.column, [item.id])
    moved_rows = {row.id: with_values(row, {relation.column: replacement}) for row in rows}
    duplicates = await _duplicates(ctx, entity, list(moved_rows.values()))
    moved: list[AnyChangeset] = []
    for row in rows:
        if row.id in duplicates:
            deleted = with_values(row, {"deleted_at": ctx.now})
            item.before_ops.append(RelatedChange(entity.type_, row, deleted))
            continue
        params: dict[str, object] = {relation.name: f"{item.entity.prefix}_{replacement.hex}"}
        change: AnyChangeset = Changeset(entity, item.path, Action.REPLACE, params, id=row.id)
        change.set_before(row)
        change.set_after(moved_rows[row.id])
        moved.append(change)
    await run_before_save(ctx, moved)
    for each in moved:
        each.violations(ctx.unit.violations(entity, each.before, each.record))
        if (each.errors or each.refused) and not item.errors:
            item.errors.append(_misfit(item, each))
        item.before_ops += [
            *each.before_ops,
            RelatedChange(entity.type_, each.existing, each.record),
        ]
        item.after_ops += each.after_ops
        item.created += each.created
        item.side_effects += each.side_effects


def _misfit(item: AnyChangeset, moved: AnyChangeset) -> FieldError:
    """The error for a record that cannot refer to the replacement; the reason is hidden like its own error."""
    path = (*item.path, REPLACE_WITH)
    if not moved.errors:
        return FieldError(UserErrorCode.INVALID, UNFIT.fill(problem=moved.refused[0].message), path)
    first = moved.errors[0]
    because = first.because if first.about is None else (first.about, *first.because)
    message = UNFIT.fill(problem=first.message)
    return FieldError(UserErrorCode.INVALID, message, path, because=because)


async def _duplicates(ctx: Context, entity: Entity, rows: list[Record]) -> set[UUID]:
    """Ids of the rows that would duplicate a live record or another of these rows."""
    duplicates: set[UUID] = set()
    for columns in statements.unique_columns(entity) if rows else ():
        rows_json = (row_json(entity, row) for row in rows)
        existing = await statements.existing(ctx.unit.connection, entity, columns, rows_json)
        for row in rows:
            value = tuple(getattr(row, column) for column in columns)
            if None in value:
                continue
            if value in existing:
                duplicates.add(row.id)
            existing[value] = row.id
    return duplicates

"""Puts one record in the place of another that is to be deleted, wherever a record refers to that (D-11)."""

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
from resolvers.engine.changeset import Action, AnyChangeset, Changeset, FieldError, RelatedChange
from resolvers.engine.context import Context
from resolvers.engine.hooks import run_before_save
from resolvers.engine.values import NO_ID

REPLACE_WITH = "replaceWith"
ITSELF = "A record cannot replace itself. Choose another record."
GOING = "The replacement is deleted by the same mutation. Choose a record that remains."
UNLIKE = "The replacement must have the same `{field}`. Choose another record."
UNFIT = "Not every record that refers to this one can refer to the replacement: {why}"


async def replace(ctx: Context, items: list[AnyChangeset]) -> None:
    """Prepare, for those deletions that name one, that what refers to them refers to another record.

    Deleting a record of the set-up is right enough for that, whatever the caller sees of what refers to
    it; the caller does not learn how much that was. What would then exist twice is deleted as well.
    """
    asked = [
        each for each in items if each.params.get(REPLACE_WITH) is not None and not each.failed
    ]
    if not asked:
        return
    entity = asked[0].entity
    going = {each.id for each in items}
    wanted = {
        each.id: parse_id(each.params[REPLACE_WITH], entity.prefix) or NO_ID for each in asked
    }
    visible = await ctx.unit.lock_visible(entity, wanted.values(), Lock.REFERENCE)
    for item in asked:
        other = wanted[item.id]
        if other == item.id:
            item.error(UserErrorCode.INVALID, ITSELF, REPLACE_WITH)
        elif other not in visible:
            item.missing(REPLACE_WITH)
        elif other in going:
            item.error(UserErrorCode.INVALID, GOING, REPLACE_WITH)
        elif (column := entity.merge_key) and _differ(item.existing, visible[other], column):
            message = UNLIKE.format(field=entity.named[column].name)
            item.error(UserErrorCode.INVALID, message, REPLACE_WITH)
    for item in asked:
        for kind, relation in ctx.unit.model.users(entity):
            if not item.failed:
                await _move(ctx, item, kind, relation, wanted[item.id])


def _differ(one: Record, other: Record, column: str) -> bool:
    return bool(getattr(one, column) != getattr(other, column))


async def _move(
    ctx: Context, item: AnyChangeset, entity: Entity, relation: Reference, other: UUID
) -> None:
    """Let the records of one type refer to the other one, as the hooks of their area allow."""
    connection = ctx.unit.connection
    rows = await statements.select_for_update(connection, entity, relation.column, [item.id])
    moved_rows = {row.id: with_values(row, {relation.column: other}) for row in rows}
    twice = await _twice(ctx, entity, list(moved_rows.values()))
    moved: list[AnyChangeset] = []
    for row in rows:
        if row.id in twice:
            gone = with_values(row, {"deleted_at": ctx.now})
            item.before_ops.append(RelatedChange(entity.type_, row, gone))
            continue
        params: dict[str, object] = {relation.name: f"{item.entity.prefix}_{other.hex}"}
        change: AnyChangeset = Changeset(entity, item.path, Action.REPLACE, params, id=row.id)
        change.found(row)
        change.begin(moved_rows[row.id])
        moved.append(change)
    await run_before_save(ctx, moved)
    for each in moved:
        each.violations(ctx.unit.violations(entity, each.before, each.record))
        if (each.errors or each.refused) and not item.errors:
            item.errors.append(_unfit(item, each))
        item.before_ops += [
            *each.before_ops,
            RelatedChange(entity.type_, each.existing, each.record),
        ]
        item.after_ops += each.after_ops
        item.created += each.created
        item.side_effects += each.side_effects


def _unfit(item: AnyChangeset, moved: AnyChangeset) -> FieldError:
    """Why a record cannot refer to the other one: with the reason for those who may read it."""
    at = (*item.path, REPLACE_WITH)
    if not moved.errors:
        return FieldError(UserErrorCode.INVALID, UNFIT.format(why=moved.refused[0]), at)
    first = moved.errors[0]
    because = first.because if first.about is None else (first.about, *first.because)
    message = UNFIT.format(why=first.message)
    return FieldError(UserErrorCode.INVALID, message, at, because=because)


async def _twice(ctx: Context, entity: Entity, rows: list[Record]) -> set[UUID]:
    """Which of these could not be written, because there is such a record already or one of them is."""
    found: set[UUID] = set()
    for columns in statements.unique_columns(entity) if rows else ():
        images = (row_json(entity, row) for row in rows)
        existing = await statements.existing(ctx.unit.connection, entity, columns, images)
        for row in rows:
            value = tuple(getattr(row, column) for column in columns)
            if None in value:
                continue
            if value in existing:
                found.add(row.id)
            existing.add(value)
    return found

"""Updates the record with an external id, or creates it (X-11)."""

from __future__ import annotations

from typing import cast

from db.engine.transaction import SerializationConflict
from db.engine.write.row_json import changed_columns
from domain.codes import UserErrorCode
from domain.message import Message
from domain.violations import Violation
from resolvers.engine.changeset import Action, AnyChangeset, without_failed
from resolvers.engine.context import Context
from resolvers.engine.create import create
from resolvers.engine.permissions import check_fields
from resolvers.engine.update import update

NEEDED = Message("The field is required. Enter the record's ID in the external system.")
IMMUTABLE = Message("The field cannot be changed after creation. Omit it.")
TWICE = Message("Two inputs of the list have the same external ID. Combine them.")
NAME, COLUMN = "externalId", "external_id"


async def upsert(ctx: Context, items: list[AnyChangeset]) -> None:
    """Prepare each input as an update of the record with its `externalId`, or as a create."""
    seen: set[str] = set()
    for item in items:
        check_fields(item, ctx.viewer)
        external = _external(item)
        if not external.strip():
            item.error(UserErrorCode.REQUIRED, NEEDED, NAME)
        if external in seen:
            item.error(UserErrorCode.DUPLICATE, TWICE, NAME)
        seen.add(external)
    valid = without_failed(items)
    if not valid:
        return
    # Text that cannot be stored matches no record; the create refuses it.
    texts = [_external(each) for each in valid]
    texts = [text for text in texts if text and "\x00" not in text]
    existing = await ctx.unit.find_by_text(valid[0].entity, COLUMN, texts)
    for item in valid:
        item.id = existing.get(_external(item))
        item.action = Action.CREATE if item.id is None else Action.UPDATE
    if updated := [each for each in valid if each.id is not None]:
        await update(ctx, updated)
        _check_immutable(updated)
        _check_still_known(updated)
    if created := [each for each in valid if each.action is Action.CREATE]:
        await create(ctx, created)
        await _check_still_new(ctx, created)


def _external(item: AnyChangeset) -> str:
    return cast("str", item.params[NAME])


def _check_still_known(items: list[AnyChangeset]) -> None:
    """Raise SerializationConflict if a record changed or disappeared between the search and the lock."""
    for item in items:
        if item.before is None or getattr(item.before, COLUMN) != _external(item):
            raise SerializationConflict


async def _check_still_new(ctx: Context, items: list[AnyChangeset]) -> None:
    """Raise SerializationConflict if another transaction created such a record after the search."""
    duplicate = UserErrorCode.DUPLICATE
    duplicates = [_external(i) for i in items if any(e.code is duplicate for e in i.errors)]
    if duplicates and await ctx.unit.find_by_text(items[0].entity, COLUMN, duplicates):
        raise SerializationConflict


def _check_immutable(items: list[AnyChangeset]) -> None:
    """Add errors for changes of immutable fields. Server-assigned ones are left to the hooks of their area (D-33)."""
    for item in items:
        if item.before is None or item.after is None:
            continue
        changed = changed_columns(item.entity, item.before, item.record)
        for member in (each for name, each in item.entity.written.items() if name in item.params):
            if (
                member.exposed.immutable
                and not member.exposed.server_assigned
                and member.column in changed
            ):
                item.violation(Violation(UserErrorCode.INVALID, IMMUTABLE, member.column))

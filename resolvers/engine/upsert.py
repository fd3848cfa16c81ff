"""Updates the record that has an external id, or creates it (X-11)."""

from __future__ import annotations

from typing import cast

from db.engine.transaction import SerializationConflict
from db.engine.write.row_json import changed_columns
from domain.codes import UserErrorCode
from domain.violations import Violation
from resolvers.engine.changeset import Action, AnyChangeset, live
from resolvers.engine.context import Context
from resolvers.engine.create import create
from resolvers.engine.permissions import check_fields
from resolvers.engine.update import update

NEEDED = "The field is required. Enter the record's ID in the external system."
IMMUTABLE = "The field cannot be changed after creation. Omit it."
TWICE = "Two inputs of the list have the same external ID. Combine them."
NAME, COLUMN = "externalId", "external_id"


async def upsert(ctx: Context, items: list[AnyChangeset]) -> None:
    """Prepare each as a change of the record with its `externalId`, or as a new one."""
    met: set[str] = set()
    for item in items:
        check_fields(item, ctx.viewer)
        external = _external(item)
        if not external.strip():
            item.error(UserErrorCode.REQUIRED, NEEDED, NAME)
        if external in met:
            item.error(UserErrorCode.DUPLICATE, TWICE, NAME)
        met.add(external)
    asked = live(items)
    if not asked:
        return
    # A text that cannot be stored is the id of no record; it is refused where it would be stored.
    texts = [_external(each) for each in asked]
    texts = [text for text in texts if text and "\x00" not in text]
    found = await ctx.unit.find_by_text(asked[0].entity, COLUMN, texts)
    for item in asked:
        item.id = found.get(_external(item))
        item.action = Action.CREATE if item.id is None else Action.UPDATE
    if known := [each for each in asked if each.id is not None]:
        await update(ctx, known)
        _check_immutable(known)
        _check_still_known(known)
    if new := [each for each in asked if each.action is Action.CREATE]:
        await create(ctx, new)
        await _check_still_new(ctx, new)


def _external(item: AnyChangeset) -> str:
    return cast("str", item.params[NAME])


def _check_still_known(items: list[AnyChangeset]) -> None:
    """Raise SerializationConflict if a record changed or disappeared between the search and the lock."""
    for item in items:
        if item.before is None or getattr(item.before, COLUMN) != _external(item):
            raise SerializationConflict


async def _check_still_new(ctx: Context, items: list[AnyChangeset]) -> None:
    """What was not found may have been created meanwhile. Raises Collided."""
    duplicate = UserErrorCode.DUPLICATE
    twice = [_external(i) for i in items if any(e.code is duplicate for e in i.errors)]
    if twice and await ctx.unit.find_by_text(items[0].entity, COLUMN, twice):
        raise SerializationConflict


def _check_immutable(items: list[AnyChangeset]) -> None:
    """Note what cannot be set again; what the area chooses at first, its hooks know how to move (D-33)."""
    for item in items:
        if item.before is None or item.after is None:
            continue
        differs = changed_columns(item.entity, item.before, item.record)
        for what in (each for name, each in item.entity.written.items() if name in item.params):
            if (
                what.exposed.immutable
                and not what.exposed.server_assigned
                and what.column in differs
            ):
                item.violation(Violation(UserErrorCode.INVALID, IMMUTABLE, what.column))

"""Gives new records what their type presets: the type itself, where the tenant prefers one, and then its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.write import statements as store
from db.engine.write.row_json import Row, named
from db.engine.write.unit_of_work import UnitOfWork
from resolvers.engine.drafts import Draft

TYPE = "type_id"


async def preset(
    unit: UnitOfWork,
    drafts: list[Draft],
    copied: Mapping[str, str],
    *,
    preferred: str | None = None,
) -> Mapping[UUID, Row]:
    """Fill in what the caller left open in new records of one kind (VN-08, VN-40), and tell their types.

    `copied` names columns with those of the type that they are copied from; `preferred` the column of
    the preferences with the type of records that are created without one.
    """
    viewer = cast("Viewer", unit.guard)
    new = [each for each in drafts if each.before is None and each.verb != "Copy"]
    if not new:
        return {}
    if preferred is not None and any(each.after[TYPE] is None for each in new):
        chosen = (await preferences(unit))[preferred]
        for draft in new:
            draft.after[TYPE] = draft.after[TYPE] or chosen
    entity = new[0].entity
    wanted = {each.after[TYPE] for each in new} - {None}
    if not wanted or not copied:
        return {}
    kind = entity.targets["type"]
    types = {row["id"]: row for row in await store.look(unit.connection, kind, "id", wanted)}
    names = {column: named(entity)[column].name for column in copied}
    for draft in new:
        given = types.get(draft.after[TYPE], {})
        for column, default in copied.items():
            left_open = draft.given.get(names[column]) is None
            if column == entity.owner:
                # Whoever could not see the record then keeps it: nobody loses sight of what he creates.
                left_open &= viewer.has(entity.name, given.get(default))
            if left_open and given.get(default) is not None:
                draft.after[column] = given[default]
    return types


async def preferences(unit: UnitOfWork) -> Row:
    """What the tenant has settled for everybody."""
    return await store.only(unit.connection, unit.model.entities["Preferences"])

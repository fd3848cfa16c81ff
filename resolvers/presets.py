"""What new records take over from their type: the type itself, if none is named, and what it presets if nothing was said."""

from __future__ import annotations

from uuid import UUID

from db.engine.write import store
from db.engine.write.image import Row
from db.engine.write.unit import Unit
from db.presets import types
from resolvers.engine.drafts import Draft

Kinds = dict[UUID | None, Row]


async def kinds_of(unit: Unit, drafts: list[Draft]) -> Kinds:
    """The types of these records, which are of one kind; under None, the one for those without (VN-40)."""
    entity = drafts[0].entity
    wanted = (each.after["type_id"] for each in drafts)
    found = await types(unit.connection, entity.targets["type"], wanted)
    owners = {kind["default_owner_id"] for kind in found.values()} - {None}
    if owners:
        gone = await store.gone(unit.connection, {entity.targets["owner"]: owners})
        for kind in found.values():
            if kind["default_owner_id"] in gone:  # he left while the record was being written
                kind["default_owner_id"] = None
    return found


def typed(draft: Draft, kinds: Kinds) -> Row | None:
    """The type of a record; a new one without any gets the one that is meant for those."""
    if draft.before is None and draft.after["type_id"] is None and None in kinds:
        draft.after["type_id"] = kinds[None]["id"]
    return kinds.get(draft.after["type_id"]) if draft.after["type_id"] is not None else None


def named(draft: Draft) -> set[str]:
    """The columns that the caller had something to say of; where the server chooses, null says nothing."""
    written = draft.entity.written
    return {
        written[name].column
        for name, value in draft.given.items()
        if name in written and not (value is None and written[name].exposed.chosen)
    }

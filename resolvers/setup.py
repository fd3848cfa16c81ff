"""What the set-up has to say before it is kept: attributes are of records that can carry them, and of types of those."""

from __future__ import annotations

from uuid import UUID

from db.engine.write import store
from db.engine.write.unit import Unit
from db.setup import Attribute, AttributeUse
from domain.codes import Problem
from domain.faults import Fault
from domain.setup import CARRIED, carries
from resolvers.engine.drafts import Draft
from resolvers.engine.settling import Deed, settles


@settles(Attribute)
async def attributes(unit: Unit, deed: Deed, drafts: list[Draft]) -> None:
    """An attribute is of an entity that keeps such values, and has a key that can be written in a query."""
    if deed is not Deed.SAVE:
        return
    for draft in drafts:
        if draft.after["entity"] not in CARRIED:
            message = f"Attributes can be added to {', '.join(CARRIED)}: name one of these."
            draft.fault(Fault(Problem.INVALID, message, "entity"))


@settles(AttributeUse)
async def attribute_uses(unit: Unit, deed: Deed, drafts: list[Draft]) -> None:
    """The type is one of the entity that the attribute was added to."""
    if deed is not Deed.SAVE:
        return
    wanted = {each.after["attribute_id"] for each in drafts}
    found = await store.look(unit.connection, unit.model.entities["Attribute"], "id", wanted)
    entities: dict[UUID, str] = {row["id"]: row["entity"] for row in found}
    for draft in drafts:
        entity = entities.get(draft.after["attribute_id"])
        if entity is not None:
            draft.faults(carries(entity, draft.after))

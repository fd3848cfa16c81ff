"""What the set-up has to say before it is kept: attributes are of records that can carry them, and of types of those."""

from __future__ import annotations

from uuid import UUID

from db.engine.write import statements as store
from db.engine.write.unit_of_work import UnitOfWork
from db.pipelines import used_stages
from db.setup import Attribute, AttributeUse, OpportunityType, PipelineStage
from domain.codes import UserErrorCode
from domain.setup import CARRIED, carries
from domain.violations import Violation
from resolvers.engine.drafts import Draft, Told
from resolvers.engine.replacing import REPLACED
from resolvers.engine.settling import Deed, settles

NO_STAGE = "A type of opportunity needs a stage: name the stages that it activates in `stages`."
LAST_STAGE = "This is the last stage of its type: activate another one first."
STAGE_IN_USE = "Opportunities of this type are in the stage: move them to another one first."


@settles(Attribute)
async def attributes(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """An attribute is of an entity that keeps such values, and has a key that can be written in a query."""
    if deed is not Deed.SAVE:
        return
    for draft in drafts:
        if draft.after["entity"] not in CARRIED:
            message = f"Attributes can be added to {', '.join(CARRIED)}: name one of these."
            draft.fault(Violation(UserErrorCode.INVALID, message, "entity"))


@settles(AttributeUse)
async def attribute_uses(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
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


@settles(OpportunityType)
async def opportunity_types(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """A type begins with the stages that make it a pipeline (VN-21)."""
    for draft in drafts:
        stages = [each for each in draft.nested if each.entity.name == "PipelineStage"]
        if deed is Deed.SAVE and draft.before is None and not stages:
            draft.told.append(Told(UserErrorCode.REQUIRED, NO_STAGE, (*draft.path, "stages")))


@settles(PipelineStage)
async def pipeline_stages(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """At least one stage of a type stays active, and so does every one with opportunities in it (VN-21, VN-25)."""
    if deed is Deed.SAVE:
        await _keep_used(unit, drafts)
    if deed is not Deed.DELETE:
        return
    going = {each.after["id"] for each in drafts}
    types = {each.after["type_id"] for each in drafts}
    kept = await store.among(unit.connection, drafts[0].entity, "type_id", types)
    staying = {row["type_id"] for row in kept if row["id"] not in going}
    used = await used_stages(unit.connection, going)
    for draft in drafts:
        if draft.after["type_id"] not in staying:
            draft.fault(Violation(UserErrorCode.INVALID, LAST_STAGE))
        elif draft.after["id"] in used:
            draft.told.append(Told(UserErrorCode.IN_USE, STAGE_IN_USE, (*draft.path, "id")))


async def _keep_used(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """A step of a pipeline does not come to be another stage while opportunities are in its own (VN-25)."""
    turned = [
        each
        for each in drafts
        if each.before is not None and each.before["stage_id"] != each.after["stage_id"]
    ]
    used = await used_stages(unit.connection, (each.after["id"] for each in turned))
    for draft in turned:
        if draft.verb != REPLACED and draft.after["id"] in used:
            draft.told.append(Told(UserErrorCode.IN_USE, STAGE_IN_USE, (*draft.path, "stage")))

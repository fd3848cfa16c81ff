"""The set-up: attributes of records that carry values, types that carry attributes, and the stages of pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from db.api import MODEL
from db.pipelines import used_stages
from db.setup import Attribute, AttributeAssignment, OpportunityType, PipelineStage
from domain.codes import UserErrorCode
from domain.setup import carries
from domain.violations import Violation
from resolvers.engine.changeset import Action, Saved, children_of
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save

CARRIED = {each.record.__name__: each.column.key for each in MODEL.of(AttributeAssignment).subjects}
"""The entities that carry attributes, and the column with the type that carries one."""
NOT_CARRIED = f"This type cannot have attributes. Choose one of {', '.join(CARRIED)}."
NO_STAGE = "An opportunity type requires a stage. List the stages that it activates in `stages`."
LAST_STAGE = "The stage is the last one of its type. Activate another stage first."
STAGE_IN_USE = "Opportunities of this type are in the stage. Move them to another stage first."


@before_save()
async def check_entity(ctx: Context, items: Saved[Attribute]) -> None:
    """An attribute is added to an entity whose records carry values of attributes."""
    for item in items:
        if item.record.entity not in CARRIED:
            item.violation(Violation(UserErrorCode.INVALID, NOT_CARRIED, "entity"))


@before_save()
async def check_type(ctx: Context, items: Saved[AttributeAssignment]) -> None:
    """The type that carries an attribute is one of the entity that the attribute was added to."""
    ids = {each.record.attribute_id for each in items}
    attributes = await ctx.trusted(Attribute).by_id(ids)
    for item in items:
        attribute = attributes.get(item.record.attribute_id)
        if attribute is None:
            continue
        violations = attribute.decide(partial(_carries, item.record))
        item.violations(violations, [Attribute.entity])


def _carries(use: AttributeAssignment, attribute: Attribute) -> Sequence[Violation]:
    return carries(attribute.entity, use, CARRIED)


@before_save(Action.CREATE)
async def require_stages(ctx: Context, items: Saved[OpportunityType]) -> None:
    """A type begins with the stages that make it a pipeline (VN-21)."""
    for item in items:
        if not children_of(item, PipelineStage):
            item.error(UserErrorCode.REQUIRED, NO_STAGE, "stages")


@before_save(Action.UPDATE)
async def keep_used_stages(ctx: Context, items: Saved[PipelineStage]) -> None:
    """A step of a pipeline does not become another stage while opportunities are in its own (VN-25)."""
    turned = [each for each in items if each.differs(PipelineStage.stage_id)]
    used = await used_stages(ctx.unit.connection, (each.record.id for each in turned))
    for item in turned:
        if item.record.id in used:
            item.error(UserErrorCode.IN_USE, STAGE_IN_USE, "stage")


@before_save(Action.DELETE)
async def keep_stages(ctx: Context, items: Saved[PipelineStage]) -> None:
    """At least one stage of a type stays active, and so does every one with opportunities in it (VN-21, VN-25)."""
    going = {each.record.id for each in items}
    types = {each.record.type_id for each in items}
    kept = await ctx.trusted(PipelineStage).by_for_update(PipelineStage.type_id, types)
    used = await used_stages(ctx.unit.connection, going)
    for item in items:
        if all(row.id in going for row in kept[item.record.type_id]):
            item.violation(Violation(UserErrorCode.INVALID, LAST_STAGE))
        elif item.record.id in used:
            item.error(UserErrorCode.IN_USE, STAGE_IN_USE, "id")


AREA = Area(
    "setup",
    before_save={
        Attribute: (check_entity,),
        AttributeAssignment: (check_type,),
        OpportunityType: (require_stages,),
        PipelineStage: (keep_used_stages, keep_stages),
    },
)

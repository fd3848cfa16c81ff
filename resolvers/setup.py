"""Hooks of the settings: custom attributes and their assignment to types, and pipeline stages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from db.api import MODEL
from db.pipelines import used_stages
from db.setup import Attribute, AttributeAssignment, OpportunityType, PipelineStage
from domain.codes import UserErrorCode
from domain.message import Message
from domain.setup import assignment_violations
from domain.violations import Violation
from resolvers.engine.changeset import Action, Saved, children_of
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save

TYPE_COLUMNS = {
    each.record.__name__: each.column.key for each in MODEL.of(AttributeAssignment).subjects
}
"""The entities with custom attributes, and the column of the assignment that refers to their type."""
NO_ATTRIBUTES = Message(
    "This type cannot have attributes. Choose one of {types}.",
    types=", ".join(TYPE_COLUMNS),
)
NO_STAGE = Message(
    "An opportunity type requires a stage. List the stages that it activates in `stages`."
)
LAST_STAGE = Message("The stage is the last one of its type. Activate another stage first.")
STAGE_IN_USE = Message(
    "Opportunities of this type are in the stage. Move them to another stage first."
)


@before_save(despite_errors=True)
async def check_entity(ctx: Context, items: Saved[Attribute]) -> None:
    """Refuse attributes for entities without custom attributes."""
    for item in items:
        if item.record.entity not in TYPE_COLUMNS:
            item.violation(Violation(UserErrorCode.INVALID, NO_ATTRIBUTES, "entity"))


@before_save(despite_errors=True)
async def check_type(ctx: Context, items: Saved[AttributeAssignment]) -> None:
    """Refuse to assign an attribute to a type of another entity."""
    ids = {each.record.attribute_id for each in items}
    attributes = await ctx.trusted(Attribute).by_id(ids)
    for item in items:
        attribute = attributes.get(item.record.attribute_id)
        if attribute is None:
            continue
        violations = attribute.decide(partial(_assignment_violations, item.record))
        item.violations(violations, [Attribute.entity])


def _assignment_violations(
    assignment: AttributeAssignment, attribute: Attribute
) -> Sequence[Violation]:
    return assignment_violations(attribute.entity, assignment, TYPE_COLUMNS)


@before_save(Action.CREATE, despite_errors=True)
async def require_stages(ctx: Context, items: Saved[OpportunityType]) -> None:
    """Require at least one stage in a new opportunity type (VN-21)."""
    for item in items:
        if not children_of(item, PipelineStage):
            item.error(UserErrorCode.REQUIRED, NO_STAGE, "stages")


@before_save(Action.UPDATE)
async def refuse_changing_used_stages(ctx: Context, items: Saved[PipelineStage]) -> None:
    """Refuse to change the stage of a pipeline step while opportunities are in it (VN-25)."""
    changed = [each for each in items if each.differs(PipelineStage.stage_id)]
    used = await used_stages(ctx.unit.connection, (each.record.id for each in changed))
    for item in changed:
        if item.record.id in used:
            item.error(UserErrorCode.IN_USE, STAGE_IN_USE, "stage")


@before_save(Action.DELETE)
async def refuse_removing_stages(ctx: Context, items: Saved[PipelineStage]) -> None:
    """Refuse to remove the last stage of a type, or one with opportunities (VN-21, VN-25)."""
    deleted_ids = {each.record.id for each in items}
    types = {each.record.type_id for each in items}
    steps = await ctx.trusted(PipelineStage).by_for_update(PipelineStage.type_id, types)
    used = await used_stages(ctx.unit.connection, deleted_ids)
    for item in items:
        if all(row.id in deleted_ids for row in steps[item.record.type_id]):
            item.violation(Violation(UserErrorCode.INVALID, LAST_STAGE))
        elif item.record.id in used:
            item.error(UserErrorCode.IN_USE, STAGE_IN_USE, "id")


AREA = Area(
    "setup",
    before_save={
        Attribute: (check_entity,),
        AttributeAssignment: (check_type,),
        OpportunityType: (require_stages,),
        PipelineStage: (refuse_changing_used_stages, refuse_removing_stages),
    },
)

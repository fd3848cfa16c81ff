"""The set-up in the API."""

from db import setup as tables
from schema.engine.expose import exposes


@exposes(tables.Stage, one="stage", many="stages")
class Stage:
    """A step of selling. One list serves all pipelines; a type activates some of it."""


@exposes(tables.OpportunityType, one="opportunityType", many="opportunityTypes")
class OpportunityType:
    """A kind of opportunity, and thereby a pipeline: it activates stages with an order of their own."""


@exposes(tables.PipelineStage, one="pipelineStage", many="pipelineStages")
class PipelineStage:
    """A stage as one opportunity type uses it."""


@exposes(tables.Attribute, one="attribute", many="attributes")
class Attribute:
    """A field that the tenant added to an entity."""

"""Tables of the set-up: stages, opportunity types and the tenant's own attributes."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from db.engine.base import Record, enumeration
from db.engine.declare import field, live, reference
from domain.setup import AttributeKind, StageKind


class Stage(Record):
    """A step of selling. One list serves all pipelines; a type activates some of it."""

    __tablename__ = "stage"
    __prefix__ = "stg"
    __table_args__ = (UniqueConstraint("id", "kind"),)

    name: Mapped[str] = field("What the stage is called.", filter=True, sort=True)
    description: Mapped[str | None] = field("What it means for an opportunity to be here.")
    kind: Mapped[StageKind] = field(
        "What the stage means for the outcome.", enumeration(StageKind), filter=True, sort=True
    )
    position: Mapped[int] = field("Its place in the list, from 1.", filter=True, sort=True)


class OpportunityType(Record):
    """A kind of opportunity, and thereby a pipeline: it activates stages with an order of their own."""

    __tablename__ = "opportunity_type"
    __prefix__ = "opt"

    name: Mapped[str] = field("What the type is called.", filter=True, sort=True)


class PipelineStage(Record):
    """A stage as one opportunity type uses it."""

    __tablename__ = "pipeline_stage"
    __prefix__ = "pst"
    __table_args__ = (
        live("pipeline_stage_unique", "type_id", "stage_id"),
        Index(None, "stage_id"),
    )

    type_id: Mapped[UUID] = reference(
        "The pipeline.",
        "opportunity_type",
        reverse="stages",
        reverse_doc="The stages this type activates.",
        part=True,
    )
    stage_id: Mapped[UUID] = reference(
        "The stage.",
        "stage",
        reverse="pipelines",
        reverse_doc="The types that activate this stage.",
    )
    position: Mapped[int] = field("Its place in this pipeline, from 1.", filter=True, sort=True)
    probability: Mapped[int] = field(
        "How likely an opportunity here is to be won, in percent.", filter=True, sort=True
    )


class Attribute(Record):
    """A field that the tenant added. Its values are kept with each record, under the attribute's id."""

    __tablename__ = "attribute"
    __prefix__ = "att"
    __rights__ = True
    __table_args__ = (
        live("attribute_unique", "entity", "key"),
        CheckConstraint("key ~ '^[A-Za-z_][A-Za-z0-9_]{0,63}$'", name="key"),
    )

    entity: Mapped[str] = field(
        "The entity whose records carry it.", filter=True, sort=True, write=False
    )
    key: Mapped[str] = field("Its name in filters and selections.", filter=True, sort=True)
    label: Mapped[str] = field("What people call it.", filter=True, sort=True)
    kind: Mapped[AttributeKind] = field(
        "What values it takes.", enumeration(AttributeKind), filter=True, write=False
    )

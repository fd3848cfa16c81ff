"""Tables of the set-up: pipelines, types with what they preset, the tenant's own lists, attributes and switches."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from db.engine.base import EDITED, JOINED, RESTORED, Record, Standard, enumeration
from db.engine.capabilities import HasAttributes, OnOne, Subjects
from db.engine.declare import WORD, field, live, reference
from domain.setup import (
    AttributeKind,
    ContactKind,
    DocumentDelivery,
    FeatureKey,
    StageKind,
    attribute,
    nameable,
    stage_of_pipeline,
)


class Stage(Record):
    """A step of selling. One list serves all pipelines; a type activates some of it."""

    __tablename__ = "stage"
    __prefix__ = "stg"
    __commands__ = RESTORED
    __replaceable__ = True
    __merge_key__ = "kind"
    __table_args__ = (UniqueConstraint("id", "kind"),)

    name: Mapped[str] = field("What the stage is called.", filter=True, sort=True)
    description: Mapped[str | None] = field("What it means for an opportunity to be here.")
    kind: Mapped[StageKind] = field(
        "What the stage means for the outcome.",
        enumeration(StageKind),
        filter=True,
        sort=True,
        immutable=True,
    )
    position: Mapped[int] = field("Position in the list, from 1.", filter=True, sort=True)
    needs_quote: Mapped[bool] = field(
        "Whether opportunities come here with a quote only, while `proofNeedsQuote` of the preferences is on.",
        filter=True,
        server_default="false",
    )


class OpportunityType(Record):
    """Opportunity type; defines a pipeline of ordered stages."""

    __tablename__ = "opportunity_type"
    __prefix__ = "opt"
    __commands__ = RESTORED
    __replaceable__ = True

    name: Mapped[str] = field("Name of the type.", filter=True, sort=True)
    default_owner_id: Mapped[UUID | None] = reference(
        "Who works on new opportunities of this type, if nobody is named.",
        "employee",
        reverse=None,
    )
    default_currency: Mapped[str | None] = field(
        "The currency of new opportunities of this type, if none is named, as ISO 4217."
    )


class PipelineStage(Record):
    """A stage as one opportunity type uses it."""

    __tablename__ = "pipeline_stage"
    __prefix__ = "pst"
    __commands__ = EDITED
    __rule__ = stage_of_pipeline
    __table_args__ = (
        live("pipeline_stage_unique", "type_id", "stage_id"),
        Index(None, "stage_id"),
    )

    type_id: Mapped[UUID] = reference(
        "The pipeline.",
        "opportunity_type",
        reverse="stages",
        reverse_doc="The stages this type activates.",
        owned=True,
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
    description: Mapped[str | None] = field(
        "What it means for an opportunity of this type to be here, if not what the stage says."
    )


class Attribute(Record):
    """A field that the tenant added. Its values are kept with each record, under the attribute's id."""

    __tablename__ = "attribute"
    __prefix__ = "att"
    __commands__ = RESTORED
    __rights__ = True
    __rule__ = attribute
    __table_args__ = (
        live("attribute_unique", "entity", "key"),
        CheckConstraint("key ~ '^[A-Za-z_][A-Za-z0-9_]{0,63}$'", name="key"),
    )

    entity: Mapped[str] = field(
        "The entity whose records carry it.", filter=True, sort=True, immutable=True, longest=WORD
    )
    key: Mapped[str] = field("Its name in filters and selections.", filter=True, sort=True)
    label: Mapped[str] = field("Display name.", filter=True, sort=True)
    kind: Mapped[AttributeKind] = field(
        "What values it takes.", enumeration(AttributeKind), filter=True, immutable=True
    )


class AttributeAssignment(OnOne, Record):
    """A type whose records carry an attribute. An attribute without any is carried by records of all types."""

    __tablename__ = "attribute_assignment"
    __prefix__ = "atu"
    __commands__ = JOINED
    __rights__ = True
    __on__ = Subjects(
        having=HasAttributes,
        by_type=True,
        owned=False,
        doc="The type of {record}.",
        reverse="attributeAssignments",
        reverse_doc="The attributes that {records} of this type carry.",
        one="one_type",
        message="Name exactly one type that carries the attribute.",
        unique_per="attribute_id",
    )

    attribute_id: Mapped[UUID] = reference(
        "The attribute.",
        "attribute",
        reverse="assignments",
        reverse_doc="The types whose records carry this attribute; all of them if there is none.",
        owned=True,
    )


class Industry(Record):
    """A branch that accounts work in."""

    __tablename__ = "industry"
    __prefix__ = "ind"
    __commands__ = RESTORED
    __replaceable__ = True
    __table_args__ = (live("industry_name_unique", "name"),)

    name: Mapped[str] = field("What the branch is called.", filter=True, sort=True, longest=WORD)


class AccountType(Record):
    """A kind of account: how its records are named, and what they begin with."""

    __tablename__ = "account_type"
    __prefix__ = "act"
    __commands__ = RESTORED
    __replaceable__ = True
    __rule__ = nameable
    __table_args__ = (live("account_type_name_unique", "name"),)

    name: Mapped[str] = field("Name of the type.", filter=True, sort=True, longest=WORD)
    with_name: Mapped[bool] = field(
        "Whether its accounts have a name; with a last name, too, that is the first name.",
        server_default="true",
    )
    with_last_name: Mapped[bool] = field(
        "Whether its accounts have a last name, as people do.", server_default="false"
    )
    default_owner_id: Mapped[UUID | None] = reference(
        "Who is responsible for new accounts of this type, if nobody is named.",
        "employee",
        reverse=None,
    )
    sender_email: Mapped[str | None] = field(
        "The e-mail account that new accounts of this type are written from.", longest=WORD
    )
    document_delivery: Mapped[DocumentDelivery | None] = field(
        "How new accounts of this type get their documents.", enumeration(DocumentDelivery)
    )


class PersonType(Record):
    """A kind of contact or lead: one list serves both."""

    __tablename__ = "person_type"
    __prefix__ = "pty"
    __commands__ = RESTORED
    __replaceable__ = True
    __table_args__ = (live("person_type_name_unique", "name"),)

    name: Mapped[str] = field("Name of the type.", filter=True, sort=True, longest=WORD)
    kind: Mapped[ContactKind] = field(
        "Whether such people work for an account or for a partner.",
        enumeration(ContactKind),
        filter=True,
        sort=True,
        server_default="EMPLOYEE",
    )
    default_owner_id: Mapped[UUID | None] = reference(
        "Who is responsible for new people of this type, if nobody is named.",
        "employee",
        reverse=None,
    )


class EmployeeType(Record):
    """A kind of employee."""

    __tablename__ = "employee_type"
    __prefix__ = "ety"
    __commands__ = RESTORED
    __replaceable__ = True
    __table_args__ = (live("employee_type_name_unique", "name"),)

    name: Mapped[str] = field("Name of the type.", filter=True, sort=True, longest=WORD)
    default_title: Mapped[str | None] = field(
        "What new employees of this type do, if it is not said."
    )


class LostReason(Record):
    """Why opportunities are lost."""

    __tablename__ = "lost_reason"
    __prefix__ = "lrs"
    __commands__ = RESTORED
    __replaceable__ = True
    __table_args__ = (live("lost_reason_name_unique", "name"),)

    name: Mapped[str] = field("What the reason is called.", filter=True, sort=True, longest=WORD)
    needs_note: Mapped[bool] = field(
        "Whether the reason requires a note, as for `Other`.", server_default="false"
    )


class Feature(Record):
    """A group of functions that a tenant can switch off as a whole."""

    __tablename__ = "feature"
    __prefix__ = "fea"
    __commands__ = (Standard.UPDATE,)
    __rights__ = True
    __table_args__ = (live("feature_key_unique", "key"),)

    key: Mapped[FeatureKey] = field(
        "Which group.", enumeration(FeatureKey), filter=True, sort=True, write=False
    )
    enabled: Mapped[bool] = field("Whether it is on.", filter=True, server_default="true")


class Preferences(Record):
    """What a tenant has settled for everybody. There is exactly one record of it."""

    __tablename__ = "preferences"
    __prefix__ = "set"
    __commands__ = (Standard.UPDATE,)
    __singleton__ = True

    default_account_type_id: Mapped[UUID | None] = reference(
        "The type of accounts that are created without one.", "account_type", reverse=None
    )
    default_person_type_id: Mapped[UUID | None] = reference(
        "The type of persons that are created without one.", "person_type", reverse=None
    )
    default_lead_type_id: Mapped[UUID | None] = reference(
        "The type of leads that are created without one.", "person_type", reverse=None
    )
    default_opportunity_type_id: Mapped[UUID | None] = reference(
        "The type of opportunities that are created without one.",
        "opportunity_type",
        reverse=None,
    )
    default_case_type_id: Mapped[UUID | None] = reference(
        "The type of cases that are created without one.", "case_type", reverse=None
    )
    sell_without_quote: Mapped[bool] = field(
        "Whether opportunities may be sold that have no active quote.", server_default="false"
    )
    proof_needs_quote: Mapped[bool] = field(
        "Whether an opportunity needs a quote before it comes to a stage with `needsQuote`.",
        server_default="false",
    )

"""Tables of the settings: stages, types, lists, custom attributes, features and preferences."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from db.engine.base import (
    CREATE_DELETE,
    CREATE_UPDATE_DELETE,
    WITH_RESTORE,
    Record,
    Standard,
    enumeration,
)
from db.engine.capabilities import HasAttributes, HasSubject, Subjects
from db.engine.declare import NAME_LENGTH, field, reference, unique_outside_trash
from domain.message import Message
from domain.setup import (
    AttributeKind,
    ContactKind,
    DocumentDelivery,
    FeatureKey,
    StageKind,
    account_type_violations,
    attribute_violations,
    pipeline_stage_violations,
)


class Stage(Record):
    """Sales stage; each opportunity type uses some of them."""

    __tablename__ = "stage"
    __prefix__ = "stg"
    __commands__ = WITH_RESTORE
    __replaceable__ = True
    __merge_key__ = "kind"
    __table_args__ = (UniqueConstraint("id", "kind"),)

    name: Mapped[str] = field("Name of the stage.", filter=True, sort=True)
    description: Mapped[str | None] = field("Meaning of the stage.")
    kind: Mapped[StageKind] = field(
        "Outcome of opportunities in this stage.",
        enumeration(StageKind),
        filter=True,
        sort=True,
        immutable=True,
    )
    position: Mapped[int] = field("Position in the list, from 1.", filter=True, sort=True)
    needs_quote: Mapped[bool] = field(
        "Whether a quote is required here while `proofNeedsQuote` is on.",
        filter=True,
        server_default="false",
    )


class OpportunityType(Record):
    """Opportunity type; defines a pipeline of ordered stages."""

    __tablename__ = "opportunity_type"
    __prefix__ = "opt"
    __commands__ = WITH_RESTORE
    __replaceable__ = True

    name: Mapped[str] = field("Name of the type.", filter=True, sort=True)
    default_owner_id: Mapped[UUID | None] = reference(
        "Default owner of new opportunities of this type.",
        "employee",
        reverse=None,
    )
    default_currency: Mapped[str | None] = field(
        "Default currency of new opportunities of this type, ISO 4217."
    )


class PipelineStage(Record):
    """Stage in the pipeline of an opportunity type."""

    __tablename__ = "pipeline_stage"
    __prefix__ = "pst"
    __commands__ = CREATE_UPDATE_DELETE
    __rule__ = pipeline_stage_violations
    __table_args__ = (
        unique_outside_trash("pipeline_stage_unique", "type_id", "stage_id"),
        Index(None, "stage_id"),
    )

    type_id: Mapped[UUID] = reference(
        "Opportunity type of the pipeline.",
        "opportunity_type",
        reverse="stages",
        reverse_doc="Pipeline stages of this type, in order.",
        owned=True,
    )
    stage_id: Mapped[UUID] = reference(
        "Stage.",
        "stage",
        reverse="pipelines",
        reverse_doc="Pipelines with this stage.",
    )
    position: Mapped[int] = field("Position in the pipeline, from 1.", filter=True, sort=True)
    probability: Mapped[int] = field(
        "Probability of winning in this stage, in percent.", filter=True, sort=True
    )
    description: Mapped[str | None] = field(
        "Meaning for this type; default: the description of the stage."
    )


class Attribute(Record):
    """Custom field of a tenant."""

    __tablename__ = "attribute"
    __prefix__ = "att"
    __commands__ = WITH_RESTORE
    __rights__ = True
    __rule__ = attribute_violations
    __table_args__ = (
        unique_outside_trash("attribute_unique", "entity", "key"),
        CheckConstraint("key ~ '^[A-Za-z_][A-Za-z0-9_]{0,63}$'", name="key"),
    )

    entity: Mapped[str] = field(
        "Object type whose records have the attribute.",
        filter=True,
        sort=True,
        immutable=True,
        max_length=NAME_LENGTH,
    )
    key: Mapped[str] = field("Key in filters and selections.", filter=True, sort=True)
    label: Mapped[str] = field("Display name.", filter=True, sort=True)
    kind: Mapped[AttributeKind] = field(
        "Value type.", enumeration(AttributeKind), filter=True, immutable=True
    )


class AttributeAssignment(HasSubject, Record):
    """Record type that has a custom attribute."""

    __tablename__ = "attribute_assignment"
    __prefix__ = "atu"
    __commands__ = CREATE_DELETE
    __rights__ = True
    __subject__ = Subjects(
        capability=HasAttributes,
        by_type=True,
        owned=False,
        doc="{Record} type.",
        reverse="attributeAssignments",
        reverse_doc="Custom attributes of {records} of this type.",
        constraint_name="one_type",
        message=Message("Name exactly one type that carries the attribute."),
        unique_per="attribute_id",
    )

    attribute_id: Mapped[UUID] = reference(
        "Custom attribute.",
        "attribute",
        reverse="assignments",
        reverse_doc="Record types that have this attribute; none means all.",
        owned=True,
    )


class Industry(Record):
    """Industry of accounts."""

    __tablename__ = "industry"
    __prefix__ = "ind"
    __commands__ = WITH_RESTORE
    __replaceable__ = True
    __table_args__ = (unique_outside_trash("industry_name_unique", "name"),)

    name: Mapped[str] = field(
        "Name of the industry.", filter=True, sort=True, max_length=NAME_LENGTH
    )


class AccountType(Record):
    """Account type: which names its accounts have, and their defaults."""

    __tablename__ = "account_type"
    __prefix__ = "act"
    __commands__ = WITH_RESTORE
    __replaceable__ = True
    __rule__ = account_type_violations
    __table_args__ = (unique_outside_trash("account_type_name_unique", "name"),)

    name: Mapped[str] = field("Name of the type.", filter=True, sort=True, max_length=NAME_LENGTH)
    with_name: Mapped[bool] = field(
        "Whether accounts have a name; beside a last name, it is the first name.",
        server_default="true",
    )
    with_last_name: Mapped[bool] = field(
        "Whether accounts have a last name, as private customers do.", server_default="false"
    )
    default_owner_id: Mapped[UUID | None] = reference(
        "Default owner of new accounts of this type.",
        "employee",
        reverse=None,
    )
    sender_email: Mapped[str | None] = field(
        "Default email address from which accounts of this type are written to.",
        max_length=NAME_LENGTH,
    )
    document_delivery: Mapped[DocumentDelivery | None] = field(
        "Default delivery method of documents.", enumeration(DocumentDelivery)
    )


class PersonType(Record):
    """Person type, of contacts and leads."""

    __tablename__ = "person_type"
    __prefix__ = "pty"
    __commands__ = WITH_RESTORE
    __replaceable__ = True
    __table_args__ = (unique_outside_trash("person_type_name_unique", "name"),)

    name: Mapped[str] = field("Name of the type.", filter=True, sort=True, max_length=NAME_LENGTH)
    kind: Mapped[ContactKind] = field(
        "Whether people of this type are employees or consultants.",
        enumeration(ContactKind),
        filter=True,
        sort=True,
        server_default="EMPLOYEE",
    )
    default_owner_id: Mapped[UUID | None] = reference(
        "Default owner of new persons of this type.",
        "employee",
        reverse=None,
    )


class EmployeeType(Record):
    """Employee type."""

    __tablename__ = "employee_type"
    __prefix__ = "ety"
    __commands__ = WITH_RESTORE
    __replaceable__ = True
    __table_args__ = (unique_outside_trash("employee_type_name_unique", "name"),)

    name: Mapped[str] = field("Name of the type.", filter=True, sort=True, max_length=NAME_LENGTH)
    default_title: Mapped[str | None] = field("Default job title of new employees of this type.")


class LostReason(Record):
    """Reason for losing opportunities."""

    __tablename__ = "lost_reason"
    __prefix__ = "lrs"
    __commands__ = WITH_RESTORE
    __replaceable__ = True
    __table_args__ = (unique_outside_trash("lost_reason_name_unique", "name"),)

    name: Mapped[str] = field("Name of the reason.", filter=True, sort=True, max_length=NAME_LENGTH)
    needs_note: Mapped[bool] = field(
        "Whether the reason requires a note, as for `Other`.", server_default="false"
    )


class Feature(Record):
    """Group of functions that a tenant can switch off."""

    __tablename__ = "feature"
    __prefix__ = "fea"
    __commands__ = (Standard.UPDATE,)
    __rights__ = True
    __table_args__ = (unique_outside_trash("feature_key_unique", "key"),)

    key: Mapped[FeatureKey] = field(
        "Group of functions.", enumeration(FeatureKey), filter=True, sort=True, write=False
    )
    enabled: Mapped[bool] = field(
        "Whether the group is enabled.", filter=True, server_default="true"
    )


class Preferences(Record):
    """Settings of the tenant. Exactly one record exists."""

    __tablename__ = "preferences"
    __prefix__ = "set"
    __commands__ = (Standard.UPDATE,)
    __singleton__ = True

    default_account_type_id: Mapped[UUID | None] = reference(
        "Default account type.", "account_type", reverse=None
    )
    default_person_type_id: Mapped[UUID | None] = reference(
        "Default person type.", "person_type", reverse=None
    )
    default_lead_type_id: Mapped[UUID | None] = reference(
        "Default lead type.", "person_type", reverse=None
    )
    default_opportunity_type_id: Mapped[UUID | None] = reference(
        "Default opportunity type.",
        "opportunity_type",
        reverse=None,
    )
    default_case_type_id: Mapped[UUID | None] = reference(
        "Default case type.", "case_type", reverse=None
    )
    sell_without_quote: Mapped[bool] = field(
        "Whether opportunities can be sold without an active quote.", server_default="false"
    )
    proof_needs_quote: Mapped[bool] = field(
        "Whether stages with `needsQuote` require a quote.",
        server_default="false",
    )

"""Tables of the cases area: cases, their accounts, types and statuses."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from db.engine.base import CREATE_UPDATE_DELETE, WITH_RESTORE, WITH_UPSERT, Record, enumeration
from db.engine.capabilities import (
    CanBeFavorite,
    ExternallyIdentified,
    HasActivities,
    HasAttributes,
    Numbered,
    Ownable,
    Taggable,
)
from db.engine.declare import NAME_LENGTH, field, folded, reference, unique_outside_trash
from domain.cases import Billing, CaseState, Priority, case_type_violations


class CaseStatus(Record):
    """Status of cases of all types."""

    __tablename__ = "case_status"
    __prefix__ = "cst"
    __commands__ = WITH_RESTORE
    __replaceable__ = True
    __merge_key__ = "state"
    __table_args__ = (
        UniqueConstraint("id", "state"),
        unique_outside_trash("case_status_name_unique", "name"),
    )

    name: Mapped[str] = field("Name of the status.", filter=True, sort=True, max_length=NAME_LENGTH)
    state: Mapped[CaseState] = field(
        "Whether cases in this status are open or closed.",
        enumeration(CaseState),
        filter=True,
        sort=True,
        immutable=True,
    )
    position: Mapped[int] = field("Position in the list, from 1.", filter=True, sort=True)


class CaseType(Record):
    """Case type: how its cases are billed, and their defaults."""

    __tablename__ = "case_type"
    __prefix__ = "cty"
    __commands__ = WITH_RESTORE
    __replaceable__ = True
    __rule__ = case_type_violations
    __table_args__ = (unique_outside_trash("case_type_name_unique", "name"),)

    name: Mapped[str] = field("Name of the type.", filter=True, sort=True, max_length=NAME_LENGTH)
    billing: Mapped[Billing] = field(
        "How cases of this type are billed.",
        enumeration(Billing),
        filter=True,
        sort=True,
        server_default="NONE",
    )
    contract_required: Mapped[bool] = field(
        "Whether cases of this type require a contract.", filter=True, server_default="false"
    )
    hours_product_id: Mapped[UUID | None] = reference(
        "Service billed for hours.", "product", reverse=None
    )
    overtime_product_id: Mapped[UUID | None] = reference(
        "Service billed for overtime; default: that of hours.",
        "product",
        reverse=None,
    )
    default_priority: Mapped[Priority | None] = field(
        "Default priority of new cases of this type.", enumeration(Priority)
    )
    default_owner_id: Mapped[UUID | None] = reference(
        "Default owner of new cases of this type.", "employee", reverse=None
    )


class Case(
    Ownable,
    Numbered,
    Taggable,
    HasActivities,
    CanBeFavorite,
    HasAttributes,
    ExternallyIdentified,
    Record,
):
    """Request or complaint of a customer, handled by one owner."""

    __tablename__ = "case"
    __prefix__ = "cas"
    __groups__ = True
    __commands__ = WITH_UPSERT
    __search__ = ("subject", "number", "external_id")
    __number_prefix__ = "C"
    __timeline__ = "primary_account_id"
    __activities__ = "Activities on this case."
    __status__ = "state"
    __table_args__ = (
        ForeignKeyConstraint(
            ["status_id", "state"],
            ["case_status.id", "case_status.state"],
            onupdate="CASCADE",
            name="case_state_fkey",
        ),
        Index(None, "owner_id"),
        Index(None, "type_id"),
        Index(None, "status_id"),
        Index(None, "contract_id"),
        Index(None, "primary_account_id"),
        Index("case_subject_idx", folded("subject"), "id"),
        Index("case_created_at_idx", "created_at", "id"),
    )

    subject: Mapped[str] = field("Subject.", filter=True, sort=True, max_length=NAME_LENGTH)
    description: Mapped[str | None] = field(
        "Description of the problem and the request.", filter=True
    )
    type_id: Mapped[UUID | None] = reference(
        "Case type.",
        "case_type",
        reverse="cases",
        reverse_doc="Cases of this type.",
        server_assigned=True,
    )
    status_id: Mapped[UUID] = reference(
        "Status.",
        "case_status",
        reverse="cases",
        reverse_doc="Cases in this status.",
        immutable=True,
        server_assigned=True,
    )
    state: Mapped[CaseState] = field(
        "Open or closed; follows from the status.",
        enumeration(CaseState),
        filter=True,
        sort=True,
        write=False,
    )
    priority: Mapped[Priority] = field(
        "Priority.",
        enumeration(Priority),
        filter=True,
        sort=True,
        server_assigned=True,
        server_default="NORMAL",
    )
    owner_id: Mapped[UUID] = reference(
        "Owner: employee who works on it.",
        "employee",
        reverse="cases",
        reverse_doc="Cases this employee owns.",
        server_assigned=True,
    )
    contract_id: Mapped[UUID | None] = reference(
        "Contract that covers the case.",
        "contract",
        reverse="cases",
        reverse_doc="Cases covered by this contract.",
    )
    primary_account_id: Mapped[UUID | None] = reference(
        "Primary account; derived from the case accounts.",
        "account",
        reverse=None,
        write=False,
        restrict=False,
    )
    closed_at: Mapped[datetime | None] = field(
        "Closing time; null while open.", filter=True, sort=True, write=False
    )


class CaseAccount(Record):
    """Account that a case concerns."""

    __tablename__ = "case_account"
    __prefix__ = "cac"
    __commands__ = CREATE_UPDATE_DELETE
    __table_args__ = (
        unique_outside_trash("case_account_unique", "case_id", "account_id"),
        Index(None, "account_id"),
        Index(
            "case_account_primary_unique",
            "case_id",
            unique=True,
            postgresql_where=text('"primary" AND deleted_at IS NULL'),
        ),
    )

    case_id: Mapped[UUID] = reference(
        "The case.",
        "case",
        reverse="accounts",
        reverse_doc="Accounts that this case concerns.",
        owned=True,
        on_delete="CASCADE",
    )
    account_id: Mapped[UUID] = reference(
        "Account concerned.",
        "account",
        reverse="cases",
        reverse_doc="Cases that concern this account.",
        immutable=True,
    )
    primary: Mapped[bool] = field(
        "Whether it is the primary account; exactly one is.",
        filter=True,
        sort=True,
        server_assigned=True,
        server_default="false",
    )

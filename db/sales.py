"""Tables of the sales area: opportunities, their stage history, contacts, related accounts and shares."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped

from db.engine.base import CREATE_DELETE, CREATE_UPDATE_DELETE, WITH_UPSERT, Record, enumeration
from db.engine.capabilities import (
    CanBeFavorite,
    ExternallyIdentified,
    HasActivities,
    HasAttributes,
    Ownable,
    Shareable,
    Taggable,
)
from db.engine.declare import (
    MONEY,
    NAME_LENGTH,
    derived,
    descending,
    expression,
    field,
    folded,
    internal,
    money,
    reference,
    unique_outside_trash,
)
from db.engine.sql import PERCENT
from domain.sales import opportunity_violations
from domain.setup import StageKind
from domain.wording import quarter


class Opportunity(
    Ownable,
    Shareable,
    Taggable,
    HasActivities,
    CanBeFavorite,
    HasAttributes,
    ExternallyIdentified,
    Record,
):
    """Possible sale to an account, handled by one owner."""

    __tablename__ = "opportunity"
    __prefix__ = "opp"
    __groups__ = True
    __commands__ = WITH_UPSERT
    __live__ = True
    __status__ = "status"
    __timeline__ = "account_id"
    __activities__ = "Activities on this opportunity."
    __rule__ = opportunity_violations
    __search__ = ("name", "external_id")
    __table_args__ = (
        ForeignKeyConstraint(
            ["stage_id", "status"],
            ["stage.id", "stage.kind"],
            onupdate="CASCADE",
            name="opportunity_status_fkey",
        ),
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("rank_key ~ '^[a-z][0-9a-z]+$'", name="rank_key"),
        Index(None, "account_id"),
        Index(None, "owner_id", "id"),
        Index(None, "type_id"),
        Index(None, "stage_id"),
        Index("opportunity_rank_idx", "stage_id", "rank"),
        Index("opportunity_rank_key_idx", "stage_id", folded("rank_key"), "id"),
        Index(None, "lost_reason_id"),
        Index(None, "source_contract_id"),
        Index("opportunity_name_idx", folded("name"), "id"),
        Index("opportunity_amount_idx", descending("amount"), text("id DESC")),
        Index("opportunity_expected_close_on_idx", "expected_close_on", "id"),
        Index("opportunity_created_at_idx", "created_at", "id"),
    )

    name: Mapped[str] = field(
        "Name of the opportunity.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    account_id: Mapped[UUID] = reference(
        "Account of the opportunity.",
        "account",
        reverse="opportunities",
        reverse_doc="Opportunities of this account.",
    )
    owner_id: Mapped[UUID] = reference(
        "Owner: employee who works on it.",
        "employee",
        reverse="opportunities",
        reverse_doc="Opportunities this employee owns.",
        server_assigned=True,
    )
    type_id: Mapped[UUID] = reference(
        "Opportunity type; determines the pipeline (available stages).",
        "opportunity_type",
        reverse="opportunities",
        reverse_doc="Opportunities of this type.",
        server_assigned=True,
    )
    stage_id: Mapped[UUID] = reference(
        "Stage.",
        "stage",
        reverse="opportunities",
        reverse_doc="Opportunities in this stage.",
        immutable=True,
        server_assigned=True,
    )
    status: Mapped[StageKind] = field(
        "Open, won or lost; follows from the stage.",
        enumeration(StageKind),
        filter=True,
        sort=True,
        write=False,
    )
    probability: Mapped[int | None] = field(
        "Probability of winning, in percent.",
        filter=True,
        sort=True,
        aggregate=True,
        server_assigned=True,
    )
    currency: Mapped[str] = field(
        "Currency of the amounts, ISO 4217.", filter=True, sort=True, server_assigned=True
    )
    amount: Mapped[Decimal | None] = money(
        "Expected value, excluding tax.", filter=True, sort=True, aggregate=True
    )
    margin: Mapped[Decimal | None] = money(
        "Amount minus cost.", filter=True, sort=True, aggregate=True
    )
    commission: Mapped[Decimal | None] = money(
        "Commission of the owner.", filter=True, sort=True, aggregate=True
    )
    expected_close_on: Mapped[date | None] = field(
        "Expected close date.", filter=True, sort=True, aggregate=True
    )
    close_quarter = derived(
        "Quarter of the expected close date, such as `2026-Q3`.",
        quarter,
        inputs=("expected_close_on",),
    )
    weighted = expression(
        "Weighted amount: `amount` × `probability` / 100.",  # noqa: RUF001 - the sign of multiplication
        MONEY,
        lambda row: row.amount * row.probability * PERCENT,
        inputs=("amount", "probability"),
        currency="currency",
        filter=True,
        sort=True,
        aggregate=True,
    )
    net_margin = expression(
        "Margin minus commission.",
        MONEY,
        lambda row: row.margin - row.commission,
        inputs=("margin", "commission"),
        currency="currency",
        filter=True,
        sort=True,
        aggregate=True,
    )
    locked: Mapped[bool] = field(
        "Whether the opportunity is locked against changes.",
        filter=True,
        write=False,
        server_default="false",
    )
    closed_on: Mapped[date | None] = field(
        "Date on which it was won or lost.", filter=True, sort=True, aggregate=True, write=False
    )
    lost_reason_id: Mapped[UUID | None] = reference(
        "Reason for the loss.",
        "lost_reason",
        reverse="opportunities",
        reverse_doc="Opportunities lost for this reason.",
        write=False,
    )
    lost_note: Mapped[str | None] = field("Note about the loss.", filter=True, write=False)
    source_contract_id: Mapped[UUID | None] = reference(
        "Contract that the opportunity extends.",
        "contract",
        reverse="upsells",
        reverse_doc="Opportunities to extend this contract.",
        write=False,
        use_alter=True,
    )
    rank_key: Mapped[str | None] = field(
        "Sort key within the stage; opaque text, ascending.",
        filter=True,
        sort=True,
        write=False,
        name="rank",
    )
    rank_number: Mapped[Decimal | None] = internal(
        "Its place as it was stored before there were keys.", name="rank"
    )
    note: Mapped[str | None] = field("Internal note.", filter=True)


class StageHistory(Record):
    """Period that an opportunity spent in a stage; recorded by the system, read-only."""

    __tablename__ = "stage_history"
    __prefix__ = "shi"
    __groups__ = True
    __table_args__ = (Index(None, "opportunity_id", "entered_at"), Index(None, "stage_id"))

    opportunity_id: Mapped[UUID] = reference(
        "The opportunity.",
        "opportunity",
        reverse="stageHistory",
        reverse_doc="Stages this opportunity has been in, with the time spent in each.",
        owned=True,
        on_delete="CASCADE",
    )
    stage_id: Mapped[UUID] = reference(
        "Stage.",
        "stage",
        reverse="stageHistory",
        reverse_doc="Periods that opportunities spent in this stage.",
        write=False,
    )
    entered_at: Mapped[datetime] = field(
        "Time of entering the stage.", filter=True, sort=True, aggregate=True, write=False
    )
    left_at: Mapped[datetime | None] = field(
        "Time of leaving the stage; null while in it.",
        filter=True,
        sort=True,
        aggregate=True,
        write=False,
    )
    seconds: Mapped[int | None] = field(
        "Time spent in the stage, in seconds; null while in it.",
        filter=True,
        sort=True,
        aggregate=True,
        write=False,
    )


class OpportunityContact(Record):
    """Person involved in an opportunity, with their role, such as decision maker."""

    __tablename__ = "opportunity_contact"
    __prefix__ = "oco"
    __commands__ = CREATE_UPDATE_DELETE
    __table_args__ = (Index(None, "opportunity_id"), Index(None, "person_id"))

    opportunity_id: Mapped[UUID] = reference(
        "The opportunity.",
        "opportunity",
        reverse="contacts",
        reverse_doc="People involved in this opportunity, with their roles.",
        owned=True,
    )
    person_id: Mapped[UUID] = reference(
        "Person.",
        "person",
        reverse="opportunityContacts",
        reverse_doc="Opportunities that involve the person, with the role.",
        owned=True,
    )
    role: Mapped[str] = field(
        "Role of the person in the opportunity, such as decision maker.",
        filter=True,
        sort=True,
        max_length=NAME_LENGTH,
    )


class OpportunityAccount(Record):
    """Further account involved in an opportunity."""

    __tablename__ = "opportunity_account"
    __prefix__ = "oac"
    __commands__ = CREATE_UPDATE_DELETE
    __table_args__ = (
        unique_outside_trash("opportunity_account_unique", "opportunity_id", "account_id"),
        Index(None, "account_id"),
    )

    opportunity_id: Mapped[UUID] = reference(
        "The opportunity.",
        "opportunity",
        reverse="relatedAccounts",
        reverse_doc="Other accounts involved in this opportunity.",
        owned=True,
    )
    account_id: Mapped[UUID] = reference(
        "Account.",
        "account",
        reverse="relatedOpportunities",
        reverse_doc="Opportunities of other accounts in which this account is involved.",
        owned=True,
    )
    note: Mapped[str | None] = field("How the account is involved.", filter=True)


class OpportunityShare(Record):
    """Opportunity shared with an employee."""

    __tablename__ = "opportunity_share"
    __prefix__ = "osh"
    __commands__ = CREATE_DELETE
    __table_args__ = (
        unique_outside_trash("opportunity_share_unique", "opportunity_id", "employee_id"),
        Index(None, "employee_id"),
    )

    opportunity_id: Mapped[UUID] = reference(
        "The opportunity.",
        "opportunity",
        reverse="shares",
        reverse_doc="Employees this opportunity is shared with.",
        owned=True,
        on_delete="CASCADE",
    )
    employee_id: Mapped[UUID] = reference(
        "Employee the opportunity is shared with.",
        "employee",
        reverse="shares",
        reverse_doc="Opportunities shared with this employee.",
    )


class ShareRule(Record):
    """Rule that shares all opportunities of a type with a role."""

    __tablename__ = "share_rule"
    __prefix__ = "shr"
    __commands__ = CREATE_DELETE
    __rights__ = True
    __table_args__ = (
        unique_outside_trash("share_rule_unique", "role_id", "type_id"),
        Index(None, "type_id"),
    )

    role_id: Mapped[UUID] = reference(
        "Role.",
        "role",
        reverse="shares",
        reverse_doc="Opportunity types of which this role sees all opportunities.",
        owned=True,
    )
    type_id: Mapped[UUID] = reference(
        "Opportunity type of which all opportunities are visible.",
        "opportunity_type",
        reverse="shares",
        reverse_doc="Roles that see all opportunities of this type.",
    )

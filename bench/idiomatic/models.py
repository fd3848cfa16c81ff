"""ORM models of the tenant's tables, as a typical application maps them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base class of the tables."""


class Record(Base):
    """Columns of all records."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Employee(Record):
    """An employee."""

    __tablename__ = "employee"

    name: Mapped[str]
    email: Mapped[str]
    title: Mapped[str | None]
    manager_id: Mapped[UUID | None] = mapped_column(ForeignKey("employee.id"))


class Stage(Record):
    """A stage of a pipeline."""

    __tablename__ = "stage"

    name: Mapped[str]
    position: Mapped[int]


class OpportunityType(Record):
    """An opportunity type."""

    __tablename__ = "opportunity_type"

    name: Mapped[str]


class Account(Record):
    """An account."""

    __tablename__ = "account"

    name: Mapped[str | None]
    number: Mapped[str]
    country: Mapped[str | None]
    city: Mapped[str | None]
    employee_count: Mapped[int | None]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"))


class Opportunity(Record):
    """An opportunity."""

    __tablename__ = "opportunity"

    name: Mapped[str]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"))
    type_id: Mapped[UUID] = mapped_column(ForeignKey("opportunity_type.id"))
    stage_id: Mapped[UUID] = mapped_column(ForeignKey("stage.id"))
    status: Mapped[str]
    probability: Mapped[int | None]
    currency: Mapped[str]
    amount: Mapped[Decimal | None]
    margin: Mapped[Decimal | None]
    commission: Mapped[Decimal | None]
    expected_close_on: Mapped[date | None]
    note: Mapped[str | None]


class OpportunityShare(Base):
    """A share of an opportunity with an employee."""

    __tablename__ = "opportunity_share"

    opportunity_id: Mapped[UUID] = mapped_column(ForeignKey("opportunity.id"), primary_key=True)
    employee_id: Mapped[UUID] = mapped_column(ForeignKey("employee.id"), primary_key=True)

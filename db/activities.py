"""Tables of the activities area: activities and their categories."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric
from sqlalchemy.orm import Mapped

from db.engine.base import WITH_RESTORE, Record
from db.engine.capabilities import HasActivities, HasSubject, Ownable, Subjects
from db.engine.declare import NAME_LENGTH, field, reference, unique_outside_trash
from domain.activities import activity_violations
from domain.message import Message


class ActivityCategory(Record):
    """Activity category, such as call or visit."""

    __tablename__ = "activity_category"
    __prefix__ = "aca"
    __commands__ = WITH_RESTORE
    __replaceable__ = True
    __table_args__ = (unique_outside_trash("activity_category_name_unique", "name"),)

    name: Mapped[str] = field(
        "Name of the category.", filter=True, sort=True, max_length=NAME_LENGTH
    )


class Activity(Ownable, HasSubject, Record):
    """Planned or completed action on one record, such as a call or a visit."""

    __tablename__ = "activity"
    __prefix__ = "aty"
    __groups__ = True
    __commands__ = WITH_RESTORE
    __search__ = ("subject",)
    __rule__ = activity_violations
    __subject__ = Subjects(
        capability=HasActivities,
        doc="{Record} the activity is about.",
        reverse="activities",
        reverse_doc="",
        constraint_name="one_subject",
        message=Message("Name exactly one record: the {subjects} it is on."),
    )
    __table_args__ = (
        CheckConstraint("hours >= 0", name="hours_spent"),
        Index(None, "customer_id", "planned_at"),
        Index(None, "owner_id"),
        Index(None, "category_id"),
    )

    subject: Mapped[str] = field("Subject.", filter=True, sort=True, max_length=NAME_LENGTH)
    note: Mapped[str | None] = field("Task or result.", filter=True)
    category_id: Mapped[UUID | None] = reference(
        "Activity category.",
        "activity_category",
        reverse="activities",
        reverse_doc="Activities of this category.",
    )
    owner_id: Mapped[UUID] = reference(
        "Employee who does it.",
        "employee",
        reverse="activities",
        reverse_doc="Activities of this employee.",
        server_assigned=True,
    )
    planned_at: Mapped[datetime | None] = field(
        "Planned start.", filter=True, sort=True, aggregate=True
    )
    done_at: Mapped[datetime | None] = field(
        "Completion time; null while planned.", filter=True, sort=True, aggregate=True
    )
    hours: Mapped[Decimal | None] = field(
        "Hours worked.", Numeric(18, 4), filter=True, sort=True, aggregate=True
    )
    overtime: Mapped[bool] = field(
        "Whether the hours are overtime.", filter=True, sort=True, server_default="false"
    )
    customer_id: Mapped[UUID | None] = reference(
        "Account concerned, directly or through the record of the activity.",
        "account",
        reverse="timeline",
        reverse_doc="Activities on this account and on all its records.",
        write=False,
        restrict=False,
    )

"""Tables of the staff: employees in their tree, users, and what roles and profiles open to them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped

from db.engine.base import Internal, Record, enumeration
from db.engine.declare import derived, field, internal, reference
from domain.access import RowScope
from domain.wording import initials


class Employee(Record):
    """A person or a vacant post in the organisation. Ownership is held by employees, not by users."""

    __tablename__ = "employee"
    __prefix__ = "emp"
    __table_args__ = (Index(None, "manager_id"),)

    name: Mapped[str] = field("The employee's name, or the post's.", filter=True, sort=True)
    initials = derived("The initials, for small pictures.", initials, needs=("name",))
    email: Mapped[str] = field("Where the employee is reached.", filter=True, sort=True)
    title: Mapped[str | None] = field("What the employee does.", filter=True, sort=True)
    manager_id: Mapped[UUID | None] = reference(
        "Who the employee reports to.",
        "employee",
        reverse="reports",
        reverse_doc="Those who report to this employee.",
    )


class User(Record):
    """Somebody who signs in. Every user is exactly one employee."""

    __tablename__ = "user"
    __prefix__ = "usr"
    __table_args__ = (
        Index(
            "user_employee_unique",
            "employee_id",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    employee_id: Mapped[UUID] = reference(
        "The employee who this user is.",
        "employee",
        reverse="users",
        reverse_doc="The user of this employee, if there is one.",
    )
    active: Mapped[bool] = field(
        "Whether the user may sign in.", filter=True, server_default="true"
    )


class Role(Record):
    """A job in the organisation. Profiles say what it may."""

    __tablename__ = "role"
    __prefix__ = "rol"

    name: Mapped[str] = field("What the role is called.", filter=True, sort=True)


class RoleAssignment(Record):
    """A user in a role."""

    __tablename__ = "role_assignment"
    __prefix__ = "ras"
    __table_args__ = (
        Index(
            "role_assignment_unique",
            "user_id",
            "role_id",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(None, "role_id"),
    )

    user_id: Mapped[UUID] = reference(
        "Who has the role.", "user", reverse="roles", reverse_doc="The roles this user has."
    )
    role_id: Mapped[UUID] = reference(
        "The role.", "role", reverse="assignments", reverse_doc="Who has this role."
    )


class Profile(Record):
    """A set of rights. A role has one or several; what they grant is united."""

    __tablename__ = "profile"
    __prefix__ = "prf"

    name: Mapped[str] = field("What the profile is called.", filter=True, sort=True)
    full: Mapped[bool] = field(
        "Opens every entity and field, those to come included. For administrators.",
        filter=True,
        server_default="false",
    )


class RoleProfile(Internal):
    """A profile of a role."""

    __tablename__ = "role_profile"

    role_id: Mapped[UUID] = internal("The role.", ForeignKey("role.id"), primary_key=True)
    profile_id: Mapped[UUID] = internal("The profile.", ForeignKey("profile.id"), primary_key=True)


class ProfileEntity(Internal):
    """An entity that a profile opens, and how many of its rows."""

    __tablename__ = "profile_entity"

    profile_id: Mapped[UUID] = internal("The profile.", ForeignKey("profile.id"), primary_key=True)
    entity: Mapped[str] = internal("The entity's name.", primary_key=True)
    rows: Mapped[RowScope] = internal("Which rows it opens.", enumeration(RowScope))


class ProfileField(Internal):
    """A field, or a custom attribute by its id, that a profile makes readable."""

    __tablename__ = "profile_field"

    profile_id: Mapped[UUID] = internal("The profile.", ForeignKey("profile.id"), primary_key=True)
    entity: Mapped[str] = internal("The entity's name.", primary_key=True)
    field: Mapped[str] = internal("The field's name, or the attribute's id.", primary_key=True)


class StatusRule(Internal):
    """A restriction: a field that is readable only while its record is in certain statuses."""

    __tablename__ = "status_rule"

    entity: Mapped[str] = internal("The entity's name.", primary_key=True)
    field: Mapped[str] = internal("The field's name.", primary_key=True)
    statuses: Mapped[list[str]] = internal("The statuses in which it is readable.", ARRAY(Text))


class Credential(Internal):
    """What a user signs in with. Kept apart from the user, so that no read of users can meet it."""

    __tablename__ = "credential"

    user_id: Mapped[UUID] = internal("The user.", ForeignKey("user.id"), primary_key=True)
    email: Mapped[str] = internal("The address to sign in with, folded.", unique=True)
    password: Mapped[str] = internal("The password's argon2id hash.")


class Session(Internal):
    """A signed-in device. Its refresh tokens are numbered: an old number ends the session."""

    __tablename__ = "session"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = internal(
        "Identifies the session, and the family of its tokens.", primary_key=True
    )
    user_id: Mapped[UUID] = internal("Who signed in.", ForeignKey("user.id"))
    generation: Mapped[int] = internal("The number of the refresh token that is good now.")
    created_at: Mapped[datetime] = internal("When it began.")
    expires_at: Mapped[datetime] = internal("When it ends, if it is not refreshed.")
    revoked_at: Mapped[datetime | None] = internal("When it was ended early.")

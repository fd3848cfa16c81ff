"""Tables of the staff: employees in their tree, users, and what roles and profiles open to them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped

from db.engine.base import EDITED, JOINED, RESTORED, Internal, Record, Trace, enumeration
from db.engine.capabilities import HasAttributes
from db.engine.declare import WORD, derived, field, internal, live, reference
from db.engine.declare import field as declared
from domain.access import RowScope, WriteScope
from domain.wording import initials


class Employee(HasAttributes, Record):
    """A person or a vacant post in the organization. Ownership is held by employees, not by users."""

    __tablename__ = "employee"
    __prefix__ = "emp"
    __groups__ = True
    __commands__ = RESTORED
    __owner__ = "id"
    __search__ = ("name", "email")
    __rights__ = True
    __table_args__ = (Index(None, "manager_id"), Index(None, "type_id"))

    name: Mapped[str] = field(
        "Name of the employee, or of a vacant position.", filter=True, sort=True
    )
    initials = derived("The initials, for small pictures.", initials, needs=("name",))
    email: Mapped[str] = field(
        "Email address of the employee.", filter=True, sort=True, longest=WORD
    )
    title: Mapped[str | None] = field("Job title.", filter=True, sort=True)
    office: Mapped[str | None] = field("Office or region of the employee.", filter=True, sort=True)
    type_id: Mapped[UUID | None] = reference(
        "Employee type.",
        "employee_type",
        reverse="employees",
        reverse_doc="The employees of this type.",
    )
    manager_id: Mapped[UUID | None] = reference(
        "Manager of the employee.",
        "employee",
        reverse="reports",
        reverse_doc="Those who report to this employee.",
    )


class User(Record):
    """Somebody who signs in. Every user is exactly one employee."""

    __tablename__ = "user"
    __prefix__ = "usr"
    __groups__ = True
    __commands__ = RESTORED
    __rights__ = True
    __table_args__ = (live("user_employee_unique", "employee_id"),)

    employee_id: Mapped[UUID] = reference(
        "The employee who this user is.",
        "employee",
        reverse="users",
        reverse_doc="The user of this employee, if there is one.",
        immutable=True,
    )
    active: Mapped[bool] = field(
        "Whether the user may sign in.", filter=True, server_default="true"
    )


class Role(Record):
    """A job in the organization. Profiles say what it may."""

    __tablename__ = "role"
    __prefix__ = "rol"
    __commands__ = RESTORED
    __rights__ = True

    name: Mapped[str] = field("What the role is called.", filter=True, sort=True)


class RoleAssignment(Record):
    """A user in a role."""

    __tablename__ = "role_assignment"
    __prefix__ = "ras"
    __commands__ = JOINED
    __rights__ = True
    __table_args__ = (
        live("role_assignment_unique", "user_id", "role_id"),
        Index(None, "role_id"),
    )

    user_id: Mapped[UUID] = reference(
        "Who has the role.",
        "user",
        reverse="roles",
        reverse_doc="The roles this user has.",
        owned=True,
    )
    role_id: Mapped[UUID] = reference(
        "The role.", "role", reverse="assignments", reverse_doc="Who has this role."
    )


class Profile(Record):
    """A set of rights. A role has one or several; what they grant is united."""

    __tablename__ = "profile"
    __prefix__ = "prf"
    __commands__ = RESTORED
    __rights__ = True

    name: Mapped[str] = field("What the profile is called.", filter=True, sort=True)
    full: Mapped[bool] = field(
        "Grants all rights on all types and fields. For administrators.",
        filter=True,
        server_default="false",
    )


class RoleProfile(Record):
    """A profile of a role."""

    __tablename__ = "role_profile"
    __prefix__ = "rpr"
    __commands__ = JOINED
    __rights__ = True
    __table_args__ = (
        live("role_profile_unique", "role_id", "profile_id"),
        Index(None, "profile_id"),
    )

    role_id: Mapped[UUID] = reference(
        "The role.",
        "role",
        reverse="profiles",
        reverse_doc="The profiles of this role.",
        owned=True,
    )
    profile_id: Mapped[UUID] = reference(
        "The profile.", "profile", reverse="roles", reverse_doc="The roles with this profile."
    )


class ObjectPermission(Record):
    """An entity that a profile opens: how many of its rows, and what may be done with them."""

    __tablename__ = "object_permission"
    __prefix__ = "pen"
    __commands__ = EDITED
    __rights__ = True
    __table_args__ = (live("object_permission_unique", "profile_id", "entity"),)

    profile_id: Mapped[UUID] = reference(
        "The profile.",
        "profile",
        reverse="objectPermissions",
        reverse_doc="Object types that this profile grants access to.",
        owned=True,
    )
    entity: Mapped[str] = field(
        "Object type, such as `Opportunity`.", filter=True, sort=True, longest=WORD
    )
    rows: Mapped[RowScope] = field("Which rows may be seen.", enumeration(RowScope), filter=True)
    creates: Mapped[bool] = field(
        "Whether records may be created.", filter=True, server_default="false"
    )
    edits: Mapped[WriteScope | None] = field(
        "Which of the visible rows may be changed; none if empty.",
        enumeration(WriteScope),
        filter=True,
    )
    deletes: Mapped[WriteScope | None] = field(
        "Which of the visible rows may be deleted and restored; none if empty.",
        enumeration(WriteScope),
        filter=True,
    )


class FieldPermission(Record):
    """A field, or a custom attribute by its id, that a profile makes readable, and perhaps writable."""

    __tablename__ = "field_permission"
    __prefix__ = "pfi"
    __commands__ = EDITED
    __rights__ = True
    __table_args__ = (live("field_permission_unique", "profile_id", "entity", "field"),)

    profile_id: Mapped[UUID] = reference(
        "The profile.",
        "profile",
        reverse="fieldPermissions",
        reverse_doc="Fields that this profile makes readable.",
        owned=True,
    )
    entity: Mapped[str] = declared(
        "Object type, such as `Opportunity`.", filter=True, sort=True, longest=WORD
    )
    field: Mapped[str] = declared(
        "The field's name, or the attribute's id.", filter=True, sort=True
    )
    writes: Mapped[bool] = declared(
        "Whether it may be written, too.", filter=True, server_default="false"
    )


class StatusRule(Record):
    """A restriction: a field of an entity is readable only while its record is in one of the statuses so named."""

    __tablename__ = "status_rule"
    __prefix__ = "sru"
    __commands__ = JOINED
    __rights__ = True
    __table_args__ = (live("status_rule_unique", "entity", "field", "status"),)

    entity: Mapped[str] = declared(
        "Object type, such as `Opportunity`.", filter=True, sort=True, longest=WORD
    )
    field: Mapped[str] = declared("The field's name.", filter=True, sort=True, longest=WORD)
    status: Mapped[str] = declared(
        "A status in which it is readable.", filter=True, sort=True, longest=WORD
    )


class Credential(Internal):
    """What a user signs in with. Kept apart from the user, so that no read of users can meet it."""

    __tablename__ = "credential"

    user_id: Mapped[UUID] = internal("The user.", ForeignKey("user.id"), primary_key=True)
    email: Mapped[str] = internal("The address to sign in with, folded.", unique=True)
    password: Mapped[str] = internal("The password's argon2id hash; empty before one was chosen.")
    reset: Mapped[UUID | None] = internal("The number of the reset token that is good now.")
    reset_until: Mapped[datetime | None] = internal("Until when that token is good.")


class Session(Trace):
    """A signed-in device. Its refresh tokens are numbered: an old number ends the session."""

    __tablename__ = "session"
    __prefix__ = "ses"
    __table_args__ = (Index(None, "user_id"),)

    user_id: Mapped[UUID] = reference(
        "Who signed in.",
        "user",
        reverse="sessions",
        reverse_doc="Where this user is signed in, or was.",
        write=False,
    )
    generation: Mapped[int] = internal("The number of the refresh token that is good now.")
    created_at: Mapped[datetime] = field("When it began.", filter=True, sort=True, write=False)
    expires_at: Mapped[datetime] = field(
        "When it ends, if it is not refreshed.", filter=True, sort=True, write=False
    )
    revoked_at: Mapped[datetime | None] = field(
        "When it was ended early.", filter=True, sort=True, write=False
    )

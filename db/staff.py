"""Tables of the staff area: employees, users, roles, profiles, credentials and sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped

from db.engine.base import (
    CREATE_DELETE,
    CREATE_UPDATE_DELETE,
    WITH_RESTORE,
    Internal,
    Record,
    Trace,
    enumeration,
)
from db.engine.capabilities import HasAttributes
from db.engine.declare import NAME_LENGTH, derived, field, internal, reference, unique_outside_trash
from db.engine.declare import field as declared
from domain.access import RowScope, WriteScope
from domain.wording import initials


class Employee(HasAttributes, Record):
    """Employee or vacant position of the tenant; owner of records."""

    __tablename__ = "employee"
    __prefix__ = "emp"
    __groups__ = True
    __commands__ = WITH_RESTORE
    __owner__ = "id"
    __search__ = ("name", "email")
    __rights__ = True
    __table_args__ = (Index(None, "manager_id"), Index(None, "type_id"))

    name: Mapped[str] = field(
        "Name of the employee, or of a vacant position.", filter=True, sort=True
    )
    initials = derived("Initials, for avatars.", initials, inputs=("name",))
    email: Mapped[str] = field(
        "Email address of the employee.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    title: Mapped[str | None] = field("Job title.", filter=True, sort=True)
    office: Mapped[str | None] = field("Office or region of the employee.", filter=True, sort=True)
    type_id: Mapped[UUID | None] = reference(
        "Employee type.",
        "employee_type",
        reverse="employees",
        reverse_doc="Employees of this type.",
    )
    manager_id: Mapped[UUID | None] = reference(
        "Manager of the employee.",
        "employee",
        reverse="reports",
        reverse_doc="Direct reports.",
    )


class User(Record):
    """User who signs in; belongs to exactly one employee."""

    __tablename__ = "user"
    __prefix__ = "usr"
    __commands__ = WITH_RESTORE
    __rights__ = True
    __table_args__ = (unique_outside_trash("user_employee_unique", "employee_id"),)

    employee_id: Mapped[UUID] = reference(
        "Employee of the user.",
        "employee",
        reverse="users",
        reverse_doc="User of this employee, if any.",
        immutable=True,
    )
    active: Mapped[bool] = field(
        "Whether the user may sign in.", filter=True, server_default="true"
    )


class Role(Record):
    """Role of users; its profiles grant permissions."""

    __tablename__ = "role"
    __prefix__ = "rol"
    __commands__ = WITH_RESTORE
    __rights__ = True

    name: Mapped[str] = field("Name of the role.", filter=True, sort=True)


class RoleAssignment(Record):
    """Assignment of a role to a user."""

    __tablename__ = "role_assignment"
    __prefix__ = "ras"
    __commands__ = CREATE_DELETE
    __rights__ = True
    __table_args__ = (
        unique_outside_trash("role_assignment_unique", "user_id", "role_id"),
        Index(None, "role_id"),
    )

    user_id: Mapped[UUID] = reference(
        "User with the role.",
        "user",
        reverse="roles",
        reverse_doc="Roles of this user.",
        owned=True,
    )
    role_id: Mapped[UUID] = reference(
        "Role.", "role", reverse="assignments", reverse_doc="Users with this role."
    )


class Profile(Record):
    """Set of permissions; the profiles of a role add up."""

    __tablename__ = "profile"
    __prefix__ = "prf"
    __commands__ = WITH_RESTORE
    __rights__ = True

    name: Mapped[str] = field("Name of the profile.", filter=True, sort=True)
    full: Mapped[bool] = field(
        "Grants all rights on all types and fields. For administrators.",
        filter=True,
        server_default="false",
    )


class RoleProfile(Record):
    """Assignment of a profile to a role."""

    __tablename__ = "role_profile"
    __prefix__ = "rpr"
    __commands__ = CREATE_DELETE
    __rights__ = True
    __table_args__ = (
        unique_outside_trash("role_profile_unique", "role_id", "profile_id"),
        Index(None, "profile_id"),
    )

    role_id: Mapped[UUID] = reference(
        "Role.",
        "role",
        reverse="profiles",
        reverse_doc="Profiles of this role.",
        owned=True,
    )
    profile_id: Mapped[UUID] = reference(
        "Profile.", "profile", reverse="roles", reverse_doc="Assignments of this profile to roles."
    )


class ObjectPermission(Record):
    """Permissions of a profile on an object type."""

    __tablename__ = "object_permission"
    __prefix__ = "pen"
    __commands__ = CREATE_UPDATE_DELETE
    __rights__ = True
    __table_args__ = (unique_outside_trash("object_permission_unique", "profile_id", "entity"),)

    profile_id: Mapped[UUID] = reference(
        "Profile.",
        "profile",
        reverse="objectPermissions",
        reverse_doc="Object types that this profile grants access to.",
        owned=True,
    )
    entity: Mapped[str] = field(
        "Object type, such as `Opportunity`.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    rows: Mapped[RowScope] = field("Visible records.", enumeration(RowScope), filter=True)
    creates: Mapped[bool] = field(
        "Whether records may be created.", filter=True, server_default="false"
    )
    edits: Mapped[WriteScope | None] = field(
        "Visible records that may be updated; null: none.",
        enumeration(WriteScope),
        filter=True,
    )
    deletes: Mapped[WriteScope | None] = field(
        "Visible records that may be deleted and restored; null: none.",
        enumeration(WriteScope),
        filter=True,
    )


class FieldPermission(Record):
    """Permission of a profile for a field or a custom attribute."""

    __tablename__ = "field_permission"
    __prefix__ = "pfi"
    __commands__ = CREATE_UPDATE_DELETE
    __rights__ = True
    __table_args__ = (
        unique_outside_trash("field_permission_unique", "profile_id", "entity", "field"),
    )

    profile_id: Mapped[UUID] = reference(
        "Profile.",
        "profile",
        reverse="fieldPermissions",
        reverse_doc="Fields that this profile makes readable, or readable and writable.",
        owned=True,
    )
    entity: Mapped[str] = declared(
        "Object type, such as `Opportunity`.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    field: Mapped[str] = declared(
        "Name of the field, or ID of the custom attribute.", filter=True, sort=True
    )
    writes: Mapped[bool] = declared(
        "Whether the field is writable.", filter=True, server_default="false"
    )


class StatusRule(Record):
    """Makes a field readable in one status; the rules of a field are alternatives."""

    __tablename__ = "status_rule"
    __prefix__ = "sru"
    __commands__ = CREATE_DELETE
    __rights__ = True
    __table_args__ = (unique_outside_trash("status_rule_unique", "entity", "field", "status"),)

    entity: Mapped[str] = declared(
        "Object type, such as `Opportunity`.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    field: Mapped[str] = declared(
        "Name of the field.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    status: Mapped[str] = declared(
        "Status in which the field is readable.", filter=True, sort=True, max_length=NAME_LENGTH
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
    """Session of a user on a device. Reuse of an old refresh token ends it, except of the previous one within 30 seconds."""

    __tablename__ = "session"
    __prefix__ = "ses"
    __table_args__ = (Index(None, "user_id"),)

    user_id: Mapped[UUID] = reference(
        "User of the session.",
        "user",
        reverse="sessions",
        reverse_doc="Sessions of this user.",
        write=False,
    )
    generation: Mapped[int] = internal("The number of the refresh token that is good now.")
    rotated_at: Mapped[datetime | None] = internal(
        "Time at which the current refresh token replaced the previous one."
    )
    created_at: Mapped[datetime] = field("Start time.", filter=True, sort=True, write=False)
    expires_at: Mapped[datetime] = field(
        "Expiry time unless refreshed.", filter=True, sort=True, write=False
    )
    revoked_at: Mapped[datetime | None] = field(
        "Time at which it was revoked.", filter=True, sort=True, write=False
    )

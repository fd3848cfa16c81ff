"""The staff in the API."""

from db import staff as tables
from schema.engine.expose import exposes


@exposes(tables.Employee, one="employee", many="employees")
class Employee:
    """A person or a vacant post in the organisation. Ownership is held by employees, not by users."""


@exposes(tables.User, one="user", many="users")
class User:
    """Somebody who signs in. Every user is exactly one employee."""


@exposes(tables.Role, one="role", many="roles")
class Role:
    """A job in the organisation. Profiles say what it may."""


@exposes(tables.RoleAssignment, one="roleAssignment", many="roleAssignments")
class RoleAssignment:
    """A user in a role."""


@exposes(tables.Profile, one="profile", many="profiles")
class Profile:
    """A set of rights. A role has one or several; what they grant is united."""

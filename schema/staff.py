"""The staff in the API."""

from db import staff as tables
from schema.engine.expose import EDITED, KEPT, LINKED, exposes


@exposes(tables.Employee, one="employee", many="employees", deeds=KEPT)
class Employee:
    """A person or a vacant post in the organisation. Ownership is held by employees, not by users."""


@exposes(tables.User, one="user", many="users", deeds=KEPT)
class User:
    """Somebody who signs in. Every user is exactly one employee."""


@exposes(tables.Role, one="role", many="roles", deeds=KEPT)
class Role:
    """A job in the organisation. Profiles say what it may."""


@exposes(tables.RoleAssignment, one="roleAssignment", many="roleAssignments", deeds=LINKED)
class RoleAssignment:
    """A user in a role."""


@exposes(tables.Profile, one="profile", many="profiles", deeds=KEPT)
class Profile:
    """A set of rights. A role has one or several; what they grant is united."""


@exposes(tables.RoleProfile, one="roleProfile", many="roleProfiles", deeds=LINKED)
class RoleProfile:
    """A profile of a role."""


@exposes(tables.ProfileEntity, one="profileEntity", many="profileEntities", deeds=EDITED)
class ProfileEntity:
    """An entity that a profile opens: how many of its rows, and what may be done with them."""


@exposes(tables.ProfileField, one="profileField", many="profileFields", deeds=EDITED)
class ProfileField:
    """A field, or a custom attribute by its id, that a profile makes readable, and perhaps writable."""


@exposes(tables.StatusRule, one="statusRule", many="statusRules", deeds=LINKED)
class StatusRule:
    """A restriction: a field of an entity is readable only while its record is in one of the statuses so named."""


@exposes(tables.Session, one="session", many="sessions")
class Session:
    """A signed-in device. Everybody sees his own."""

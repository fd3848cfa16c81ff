"""Set-up records that a viewer reaches: all, except attributes that they may not read."""

from auth.engine.policy import Policy, Readable
from db.setup import Attribute

POLICIES = (
    # A viewer who may not read an attribute does not learn that it exists.
    Policy(Attribute, rows=(Readable(Attribute.__table__.c.id),), restricts=True, spares_full=True),
)

"""Row policy of the set-up: viewers see all records, except attributes whose values they may not read."""

from auth.engine.policy import Policy, Readable
from db.setup import Attribute

POLICIES = (
    # The existence of an unreadable attribute is not disclosed.
    Policy(
        Attribute, rows=(Readable(Attribute.__table__.c.id),), restricts=True, exempts_full=True
    ),
)

"""Which accounts a viewer reaches where a profile opens own rows only."""

from auth.engine.policy import Owned, Policy
from db.accounts import Account

POLICIES = (
    # Those of the responsible employee and of everybody below them.
    Policy(Account, rows=(Owned(Account.__table__.c.owner_id),)),
)

"""Which contracts a viewer reaches where a profile opens own rows only."""

from auth.engine.policy import Owned, Policy
from db.contracts import Contract

POLICIES = (
    # Those of the responsible employee and of everybody below them.
    Policy(Contract, rows=(Owned(Contract.__table__.c.owner_id),)),
)

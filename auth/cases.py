"""Which cases a viewer reaches where a profile opens own rows only."""

from auth.engine.policy import Owned, Policy
from db.cases import Case

POLICIES = (
    # Those of the employee who works on them and of everybody below them.
    Policy(Case, rows=(Owned(Case.__table__.c.owner_id),)),
)

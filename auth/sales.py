"""Who sees which opportunities: one's own and those below, those of shared types, and those shared one by one."""

from collections.abc import Sequence
from typing import Any

from auth.engine.policy import Matching, Owned, Shared, Source, Standing, policy
from db.sales import Opportunity, OpportunityShare, ShareRule


@policy(Opportunity)
def opportunities(row: Any) -> Sequence[Source]:
    """Ownership, the standing rules of the viewer's roles, and single shares."""
    shares, rules = OpportunityShare.__table__.c, ShareRule.__table__.c
    return (
        Owned(row.owner_id),
        Matching(row.type_id, Standing(rules.type_id, rules.role_id)),
        Shared(shares.opportunity_id, shares.employee_id),
    )

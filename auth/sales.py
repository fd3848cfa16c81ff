"""Row policy of opportunities for viewers with own rows only."""

from auth.engine.policy import Owned, Policy, Shared, SharedByRule, SharingRules
from db.sales import Opportunity, OpportunityShare, ShareRule

_OPPORTUNITY, _SHARE = Opportunity.__table__.c, OpportunityShare.__table__.c
SHARED_TYPES = SharingRules(ShareRule.__table__.c.type_id, ShareRule.__table__.c.role_id)
"""The opportunity types that are shared with a role."""

POLICIES = (
    # By ownership, by the types shared with the viewer's roles, and by single shares.
    Policy(
        Opportunity,
        rows=(
            Owned(_OPPORTUNITY.owner_id),
            SharedByRule(_OPPORTUNITY.type_id, SHARED_TYPES),
            Shared(_SHARE.opportunity_id, _SHARE.employee_id),
        ),
    ),
)

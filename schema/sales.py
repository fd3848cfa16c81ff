"""Sales in the API."""

from db import sales as tables
from schema.engine.expose import exposes


@exposes(tables.Opportunity, one="opportunity", many="opportunities")
class Opportunity:
    """A possible sale to an account, worked on by one owner."""


@exposes(tables.OpportunityShare, one="opportunityShare", many="opportunityShares")
class OpportunityShare:
    """One opportunity that an employee sees besides his own."""


@exposes(tables.ShareRule, one="shareRule", many="shareRules")
class ShareRule:
    """A standing share: a role sees all opportunities of a type."""
